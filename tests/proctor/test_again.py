"""Asking again: what is asked, in which order, and when two replies say the same."""

import numpy as np
import pytest
import torch

from proctor.again import PROBES, Record, agree

CALL = {"op": "call", "name": "f", "args": [1.0], "kwargs": {}}


def test_equal_requests_are_numbered():
    record = Record()
    assert [record.numbered(dict(CALL))["occurrence"] for _ in range(3)] == [0, 1, 2]
    assert record.numbered({**CALL, "args": [2.0]})["occurrence"] == 0
    assert record.numbered({**CALL, "args": [torch.ones(2)]})["occurrence"] == 0
    assert record.numbered({**CALL, "args": [torch.ones(2)]})["occurrence"] == 1


def test_some_requests_of_a_question_that_the_seed_chooses_none_in_its_old_place():
    record = Record()
    for question, many in {"a": 10, "b": 2, "c": 1}.items():
        for number in range(many):
            record.keep(question, {"number": number}, {"value": (question, number)})
    probes = record.probes("a", "1")
    assert len(probes) == PROBES and probes[0][0]["number"] > probes[1][0]["number"]
    assert all(reply == {"value": ("a", request["number"])} for request, reply in probes)
    assert record.probes("a", "1") == probes
    assert len({repr(record.probes("a", str(seed))) for seed in range(20)}) > 10
    assert [request["number"] for request, _ in record.probes("b", "1")] == [1, 0]
    assert [request["number"] for request, _ in record.probes("c", "1")] == [0, 0]
    assert record.probes("d", "1") == []


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
    assert agree({"value": one}, {"value": other}) is same


def test_exceptions_are_compared_by_kind():
    error = {"kinds": ["ValueError"], "message": "at 0x1"}
    assert agree(error, {"kinds": ["ValueError"], "message": "at 0x2"})
    assert not agree(error, {"kinds": ["TypeError"], "message": "at 0x1"})
    assert not agree(error, {"value": 1}) and not agree({"value": 1}, error)


def test_what_a_test_changes_later_is_kept_as_it_was():
    record, argument, value = Record(), np.ones(2), np.ones(2)
    record.keep("q", {**CALL, "args": [argument]}, {"value": value})
    argument[0] = value[0] = 9.0
    (request, reply), _ = record.probes("q", "00")
    assert request["args"][0].tolist() == reply["value"].tolist() == [1.0, 1.0]
