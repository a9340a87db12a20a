"""What all pages share: texts of a student's are only texts. The policy is tested with the pages."""

from proctor.pages import clean, number


def test_control_characters_and_turned_letters_are_harmless():
    assert clean("\x1b[31mred\x00\x07\n\tline\n", 99) == "red\n\tline"
    assert clean("x = \u202e'no'", 99) == "x = \\u202e'no'"
    assert clean("é – 数", 99) == "é – 数"
    assert clean("x" * 10, 3) == "xxx\n… (7 more characters)"


def test_points_are_short():
    assert [number(value) for value in (3.0, 2.5, 2 / 3)] == ["3", "2.5", "0.6667"]
