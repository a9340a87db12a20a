"""A class is graded in memory that does not grow with it; `make soak` shows it for 100 and 1,000 students."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.masters import read_master
from proctor.release import notebook_text, release_notebook
from proctor.sandbox import HOW_TO, sandbox_problem

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
COURSE = Path(__file__).parent / "files" / "course"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="proportional set sizes are Linux's")


@pytest.fixture
def scale(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import scale

    return scale


def test_memory_is_that_of_a_process_and_its_children(scale):
    code = "import sys; x = bytearray(50 * 2**20); print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        whole = scale.memory(os.getpid())
        alone = scale.memory(child.pid)
    assert len(alone) == 1 and 50 * 2**20 < alone[0] < 80 * 2**20
    assert len(whole) >= 2 and sum(whole) > sum(alone) and scale.memory(child.pid) == [0]


def test_growth_is_the_worse_of_all_processes_and_the_writing_one(scale):
    def run(tree, main):
        return scale.Run(100, 30.0, tree, main, ())

    assert scale.growth([run(1000, 100), run(1100, 100)]) == pytest.approx(1.1)
    assert scale.growth([run(1000, 100), run(5000, 300), run(1000, 150)]) == pytest.approx(1.5)
    assert run(1, 1).per_minute == 200


def test_every_answer_is_signed_and_nothing_else(scale, tmp_path):
    assignment = read_master(COURSE / "solutions" / "warmup" / "warmup.md")
    notebook = release_notebook(assignment)
    for cell in notebook.cells:
        cell.source = {"double": "def double(x):\n    return 2 * x"}.get(cell.id, cell.source)
    path = tmp_path / "ada" / "warmup" / "warmup.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(notebook_text(notebook))
    before = {cell["id"]: cell["source"] for cell in json.loads(path.read_text())["cells"]}
    scale.make_distinct(path)
    after = {cell["id"]: cell["source"] for cell in json.loads(path.read_text())["cells"]}
    assert {id for id in after if after[id] != before[id]} == {"double"} and after["double"].endswith("\n# ada\n")
    path.write_bytes(b"\xff")
    scale.make_distinct(path)
    assert path.read_bytes() == b"\xff"


@pytest.mark.slow
def test_a_class_three_times_as_large_takes_no_more_memory(scale, tmp_path):
    if reason := sandbox_problem():
        pytest.fail(f"{HOW_TO} ({reason})")
    shutil.copytree(COURSE, tmp_path / "course")
    runs = [scale.grade_class(tmp_path / "course", "warmup", students, jobs=2) for students in (8, 24)]
    assert [run.wrong for run in runs] == [(), ()]
    assert scale.growth(runs) < 1.3
