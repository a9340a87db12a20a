"""Results that a script made and the repository keeps: what is written beside them is what the script does now."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "src" / "ravine" / "data"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "settings", "result"),
    [
        ("actor_critic", "settings()", "actor-critic"),
        ("adaptation", "settings()", "adaptation"),
        ("conditional_gans", "settings()", "conditional-gans"),
        ("continual_learning", "settings()", "continual-learning"),
        ("digit_classifier", "SETTINGS", "digit-classifier"),
        ("discrete_sequences", "settings()", "discrete-sequences"),
        ("lottery_tickets", "settings()", "lottery-tickets"),
        ("pretrain", "SETTINGS", "language-model"),
    ],
)
def test_the_settings_beside_a_result_are_those_of_its_script(script, settings, result):
    code = f"import json, {script} as s; print(json.dumps([s.provenance(s.__file__, [], s.{settings})]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "benchmarks", capture_output=True, text=True)
    [now] = json.loads(done.stdout or f"[{done.stderr!r}]")
    told = json.loads((DATA / f"{result}.json").read_text(encoding="utf-8"))
    told = told.get("provenance", told)
    assert told["settings"] == now["settings"], f"run benchmarks/{script}.py --write again"
    assert told["script"] == now["script"] == f"benchmarks/{script}.py"
