"""The engine of verify: outcomes in order, faults named, one bad trial never spoils its neighbors."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from proctor.masters import read_master
from proctor.trials import BATCH, Trial, _batches, run_trials

TINY = Path(__file__).parent / "files" / "tiny" / "solutions" / "tiny" / "tiny.md"


def test_batches_hold_one_question_and_cover_every_trial():
    trials = [Trial("mutant", "a", str(n), {}) for n in range(BATCH + 3)] + [Trial("mutant", "b", "x", {})]
    batches = _batches(trials)
    assert [len(batch) for batch in batches] == [BATCH, 3, 1]
    assert [number for batch in batches for number in batch] == list(range(len(trials)))


def test_nothing_to_do_starts_nothing():
    assert run_trials(read_master(TINY), [], jobs=2) == []


@pytest.mark.slow
def test_outcomes_come_in_order_whatever_the_answers_do():
    assignment, done = read_master(TINY), []
    solutions = assignment.solutions()
    answers = {
        "right": solutions["halve"],
        "crashes": "__import__('os')._exit(3)",
        "loops": "while True: pass",
        "prints": "print('x' * 100)\n" + solutions["halve"],
        "not Python": "def halve(:",
        "right again": solutions["halve"],
    }
    trials = [
        Trial("mutant", "halve", name, {**solutions, "halve": text}, cpu_seconds=0.3) for name, text in answers.items()
    ]
    outcomes = run_trials(assignment, trials, jobs=2, on_done=lambda: done.append(1))
    assert [outcome.trial.name for outcome in outcomes] == list(answers)
    assert len(done) == len(trials)
    assert [len(outcome.failed) for outcome in outcomes] == [0, 2, 2, 0, 2, 0]
    assert [outcome.verdicts[0].kind for outcome in outcomes] == ["pass", "crash", "timeout", "pass", "error", "pass"]
    assert all(outcome.fault == "" for outcome in outcomes)


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_nothing_goes_on_when_the_run_is_stopped(end):
    code = f"""
import signal
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell in the background has ignored
from proctor.masters import read_master
from proctor.trials import Trial, run_trials
loops = [Trial("mutant", "halve", str(n), {{"halve": "while True: pass"}}, cpu_seconds=2) for n in range(40)]
run_trials(read_master(Path({str(TINY)!r})), loops, jobs=2)
"""
    running = psutil.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(found := running.children(recursive=True)) < 6 and time.monotonic() < deadline:
        time.sleep(0.1)  # two workers, their examiners and candidates, the fork server, the resource tracker
    running.send_signal(end)
    assert len(found) >= 6 and psutil.wait_procs([running, *found], timeout=60)[1] == []
