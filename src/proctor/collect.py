"""Takes what a learning platform gives into nbgrader's folders, and keeps every attempt and a receipt for it.

``submitted/<student>/<assignment>/<assignment>.ipynb`` holds the last attempt, with ``timestamp.txt`` beside it if
somebody knows when it was handed in (a column ``submitted`` in the table of names; a zip does not say).
``attempts/<student>/<assignment>/<number>/`` holds every attempt in the same form; the numbers rise. And
``receipts/<assignment>.csv`` says which file came in, with its size and SHA-256.

Everything is checked before anything is written. Each file is written and then renamed, an attempt's own folder after
the copy in ``submitted/``: stopped anywhere, the same command completes what is missing. A second time it changes
nothing, also not what an instructor mended in ``submitted/`` by hand.
"""

import csv
import hashlib
import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from proctor.downloads import Download, Found, open_download
from proctor.export import safe_cell
from proctor.files import read_small, remove_leftovers, write_atomic
from proctor.lms import Named, TableError, read_names, student_id
from proctor.masters import find_master

STAMP = "timestamp.txt"
MAX_STAMP = 100  # bytes; it was handed in like everything else
STAMP_FORMAT = "%Y-%m-%d %H:%M:%S.%f %Z"  # nbgrader's
RECEIPT = ("student", "attempt", "file", "bytes", "sha256", "submitted", "late")


@dataclass(frozen=True)
class Attempt:
    """One notebook of one student.

    Attributes:
        student: id.
        number: under which it is kept; rises with the time of handing in.
        found: where it lies in the zip.
        submitted_at: when it was handed in, if anybody knows.
    """

    student: str
    number: int
    found: Found
    submitted_at: datetime | None = None


@dataclass(frozen=True)
class Collected:
    """What a zip held.

    Attributes:
        new: attempts that were not there before, by student and number.
        known: how many attempts were.
        problems: a sentence for each file or student that was not collected.
        untimed: students whom the platform calls late, without saying since when.
    """

    new: tuple[Attempt, ...]
    known: int
    problems: tuple[str, ...]
    untimed: tuple[str, ...]


def collect(
    root: Path,
    name: str,
    archive: Path,
    *,
    names: Path | None = None,
    submissions: Path | None = None,
    dry_run: bool = False,
) -> Collected:
    """Collect the submissions of one assignment.

    Args:
        root: the course, with ``solutions/``.
        name: the assignment.
        archive: the zip that Canvas or Moodle gave.
        names: table of names (``proctor.lms.read_names``); without it the platform's ids are the students'.
        submissions: ``root/submitted`` by default; ``attempts/`` and ``receipts/`` lie beside it.
        dry_run: look, and write nothing.

    Raises:
        MasterError: if there is no such assignment.
        DownloadError: if the zip cannot be used; then nothing was written.
        TableError: if the table of names cannot be used.
    """
    find_master(root, name)
    submissions = Path(submissions or Path(root) / "submitted")
    table = read_names(names) if names else None
    with open_download(archive, name, table) as download:
        attempts, problems = _attempts(download, table)
        new, known = _plan(submissions.parent, name, attempts, problems)
        if not dry_run:
            remove_leftovers(submissions, f"*/{name}/*")
            remove_leftovers(submissions.parent, f"attempts/*/{name}/*/*", f"receipts/{name}.csv")
            for one in known:
                _write_time(_places(submissions, name, one), name, one)
            for one in new:
                _write_attempt(_places(submissions, name, one), name, one, download.read(one.found))
            _write_receipts(submissions.parent / "receipts" / f"{name}.csv", known + new)
    untimed = {one.student for one in attempts if one.found.late and one.submitted_at is None}
    return Collected(tuple(new), len(known), tuple(problems), tuple(sorted(untimed)))


def find_attempts(directory: Path, name: str, student: str) -> list[Path]:
    """The folders of a student's attempts in the order in which they were handed in; empty if none was collected.

    Args:
        directory: holds ``attempts/``.
        name: the assignment.
        student: id.
    """
    folder = Path(directory) / "attempts" / student / name
    found = [path.parent for path in folder.glob(f"*/{name}.ipynb") if path.parent.name.isdecimal()]
    return sorted(found, key=lambda one: int(one.name))


def submitted_at(folder: Path) -> datetime | None:
    """When the work in a folder was handed in, by its ``timestamp.txt``; None if there is none, or no date in it."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(read_small(folder / STAMP, MAX_STAMP).decode().strip()).replace(tzinfo=UTC)
    except (OSError, ValueError, OverflowError):
        return None


def _attempts(download: Download, table: dict[str, Named] | None) -> tuple[list[Attempt], list[str]]:
    attempts, problems = [], list(download.problems)
    for found in download.found:
        try:
            named = table[found.key] if table is not None else Named(student_id(found.key, found.member))
        except TableError as error:
            problems.append(str(error))
        else:
            attempts.append(Attempt(named.student, found.order, found, named.submitted_at))
    return sorted(attempts, key=lambda one: (one.student, one.number)), problems


def _plan(directory: Path, name: str, attempts: list[Attempt], problems) -> tuple[list[Attempt], list[Attempt]]:
    """What is new, and what is there: under its number, or as the one before it with the same bytes."""
    new, known = [], []
    for student, group in groupby(attempts, key=lambda one: one.student):
        there = {
            int(folder.name): _digest(folder / f"{name}.ipynb") for folder in find_attempts(directory, name, student)
        }
        for one in group:
            before = max((number for number in there if number <= one.number), default=None)
            if before is not None and there[before] == one.found.sha256:
                own = directory / "attempts" / student / name / str(before)
                known.append(one if before == one.number else _again(one, before, own))
            elif one.number in there:
                problems.append(f"{student}: another notebook is there already as attempt {one.number}")
            else:
                new.append(one)
                there[one.number] = one.found.sha256
    return new, known


def _again(one: Attempt, number: int, own: Path) -> Attempt:
    """The attempt that was there when the same bytes came in again: of its two times the earlier one."""
    time = one.submitted_at and min(one.submitted_at, submitted_at(own) or one.submitted_at)
    return replace(one, number=number, submitted_at=time)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _places(submissions: Path, name: str, one: Attempt) -> list[Path]:
    """The folders for an attempt, its own at the end; ``submitted/`` only for the last attempt."""
    own = submissions.parent / "attempts" / one.student / name / str(one.number)
    later = [other for other in find_attempts(submissions.parent, name, one.student) if int(other.name) > one.number]
    return [own] if later else [submissions / one.student / name, own]


def _write_attempt(places: list[Path], name: str, one: Attempt, data: bytes) -> None:
    for place in places:
        (place / STAMP).unlink(missing_ok=True)  # of the attempt before
        write_atomic(place / f"{name}.ipynb", data)
        _write_time([place], name, one)


def _write_time(places: list[Path], name: str, one: Attempt) -> None:
    for place in places if one.submitted_at else []:
        if (place / f"{name}.ipynb").is_file():  # a folder with a time and no notebook would be graded as missing
            write_atomic(place / STAMP, one.submitted_at.astimezone(UTC).strftime(STAMP_FORMAT))


def _write_receipts(path: Path, attempts: list[Attempt]) -> None:
    kept = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8")))) if path.is_file() else []
    rows = {(row[0], int(row[1])): row for row in kept if len(row) == len(RECEIPT) and row[1].isdecimal()}
    for one in attempts:
        key, found = (one.student, one.number), one.found
        row = rows.setdefault(key, [*key, safe_cell(found.member), found.size, found.sha256, "", "late" * found.late])
        if one.submitted_at:
            row[RECEIPT.index("submitted")] = one.submitted_at.astimezone(UTC).isoformat()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([RECEIPT, *(rows[key] for key in sorted(rows))])
    write_atomic(path, text.getvalue())
