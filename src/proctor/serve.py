"""Serves the built site on this machine and rebuilds it when a source changes: ``make serve``.

    python -m proctor.serve [--port 8000]

A plain web server of the standard library, and a look at the sources' times once a second. Notebooks are generated
before the site is, because an assignment's page is made from its notebook.
"""

import argparse
import functools
import http.server
import subprocess
import sys
import threading
import time
from pathlib import Path

from proctor.steps import clock

HTML = Path("_build/html")
WATCHED = ("book", "solutions", "src/ravine", "src/proctor/site", "_config.yml", "_toc.yml")
IGNORED = {"__pycache__", ".ipynb_checkpoints"}
COMMANDS = ([sys.executable, "-m", "proctor.cli", "release"], [sys.executable, "-m", "proctor.build"])


class Pages(http.server.SimpleHTTPRequestHandler):
    """Files of the site, without a log line for each, and the site's own page for what is not there."""

    def log_message(self, format, *arguments):
        """Say nothing."""

    def end_headers(self):
        """Never let the browser keep a page: the next build may change it."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def send_error(self, code, message=None, explain=None):
        """Send the site's 404 page where there is one."""
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def server(html: Path, port: int = 8000) -> http.server.ThreadingHTTPServer:
    """A server of ``html`` on the loopback address, not yet running.

    Args:
        html: the built site's directory.
        port: port number; 0 takes a free one (``server_address[1]`` says which).

    Raises:
        OSError: if the port is taken.
    """
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), functools.partial(Pages, directory=str(html)))


def snapshot(root: Path, watched=WATCHED) -> dict[Path, tuple[int, int]]:
    """Time and size of every watched file under ``root``."""
    files = {}
    for name in watched:
        top = root / name
        for path in [top] if top.is_file() else top.rglob("*"):
            if IGNORED & set(path.parts) or path.name.startswith("."):
                continue
            try:
                if path.is_file():
                    files[path] = (path.stat().st_mtime_ns, path.stat().st_size)
            except FileNotFoundError:  # gone between the listing and the look: the next snapshot shows it
                continue
    return files


def watch(root: Path, stop: threading.Event, *, commands=COMMANDS, interval=1.0, say=print) -> None:
    """Run ``commands`` in ``root`` each time a watched file has changed and then stayed the same for ``interval``.

    Args:
        root: the course's directory.
        stop: ends the watch.
        commands: run in order, the rest not after one that fails.
        interval: seconds between two looks.
        say: called with each line of the report.
    """
    seen = snapshot(root)
    while not stop.wait(interval):
        now = snapshot(root)
        if now == seen:
            continue
        # An editor writes a file in several steps: build what it was up to, not what it was in the middle of.
        while not stop.wait(interval) and (later := snapshot(root)) != now:
            now = later
        changed = sorted(str(p.relative_to(root)) for p in now.keys() | seen.keys() if now.get(p) != seen.get(p))
        say(f"changed: {', '.join(changed[:3])}{f' and {len(changed) - 3} more' if len(changed) > 3 else ''}")
        say(rebuild(root, commands))
        seen = now  # not a later look: what was edited while it was building is the next change


def rebuild(root: Path, commands=COMMANDS) -> str:
    """Run the commands and return the line that says how it went; the end of a failed one's output is part of it."""
    started = time.perf_counter()
    for command in commands:
        done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            return "\n".join(
                [*done.stdout.splitlines()[-20:], "not rebuilt; the pages are those of the last good build"]
            )
    return f"rebuilt in {clock(time.perf_counter() - started)}; reload the page"


def main(arguments=None) -> int:
    """The command line: serves until interrupted; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m proctor.serve", description="Serve the site and rebuild on change."
    )
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(arguments)
    root = Path.cwd()
    try:
        pages = server(root / HTML, options.port)
    except OSError as error:
        print(f"port {options.port}: {error.strerror}; another one: make serve PORT=8001", file=sys.stderr)
        return 1
    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(root, stop), daemon=True)
    watcher.start()
    print(f"http://127.0.0.1:{pages.server_address[1]}/  (Ctrl-C ends)", flush=True)
    try:
        pages.serve_forever()
    except KeyboardInterrupt:
        stop.set()
        pages.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
