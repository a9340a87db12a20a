"""Tables that a learning platform gives and takes: who is who, and the columns for grades.

Canvas's gradebook has the columns Student, ID, SIS User ID, SIS Login ID, Section, then a column ``<title> (<id>)`` for
each assignment, with a row "Points Possible" on top; it takes back a file with the student's columns and those that
change (its ``lib/gradebook_importer.rb``), and overwrites what stands in any other column, so we give none. Moodle's
offline grading worksheet has Identifier ("Participant 17"), Full name, Email address, Status, Grade, Maximum Grade,
Last modified (grade), Feedback comments and more; it takes back Identifier, Grade, Last modified (grade) and the
feedback, and silently drops a grade above the maximum (its ``mod/assign/feedback/offline``).
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from proctor.export import safe_cell

MAX_TABLE = 64 * 2**20
STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
CANVAS_KEYS = ("ID", "SIS User ID", "SIS Login ID")
CANVAS_KEEPS = ("EX", "N/A")  # excused, not assigned
MOODLE_KEYS = ("Identifier", "ID number", "Username", "Email address")
# ``proctor.scores.Score.words`` as the last line of a comment; Moodle's editor may have put tags round it.
NUMBER = r"[-+.e\d]+"
OURS = re.compile(
    rf"(?:\A|(?<=[\n>]))'?{NUMBER} of (?P<points>{NUMBER}) points(?:, {NUMBER} taken off because it was late)?"
    r"(?=(?:\s|<[^<>]*>)*\Z)"
)


class TableError(ValueError):
    """A table that cannot be used; the message names the file, what was expected, and what is there."""


@dataclass(frozen=True)
class Named:
    """A row of a table of names: the student's id in this course, and when the work was handed in, if it says so."""

    student: str
    submitted_at: datetime | None = None


def read_table(path: Path) -> list[list[str]]:
    """The rows of a CSV file, header first, all as long as the header; separated by commas or semicolons.

    Raises:
        TableError: if it is missing, larger than ``MAX_TABLE``, no UTF-8 text, or empty.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_TABLE:
            raise TableError(f"{path}: expected a CSV file of at most {MAX_TABLE} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path}: expected a CSV file in UTF-8, got {type(error).__name__}: {error}") from error
    first = text.partition("\n")[0]
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ","))
    except csv.Error as error:
        raise TableError(f"{path}: expected a CSV file ({error})") from error
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise TableError(f"{path}: expected a CSV file with a header, got nothing")
    header = [cell.strip() for cell in rows[0]]
    return [header, *((row + [""] * len(header))[: len(header)] for row in rows[1:])]


def read_names(path: Path) -> dict[str, Named]:
    """Who is who: the platform's id -> the student.

    Canvas's gradebook ("ID", "SIS Login ID") and Moodle's worksheet ("Identifier", "Email address") are known; of any
    other table the first column is the id in the zip, the second the student's. A column ``submitted`` may say when
    the work was handed in, with a time zone: neither platform's zip does.

    Raises:
        TableError: also if a student's id could not be a folder's name, an id stands twice, or a time is none.
    """
    header, *rows = read_table(path)
    if {"ID", "SIS Login ID"} <= set(header):
        key, student = header.index("ID"), header.index("SIS Login ID")
    elif {"Identifier", "Email address"} <= set(header):
        key, student = header.index("Identifier"), header.index("Email address")
    elif len(header) >= 2:
        key, student = 0, 1
    else:
        raise TableError(f"{path}: expected two columns, the id in the zip and the student's id, got {header}")
    when = header.index("submitted") if "submitted" in header else None
    names, students = {}, set()
    for row in rows:
        id = platform_id(row[key])
        if not id or not row[student].strip():  # Canvas's row of points, a test student without a login
            continue
        named = Named(student_id(row[student].strip(), path), _time(row[when], path) if when is not None else None)
        if id in names or named.student in students:
            raise TableError(f"{path}: expected one row for each student, got {id} or {named.student} twice")
        names[id] = named
        students.add(named.student)
    return names


def platform_id(cell: str) -> str:
    """The id in a cell: of "Participant 17" the number.

    >>> platform_id(" Participant 17"), platform_id("4711")
    ('17', '4711')
    """
    match = re.fullmatch(r"\s*(?:\D*\s)?(\d+)\s*", cell)
    return match[1] if match else cell.strip()


def student_id(text: str, where) -> str:
    """The text, if it may be a student's id and a folder's name.

    Raises:
        TableError: otherwise.
    """
    if not STUDENT.fullmatch(text) or text.endswith("."):
        raise TableError(
            f"{where}: expected a student id of up to 100 letters, digits and . _ @ -, starting with one of the first "
            f"two, got {text!r:.120}; a table of names can give it another"
        )
    return text


def canvas_grades(rows: list[list[str]], titles: Sequence[str], points: float, grade: Callable) -> str:
    """Canvas's gradebook with one assignment's column filled in; other assignments' columns are left out.

    Args:
        rows: of ``read_table``, as Canvas exported them.
        titles: names that the column may have, with or without its id; white space, hyphens and case do not matter.
        points: of the assignment.
        grade: called with the ids in a student's row, and whether the platform keeps what stands there; returns
            ``(grade, words)``, or None to leave the row as it is.

    Raises:
        TableError: if a column is missing, or Canvas's points possible are others.
    """
    header = rows[0]
    if header[0] not in ("Student", "LastName") or not {"ID", "Section"} <= set(header):
        raise TableError(f"expected Canvas's columns Student, ID, ..., Section, got {_names(header)}")
    fixed = header.index("Section") + 1
    wanted = {_plain(title) for title in titles}
    columns = [
        number
        for number, name in enumerate(header)
        if number >= fixed and wanted & {_plain(name), _plain(re.sub(r"\s*\(\d+\)$", "", name))}
    ]
    if len(columns) != 1:
        raise TableError(
            f"expected one column called {' or '.join(titles)}, got {len(columns)} among {_names(header[fixed:])}; "
            "name it with --column"
        )
    column, filled = columns[0], []
    for row in rows:
        cell = row[column]
        if row[0].strip() == "Points Possible":
            _same_points(cell, points, "points possible", "Canvas")
        elif row is not header:
            found = grade(_keys(header, row, CANVAS_KEYS), cell.strip() in CANVAS_KEEPS)
            cell = safe_cell(found[0]) if found else cell
        filled.append([*row[:fixed], cell])
    return _text(filled)


def moodle_grades(rows: list[list[str]], points: float, grade: Callable) -> str:
    """Moodle's offline grading worksheet with grades and feedback comments filled in; arguments as above.

    A comment that somebody wrote stays, with our words in a line below it.

    Raises:
        TableError: if a column is missing, Moodle's maximum is another, or a grade is above it: Moodle would drop it.
    """
    header = rows[0]
    rows = [list(row) for row in rows]
    missing = [name for name in ("Identifier", "Grade", "Last modified (grade)") if name not in header]
    if missing:
        raise TableError(
            f"expected Moodle's offline grading worksheet, in English, with {_names(missing)}; got {_names(header)}"
        )
    comments = header.index("Feedback comments") if "Feedback comments" in header else None
    most = header.index("Maximum Grade") if "Maximum Grade" in header else None
    above = []
    for row in rows[1:]:
        found = grade(_keys(header, row, MOODLE_KEYS), False)
        if found:
            _same_points(row[most] if most is not None else "", points, "maximum grade", "Moodle")
            row[header.index("Grade")] = safe_cell(found[0])
            if comments is not None:
                row[comments] = _comment(row[comments], found[1], points)
            if found[0] > points + 0.005:
                who = [row[header.index(name)].strip() for name in MOODLE_KEYS if name in header]
                above.append(f"{' '.join(filter(None, who))!r} ({found[0]:g})")
    if above:
        raise TableError(
            f"expected grades up to {points:g}, for Moodle drops what is above, got {', '.join(above)}; take these "
            "rows out of the worksheet, and enter in Moodle's gradebook the maximum, and the rest as extra credit"
        )
    return _text(rows)


def _comment(cell: str, words: str, points: float) -> str:
    """The comment with our words: in the place of older ones, else below what somebody wrote."""
    old = OURS.search(cell)
    if old and (old.start() == 0 or old["points"] == f"{points:g}"):  # "3 of 5 points" may end a person's list
        return cell[: old.start()] + words + cell[old.end() :]
    return f"{cell.rstrip()}\n{words}".lstrip()


def _keys(header, row, names) -> list[str]:
    return [key for name in names if name in header and (key := platform_id(row[header.index(name)]))]


def _same_points(cell: str, points: float, what: str, platform: str) -> None:
    try:
        got = float(cell.strip().replace(",", "."))
    except ValueError:
        return
    if abs(got - points) > 0.005:
        raise TableError(f"expected {what} {points:g}, got {cell.strip()}; set them to {points:g} in {platform}")


def _text(rows) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def _cell(text: str) -> str:
    """As a spreadsheet may open it; a number, and Moodle's lone dash for "never", stay as the platform wrote them."""
    return text if re.fullmatch(r"-|-?[\d.,]+%?", text) else safe_cell(text)


def _plain(title: str) -> str:
    return re.sub(r"[\W_]+", "-", title.casefold()).strip("-")


def _names(names) -> str:
    return ", ".join(repr(name) for name in names[:12]) + (" ..." if len(names) > 12 else "") or "none"


def _time(text: str, where) -> datetime | None:
    if not text.strip():
        return None
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise TableError(f"{where}: submitted: expected a time such as 2026-10-01T23:59:00Z, got {text!r:.60}")
    return time
