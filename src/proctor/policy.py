"""What counts: late work, extensions, and which of several attempts; read from ``grading.toml`` at the course's root.

The file is optional, and so is everything in it::

    [attempts]
    keep = "last"                                 # or "best": the attempt with the most points after its late penalty

    [late]
    grace_minutes = 15                            # up to here nothing is taken off; beyond, the deadline counts
    steps = [{after_hours = 0, percent = 10}, {after_hours = 24, percent = 50}]

    [deadlines]
    gradient-descent = 2026-10-01T23:59:00Z       # with a time zone

    [extensions.ada]                              # the student's id, in quotes if it holds a dot or an @
    gradient-descent = 48                         # hours after the deadline, or a date-time of its own

A penalty is a percentage of the points earned. Work without a deadline, or whose time nobody knows, is not late.
"""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from proctor.masters import find_assignments

POLICY_FILE = "grading.toml"
LAST, BEST = "last", "best"
MAX_HOURS = 24.0 * 366
DATE_TIME = "a date-time with a time zone, such as 2026-10-01T23:59:00Z"
HOURS = f"hours from 0 to {MAX_HOURS:g}"


class PolicyError(ValueError):
    """A ``grading.toml`` that cannot be used; the message names the key, what was expected, and what is there."""


@dataclass(frozen=True)
class Policy:
    """The rules of a course; without arguments nothing is ever late and the last attempt counts.

    Attributes:
        keep: which attempt counts, ``"last"`` or ``"best"``.
        grace: lateness that costs nothing.
        steps: ``(lateness, percent)``, both rising: beyond this lateness the percentage is taken off.
        deadlines: assignment -> deadline, with a time zone.
        extensions: (student, assignment) -> the student's own deadline.
    """

    keep: str = LAST
    grace: timedelta = timedelta(0)
    steps: tuple[tuple[timedelta, float], ...] = ()
    deadlines: dict[str, datetime] = field(default_factory=dict)
    extensions: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def deadline(self, assignment: str, student: str) -> datetime | None:
        """When the student's work is due, extension included; None if there is no deadline."""
        return self.extensions.get((student, assignment), self.deadlines.get(assignment))

    def late_percent(self, assignment: str, student: str, submitted_at: datetime | None) -> float:
        """The percentage, 0 to 100, that this lateness costs.

        Args:
            assignment: its name.
            student: id.
            submitted_at: when the work was handed in; without a time zone it is UTC, as in nbgrader's gradebook; None
                if nobody knows.
        """
        deadline = self.deadline(assignment, student)
        if deadline is None or submitted_at is None:
            return 0.0
        late = _aware(submitted_at) - deadline
        if late <= self.grace:
            return 0.0
        return max((percent for after, percent in self.steps if late > after), default=0.0)

    def penalty(self, assignment: str, student: str, submitted_at: datetime | None, score: float) -> float:
        """The points that lateness takes off ``score``: never negative, and never more than there are."""
        return max(score, 0.0) * self.late_percent(assignment, student, submitted_at) / 100

    def choose(self, attempts: Sequence[tuple[float, float, datetime | None]]) -> int:
        """Which attempt counts.

        Args:
            attempts: ``(earned, penalty, submitted_at)`` of each, in the order in which they were handed in.

        Returns:
            The index. ``"last"``: of the latest; where times are equal or not all are known, the order decides.
            ``"best"``: of the most points after penalty, the later one among equals.

        Raises:
            ValueError: if there is no attempt.
        """
        if not attempts:
            raise ValueError("expected at least one attempt, got none")
        if self.keep == BEST:
            return max(range(len(attempts)), key=lambda index: (attempts[index][0] - attempts[index][1], index))
        times = [attempt[2] for attempt in attempts]
        if None in times:
            return len(attempts) - 1
        return max(range(len(attempts)), key=lambda index: (_aware(times[index]), index))


def read_policy(root: Path) -> Policy:
    """Read ``root/grading.toml``; the default policy if there is none.

    Raises:
        PolicyError: on a file that is no TOML, an unknown key or assignment, or a value of the wrong kind or range.
    """
    path = Path(root) / POLICY_FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Policy()
    except (OSError, ValueError) as error:
        raise PolicyError(f"{POLICY_FILE}: expected TOML text, got {type(error).__name__}: {error}") from error
    _known(data, "", ("attempts", "late", "deadlines", "extensions"))
    tables = {name: _table(value, name) for name, value in data.items()}
    late, attempts = tables.get("late", {}), tables.get("attempts", {})
    _known(attempts, "attempts.", ("keep",))
    _known(late, "late.", ("grace_minutes", "steps"))
    keep = attempts.get("keep", LAST)
    if keep not in (LAST, BEST):
        raise _wrong("attempts.keep", f'"{LAST}" or "{BEST}"', keep)
    grace = _number(late.get("grace_minutes", 0), "late.grace_minutes", "minutes from 0", MAX_HOURS * 60)
    names = tuple(find_assignments(root))
    deadlines = _deadlines(tables.get("deadlines", {}), names)
    extensions = _extensions(tables.get("extensions", {}), deadlines)
    return Policy(keep, timedelta(minutes=grace), _steps(late.get("steps", [])), deadlines, extensions)


def _steps(steps) -> tuple[tuple[timedelta, float], ...]:
    if not isinstance(steps, list):
        raise _wrong("late.steps", "a list such as [{after_hours = 0, percent = 10}]", steps)
    read = []
    for number, step in enumerate(steps):
        where = f"late.steps[{number}]"
        table = _table(step, where)
        _known(table, f"{where}.", ("after_hours", "percent"))
        hours = _number(table.get("after_hours"), f"{where}.after_hours", HOURS, MAX_HOURS)
        percent = _number(table.get("percent"), f"{where}.percent", "a number from 0 to 100", 100)
        if read and (hours <= read[-1][0] or percent < read[-1][1]):
            raise _wrong(where, "more hours and no fewer percent than the step before", step)
        read.append((hours, percent))
    return tuple((timedelta(hours=hours), percent) for hours, percent in read)


def _deadlines(table, names) -> dict[str, datetime]:
    _known(table, "deadlines.", names)
    return {name: _date_time(value, f"deadlines.{name}") for name, value in table.items()}


def _extensions(table, deadlines) -> dict[tuple[str, str], datetime]:
    extensions = {}
    for student, own in table.items():
        where = f"extensions.{student}"
        _known(_table(own, where), f"{where}.", tuple(deadlines))
        for name, value in own.items():
            if isinstance(value, datetime):
                until = _date_time(value, f"{where}.{name}")
            else:
                hours = _number(value, f"{where}.{name}", f"{HOURS}, or {DATE_TIME}", MAX_HOURS)
                until = deadlines[name] + timedelta(hours=hours)
            if until < deadlines[name]:
                raise _wrong(f"{where}.{name}", f"nothing before the deadline, {deadlines[name]}", until)
            extensions[student, name] = until
    return extensions


def _known(table: dict, prefix: str, keys) -> None:
    for key in table:
        if key not in keys:
            expected = ", ".join(keys) or "nothing (there is no such assignment, or it has no deadline)"
            raise PolicyError(f"{POLICY_FILE}: {prefix}{key}: unknown key; expected {expected}")


def _table(value, key: str) -> dict:
    if not isinstance(value, dict):
        raise _wrong(key, "a table", value)
    return value


def _number(value, key: str, expected: str, most: float) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and 0 <= value <= most):
        raise _wrong(key, expected, value)
    return float(value)


def _date_time(value, key: str) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _wrong(key, DATE_TIME, value)
    return value


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _wrong(key: str, expected: str, got) -> PolicyError:
    shown = "nothing" if got is None else str(got) if isinstance(got, datetime) else repr(got)
    return PolicyError(f"{POLICY_FILE}: {key}: expected {expected}, got {shown:.200}")
