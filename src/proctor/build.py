"""Builds the site: ``python -m proctor.build [--root DIR] [--force]``, the work behind ``make site``.

Three steps, one line each: drop what is out of date, run the chapters (in parallel, into the cache), let Jupyter Book
write the pages with every warning an error. When no input has changed since the last good build, nothing runs.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from proctor import executed
from proctor.files import write_atomic

STAMP = Path("_build/site.json")
LOG = Path("_build/site.log")
HTML = Path("_build/html")
CELL_TIMEOUT = 135  # seconds; a chapter's ceiling is 45, so only a hung cell meets it
EXECUTE = ("src/ravine", "requirements.txt")
FRAME = ("_config.yml", "_toc.yml", "book/_static", "book/_extra", "book/_templates", "src/proctor/site")
ENTRANCE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=book/index.html">
<link rel="canonical" href="book/index.html">
<link rel="icon" href="_static/favicon.svg">
<title>Out of the Ravine</title>
</head>
<body><a href="book/index.html">Out of the Ravine</a></body>
</html>
"""


class BuildError(Exception):
    """The site cannot be built; the message says why and what to do."""


@dataclass(frozen=True)
class Inputs:
    """Digests of what the site is made from.

    execution: decides what a chapter prints; a change drops the cache.
    frame: decides every page; a change starts Sphinx afresh.
    pages: the pages themselves; a change rebuilds those that changed.
    """

    execution: str
    frame: str
    pages: str


def inputs(root: Path) -> Inputs:
    """Digest what the site under ``root`` is made from.

    Raises:
        BuildError: if a page of ``_toc.yml`` does not exist.
    """
    pages = toc_sources(root)
    device = os.environ.get("RAVINE_DEVICE", "auto")
    if device == "auto":  # as ravine.device() will find out, without importing torch
        device = "cuda" if shutil.which("nvidia-smi") else "cpu"
    where = [device, sys.version]
    execution = _digest(root, EXECUTE, where)
    frame = _digest(root, FRAME, [execution, *(str(page.relative_to(root)) for page in pages)])
    released = sorted(str(path.relative_to(root)) for path in (root / "notebooks").rglob("*.ipynb"))
    return Inputs(execution, frame, _digest(root, ["book", *released], [frame]))


def toc_sources(root: Path) -> list[Path]:
    """The source files of the pages in ``_toc.yml``, in order.

    Raises:
        BuildError: if ``_toc.yml`` or a page it names is missing.
    """
    import yaml

    toc = root / "_toc.yml"
    if not toc.is_file():
        raise BuildError(f"there is no {toc}: --root must name the course's directory")
    sources = []
    for name in _names(yaml.safe_load(toc.read_text(encoding="utf-8"))):
        found = [path for suffix in (".md", ".ipynb") if (path := root / f"{name}{suffix}").is_file()]
        if not found:
            hint = "; `proctor release` writes it" if name.startswith("notebooks/") else ""
            raise BuildError(f"_toc.yml names {name}, and there is no such page{hint}")
        sources.append(found[0])
    return sources


def build(root: Path, *, force: bool = False, say=print) -> bool:
    """Build the site under ``root`` into ``_build/html``.

    Args:
        root: the course's directory.
        force: forget the cache and every page, and build all.
        say: called with each line of the report.

    Returns:
        Whether anything had to be built.

    Raises:
        BuildError: if a page is missing, a chapter fails, or Sphinx warns.
    """
    root = root.resolve()
    now, before = inputs(root), _read_stamp(root)
    page = root / HTML / "index.html"
    if not force and before == asdict(now) and page.is_file():
        say(_line("site", "up to date", page))
        return False
    # Until this build has succeeded there is no site to trust, whatever state it is left in.
    (root / STAMP).unlink(missing_ok=True)
    if force or before.get("execution") != now.execution:
        shutil.rmtree(root / executed.CACHE, ignore_errors=True)
    if force or before.get("frame") != now.frame:
        for stale in (HTML, Path("_build/.doctrees"), Path("_build/jupyter_execute")):
            shutil.rmtree(root / stale, ignore_errors=True)
    _run_chapters(root, say)
    seconds = _run_sphinx(root)
    write_atomic(root / STAMP, json.dumps(asdict(now), indent=1) + "\n")
    say(_line("pages", f"{seconds:.1f} s", page))
    return True


def main(argv: list[str] | None = None) -> int:
    """The command line; returns the exit status: 0 built or up to date, 1 failed."""
    parser = argparse.ArgumentParser(prog="python -m proctor.build", description="Build the course's site.")
    parser.add_argument("--root", type=Path, default=Path("."), help="the course's directory (default: here)")
    parser.add_argument("--force", action="store_true", help="forget the cache and build everything")
    arguments = parser.parse_args(argv)
    try:
        build(arguments.root, force=arguments.force, say=lambda line: print(line, flush=True))
    except BuildError as error:
        print(f"site: {error}", file=sys.stderr)
        return 1
    return 0


def _run_chapters(root: Path, say):
    chapters = [path for path in toc_sources(root) if path.suffix == ".md" and executed.is_notebook(path)]
    waiting = executed.pending(root, chapters)
    kept = len(chapters) - len(waiting)
    say(_line("chapters", f"{len(waiting)} to run", f"{kept} kept from the cache"))

    def report(run: executed.Run):
        name = run.source.relative_to(root)
        say(_line("", f"{run.seconds:.1f} s", f"{name}{'' if run.error is None else '  FAILED'}"))

    runs = executed.execute(root, waiting, timeout=CELL_TIMEOUT, report=report)
    failed = [f"{run.source.relative_to(root)}\n{run.error}" for run in runs if run.error is not None]
    if failed:
        raise BuildError("\n\n".join(["a chapter failed:", *failed]))


def _run_sphinx(root: Path) -> float:
    began = time.perf_counter()
    start = "import sys; from jupyter_book.cli.main import main; sys.argv[0] = 'jupyter-book'; main()"
    command = [sys.executable, "-c", start, "build", ".", "-W", "-n", "--keep-going"]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    write_atomic(root / LOG, text)
    # Jupyter Book leaves a nameless page that jumps to the first one; this one has a title and a link.
    if not done.returncode:
        write_atomic(root / HTML / "index.html", ENTRANCE)
    if done.returncode:
        lines = text.splitlines()
        told = [line for line in lines if re.search(r"\b(WARNING|ERROR|CRITICAL): |error:", line)] or lines[-30:]
        raise BuildError("\n".join([f"Jupyter Book stopped; all it said is in {LOG}", *told]))
    return time.perf_counter() - began


def _read_stamp(root: Path) -> dict:
    try:
        return json.loads((root / STAMP).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return {}


def _names(entry):
    """The file names in a table of contents, in order, however deeply its parts nest."""
    if isinstance(entry, list):
        for item in entry:
            yield from _names(item)
    elif isinstance(entry, dict):
        for key in ("root", "file"):
            if key in entry:
                yield entry[key]
        for key in ("parts", "chapters", "sections", "subtrees", "entries"):
            yield from _names(entry.get(key, []))


def _digest(root: Path, names, extra) -> str:
    digest = hashlib.sha256("\0".join(extra).encode())
    for name in names:
        path = root / name
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            # __pycache__ and a checkpoint say nothing about the site.
            if file.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(file.parts):
                digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _line(step: str, amount: str, rest="") -> str:
    return f"{step:<10}{amount:>12}  {rest}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
