"""What counts: lateness, extensions, attempts; and a file that says what is wrong with it."""

import textwrap
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor import policy
from proctor.policy import Policy, PolicyError, read_policy

DUE = datetime(2026, 10, 1, 23, 59, tzinfo=UTC)
FULL = """
[attempts]
keep = "best"
[late]
grace_minutes = 15
steps = [{after_hours = 0, percent = 10}, {after_hours = 24, percent = 50}, {after_hours = 72, percent = 100}]
[deadlines]
warmup = 2026-10-01T23:59:00Z
second = 2026-10-08T23:59:00+02:00
[extensions.ada]
warmup = 48
[extensions."bob@example.org"]
warmup = 2026-10-05T00:00:00Z
"""
POLICIES = st.builds(
    lambda grace, steps: Policy(
        grace=timedelta(hours=grace),
        steps=tuple((timedelta(hours=after), percent) for after, percent in steps),
        deadlines={"warmup": DUE},
    ),
    st.floats(0, 10),
    st.tuples(
        st.lists(st.floats(0, 100), unique=True, max_size=5).map(sorted),
        st.lists(st.floats(0, 100), min_size=5, max_size=5).map(sorted),
    ).map(lambda pair: tuple(zip(*pair, strict=False))),
)


@pytest.fixture
def read(tmp_path):
    for name in ("warmup", "second"):
        (tmp_path / "solutions" / name).mkdir(parents=True)
        (tmp_path / "solutions" / name / f"{name}.md").write_text("")

    def read(text):
        (tmp_path / "grading.toml").write_text(text)
        return read_policy(tmp_path)

    return read


def test_without_a_file_nothing_is_late_and_the_last_attempt_counts(tmp_path):
    rules = read_policy(tmp_path)
    assert rules == Policy() and rules.keep == "last"
    assert rules.deadline("warmup", "ada") is None
    assert rules.penalty("warmup", "ada", datetime(2099, 1, 1, tzinfo=UTC), 5.0) == 0


@pytest.mark.parametrize(
    "late, percent",
    [(-1, 0), (0, 0), (0.25, 0), (0.26, 10), (24, 10), (24.01, 50), (72, 50), (72.01, 100), (10_000, 100)],
)
def test_steps_and_grace(read, late, percent):
    assert read(FULL).late_percent("warmup", "eve", DUE + timedelta(hours=late)) == percent


def test_extensions_move_the_deadline(read):
    rules = read(FULL)
    assert rules.deadline("warmup", "ada") == DUE + timedelta(hours=48)
    assert rules.late_percent("warmup", "ada", DUE + timedelta(hours=47)) == 0
    assert rules.late_percent("warmup", "ada", DUE + timedelta(hours=49)) == 10
    assert rules.deadline("warmup", "bob@example.org") == datetime(2026, 10, 5, tzinfo=UTC)
    assert rules.deadline("second", "ada") == datetime(2026, 10, 8, 21, 59, tzinfo=UTC)


def test_the_example_is_one(read):
    example = policy.__doc__.partition("::\n")[2].partition("\nA penalty")[0]
    assert read(textwrap.dedent(example).replace("gradient-descent", "warmup")).deadline("warmup", "ada").day == 3


def test_a_time_is_a_time_in_any_zone(read):
    rules, late = read(FULL), DUE + timedelta(hours=25)
    east = late.astimezone(timezone(timedelta(hours=9)))
    naive = late.replace(tzinfo=None)  # nbgrader's gradebook holds UTC without saying so
    assert {rules.late_percent("warmup", "eve", time) for time in (late, east, naive)} == {50}
    assert rules.late_percent("warmup", "eve", None) == 0


@given(POLICIES, st.floats(-100, 1000), st.floats(0, 1000), st.floats(-10, 1e6))
def test_later_never_costs_less_and_never_more_than_there_is(rules, hours, more, score):
    first, then = (rules.penalty("warmup", "ada", DUE + timedelta(hours=late), score) for late in (hours, hours + more))
    assert 0 <= first <= then <= max(score, 0)
    assert first == 0 or hours > 0


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10), st.none() | st.datetimes()), min_size=1))
def test_the_attempt_that_counts(attempts):
    best = attempts[Policy(keep="best").choose(attempts)]
    assert all(best[0] - best[1] >= earned - penalty for earned, penalty, _ in attempts)
    last = Policy().choose(attempts)
    times = [attempt[2] for attempt in attempts]
    assert last == len(attempts) - 1 if None in times else times[last] == max(times)


def test_equals_are_decided_by_order():
    assert Policy(keep="best").choose([(3, 1, None), (2, 0, None), (1, 0, None)]) == 1
    assert Policy().choose([(3, 0, DUE), (1, 0, DUE.replace(tzinfo=None))]) == 1
    with pytest.raises(ValueError, match="at least one attempt"):
        Policy().choose([])


@pytest.mark.parametrize(
    "text, message",
    [
        ("keep = [", "expected TOML text"),
        ("[late]\ngrace = 1", r"late\.grace: unknown key; expected grace_minutes, steps"),
        ("[marks]", r"marks: unknown key; expected attempts, late"),
        ("late = 3", "late: expected a table, got 3"),
        ('[attempts]\nkeep = "first"', 'attempts.keep: expected "last" or "best", got \'first\''),
        ("[attempts]\nkeep = []", "attempts.keep: expected"),
        ("[late]\ngrace_minutes = -1", "late.grace_minutes: expected minutes from 0, got -1"),
        ("[late]\ngrace_minutes = true", "expected minutes from 0, got True"),
        ("[late]\ngrace_minutes = nan", "got nan"),
        ("[late]\nsteps = 10", "late.steps: expected a list"),
        ("[late]\nsteps = [{percent = 10}]", r"late\.steps\[0\]\.after_hours: expected hours .*, got nothing"),
        ("[late]\nsteps = [{after_hours = 0, percent = 101}]", r"steps\[0\]\.percent: expected a number from 0 to 100"),
        (
            "[late]\nsteps = [{after_hours = 2, percent = 1}, {after_hours = 1, percent = 2}]",
            r"steps\[1\]: expected more hours",
        ),
        (
            "[late]\nsteps = [{after_hours = 1, percent = 5}, {after_hours = 2, percent = 2}]",
            r"steps\[1\]: expected more hours and no fewer percent",
        ),
        ("[deadlines]\nwarm = 2026-10-01T23:59:00Z", "deadlines.warm: unknown key; expected second, warmup"),
        ("[deadlines]\nwarmup = 2026-10-01T23:59:00", "deadlines.warmup: expected a date-time with a time zone"),
        ("[deadlines]\nwarmup = 2026-10-01", "deadlines.warmup: expected a date-time"),
        ("[extensions.ada]\nwarmup = 3", r"extensions\.ada\.warmup: unknown key; .*has no deadline"),
        (
            "[deadlines]\nwarmup = 2026-10-01T23:59:00Z\n[extensions.ada]\nwarmup = 2026-09-30T23:59:00Z",
            "extensions.ada.warmup: expected nothing before the deadline",
        ),
        ('[deadlines]\nwarmup = 2026-10-01T23:59:00Z\n[extensions.ada]\nwarmup = "2 days"', "expected hours"),
        ("[extensions]\nada = 3", "extensions.ada: expected a table, got 3"),
    ],
)
def test_what_is_wrong_is_named(read, text, message):
    with pytest.raises(PolicyError, match=message) as error:
        read(text)
    assert str(error.value).startswith("grading.toml: ")
