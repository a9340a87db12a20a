"""Verdicts: only a pass earns points, and a judgement survives JSON."""

import json

import pytest

from proctor.verdict import KINDS, Judgement, Verdict


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_pass_earns(kind):
    verdict = Verdict("t", "q", 2.5, kind)
    assert (verdict.passed, verdict.earned) == ((True, 2.5) if kind == "pass" else (False, 0.0))


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="got 'passed'"):
        Verdict("t", "q", 1, "passed")


def test_a_judgement_survives_json():
    verdicts = (Verdict("t", "q", 1, "pass"), Verdict("u", "r", 2, "fail", "é"), Verdict("v", "q", 3, "pass"))
    judgement = Judgement(verdicts, {"q": "E"}, {"q": "out"}, 1.5, {"q": "ab"})
    assert Judgement.from_dict(json.loads(json.dumps(judgement.to_dict()))) == judgement
    assert judgement.earned == 4 and judgement.of("q") == (verdicts[0], verdicts[2])
