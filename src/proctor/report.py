"""The report on a class: one HTML page and one CSV, which show which question went wrong, and why.

The page shows points, rates, messages and, of pairs of answers that resemble each other, the answers. It never holds
the text of a test. The CSV holds the same numbers without the answers, and whatever the page leaves out for length.
"""

import csv
import io
import math
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from proctor import items, similarity
from proctor.assignment import Assignment
from proctor.distribution import bins, span
from proctor.export import safe_cell
from proctor.feedback import question_title
from proctor.files import write_atomic
from proctor.handed_in import find_submissions
from proctor.masters import find_master, read_master
from proctor.pages import clean, render
from proctor.results import Journal
from proctor.survey import FLAGS, Pair, Survey, Tally, read_class, survey
from proctor.variants import read_variants

MAX_BARS = 20  # of the histogram
MAX_MISTAKES = 6  # shown for a question
MAX_FLAGS = 100  # shown of a kind
MAX_PAIRS = 20  # shown, the answers of half of them beside each other
MAX_ANSWER = 6_000
MAX_TEXT = 300

Texts = Callable[[str, str], str]


def write_report(root: Path, name: str, *, submissions: Path | None = None) -> tuple[Path, Path]:
    """Write ``report/<assignment>.html`` and ``.csv`` beside the submissions, from what ``proctor grade`` left there.

    Args:
        root: the course, with ``solutions/``.
        name: the assignment.
        submissions: folder of the submissions; ``root/submitted`` by default.

    Returns:
        The two paths.

    Raises:
        MasterError: if the master cannot be read.
        VariantsError: if its ``wrong.py`` cannot.
        FileNotFoundError: if nothing was graded yet.
    """
    submissions = Path(submissions or Path(root) / "submitted")
    directory = submissions.parent
    path = find_master(Path(root), name)
    assignment, variants = read_master(path), read_variants(path.parent / "wrong.py")
    foreseen: dict[str, list[str]] = {}
    for entry in (*variants.wrong, *variants.right):
        foreseen.setdefault(entry.question, []).append(entry.source)
    found = survey(assignment, read_class(directory, assignment, find_submissions(submissions, name)), foreseen)
    if not found.scores:
        raise FileNotFoundError(
            f"expected results in {directory}/results/{name} of {submissions}; run `proctor grade {name}` first"
        )
    journal = Journal(directory, name)

    def text(student: str, question: str) -> str:
        result = journal.read(student)
        return result.submission.answers.get(question, "") if result else ""

    page, table = (directory / "report" / f"{name}.{ending}" for ending in ("html", "csv"))
    write_atomic(page, report_html(found, text, foreseen))
    write_atomic(table, report_csv(found))
    return page, table


def report_html(found: Survey, text: Texts, foreseen: dict[str, list[str]]) -> str:
    """The page.

    Args:
        found: the class.
        text: gives a student's answer to a question; asked for the pairs that are shown.
        foreseen: answers that the instructor wrote, by question id, as given to ``survey``.
    """
    assignment, scores = found.assignment, sorted(found.scores.values())
    questions = [_question(found, tally) for tally in found.tallies]
    titles = {question["id"]: question["title"] for question in questions}
    measured = [question for question in questions if question["share"] is not None]
    return render(
        "report.html.j2",
        ("feedback.css", "report.css"),
        title=assignment.title,
        points=assignment.points,
        submissions=len(scores),
        readable=found.readable,
        stale=found.stale,
        mean=sum(scores) / len(scores),
        median=_median(scores),
        full=sum(score >= assignment.points for score in scores),
        histogram=histogram(scores, assignment.points),
        hardest=min(measured, key=lambda question: question["share"], default=None),
        questions=questions,
        waiting=[question for question in questions if question["waiting"]],
        flags=[_flag_group(assignment, kind, list(flags), titles) for kind, flags in _by_kind(found.flags)],
        flagged=len({flag.student for flag in found.flags}),
        pairs=[
            _pair(assignment, pair, text if place < MAX_PAIRS // 2 else None, titles, foreseen)
            for place, pair in enumerate(found.pairs[:MAX_PAIRS])
        ],
        more_pairs=max(len(found.pairs) - MAX_PAIRS, 0),
        constants={"run": similarity.RUN, "window": similarity.WINDOW, "weight": similarity.MIN_WEIGHT,
                   "share": similarity.MIN_SHARE, "few": items.MIN_SUBMISSIONS, "weak": items.WEAK},
    )  # fmt: skip


def histogram(scores: list[float], points: float) -> dict:
    """Bars of the score distribution, in the units of the drawing (360 wide, 100 high).

    Returns:
        ``bars`` (x, width, y, height, count, label) and ``ticks`` (x, label).
    """
    counted = bins(scores, points, MAX_BARS)
    tallest, scale = max(count for *_, count in counted) or 1, 360 / counted[-1][1]
    bars = []
    for low, high, count in counted:
        height = 100 * count / tallest
        bar = {"x": low * scale, "width": (high - low) * scale, "y": 100 - height, "height": height}
        bars.append(bar | {"count": count, "label": f"{span(low, high, points)} points"})
    every = (counted[0][1] - counted[0][0]) * math.ceil(len(counted) / 6)
    places = [place * every for place in range(7) if place * every <= points - every / 2]
    return {"bars": bars, "ticks": [{"x": place * scale, "label": f"{place:g}"} for place in [*places, points]]}


def report_csv(found: Survey) -> str:
    """All numbers as one long table: ``assignment, kind, question, name, students, value``."""
    rows = [("scores", "", student, 1, score) for student, score in found.scores.items()]
    for tally in found.tallies:
        id, item = tally.question.id, tally.item
        rows += [("difficulty", id, "mean share of the points", found.readable, item.difficulty)]
        rows += [("discrimination", id, "item-rest correlation", found.readable, item.discrimination)]
        rows += [("test", id, cell, count, count / (found.readable or 1)) for cell, count in tally.passed.items()]
        rows += [("mistake", id, name, count, "") for name, count in tally.mistakes.most_common()]
        rows += [("message", id, text, count, "") for text, count in tally.errors.most_common()]
        rows += [("no answer", id, "", tally.blank, ""), ("waiting", id, "", tally.waiting, "")]
    rows += [(flag.kind, flag.question, f"{flag.student}: {flag.evidence}", 1, "") for flag in found.flags]
    for pair in found.pairs:
        rows += [("alike", id, f"{pair.first}, {pair.second}", 2, likeness.share) for id, likeness in pair.questions]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["assignment", "kind", "question", "name", "students", "value"])
    for row in rows:
        writer.writerow([safe_cell("" if cell is None else cell) for cell in (found.assignment.name, *row)])
    return out.getvalue()


def _question(found: Survey, tally: Tally) -> dict:
    item, mistakes, errors = tally.item, tally.mistakes.most_common(), tally.errors.most_common()
    return {
        "id": tally.question.id,
        "title": question_title(found.assignment, tally.question),
        "points": tally.question.points,
        "written": tally.question.written,
        "share": item.difficulty,
        "level": "unanswered" if item.difficulty is None else _level(item.difficulty),
        "discrimination": item.discrimination,
        "remark": _remark(tally, found),
        "tests": [{"id": cell, "passed": count, "share": count / found.readable if found.readable else 0.0}
                  for cell, count in tally.passed.items()],
        "why": [{"text": clean(text, MAX_TEXT), "count": count, "named": (text, count) in mistakes}
                for text, count in mistakes[:MAX_MISTAKES] + errors[:MAX_MISTAKES]],
        "more": max(len(mistakes) - MAX_MISTAKES, 0) + max(len(errors) - MAX_MISTAKES, 0),
        "blank": tally.blank,
        "waiting": tally.waiting,
    }  # fmt: skip


def _level(share: float) -> str:
    return "wrong" if share < 0.5 else "partly" if share < 0.75 else "right"


def _remark(tally: Tally, found: Survey) -> str:
    value = tally.item.discrimination
    if value is None and tally.waiting:
        return "not yet"
    if value is None:
        rest = any(one.question.points and not one.waiting for one in found.tallies if one is not tally)
        if not (rest and tally.question.points):
            return "nothing to compare with"
        return "too few" if found.readable < items.MIN_SUBMISSIONS else "all alike"
    return "negative: read its tests again" if value < 0 else "weak" if value < items.WEAK else ""


def _by_kind(flags):
    return groupby(flags, key=lambda flag: flag.kind)


def _flag_group(assignment, kind, flags, titles) -> dict:
    return {
        "kind": kind,
        "title": FLAGS[kind],
        "count": len(flags),
        "asked": any(flag.question for flag in flags),
        "rows": [
            {"student": _student(assignment, flag.student), "question": titles.get(flag.question, ""),
             "evidence": clean(flag.evidence, MAX_TEXT)}
            for flag in flags[:MAX_FLAGS]
        ],
    }  # fmt: skip


def _student(assignment: Assignment, student: str) -> dict:
    link = f"../feedback/{quote(student, safe='')}/{assignment.name}/{assignment.name}.html"
    return {"name": clean(student, 100), "link": link}


def _pair(assignment, pair: Pair, text: Texts | None, titles, foreseen) -> dict:
    return {
        "first": _student(assignment, pair.first),
        "second": _student(assignment, pair.second),
        "questions": [
            {"title": titles[id], "share": likeness.share, "weight": likeness.weight,
             "sides": text and _sides(assignment.question(id), pair, text, foreseen.get(id, []))}
            for id, likeness in pair.questions
        ],
    }  # fmt: skip


def _sides(question, pair: Pair, text: Texts, foreseen) -> list[list[tuple[str, bool]]]:
    """The two answers, each as lines with whether they are part of what both share."""
    written, texts = question.written, [text(student, question.id) for student in (pair.first, pair.second)]
    known = similarity.known_runs([question.answer.released, question.answer.solution, *foreseen], written)
    shared = similarity.shared_lines(*texts, known, written)
    return [
        [(line, number in marked) for number, line in enumerate(clean_lines(answer))]
        for answer, marked in zip(texts, shared, strict=True)
    ]


def clean_lines(answer: str) -> list[str]:
    """The lines of an answer, harmless; their numbers stay."""
    lines = [clean(line, MAX_TEXT) for line in answer[:MAX_ANSWER].split("\n")]
    return lines + [f"… ({len(answer) - MAX_ANSWER} more characters)"] * (len(answer) > MAX_ANSWER)


def _median(ordered: list[float]) -> float:
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
