"""Runs a command as a named step: one line a step, what it took, and a table at the end.

``make`` calls this for everything that takes time. It needs the standard library only, because the first steps make the
virtual environment in which everything else runs::

    python -I src/proctor/steps.py begin
    python -I src/proctor/steps.py run "Install" --stamp _build/stamps/install -- pip install -r requirements.txt
    python -I src/proctor/steps.py summary --place "The site=_build/html/index.html"

In a terminal a step shows a spinner, a bar as soon as the command's own output names a percentage or a count, and the
last line it wrote. Anywhere else it is plain text, with a sign of life every half minute. The command's whole output
goes to ``_build/logs/``; its end is shown when the command fails.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

BUILD = Path("_build")
RECORD = "steps.json"
SIGN_OF_LIFE = 30.0  # seconds between two lines where there is no terminal
TAIL = 40  # lines of a failed command's output that are shown
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


def begin(build: Path = BUILD) -> None:
    """Start a new run: what earlier runs recorded stays known, but counts as unchanged."""
    steps = _read(build)
    for step in steps.values():
        step["current"] = False
    _write(build, steps)


def run(name, command, *, build: Path = BUILD, stamp: Path | None = None, skip_on: int | None = None, out=None) -> int:
    """Run ``command`` as the step ``name`` and record what it took.

    Args:
        name: what the step does, as the reader of the terminal would say it.
        command: the program and its arguments.
        build: directory of ``steps.json`` and ``logs/``.
        stamp: file touched when the command succeeds, and only then.
        skip_on: an exit status that means "not possible here": the last line of the output is shown, the step counts
            as skipped and succeeds, and the stamp is not touched.
        out: where the line is written; standard output by default.

    Returns:
        The command's exit status; 0 for a skipped step, 127 when there is no such program.
    """
    out = out or sys.stdout
    log = build / "logs" / (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + ".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    status, last = _watch(name, command, log, out)
    seconds = time.monotonic() - started
    result = "done" if status == 0 else "skipped" if skip_on is not None and status == skip_on else "failed"
    _record(build, name, seconds, result)
    sign = {"done": "✓", "skipped": "–", "failed": "✗"}[result]
    print(f"{sign} {name:<48} {clock(seconds):>8}" + ("" if result == "done" else f"  {result}"), file=out, flush=True)
    if result == "failed":
        print(
            _tail(log) + f"\nThe command: {' '.join(map(str, command))}\nIts whole output: {log}", file=out, flush=True
        )
        return status
    if result == "skipped":
        print(f"  {last}", file=out, flush=True)
        return 0
    if stamp is not None:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    return 0


def summary(places=(), *, build: Path = BUILD) -> str:
    """The closing table: each step with its seconds (or "unchanged"), then where each thing is.

    Args:
        places: pairs ``(what, path)``; a path that does not exist is left out.
        build: directory of ``steps.json``.
    """
    steps = _read(build)
    lines = ["", "What was done"]
    for name, step in steps.items():
        took = "unchanged" if not step["current"] else clock(step["seconds"])
        lines.append(f"  {name:<48} {took:>9}" + (f"  {step['result']}" if _unusual(step) else ""))
    lines.append(f"  {'together':<48} {clock(sum(s['seconds'] for s in steps.values() if s['current'])):>9}")
    there = [(what, path) for what, path in places if Path(path).exists()]
    if there:
        lines += ["", "Where it is"] + [f"  {what:<34} {path}" for what, path in there]
    return "\n".join(lines)


def clock(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> clock(3.21), clock(83), clock(4000)
    ('3.2 s', '1 min 23 s', '66 min 40 s')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def progress(line: str) -> float | None:
    """The part that is done, if a line of output says so: ``[ 45%]``, ``12/40``, ``12 of 40``.

    >>> progress("reading sources... [ 50%] book/index"), progress("graded 3/12"), progress("3 of 4 pages")
    (0.5, 0.25, 0.75)
    >>> progress("no news") is None, progress("2026/11/21") is None
    (True, True)
    """
    if match := re.search(r"(?<!\d)(\d{1,3}) ?%", line):
        return min(int(match[1]), 100) / 100
    if match := re.search(r"(?<![\d/.])(\d{1,5}) ?(?:/| of ) ?(\d{1,5})(?![\d/.])", line):
        done, whole = int(match[1]), int(match[2])
        return done / whole if whole > 0 and done <= whole else None
    return None


def _watch(name, command, log, out) -> tuple[int, str]:
    """Run the command, copy its output to the log, show that it lives; its exit status and last line."""
    terminal = getattr(out, "isatty", lambda: False)()
    state = {"last": "", "done": None}
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}  # else Python holds its lines back and the bar stands still
    try:
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    except OSError as error:
        log.write_text(f"{command[0]}: {error.strerror}\n", encoding="utf-8")
        return 127, error.strerror
    reader = threading.Thread(target=_copy, args=(process.stdout, log, state), daemon=True)
    reader.start()
    started, said, tick = time.monotonic(), time.monotonic(), 0
    try:
        while reader.is_alive():
            reader.join(0.1)
            now = time.monotonic()
            if terminal:
                out.write("\r\x1b[2K" + _line(name, now - started, tick, state, _width()))
                out.flush()
                tick += 1
            elif now - said > SIGN_OF_LIFE:
                print(f"  {name}: {clock(now - started)} so far. {state['last']}"[:160], file=out, flush=True)
                said = now
        return process.wait(), state["last"]
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        if terminal:
            out.write("\r\x1b[2K")


def _copy(stream, log, state) -> None:
    with stream, log.open("wb") as file:
        pending = b""
        while chunk := stream.read1(8192):
            file.write(chunk)
            file.flush()
            # A progress bar ends its lines with a carriage return.
            *lines, pending = re.split(rb"[\r\n]+", pending + chunk)
            for line in lines:
                _note(line, state)
        _note(pending, state)


def _note(line: bytes, state) -> None:
    text = ESCAPES.sub("", line.decode("utf-8", "replace")).strip()
    if text:
        state["last"], state["done"] = text, progress(text)


def _line(name, seconds, tick, state, width) -> str:
    bar = ""
    if state["done"] is not None:
        filled = round(state["done"] * 20)
        bar = f" {'━' * filled}{'·' * (20 - filled)}"
    return f"{SPINNER[tick % len(SPINNER)]} {name} {clock(seconds)}{bar}  {state['last']}"[: width - 1]


def _width() -> int:
    try:
        return os.get_terminal_size().columns or 80
    except OSError:
        return 80


def _tail(log: Path) -> str:
    lines = ESCAPES.sub("", log.read_text(encoding="utf-8", errors="replace")).splitlines()
    return "\n".join("  | " + line for line in lines[-TAIL:])


def _unusual(step) -> bool:
    return step["current"] and step["result"] != "done"


def _record(build: Path, name, seconds, result) -> None:
    steps = _read(build)
    steps[name] = {"seconds": round(seconds, 2), "result": result, "current": True}
    _write(build, steps)


def _read(build: Path) -> dict:
    try:
        return json.loads((build / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or cut off by a full disk: times are worth less than a build that goes on
        return {}


def _write(build: Path, steps: dict) -> None:
    build.mkdir(parents=True, exist_ok=True)
    (build / RECORD).write_text(json.dumps(steps, indent=1), encoding="utf-8")


def main(arguments=None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="steps", description="Run a command as a named step.")
    parser.add_argument("--build", type=Path, default=BUILD, help="directory of steps.json and logs/")
    commands = parser.add_subparsers(dest="action", required=True)
    commands.add_parser("begin", help="start a new run")
    runner = commands.add_parser("run", help="run a command: run NAME [--stamp FILE] [--skip-on STATUS] -- COMMAND …")
    runner.add_argument("name")
    runner.add_argument("--stamp", type=Path)
    runner.add_argument("--skip-on", type=int, metavar="STATUS")
    closing = commands.add_parser("summary", help="print the closing table")
    closing.add_argument("--place", action="append", default=[], metavar="WHAT=PATH")
    # Split at the first "--" here: argparse would give our own options to the command.
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    options, command = parser.parse_args(arguments[:cut]), arguments[cut + 1 :]
    if options.action == "begin":
        begin(options.build)
    elif options.action == "summary":
        print(summary([place.split("=", 1) for place in options.place], build=options.build))
    else:
        if not command:
            parser.error("run needs a command after --")
        return run(options.name, command, build=options.build, stamp=options.stamp, skip_on=options.skip_on)
    return 0


if __name__ == "__main__":
    # A pipe on Windows and under LANG=C is not UTF-8; a check mark must not end the build.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
