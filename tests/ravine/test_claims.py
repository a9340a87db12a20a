"""Claims: true ones are shown, false ones stop, and nothing slips through."""

import json
import math

import numpy as np
import pytest
import torch

from ravine import claims
from ravine.claims import MIME, ClaimError, claim


@pytest.fixture
def shown(monkeypatch):
    """Collect what a notebook would store as the outputs of a cell."""
    outputs = []
    monkeypatch.setattr(claims, "get_ipython", lambda: object())
    monkeypatch.setattr(claims, "display", lambda data, raw: outputs.append(data))
    return outputs


@pytest.mark.parametrize(
    ("value", "bounds", "relation", "bound", "margin"),
    [
        (0.15, {"at_most": 0.2}, "at most", 0.2, 0.25),
        (30, {"at_least": 20}, "at least", 20, 0.5),
        (-3.0, {"at_most": -2.0}, "at most", -2.0, 0.5),
        (-0.5, {"at_most": 0.0}, "at most", 0.0, 0.5),
        (3.0, {"at_least": 2.0, "at_most": 4.0}, "between", [2.0, 4.0], 0.25),
        (10.05, {"equals": 10.0, "within": 0.2}, "within", [10.0, 0.2], 0.75),
        (7, {"equals": 7}, "equals", 7, None),
        (True, {}, "is true", True, None),
        (False, {"equals": False}, "equals", False, None),
        (np.float32(0.5), {"at_most": 1.0}, "at most", 1.0, 0.5),
        (torch.tensor([0.5]), {"at_most": torch.tensor(1.0)}, "at most", 1.0, 0.5),
        (np.bool_(True), {}, "is true", True, None),
    ],
)
def test_true_claims_are_recorded(shown, value, bounds, relation, bound, margin):
    claim("it is so", value, **bounds)
    (output,) = shown
    record = output[MIME]
    assert set(record) == {"text", "value", "relation", "bound", "margin", "holds"}
    assert (record["text"], record["relation"], record["bound"]) == ("it is so", relation, bound)
    assert record["holds"] is True
    assert record["margin"] == (None if margin is None else pytest.approx(margin))
    assert record["value"] == pytest.approx(float(value))
    assert "it is so" in output["text/plain"]
    json.dumps(output, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        (0.21, {"at_most": 0.2}),
        (19, {"at_least": 20}),
        (5, {"at_least": 2, "at_most": 4}),
        (1, {"at_least": 2, "at_most": 4}),
        (10.3, {"equals": 10, "within": 0.2}),
        (6, {"equals": 7}),
        (False, {}),
        (math.nan, {"at_most": 1}),
        (math.nan, {"at_least": 1}),
        (math.nan, {"equals": math.nan}),
        (math.nan, {"equals": 1, "within": 1}),
        (math.inf, {"at_most": 1}),
        (1.0, {"at_most": math.nan}),
    ],
)
def test_false_claims_are_recorded_and_raise(shown, value, bounds):
    with pytest.raises(ClaimError, match="claim does not hold: it is so"):
        claim("it is so", value, **bounds)
    assert shown[0][MIME]["holds"] is False
    json.dumps(shown[0], allow_nan=False)


def test_bounds_are_included():
    claim("as much as", 2, at_most=2)
    claim("at least", 2, at_least=2)


def test_infinity_can_be_claimed(shown):
    claim("it leaves every bound", math.inf, at_least=1e300)
    assert shown[0][MIME]["value"] == "inf"


@pytest.mark.parametrize(
    ("arguments", "bounds"),
    [
        (("", 1), {"at_most": 2}),
        (("a number alone", 1), {}),
        (("a number alone, of NumPy", np.int64(1)), {}),
        (("both", 1), {"equals": 1, "at_most": 2}),
        (("tolerance of nothing", 1), {"within": 0.1}),
        (("negative tolerance", 1), {"equals": 1, "within": -0.1}),
        (("a bool beside a bound", True), {"at_most": 2}),
        (("a bool beside a number", True), {"equals": 1}),
        (("two numbers", np.array([1.0, 2.0])), {"at_most": 3}),
        (("no number", "one"), {"at_most": 3}),
        (("no number", None), {"at_most": 3}),
    ],
)
def test_unclear_claims_are_refused(arguments, bounds):
    with pytest.raises(ValueError, match=r"expected|needs|give|within|compare"):
        claim(*arguments, **bounds)


def test_outside_a_notebook_the_claim_is_printed(capsys):
    claim("a fifth is enough", 0.16, at_most=0.2)
    assert capsys.readouterr().out == "claim: a fifth is enough [0.16, at most 0.2, margin 20%]\n"
