"""Tables of Canvas and Moodle: who is who, and grades filled in as the platform takes them back."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.lms import STUDENT, Named, TableError, canvas_grades, moodle_grades, read_names, read_table, student_id
from proctor.scores import Score

CANVAS = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Notes,Warm-up (812),Other (813),Final Score
,,,,,,Manual Posting,,
    Points Possible,,,,,,8.00,10.00,(read only)
"Lovelace, Ada",4711,s-1,ada,"A, and B",x,,9,90
"Hopper, Grace",4712,s-2,grace@example.org,A,,EX,8,
"=cmd|'/c calc'!A1",4713,s-3,eve,A,,3,7,
"Student, Test",4799,,,A,,,,
"""
MOODLE = """Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",\
"Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 17","Ada Lovelace",ada@example.org,"Submitted for grading",,8.00,Yes,"Thursday, 1 October 2026",-,
"Participant 18","=1+1",grace@example.org,"No submission",,8.00,Yes,-,-,
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def rows(text):
    return list(csv.reader(io.StringIO(text)))


def grader(*known):
    """Gives 2.5 points to the known."""
    return lambda keys, keep: (2.5, "2.5 of 8 points") if not keep and set(keys) & set(known) else None


def test_commas_and_semicolons(write):
    assert read_table(write("\ufeffa,b\n1,2\n\n")) == [["a", "b"], ["1", "2"]]
    assert read_table(write("a;b;c\r\n1,5;2\r\n")) == [["a", "b", "c"], ["1,5", "2", ""]]


@pytest.mark.parametrize("text", ["", "\n\n", b"\xff\xfe\x00", '"a\0b'])
def test_what_is_no_table_is_named(write, text):
    path = write(text)
    try:
        assert read_table(path)[0] == ["a\0b"]  # newer Pythons read a null byte
    except TableError as error:
        assert str(path) in str(error) and "expected a CSV file" in str(error)
    with pytest.raises(TableError, match="FileNotFoundError"):
        read_table(path.with_name("gone.csv"))


def test_names_of_canvas_and_moodle(write):
    names = read_names(write(CANVAS))
    assert names == {"4711": Named("ada"), "4712": Named("grace@example.org"), "4713": Named("eve")}
    assert read_names(write(MOODLE)) == {"17": Named("ada@example.org"), "18": Named("grace@example.org")}


def test_names_of_ones_own_table(write):
    names = read_names(write("zip,student,submitted\n17,ada,2026-10-01T23:59:00+02:00\n18,bob,\n"))
    assert names == {"17": Named("ada", datetime(2026, 10, 1, 21, 59, tzinfo=UTC)), "18": Named("bob")}


@pytest.mark.parametrize(
    "text, message",
    [
        ("zip\n17\n", "expected two columns"),
        ("zip,student\n17,ada\n17,bob\n", "17 or bob twice"),
        ("zip,student\n17,ada\n18,ada\n", "18 or ada twice"),
        ("zip,student\n17,../../ada\n", r"expected a student id .* got '\.\./\.\./ada'"),
        ("zip,student,submitted\n17,ada,yesterday\n", "expected a time such as 2026-10-01T23:59:00Z, got 'yesterday'"),
        ("zip,student,submitted\n17,ada,2026-10-01T23:59\n", "expected a time such as"),
    ],
)
def test_what_is_wrong_with_names_is_named(write, text, message):
    with pytest.raises(TableError, match=message):
        read_names(write(text))


@pytest.mark.parametrize(
    "text", ["", ".", "..", ".hidden", "-x", "a/b", "a\\b", "a b", "a+b", "é", "a\n", "a.", "x" * 101]
)
def test_a_student_id_is_a_plain_name(text):
    with pytest.raises(TableError, match="expected a student id"):
        student_id(text, "t.csv")


@given(st.from_regex(STUDENT, fullmatch=True).filter(lambda text: not text.endswith(".")))
def test_a_student_id_is_one_part_of_a_path(text):
    assert student_id(text, "t.csv") == text
    assert not set(text) & set("/\\: \0") and text not in (".", "..") and text.isascii() and text.isprintable()


def test_canvas_takes_its_own_columns_and_one_more(write):
    text = canvas_grades(read_table(write(CANVAS)), ["warmup", "Warm-up"], 8, grader("ada", "4712", "s-3"))
    got = rows(text)
    assert got[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Warm-up (812)"]
    assert [row[-1] for row in got] == ["Warm-up (812)", "Manual Posting", "8.00", "2.5", "EX", "2.5", ""]
    assert got[2][0] == "    Points Possible" and got[3][:2] == ["Lovelace, Ada", "4711"]
    assert got[5][0] == "'=cmd|'/c calc'!A1"  # a spreadsheet opens this; Canvas goes by the id
    assert "90" not in text and "813" not in text  # what has changed in Canvas since must not be overwritten


def test_canvas_column_by_its_name_or_not_at_all(write):
    table = read_table(write(CANVAS))
    for titles in (["Warm-up (812)"], ["WARM UP"], ["warm_up"]):
        assert ",2.5\r\n" in canvas_grades(table, titles, 8, grader("ada"))
    with pytest.raises(TableError, match=r"one column called gone, got 0 among .*'Other \(813\)'.*--column"):
        canvas_grades(table, ["gone"], 8, grader())
    with pytest.raises(TableError, match="got 2 among"):
        canvas_grades(table, ["Warm-up", "Other"], 8, grader())
    with pytest.raises(TableError, match=r"expected points possible 9, got 8\.00; set them to 9 in Canvas"):
        canvas_grades(table, ["Warm-up"], 9, grader())
    with pytest.raises(TableError, match="expected Canvas's columns"):
        canvas_grades(read_table(write(MOODLE)), ["Warm-up"], 8, grader())


def test_moodle_takes_its_worksheet_filled_in(write):
    table = read_table(write(MOODLE))
    header, ada, grace = rows(moodle_grades(table, 8, grader("17")))
    assert header == table[0] == rows(MOODLE)[0]
    line = dict(zip(header, ada, strict=True))
    assert (line["Identifier"], line["Grade"], line["Feedback comments"]) == (
        "Participant 17",
        "2.5",
        "2.5 of 8 points",
    )
    assert line["Last modified (grade)"] == "-" and line["Last modified (submission)"].startswith("Thursday")
    assert grace[1] == "'=1+1" and grace[4] == ""
    assert table[1][4] == ""  # the caller's rows are left alone
    by_mail = rows(moodle_grades(table, 8, grader("grace@example.org")))
    assert [row[4] for row in by_mail] == ["Grade", "", "2.5"]


def test_moodle_would_drop_a_grade_above_its_maximum(write):
    with pytest.raises(TableError, match=r"expected maximum grade 15, got 8\.00; set them to 15 in Moodle"):
        moodle_grades(read_table(write(MOODLE)), 15, grader("17"))
    with pytest.raises(TableError, match=r"offline grading worksheet, in English, with 'Identifier', .*got 'Student'"):
        moodle_grades(read_table(write(CANVAS)), 8, grader())


def test_moodle_would_drop_extra_credit_above_its_maximum(write):
    table = read_table(write(MOODLE))
    with pytest.raises(TableError) as caught:
        moodle_grades(table, 8, lambda keys, keep: (8.5 if "17" in keys else 8.0, "..."))
    assert str(caught.value) == (
        "expected grades up to 8, for Moodle drops what is above, got 'Participant 17 ada@example.org' (8.5); take "
        "these rows out of the worksheet, and enter in Moodle's gradebook the maximum, and the rest as extra credit"
    )
    assert rows(moodle_grades(table, 8, lambda keys, keep: (8.0, "...")))[1][4] == "8"
    assert rows(moodle_grades(table[:1] + table[2:], 8, grader("17", "18")))[1][4] == "2.5"


@pytest.mark.parametrize(
    "before, after",
    [
        ("", "{}"),
        (" \n", "{}"),
        ("Please see me about plot 2.", "Please see me about plot 2.\n{}"),
        ("<p>Please see me.</p>", "<p>Please see me.</p>\n{}"),
        ("<p>Please see me.</p>\n3 of 8 points", "<p>Please see me.</p>\n{}"),
        ("<p>Please see me.<br />3 of 8 points</p>", "<p>Please see me.<br />{}</p>"),
        ("4 of 5 points", "{}"),  # the assignment was worth less
        ("You have 3 of 8 points", "You have 3 of 8 points\n{}"),
        ("Plot 1:\n2 of 3 points\nPlot 2:\n3 of 5 points", "Plot 1:\n2 of 3 points\nPlot 2:\n3 of 5 points\n{}"),
        ("3 of 8 points\nbut see me", "3 of 8 points\nbut see me\n{}"),
    ],
)
def test_moodle_comments_that_people_wrote_stay(write, before, after):
    table = read_table(write(MOODLE))
    table[1][-1] = before
    for words in ("2.5 of 8 points", Score("ada", 1e-5, 0.4).words(8.0), Score("ada", -1.0).words(8.0)):
        for _ in range(2):  # a second time changes nothing
            table = read_table(write(moodle_grades(table, 8, lambda keys, keep, words=words: (2.5, words))))
            assert table[1][-1].replace("'-", "-") == after.format(words)  # a spreadsheet may open it
