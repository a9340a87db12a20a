"""Progress shows itself only to a person who waits."""

import io
import sys
from types import SimpleNamespace

import pytest

from ravine import progress as module
from ravine.progress import progress


class Clock:
    """A clock that moves on by a fixed time whenever it is read."""

    def __init__(self, seconds):
        self.seconds, self.now = seconds, 0.0

    def __call__(self):
        self.now += self.seconds
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(steps, seconds, **options):
    with progress(steps, "training", clock=Clock(seconds), **options) as advance:
        for _ in range(steps):
            advance("loss 0.5")


def test_short_loop_shows_nothing(capsys):
    run(10, 0.1)
    assert capsys.readouterr() == ("", "")


def test_log_gets_plain_lines_on_stderr(capsys):
    run(10, 1.0)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["training: 2/10 loss 0.5", "training: 3.0 s"]
    assert "\x1b" not in err


def test_nothing_when_not_wanted(capsys):
    run(10, 1.0, show=False)
    assert capsys.readouterr() == ("", "")


def test_terminal_gets_a_bar_that_goes_away(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    run(10, 1.0)
    assert "training" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K"), "the line of the bar is erased at the end"


def test_bar_is_closed_when_the_loop_fails(capsys):
    with pytest.raises(KeyError), progress(5, "training", clock=Clock(3.0)) as advance:
        advance()
        raise KeyError
    assert capsys.readouterr().err.splitlines()[-1].startswith("training: ")


def kernel(allow_stdin):
    return lambda: SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=allow_stdin))


def test_notebook_run_by_a_program_gets_nothing(monkeypatch, capsys):
    monkeypatch.setattr(module, "get_ipython", kernel(allow_stdin=False))
    run(10, 1.0)
    assert capsys.readouterr() == ("", "")


def test_notebook_with_a_person_gets_one_output_that_becomes_a_line(monkeypatch):
    shown = []
    handle = SimpleNamespace(update=lambda data, raw=False: shown.append(data))

    def display(data, display_id):
        assert display_id is True
        shown.append(data.data)
        return handle

    monkeypatch.setattr(module, "get_ipython", kernel(allow_stdin=True))
    monkeypatch.setattr("IPython.display.display", display)
    run(10, 1.0)
    assert "<progress" in shown[0]
    assert shown[-1] == {"text/plain": "training: 3.0 s"}


@pytest.mark.slow
def test_nbclient_stores_no_progress():
    import nbclient
    import nbformat

    code = (
        "import itertools\nfrom ravine.progress import progress\n"
        "with progress(5, 'training', clock=itertools.count(step=3).__next__) as advance:\n"
        "    for _ in range(5):\n        advance()\n"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert notebook.cells[0].outputs == []
