"""The examiner: runs test cells where a student's code cannot reach them, and gives verdicts.

Cells go in the order of the master. A given cell runs on both sides; an answer cell runs in the candidate's process
(``proctor.stage``); a tests cell runs here, asking the candidate for values. A tests cell passes when it ends without
an exception; anything else is a fail, and no verdict is a fail. At the end some requests of every question that passed
are asked again, in another order and of a fresh candidate (``proctor.again``): code that keeps count of its calls gives
itself away. Nothing that comes after a question in the notebook has a say in its verdict, so the verdict holds for
everybody with the same answers up to there.
"""

import functools
import time
from collections.abc import Collection
from dataclasses import replace

from proctor import codec, markers, rules, seeds
from proctor.again import Record, agree
from proctor.assignment import Assignment
from proctor.calls import MAX_MESSAGE, StudentError, said, writable
from proctor.candidate import MAX_MEMORY
from proctor.limits import CandidateLost, time_limit
from proctor.proxy import use_channel
from proctor.stage import GivenCellError, Launch, Stage
from proctor.verdict import Judgement, Verdict

SITTING_SECONDS = 300.0  # wall time of the student's code in one submission, replays included
AGAIN_SECONDS = 60.0  # more wall time for asking again: whoever used the other up does not get round it
READING_SECONDS = 5.0  # CPU seconds for reading what an answer imports
TESTS_SECONDS = 60.0  # CPU seconds of the examiner for one tests cell, which a strange result may keep busy


def judge(
    assignment: Assignment,
    answers: dict[str, str],
    *,
    launch: Launch,
    secret: bytes = b"",
    questions: Collection[str] | None = None,
    asked: Collection[str] | None = None,
    again: bool = False,
) -> Judgement:
    """Judge the answers of one submission.

    Runs given and tests cells in this process: call it in a process of its own (``proctor.forked.run_forked``).

    Args:
        assignment: master (with hidden tests) or release (visible tests only).
        answers: text of the answer cells by id; a question without text is unanswered.
        launch: starts a candidate; called again after a crash.
        secret: the course's secret, which seeds the drawn inputs.
        questions: judge only these, and run only the answers that they use; None for all.
        asked: judge only these, but run all answers, which may have come to depend on each other; None for all.
        again: ask again at the end.

    Returns:
        The judgement, with a verdict for every tests cell of the questions asked for.

    Raises:
        GivenCellError: if a given cell fails on either side; then the fault is the master's or the machine's.
    """
    return _Sitting(assignment, answers, launch, secret, questions, asked, again).run()


@functools.cache
def _compiled(source: str, name: str):
    return compile(source, name, "exec")


class _Sitting:
    def __init__(self, assignment, answers, launch, secret, questions, asked, again):
        self.assignment, self.answers, self.launch, self.secret = assignment, answers, launch, secret
        chosen = [q for q in assignment.questions if questions is None or q.id in questions]
        self.needed = {question.id for question in chosen} | assignment.used_by(chosen)
        self.asked = {question.id for question in chosen if asked is None or question.id in asked}
        self.record, self.again = Record(), again
        self.namespace = {"__name__": "__main__"}
        self.verdicts, self.cell_errors, self.outputs, self.seeds, self.spent = [], {}, {}, {}, {}
        self.refused: dict[str, str] = {}

    def run(self) -> Judgement:
        if not self.needed & set(self.answers):  # an unreadable notebook: nothing to run
            tests = [cell for question in self.assignment.questions for cell in question.tests]
            return Judgement(tuple(self._run_tests(cell) for cell in tests if cell.question in self.asked))
        self.stage = Stage(self.assignment, self.answers, self.launch, SITTING_SECONDS)
        try:
            for cell in self.assignment.cells:
                if cell.role == "given":
                    self._run_given(cell)
                elif cell.role == "answer" and cell.id in self.needed:
                    self._run_answer(cell)
                elif cell.role == "tests" and cell.question in self.asked:
                    start = time.perf_counter()
                    self.verdicts.append(self._run_tests(cell))
                    spent = self.spent.get(cell.question, 0.0) + time.perf_counter() - start
                    self.spent[cell.question] = round(spent, 4)
            if self.again:
                self._ask_again()
        finally:
            self.stage.close()
        errors, cpu_seconds = self.cell_errors | self.stage.cell_errors, self.stage.cpu_seconds
        return Judgement(tuple(self.verdicts), errors, self.outputs, cpu_seconds, self.seeds, self.spent)

    def _run_given(self, cell):
        try:
            exec(_compiled(cell.source, f"<given {cell.id}>"), self.namespace)
        except Exception as error:
            raise GivenCellError(f"{self.assignment.name}: given cell {cell.id} failed: {error!r}") from error
        self.stage.play(cell)

    def _run_answer(self, cell):
        text = self.answers.get(cell.id)
        if text is None:
            return
        if self.stage.over:
            self.stage.lost[cell.id] = self.stage.over
            return
        try:
            with time_limit(READING_SECONDS):
                names = rules.breaches(text, self.assignment.imports, self.assignment.forbids)
        except TimeoutError:
            self.refused[cell.id] = f"the answer could not be read within {READING_SECONDS:g} s; write it more simply"
            return
        if names:
            allowed = ", ".join(self.assignment.imports) or "nothing but small standard modules"
            self.refused[cell.id] = (
                f"the answer uses {', '.join(names)}, which this assignment does not allow (allowed: {allowed})"
            )
            return
        reply = self.stage.perform(cell)
        if reply is None:
            return
        if printed := reply["printed"]:
            self.outputs[cell.id] = printed
        if "value" not in reply:
            self.cell_errors[cell.id] = said(reply)

    def _run_tests(self, cell) -> Verdict:
        question = cell.question
        text = self.answers.get(question)
        if text is None:
            return self._verdict(cell, "unanswered", "there is no answer cell for this question in the notebook")
        if question in self.refused:
            return self._verdict(cell, "refused", self.refused[question])
        if question in self.stage.lost:
            lost = self.stage.lost[question]
            if any(verdict.question == question and verdict.kind == lost.kind for verdict in self.verdicts):
                return self._verdict(cell, "not-run", f"not run: {lost} earlier in this question")
            return self._verdict(cell, lost.kind, str(lost))
        digest = self.assignment.question_digests[question]
        seed = seeds.question_seed(self.secret, self.assignment.name, question, digest, text)
        self.seeds[question] = seed.hex()
        kind, message = self._outcome(cell, seed)
        if kind not in ("pass", "unanswered") and question in self.cell_errors:
            message = f"{message} (the answer cell itself raised {self.cell_errors[question]})"
        if kind in ("fail", "error") and self.stage.given_error:
            message = f"{message} ({self.stage.given_error})"
        return self._verdict(cell, kind, message)

    def _outcome(self, cell, seed) -> tuple[str, str]:
        scope = dict(self.namespace)
        try:
            code = _compiled(cell.solution, f"<tests {cell.id}>")
            channel = use_channel(lambda request: self._request(request, cell.question))
            with channel, seeds.use_seed(seed), time_limit(TESTS_SECONDS):
                exec(code, scope)
            return "pass", ""
        except TimeoutError as error:
            why = f"the result could not be checked ({error}); is it of the right type and shape?"
            self.stage.lose(cell.question, CandidateLost("error", why))  # a reply may still be under way
            return "error", why
        except CandidateLost as lost:
            self.stage.lose(cell.question, lost)
            return lost.kind, str(lost)
        except NotImplementedError as error:
            if isinstance(error, StudentError):
                return "unanswered", "not answered yet: the code raises NotImplementedError"
            return "error", "the test itself raised NotImplementedError"
        except StudentError as error:
            where = f" ({error.traceback.splitlines()[-1].strip()})" if error.traceback else ""
            # PyTorch says it in a RuntimeError.
            if "MemoryError" in error.kinds or "can't allocate memory" in error.message:
                return "memory", f"memory limit of {MAX_MEMORY / 2**30:g} GiB reached: the code raised {error}{where}"
            return "error", f"the code raised {error}{where}"
        except codec.CodecError as error:
            return "error", str(error)
        except AssertionError as error:
            return "fail", str(error) or "a test failed"
        except Exception as error:
            # Usually a result of a kind that the test did not expect. Its text may quote a hidden test: a key, a name.
            hidden = markers.has_region(cell.source, markers.HIDDEN_TESTS)
            what = type(error).__name__ + ("" if hidden else f": {error}")
            return "error", f"the result could not be checked ({what}); is it of the right type and shape?"

    def _request(self, request: dict, question: str) -> dict:
        data, sent = self.record.encode(request)
        reply, raw = self.stage.ask(question, sent)
        self.record.keep(question, data, sent, raw)
        return reply

    def _ask_again(self):
        """Turn passes into fails where a fresh candidate, asked in another order, gives another answer."""
        passed = {v.question for v in self.verdicts if v.passed} - {v.question for v in self.verdicts if not v.passed}
        if not passed:
            return
        ran = {cell.id for cell in self.stage.clear(AGAIN_SECONDS)}
        last_tests = {self.assignment.question(question).tests[-1].id for question in passed}
        for cell in self.assignment.cells:
            if cell.id in ran:
                self.stage.play(cell)
            elif cell.id in last_tests:
                self._probe(cell.question)
                last_tests.remove(cell.id)
                if not last_tests:
                    return

    def _probe(self, question):
        try:
            if question in self.stage.lost:
                raise self.stage.lost[question]
            for request, reply in self.record.probes(question, self.seeds[question]):
                if not agree(reply, self.stage.ask(question, request)[1]):
                    why = "the code gave another answer: it may depend on its arguments only"
                    self._mark_inconsistent(question, why)
                    return
        except CandidateLost as lost:
            self._mark_inconsistent(question, f"the code gave no answer: {lost}")
            self.stage.lose(question, lost)

    def _mark_inconsistent(self, question, why):
        message = f"asked again in a fresh process, {why}"
        self.verdicts = [
            replace(verdict, kind="inconsistent", message=message) if verdict.question == question else verdict
            for verdict in self.verdicts
        ]

    @staticmethod
    def _verdict(cell, kind, message) -> Verdict:
        return Verdict(cell.id, cell.question, cell.points, kind, writable(message, MAX_MESSAGE))
