"""Asking again: what is asked, in which order, and when two replies say the same."""

import numpy as np
import pytest
import torch

from proctor import codec
from proctor.again import MAX_KEPT, PROBES, Record, agree

CALL = {"op": "call", "name": "f", "args": [1.0], "kwargs": {}}


def sent(record, request):
    return codec.decode(record.encode(request)[1])


def keep(record, question, request, reply):
    record.keep(question, *record.encode(request), codec.encode(reply))


def probes(record, question, seed):
    return [tuple(map(codec.decode, pair)) for pair in record.probes(question, seed)]


def test_equal_requests_are_numbered():
    record = Record()
    assert [sent(record, dict(CALL)).get("occurrence") for _ in range(3)] == [None, 1, 2]
    assert sent(record, {**CALL, "args": [2.0]}) == {**CALL, "args": [2.0]}
    assert "occurrence" not in sent(record, {**CALL, "args": [torch.ones(2)]})
    assert sent(record, {**CALL, "args": [torch.ones(2)]})["occurrence"] == 1


def test_some_requests_of_a_question_that_the_seed_chooses_none_in_its_old_place():
    record = Record()
    for question, many in {"a": 10, "b": 2, "c": 1}.items():
        for number in range(many):
            keep(record, question, {"number": number, "question": question}, {"value": (question, number)})
    chosen = probes(record, "a", "1")
    assert len(chosen) == PROBES and chosen[0][0]["number"] > chosen[1][0]["number"]
    assert all(reply == {"value": ("a", request["number"])} for request, reply in chosen)
    assert probes(record, "a", "1") == chosen
    assert len({repr(probes(record, "a", str(seed))) for seed in range(20)}) > 10
    assert [request["number"] for request, _ in probes(record, "b", "1")] == [1, 0]
    assert [request["number"] for request, _ in probes(record, "c", "1")] == [0, 0]
    assert probes(record, "d", "1") == []


def test_of_equal_requests_the_last_is_asked_again():
    record = Record()
    for value in range(3):
        keep(record, "q", CALL, {"value": value})
    assert probes(record, "q", "1") == [({**CALL, "occurrence": 2}, {"value": 2})]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1.0, 1.0 + 1e-12, True),
        (1.0, 1.001, False),
        (float("nan"), float("nan"), True),
        (1, 1.0, False),
        (True, 1, False),
        ("a", "a", True),
        (None, None, True),
        ([1.0, {"x": "y"}], [1.0, {"x": "y"}], True),
        ([1.0, {"x": "y"}], [1.0, {"x": "z"}], False),
        ([1.0], [1.0, 2.0], False),
        ([1.0, 2.0], [1.0, 2.0 + 1e-12], True),
        ([1.0, 2.0], [1.0, 2.1], False),
        ([1.0, 2.0], (1.0, 2.0), False),
        ([1.0, 2.0], [1.0, 2], False),
        ({"x": 1}, {"y": 1}, False),
        ((1, 2), [1, 2], False),
        (np.ones(3), np.ones(3) * (1 + 1e-9), True),
        (np.ones(3), np.ones((3, 1)), False),
        (torch.ones(2), torch.tensor([1.0, 2.0]), False),
        (torch.ones(2), np.ones(2), False),
        (np.float64(1), np.float64(2), False),
        (1j, 1j, True),
    ],
)
def test_values_are_compared_up_to_rounding(one, other, same):
    assert agree(codec.encode({"value": one}), codec.encode({"value": other})) is same


def test_what_a_reply_printed_does_not_count():
    assert agree(codec.encode({"value": 1, "printed": "a"}), codec.encode({"value": 1, "printed": "b"}))


def test_exceptions_are_compared_by_kind():
    here, there, other, value = (
        codec.encode(reply)
        for reply in (
            {"kinds": ["ValueError"], "message": "at 0x1"},
            {"kinds": ["ValueError"], "message": "at 0x2"},
            {"kinds": ["TypeError"], "message": "at 0x1"},
            {"value": 1},
        )
    )
    assert agree(here, there)
    assert not agree(here, other) and not agree(here, value) and not agree(value, here)


def test_what_is_too_large_is_not_kept():
    record = Record()
    keep(record, "q", {**CALL, "args": [np.zeros(MAX_KEPT // 8)]}, {"value": 1})
    keep(record, "q", CALL, {"value": np.zeros(MAX_KEPT // 8)})
    assert probes(record, "q", "1") == []
