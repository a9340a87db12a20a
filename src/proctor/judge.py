"""The examiner: runs test cells where a student's code cannot reach them, and gives verdicts.

Cells go in the order of the master. A given cell runs on both sides; an answer cell runs in the candidate's process
(see ``proctor.launch``); a tests cell runs here, asking the candidate for values. A tests cell passes when it ends
without an exception; anything else is a fail, and no verdict is a fail. A candidate that crashes or exceeds a limit
loses the question it was in: a fresh one replays the given cells and the earlier answers without it, and the rest is
judged.
"""

from collections.abc import Callable, Collection

from proctor import rules, seeds
from proctor.assignment import Assignment, Cell
from proctor.calls import StudentError
from proctor.codec import CodecError
from proctor.launch import START_SECONDS, Candidate, CandidateLost
from proctor.proxy import use_channel
from proctor.verdict import Judgement, Verdict

Launch = Callable[[], Candidate]


def judge(
    assignment: Assignment,
    answers: dict[str, str],
    *,
    launch: Launch,
    secret: bytes = b"",
    questions: Collection[str] | None = None,
) -> Judgement:
    """Judge the answers of one submission.

    Runs given and tests cells in this process: call it in a process of its own (``proctor.forked.run_forked``).

    Args:
        assignment: master (with hidden tests) or release (visible tests only).
        answers: text of the answer cells by id; a question without text is unanswered.
        launch: starts a candidate; called again after a crash.
        secret: the course's secret, which seeds the drawn inputs.
        questions: judge only these, and run only the answers that they use; None for all.

    Returns:
        The judgement, with a verdict for every tests cell of the questions asked for.

    Raises:
        GivenCellError: if a given cell fails on either side; then the fault is the master's or the machine's.
    """
    return _Sitting(assignment, answers, launch, secret, questions).run()


class GivenCellError(RuntimeError):
    """A given cell failed: not the student's fault."""


class _Sitting:
    def __init__(self, assignment, answers, launch, secret, questions):
        self.assignment, self.answers, self.launch, self.secret = assignment, answers, launch, secret
        asked = [q for q in assignment.questions if questions is None or q.id in questions]
        self.asked = {question.id for question in asked}
        self.needed = self.asked | _closure(assignment, asked)
        self.namespace = {"__name__": "__main__"}
        self.verdicts, self.cell_errors, self.outputs, self.seeds = [], {}, {}, {}
        self.lost: dict[str, CandidateLost] = {}
        self.done: list[Cell] = []
        self.refused: dict[str, str] = {}
        self.cpu_seconds = 0.0

    def run(self) -> Judgement:
        self.candidate = self.launch()
        try:
            for cell in self.assignment.cells:
                if cell.role == "given":
                    self._run_given(cell)
                elif cell.role == "answer" and cell.id in self.needed:
                    self._run_answer(cell)
                elif cell.role == "tests" and cell.question in self.asked:
                    self.verdicts.append(self._run_tests(cell))
        finally:
            self.candidate.close()
            self.cpu_seconds += self.candidate.cpu_seconds
        return Judgement(tuple(self.verdicts), self.cell_errors, self.outputs, self.cpu_seconds, self.seeds)

    def _run_given(self, cell):
        try:
            exec(compile(cell.source, f"<given {cell.id}>", "exec"), self.namespace)
        except Exception as error:
            raise GivenCellError(f"{self.assignment.name}: given cell {cell.id} failed: {error!r}") from error
        self._replay(cell)
        self.done.append(cell)

    def _run_answer(self, cell):
        text = self.answers.get(cell.id)
        if text is None:
            return
        if names := rules.breaches(text, self.assignment.imports, self.assignment.forbids):
            allowed = ", ".join(self.assignment.imports) or "nothing but small standard modules"
            self.refused[cell.id] = (
                f"the answer uses {', '.join(names)}, which this assignment does not allow (allowed: {allowed})"
            )
            return
        try:
            reply = self._request({"op": "cell", "source": text})
        except CandidateLost as lost:
            self._lose(cell.id, lost)
            return
        if printed := reply.get("printed"):
            self.outputs[cell.id] = str(printed)
        if "value" not in reply:
            self.cell_errors[cell.id] = _say(reply)
        self.done.append(cell)

    def _run_tests(self, cell) -> Verdict:
        question = cell.question
        text = self.answers.get(question)
        if text is None:
            return self._verdict(cell, "unanswered", "there is no answer cell for this question in the notebook")
        if question in self.refused:
            return self._verdict(cell, "refused", self.refused[question])
        if question in self.lost:
            lost = self.lost[question]
            return self._verdict(cell, "not-run", f"not run: {lost} earlier in this question")
        seed = seeds.question_seed(self.secret, self.assignment.name, question, self.assignment.digest, text)
        self.seeds[question] = seed.hex()
        kind, message = self._outcome(cell, seed)
        if kind not in ("pass", "unanswered") and question in self.cell_errors:
            message = f"{message} (the answer cell itself raised {self.cell_errors[question]})"
        return self._verdict(cell, kind, message)

    def _outcome(self, cell, seed) -> tuple[str, str]:
        scope = dict(self.namespace)
        try:
            code = compile(cell.solution, f"<tests {cell.id}>", "exec")
            with use_channel(self._request), seeds.use_seed(seed):
                exec(code, scope)
            return "pass", ""
        except CandidateLost as lost:
            self._lose(cell.question, lost)
            return lost.kind, str(lost)
        except NotImplementedError as error:
            if isinstance(error, StudentError):
                return "unanswered", "not answered yet: the code raises NotImplementedError"
            return "error", "the test itself raised NotImplementedError"
        except StudentError as error:
            where = f" ({error.traceback.splitlines()[-1].strip()})" if error.traceback else ""
            return ("memory" if "MemoryError" in error.kinds else "error"), f"the code raised {error}{where}"
        except CodecError as error:
            return "error", str(error)
        except AssertionError as error:
            return "fail", str(error) or "a test failed"
        except Exception as error:
            # Usually a result of a kind that the test did not expect. The text of the test is not quoted.
            return "error", f"the result could not be checked ({type(error).__name__}: {error})"

    def _request(self, request: dict) -> dict:
        reply = self.candidate.request(request, self.assignment.cpu_seconds)
        if "value" in reply:
            return {"value": reply["value"], "printed": reply.get("printed", "")}
        kinds = [str(kind)[:100] for kind in reply.get("kinds") or ["Exception"]][:20]
        return {name: str(reply.get(name, "")) for name in ("message", "traceback", "printed")} | {"kinds": kinds}

    def _lose(self, question: str, lost: CandidateLost):
        self.lost[question] = lost
        self.cpu_seconds += self.candidate.cpu_seconds
        self.done = [cell for cell in self.done if cell.question != question]
        self.candidate = self.launch()
        for cell in self.done:
            try:
                self._replay(cell)
            except CandidateLost as again:  # an answer that ran before and does not now
                return self._lose(cell.question, again)
        return None

    def _replay(self, cell):
        limit = START_SECONDS if cell.role == "given" else self.assignment.cpu_seconds
        text = cell.source if cell.role == "given" else self.answers[cell.id]
        reply = self.candidate.request({"op": "cell", "source": text}, limit)
        if cell.role == "given" and "value" not in reply:
            raise GivenCellError(f"{self.assignment.name}: given cell {cell.id} failed for the student: {_say(reply)}")

    @staticmethod
    def _verdict(cell, kind, message) -> Verdict:
        return Verdict(cell.id, cell.question, cell.points, kind, message)


def _say(reply: dict) -> str:
    kind = (reply.get("kinds") or ["Exception"])[0]
    return f"{kind}: {reply.get('message', '')}".rstrip(": ")


def _closure(assignment, questions) -> set[str]:
    """Ids of all answers that the questions use, directly or through others."""
    needed, todo = set(), [id for question in questions for id in question.uses]
    while todo:
        id = todo.pop()
        if id not in needed:
            needed.add(id)
            todo += assignment.question(id).uses
    return needed
