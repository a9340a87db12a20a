"""The examiner: who gets which verdict, what a crash costs, and what no student can bring about."""

import json
import os
from pathlib import Path

import pytest

from proctor import codec
from proctor import judge as judging
from proctor.assignment import Cell
from proctor.calls import MAX_MESSAGE
from proctor.forked import run_forked
from proctor.judge import GivenCellError, judge
from proctor.launch import fork_candidate
from proctor.limits import CandidateLost
from proctor.masters import read_master

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a candidate")

THREE = read_master(Path(__file__).parent / "files" / "three" / "three.md")
RIGHT = THREE.solutions()
CELLS = ["first-visible", "first-hidden", "second-hidden", "second-visible", "third-values"]


@pytest.fixture(scope="module", autouse=True)
def libraries():
    import torch  # noqa: F401 - so that forks have it


def run(assignment=THREE, answers=None, **changes):
    """Judge in a process of its own, as grading does; the right answers, but for the changes."""
    answers = {**RIGHT, **(answers or {}), **changes}
    answers = {id: text for id, text in answers.items() if text is not None}
    return run_forked(judge, assignment, answers, launch=Launch(assignment.forbids), secret=b"s", timeout=60)


class Launch:
    def __init__(self, forbids=()):
        self.forbids = forbids

    def __call__(self):
        candidate = fork_candidate(self.forbids)
        candidate.request(
            {"op": "cell", "source": "import warnings, faulthandler\nwarnings.resetwarnings()\nfaulthandler.disable()"},
            20,
        )  # pytest's settings
        return candidate


def kinds(judgement):
    assert [verdict.cell for verdict in judgement.verdicts] == CELLS
    return [verdict.kind for verdict in judgement.verdicts]


def message(judgement, cell):
    return next(verdict.message for verdict in judgement.verdicts if verdict.cell == cell)


def test_right_answers_pass():
    judgement = run()
    assert kinds(judgement) == ["pass"] * 5 and judgement.earned == THREE.points == 9
    assert judgement.cell_errors == {} and judgement.outputs == {} and judgement.cpu_seconds > 0
    assert set(judgement.seeds) == {"first", "second", "third"} and len(set(judgement.seeds.values())) == 3
    again = run()
    assert (again.verdicts, again.seeds) == (judgement.verdicts, judgement.seeds)


def test_stubs_and_missing_answers_are_unanswered():
    assert kinds(run(answers=THREE.stubs())) == ["unanswered"] * 5
    judgement = run(second=None)
    assert kinds(judgement) == ["pass", "pass", "unanswered", "unanswered", "pass"]
    assert "no answer cell" in message(judgement, "second-hidden")


@pytest.mark.parametrize(
    "source, expected, said",
    [
        ("def first(x): return x", ["fail", "fail"], "got 3, which is not right"),
        ("def first(x): return 6.0", ["pass", "fail"], ""),
        ("def first(x): return None", ["fail", "fail"], "Is a return statement missing?"),
        ("def first(x): return 1 / 0", ["error", "error"], "ZeroDivisionError: division by zero (line 1"),
        ("def first(y, x): return x", ["error", "error"], "TypeError"),
        ("first = 3", ["error", "error"], "'first' is a int"),
        ("def second(x): return x", ["error", "error"], "name 'first' is not defined"),
        ("", ["error", "error"], "complete the answer cell"),
        ("def first(:", ["error", "error"], "the answer cell itself raised SyntaxError"),
        ("def first(x): return 2 * x\n1 / 0", ["pass", "pass"], ""),
        ("def first(x):\n    raise NotImplementedError", ["unanswered"] * 2, "not answered yet"),
        ("def first(x): return {1, 2}", ["error", "error"], "type set cannot be sent"),
        ("def first(x): return {'a': object()}", ["error", "error"], "type object cannot be sent"),
        ("import numpy\ndef first(x): return numpy.ones(10**10)", ["memory", "memory"], "MemoryError"),
        ("import torch\ndef first(x): return torch.empty(10**10)", ["memory", "memory"], "can't allocate memory"),
        ("import sys\ndef first(x): sys.exit()", ["error", "error"], "SystemExit"),
        (
            "import warnings, sys\nwarnings.warn('w')\nprint('e', file=sys.stderr)\ndef first(x): return 2 * x",
            ["pass"] * 2,
            "",
        ),
        (
            "import torch.optim\ndef first(x): return 2 * x",
            ["refused", "refused"],
            "torch.optim, which this assignment does",
        ),
        ("import sklearn\ndef first(x): return 2 * x", ["refused", "refused"], "uses sklearn"),
        ("import torch as t\ndef first(x): return t.optim", ["error", "error"], "has no attribute 'optim'"),
        ("m = __import__('torch.optim')\ndef first(x): return 2 * x", ["error", "error"], "may not be used in this"),
    ],
)
def test_verdicts_on_one_question(source, expected, said):
    judgement = run(first=source)
    third = "pass" if expected == ["pass", "pass"] else judgement.verdicts[4].kind
    assert kinds(judgement) == [*expected, "pass", "pass", third]
    assert said in message(judgement, "first-visible")
    assert (third == "pass") == (expected == ["pass", "pass"])


def test_prints_and_errors_of_an_answer_cell_are_kept():
    judgement = run(first="print('hello')\ndef first(x): print('not this')\n1 / 0", second="x = '\\ud800'\nprint(x)")
    assert judgement.outputs["first"] == "hello\n" and judgement.outputs["second"].encode() == b"?\n"
    assert judgement.cell_errors["first"] == "ZeroDivisionError: division by zero"
    assert "(the answer cell itself raised ZeroDivisionError" in message(judgement, "first-visible")


@pytest.mark.parametrize(
    "death, kind, said",
    [
        ("import os\n    os._exit(1)", "crash", "exit status 1"),
        ("import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)", "crash", "killed by SIGKILL"),
        ("import ctypes\n    ctypes.string_at(0)", "crash", "killed by SIGSEGV"),
        ("while True: pass", "timeout", "CPU limit of 1 s"),
    ],
)
def test_a_death_costs_the_question_it_happened_in(death, kind, said):
    judgement = run(second=f"def second(x):\n    {death}")
    assert kinds(judgement) == ["pass", "pass", kind, "not-run", "pass"]
    assert said in message(judgement, "second-hidden") and "earlier in this question" in message(
        judgement, "second-visible"
    )


def test_a_death_in_the_answer_cell_itself_costs_all_of_the_question():
    judgement = run(second="import os\nos._exit(0)")
    assert kinds(judgement) == ["pass", "pass", "crash", "not-run", "pass"]


def test_an_answer_that_dies_when_it_is_replayed_costs_only_itself(tmp_path):
    mark = tmp_path / "mark"
    second_time = (
        f"import os\nif os.path.exists({str(mark)!r}): os._exit(9)\nopen({str(mark)!r}, 'w')\n" + RIGHT["first"]
    )
    judgement = run(first=second_time, second="import os\nos._exit(0)")
    assert kinds(judgement)[:4] == ["pass", "pass", "crash", "not-run"] and kinds(judgement)[4] == "error"


@pytest.mark.parametrize("harm", ["np = None", "del np", "import numpy\nnumpy.float64 = None"])
def test_an_answer_that_spoils_a_given_cell_is_no_fault_of_the_course(harm):
    """Names may be shadowed by accident; everything that does not need them is judged all the same."""
    judgement = run(second=f"{RIGHT['second']}\n{harm}")
    assert kinds(judgement) == ["pass", "pass", "pass", "pass", "error"]
    assert "after your answers the given cell" in message(judgement, "third-values")
    assert len(judgement.cell_errors) == 1


@pytest.mark.parametrize("death", ["os._exit(4)", "os.kill(os.getpid(), 9)"])
def test_an_answer_that_kills_a_later_given_cell_is_left_out(death):
    harm = f"import os, numpy\nclass Trap:\n    def __getattr__(self, name): {death}\nnp = Trap()\n"
    judgement = run(second=RIGHT["second"] + "\n" + harm)
    assert kinds(judgement) == ["pass"] * 5


def test_a_given_cell_that_fails_by_itself_is_the_courses_fault():
    cells = (Cell("cell-000", "code", "given", "import no_such_module"), *THREE.cells)
    with pytest.raises(Exception, match=r"GivenCellError: .*cell-000 failed: ModuleNotFoundError"):
        run(type(THREE)("three", "T", cells))
    there = "import os\nif 'IPython' in __import__('sys').modules and 'get_ipython' in globals(): 1 / 0"
    cells = (Cell("cell-000", "code", "given", there), *THREE.cells)
    with pytest.raises(Exception, match="cell-000 failed for the student: ZeroDivisionError"):
        run(type(THREE)("three", "T", cells))
    assert issubclass(GivenCellError, RuntimeError)


def test_only_the_questions_asked_for_and_what_they_use():
    judgement = run_forked(judge, THREE, RIGHT, launch=Launch(), questions=["third"])
    assert [verdict.cell for verdict in judgement.verdicts] == ["third-values"] and judgement.earned == 3
    broken = RIGHT | {"second": "import os\nos._exit(0)"}
    assert run_forked(judge, THREE, broken, launch=Launch(), questions=["third"]).earned == 3
    judgement = run_forked(judge, THREE, RIGHT | {"first": ""}, launch=Launch(), questions=["third"])
    assert judgement.earned == 0


def test_the_limit_is_one_for_all_requests_of_a_question():
    slow = (
        "import time\ndef second(x):\n    t = time.process_time()\n    while time.process_time() < t + {}: pass\n    "
    )
    assert kinds(run(second=slow.format(0.3) + "return {'secret-key': x + 1}")) == ["pass"] * 5
    judgement = run(second=slow.format(0.7) + "return {'secret-key': x + 1}")
    assert kinds(judgement) == ["pass", "pass", "pass", "timeout", "pass"]


@pytest.mark.parametrize(
    "source",
    [
        "def second(x): return {'wrong': 1}",
        "def second(x): return 3",
        "def second(x): return None",
        "def second(x): return [1]",
        "def second(x): return {'secret-key': None}",
        "def second(x): return 'secret'",
        "def second(x): raise KeyError",
        "def second(x): return {'secret-key': 3}",
    ],
)
def test_no_message_quotes_a_hidden_test(source):
    judgement = run(second=source)
    hidden, visible = (message(judgement, f"second-{part}") for part in ("hidden", "visible"))
    assert judgement.of("second")[0].kind in ("error", "fail") and hidden and visible
    assert "secret-key" not in hidden and "hidden_value" not in hidden
    if source.endswith("{'wrong': 1}"):
        assert "(KeyError)" in hidden and "(KeyError: 'secret-key')" in visible


def test_drawn_inputs_depend_on_the_answer_and_the_secret():
    seeds = [
        run(first=text).seeds["first"] for text in (RIGHT["first"], RIGHT["first"] + "  \n", RIGHT["first"] + "\n# x")
    ]
    other = run_forked(judge, THREE, RIGHT, launch=Launch(), secret=b"t").seeds["first"]
    assert seeds[0] == seeds[1] and len({*seeds, other}) == 3


CHEATS = {
    "numpy agrees with everything": """
import numpy as np
np.allclose = lambda *a, **k: True
np.asarray = lambda *a, **k: 6.0
""",
    "proctor is patched": """
import sys
import builtins
p = builtins.__import__('proctor.asserts')
p.asserts.assert_close = lambda *a, **k: None
p.calls.unwrap = lambda r: 6.0
p.codec.encode = lambda v: b''
""",
    "builtins are replaced": """
import builtins
builtins.AssertionError = KeyError
builtins.open = None
builtins.abs = lambda x: 0
""",
    "modules are replaced": """
import sys
for name in list(sys.modules):
    if name.startswith('proctor'): sys.modules[name] = None
""",
    "a value that says yes": """
class Yes(float):
    def __eq__(self, other): return True
    __hash__ = None
    def __sub__(self, other): return 0
    __rsub__ = __sub__
def first(x): return Yes(3)
""",
    "an array that says yes": """
import numpy as np
class Yes(np.ndarray):
    def __eq__(self, other): return True
    def __array_function__(self, *a): return True
    __hash__ = None
def first(x): return np.ones(()).view(Yes)
""",
    "torch agrees": """
import torch
torch.allclose = torch.equal = lambda *a: True
torch.Tensor.numpy = lambda s: None
""",
    "the exception says pass": """
class Passed(BaseException): pass
Passed.__name__ = 'AssertionError'
def first(x): raise Passed
""",
    "the tests are looked for": """
import sys
def first(x):
    f = sys._getframe()
    while f:
        if 'hidden_value' in f.f_globals: return 2 * f.f_globals['hidden_value']
        f = f.f_back
    return 1
""",
    "the seed is guessed": """
import numpy as np
import os
os.environ['PROCTOR_SEED'] = ''
np.random.default_rng = lambda s: None
""",
}


@pytest.mark.parametrize("name", CHEATS)
def test_no_trick_makes_a_wrong_answer_right(name):
    text = CHEATS[name]
    judgement = run(first=text if "def first" in text else f"{text}\ndef first(x): return 1")
    assert not any(verdict.passed for verdict in judgement.of("first"))


@pytest.mark.parametrize("name", CHEATS)
def test_no_trick_takes_points_from_the_right_answers_beside_it(name):
    """Whoever breaks the own process loses the own later answers at most; there is always a verdict for each cell."""
    judgement = run(second=f"{RIGHT['second']}\n{CHEATS[name].replace('def first', 'def other')}")
    assert kinds(judgement)[:2] == ["pass", "pass"] and judgement.earned >= 3


class Forger:
    """A candidate whose replies are whatever the test says."""

    cpu_seconds = 0.0

    def __init__(self, replies):
        self.replies = replies

    def exchange(self, data, cpu_seconds=None):
        reply = self.replies(codec.decode(data))
        if isinstance(reply, Exception):
            raise reply
        return codec.encode(reply)

    def close(self):
        return 0


ODD_REPLIES = [
    {},
    {"kinds": 3},
    {"kinds": []},
    {"kinds": [None, {}, "x" * 10**6]},
    {"kinds": ["E"], "message": 7, "traceback": []},
    {"kinds": ["AssertionError"], "message": "m" * 5 * 10**6, "traceback": "\n" * 100, "printed": ["p"]},
    {"kinds": ["E"], "message": "\ud800", "traceback": "\ud800"},
    {"value": None, "printed": 10**9},
    {"value": "x" * 10**6, "printed": "p" * 10**6},
    {"verdict": "pass"},
]


@pytest.mark.parametrize("reply", ODD_REPLIES)
def test_odd_replies_end_in_verdicts_of_bounded_size(reply):
    def replies(request):
        given = request["op"] == "cell" and ("from proctor" in request["source"] or "offset =" in request["source"])
        return {"value": None} if given else reply

    judgement = judge(THREE, RIGHT, launch=lambda: Forger(replies))
    assert not any(verdict.passed for verdict in judgement.verdicts)
    text = json.dumps(judgement.to_dict(), ensure_ascii=False).encode()
    assert all(len(verdict.message) <= MAX_MESSAGE for verdict in judgement.verdicts) and len(text) < 10**5


def test_a_sitting_comes_to_an_end(monkeypatch):
    """Answers that take long each time they are replayed cost themselves, and never the examiner its verdicts."""
    clock = iter(range(0, 10**6, 50))
    monkeypatch.setattr(judging.time, "monotonic", lambda: next(clock))
    judgement = judge(THREE, RIGHT, launch=lambda: Forger(lambda request: {"value": None}))
    assert kinds(judgement)[-1] == "timeout" and "the whole notebook took longer" in judgement.verdicts[-1].message
    lost = CandidateLost("timeout", "slow")
    clock = iter(range(0, 10**6, 50))
    replies = {"first": lost, "second": lost}
    judgement = judge(THREE, RIGHT, launch=lambda: Forger(lambda r: replies.get(r.get("name"), {"value": None})))
    assert not any(verdict.passed for verdict in judgement.verdicts) and len(judgement.verdicts) == 5


def again(**answers):
    answers = {**RIGHT, **answers}
    return run_forked(judge, THREE, answers, launch=Launch(THREE.forbids), secret=b"s", again=True, timeout=60)


def test_honest_work_says_the_same_when_it_is_asked_again():
    judgement = again()
    assert kinds(judgement) == ["pass"] * 5 and set(judgement.spent) == {"first", "second", "third"}
    drawing = RIGHT["first"] + "\nimport numpy as np\nnp.random.rand(3)\n"
    assert kinds(again(first=drawing)) == ["pass"] * 5


def test_what_comes_later_has_no_say():
    """Else one student could spoil what is known of an answer that many have, and honest names could collide."""
    for later in ("def first(x): return 0", "import os\nos._exit(1)", "import builtins\ndel builtins.len"):
        assert kinds(again(third=f"{RIGHT['third']}\n{later}"))[:4] == ["pass"] * 4


def test_to_use_the_time_up_does_not_keep_it_from_being_asked_again(monkeypatch, tmp_path):
    slow = f"""import os, time
first_time = not os.path.exists({str(tmp_path / "was-here")!r})
open({str(tmp_path / "was-here")!r}, "w").close()
def third(x):
    time.sleep(2.1)
    return 2 * x + 1 if first_time else 0
"""
    with monkeypatch.context() as patch:
        patch.setattr(judging, "SITTING_SECONDS", 2.0)
        assert kinds(again(third=slow))[4] == "inconsistent"
    monkeypatch.setattr(judging, "AGAIN_SECONDS", 0.0)
    judgement = again()
    assert kinds(judgement) == ["inconsistent"] * 5 and "gave no answer" in message(judgement, "third-values")


def test_an_answer_that_cannot_be_read_in_time_is_refused(monkeypatch):
    monkeypatch.setattr(judging, "READING_SECONDS", 0.2)
    judgement = run(third="import math\n%x\n" + "a = %time b\n" * 9000)
    assert kinds(judgement) == ["pass"] * 4 + ["refused"] and "more simply" in message(judgement, "third-values")


def test_only_what_is_asked_for_is_judged_though_all_answers_run():
    judgement = run_forked(judge, THREE, RIGHT, launch=Launch(), secret=b"s", asked=["third"], timeout=60)
    assert [verdict.cell for verdict in judgement.verdicts] == ["third-values"] and judgement.verdicts[0].passed


def test_code_that_counts_its_calls_gives_itself_away():
    counting = """
seen = []
def first(x):
    seen.append(x)
    return 2 * x if len(seen) == {3.0: 1, 1: 2}.get(x, 3) else 0
"""
    assert kinds(run(first=counting))[:2] == ["pass"] * 2
    judgement = again(first=counting, third="def third(x):\n    return 2 * x + 1")
    assert kinds(judgement) == ["inconsistent"] * 2 + ["pass"] * 3
    assert "asked again in a fresh process" in message(judgement, "first-visible") and judgement.earned == 6
