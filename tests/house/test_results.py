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
    ("script", "settings", "stated"),
    [
        (
            "adaptation",
            "adaptation.settings()",
            lambda: json.loads((DATA / "adaptation.json").read_text())["provenance"],
        ),
        (
            "digit_classifier",
            "digit_classifier.SETTINGS",
            lambda: json.loads((DATA / "digit-classifier.json").read_text()),
        ),
        ("pretrain", "pretrain.SETTINGS", lambda: json.loads((DATA / "language-model.json").read_text())),
    ],
)
def test_the_settings_beside_a_result_are_those_of_its_script(script, settings, stated):
    code = f"import json, {script}; print(json.dumps([{script}.provenance({script}.__file__, [], {settings})]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "benchmarks", capture_output=True, text=True)
    [now] = json.loads(done.stdout or f"[{done.stderr!r}]")
    told = stated()
    assert told["settings"] == now["settings"], f"run benchmarks/{script}.py --write again"
    assert told["script"] == now["script"] == f"benchmarks/{script}.py"
