"""Progress of a long loop: shown to a person who waits over two seconds, never to a log or to a notebook being built.

In a terminal it is a bar that disappears when the loop ends. In a notebook with a person before it, it is a bar that
becomes one line. A notebook that a program executes (nbclient, nbval, the site's build) gets nothing, so that outputs
do not depend on how fast the machine was. Anywhere else (a log file) it is a plain line on stderr, now and then.
"""

import sys
import time
from contextlib import contextmanager

from IPython import get_ipython

#: Seconds before a bar appears.
PATIENCE = 2.0
#: Seconds between two lines of a log.
LOG_EVERY = 10.0


@contextmanager
def progress(total, name, *, show=True, clock=time.monotonic):
    """Follow a loop.

    Args:
        total: number of steps, > 0.
        name: what is going on, for the reader.
        show: False to show nothing.
        clock: seconds, increasing; tests pass their own.

    Yields:
        A function to call after each step, as ``advance("loss 0.12")`` or without the note.
    """
    bar = _bar(total, name) if show else None
    began, done, shown = clock(), 0, False

    def advance(note=""):
        nonlocal done, shown
        done += 1
        if bar is not None and (shown or clock() - began >= PATIENCE):
            shown = True
            bar.update(done, note)

    try:
        yield advance
    finally:
        if shown:
            bar.close(clock() - began)


def _bar(total, name):
    shell = get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        # Programs that execute notebooks say that nobody can answer input(); editors say that somebody can.
        return _NotebookBar(total, name) if getattr(shell.kernel, "_allow_stdin", False) else None
    return _TerminalBar(total, name) if sys.stderr.isatty() else _Log(total, name)


class _TerminalBar:
    def __init__(self, total, name):
        self.total, self.name, self.bar = total, name, None

    def update(self, done, note):
        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
            )
            self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self.task = self.bar.add_task(self.name, total=self.total, note="")
            self.bar.start()
        self.bar.update(self.task, completed=done, note=note)

    def close(self, seconds):
        self.bar.stop()


class _NotebookBar:
    def __init__(self, total, name):
        self.total, self.name, self.handle, self.last = total, name, None, 0.0

    def update(self, done, note):
        from IPython.display import HTML, display

        if self.handle is not None and time.monotonic() - self.last < 0.2:
            return
        self.last = time.monotonic()
        bar = HTML(f'{self.name} <progress value="{done}" max="{self.total}"></progress> {done}/{self.total} {note}')
        if self.handle is None:
            self.handle = display(bar, display_id=True)
        else:
            self.handle.update(bar)

    def close(self, seconds):
        self.handle.update({"text/plain": f"{self.name}: {seconds:.1f} s"}, raw=True)


class _Log:
    def __init__(self, total, name):
        self.total, self.name, self.last = total, name, None

    def update(self, done, note):
        now = time.monotonic()
        if self.last is None or now - self.last >= LOG_EVERY:
            self.last = now
            print(f"{self.name}: {done}/{self.total} {note}".rstrip(), file=sys.stderr, flush=True)

    def close(self, seconds):
        print(f"{self.name}: {seconds:.1f} s", file=sys.stderr, flush=True)
