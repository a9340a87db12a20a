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


def test_some_requests_of_the_questions_asked_for_in_an_order_that_the_seeds_give():
    record = Record()
    for question in "abc":
        for number in range(10):
            record.keep(question, {"number": number}, {"value": (question, number)})
    seeds = {"a": "1", "b": "2", "c": "3"}
    probes = record.probes(["a", "b"], seeds)
    assert len(probes) == 2 * PROBES and {question for question, *_ in probes} == {"a", "b"}
    assert all(reply == {"value": (question, request["number"])} for question, request, reply in probes)
    assert record.probes(["b", "a"], seeds) == probes
    orders = {repr(record.probes(["a", "b"], seeds | {"a": str(seed)})) for seed in range(20)}
    assert len(orders) > 10
    assert record.probes(["d"], seeds) == []


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
