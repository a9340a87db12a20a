"""Messages are grouped by what they say, not by a student's numbers."""

import pytest

from proctor.asserts import assert_close, assert_equal
from proctor.messages import MAX_TEXT, Counted, misconception, normalized


def said(check, *args, **options):
    with pytest.raises(AssertionError) as caught:
        check(*args, **options)
    return str(caught.value)


@pytest.mark.parametrize("name", ["uphill", "below 2/400: it shrinks. A little", "one or the other (E81)"])
def test_the_name_of_a_mistake_is_found_in_what_asserts_say(name):
    message = said(assert_close, 2.0, 1.0, mistakes={name: 2.0})
    assert misconception(message) == name
    assert misconception(message + " (the answer cell itself raised ValueError: no)") == name
    assert misconception(said(assert_close, 3.0, 1.0, mistakes={name: 2.0})) is None


@pytest.mark.parametrize(
    "first, second",
    [
        (said(assert_close, [1.5, -2e-7], [0, 0]), said(assert_close, [3.0, float("nan")], [0, 0])[:0] or
         said(assert_close, [30.25, 11.0], [0, 0])),
        (said(assert_close, 1.0, 2.0, reveal=True), said(assert_close, -1e30, 3.0, reveal=True)),
        (said(assert_equal, [1, 2], [2, 1]), said(assert_equal, [5, 7], [2, 1])),
        (said(assert_close, [[1.0] * 30] * 30, [[2.0] * 30] * 30), said(assert_close, [[4.5] * 30] * 30,
                                                                        [[2.0] * 30] * 30)),
    ],
)  # fmt: skip
def test_other_numbers_are_the_same_error(first, second):
    assert first != second and normalized(first) == normalized(second)


def test_words_stay():
    assert (
        normalized("the dtype: got 'float64', which is not right.") == "the dtype: got 'float64', which is not right."
    )
    assert normalized("the first step lowers the loss") == "the first step lowers the loss"
    assert normalized("a\n  b") == "a b"
    assert normalized("NameError: name 'x2' is not defined (the answer cell itself raised E)").endswith("not defined")
    assert len(normalized("x" * 5000)) == MAX_TEXT


def test_a_message_of_any_length_is_read_in_no_time():
    for text in ("[" * 50_000, "[1, " * 20_000, "1" * 50_000 + "x", "This is what you get with this mistake: " * 2_000):
        assert len(normalized(text)) <= MAX_TEXT
        misconception(text)


def test_numbers_stay_where_all_got_the_same_ones():
    counted = Counted()
    for value in (1, 2, 3):
        counted.add([f"after {value} steps", "look at question 5 (line 4: x)", "look at question 5", "lr: got 3."])
    counted.add(["lr: got 3."])
    assert counted.most_common() == [("lr: got ….", 4), ("after … steps", 3), ("look at question 5", 3)]
