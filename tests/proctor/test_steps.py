"""A step says what happened, keeps the output, touches its stamp only on success, and passes the exit status on."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from proctor import steps

SCRIPT = Path(steps.__file__)


class Terminal(io.StringIO):
    """Output that says it is a terminal."""

    def isatty(self):
        return True


def python(code):
    return [sys.executable, "-c", code]


def run(tmp_path, name, code, **options):
    out = io.StringIO()
    status = steps.run(name, python(code), build=tmp_path, out=out, **options)
    return status, out.getvalue()


def test_a_good_step_is_one_line_and_touches_its_stamp(tmp_path):
    stamp = tmp_path / "stamps" / "good"
    status, said = run(tmp_path, "Do it", "print('a secret of the log')", stamp=stamp)
    assert (status, stamp.exists(), said.count("\n")) == (0, True, 1)
    assert said.startswith("✓ Do it")
    assert (tmp_path / "logs" / "do-it.log").read_text() == "a secret of the log\n"


def test_a_bad_step_shows_the_end_of_its_output_and_passes_its_status_on(tmp_path):
    stamp = tmp_path / "bad"
    code = "import sys; print('\\n'.join(f'line {i}' for i in range(100))); sys.exit(7)"
    status, said = run(tmp_path, "Do it", code, stamp=stamp)
    assert (status, stamp.exists()) == (7, False)
    assert "| line 99" in said and "line 59\n" not in said
    assert str(tmp_path / "logs" / "do-it.log") in said


def test_a_step_that_is_not_possible_here_succeeds_without_its_stamp(tmp_path):
    stamp = tmp_path / "skipped"
    code = "import sys; print('install the sandbox', file=sys.stderr); sys.exit(3)"
    status, said = run(tmp_path, "Grade", code, stamp=stamp, skip_on=3)
    assert (status, stamp.exists()) == (0, False)
    assert "skipped" in said and "  install the sandbox\n" in said


def test_another_status_is_not_excused_by_skip_on(tmp_path):
    assert run(tmp_path, "Grade", "import sys; sys.exit(4)", skip_on=3)[0] == 4


def test_a_program_that_does_not_exist_is_a_failure(tmp_path):
    out = io.StringIO()
    assert steps.run("Nothing", ["no-such-program-anywhere"], build=tmp_path, out=out) == 127
    assert "No such file" in out.getvalue()


def test_a_terminal_sees_a_bar_and_nothing_of_it_remains(tmp_path):
    out = Terminal()
    code = "import time\nfor i in range(1, 4): print(f'{i}/3 pages', flush=True); time.sleep(0.25)"
    assert steps.run("Build", python(code), build=tmp_path, out=out) == 0
    said = out.getvalue()
    assert "━━━" in said and "pages" in said
    last = said.rpartition("\x1b[2K")[2]
    assert last.startswith("✓ Build") and "━" not in last


def test_plain_text_has_no_escapes_and_a_sign_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "SIGN_OF_LIFE", 0.2)
    _, said = run(tmp_path, "Slow", "import time; print('half way', flush=True); time.sleep(1)")
    assert "\x1b" not in said and "\r" not in said
    assert "so far. half way" in said


def test_carriage_returns_and_colors_of_the_command_are_understood(tmp_path):
    state = {"last": "", "done": None}
    stream = io.BufferedReader(io.BytesIO(b"10%\r\x1b[32m55%\x1b[0m\r"))
    steps._copy(stream, tmp_path / "log", state)
    assert state == {"last": "55%", "done": 0.55}


@pytest.mark.parametrize(
    ("line", "part"),
    [("[100%] done", 1.0), ("7/8", 0.875), ("8/7 is no part", None), ("1/0", None), ("3.5/4", None), ("a/b", None)],
)
def test_progress_is_read_only_where_it_is_meant(line, part):
    assert steps.progress(line) == part


def test_the_summary_tells_what_ran_now_from_what_was_unchanged(tmp_path):
    steps.begin(tmp_path)
    run(tmp_path, "Install", "pass")
    run(tmp_path, "Build", "pass")
    steps.begin(tmp_path)
    run(tmp_path, "Build", "import sys; sys.exit(3)", skip_on=3)
    (tmp_path / "there").touch()
    lines = steps.summary(
        [("A thing", tmp_path / "there"), ("Another", tmp_path / "gone")], build=tmp_path
    ).splitlines()
    assert next(line for line in lines if "Install" in line).endswith("unchanged")
    assert next(line for line in lines if "Build" in line).endswith("skipped")
    assert any(line.strip().startswith("A thing") and line.endswith("there") for line in lines)
    assert not any("gone" in line for line in lines)


def test_a_broken_record_does_not_stop_the_build(tmp_path):
    (tmp_path / steps.RECORD).write_text('{"half')
    assert run(tmp_path, "Go on", "pass")[0] == 0
    assert json.loads((tmp_path / steps.RECORD).read_text())["Go on"]["result"] == "done"


def test_it_runs_isolated_before_anything_is_installed(tmp_path):
    # As in the Makefile: no site-packages, no current directory, so only the standard library can be imported. (Our
    # modules `site` and `check` lie beside the script: -I keeps them from being taken for others of that name.)
    command = [sys.executable, "-I", "-S", SCRIPT, "--build", tmp_path, "run", "Say", "--stamp", tmp_path / "s"]
    done = subprocess.run([*map(str, command), "--", "echo", "--stamp"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "logs" / "say.log").read_text() == "--stamp\n"


def test_a_run_without_a_command_is_wrong_use(tmp_path):
    with pytest.raises(SystemExit) as stopped:
        steps.main(["--build", str(tmp_path), "run", "Nothing"])
    assert stopped.value.code == 2
