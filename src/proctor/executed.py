"""Executed chapters: run what is not in the cache, several at a time, and read back what they said.

Jupyter Book would run the chapters one after another while it reads them. Running them into its cache beforehand uses
every core, shows progress, and lets other pages (the claims) read the outputs. The cache's key is the notebook alone,
so ``proctor.build`` drops it when the library, the pins, the device or Python change.
"""

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

CACHE = ".jupyter_cache"
KERNEL = "ravine"  # of proctor.provisioner, whatever kernel a chapter names for its readers
CLAIM = "application/vnd.ravine.claim+json"
READER = {"name": "myst_nb_md", "type": "plugin"}


@dataclass(frozen=True)
class Run:
    """One chapter's execution: its source, wall seconds, and the error that stopped it, if one did."""

    source: Path
    seconds: float
    error: str | None = None


def is_notebook(source: Path) -> bool:
    """Whether a Markdown file is a MyST notebook: its header names a kernel."""
    head, fence, _ = source.read_text(encoding="utf-8").removeprefix("---\n").partition("\n---")
    return bool(fence) and any(line.startswith("kernelspec:") for line in head.splitlines())


def pending(root: Path, sources: Iterable[Path]) -> list[Path]:
    """Those of ``sources`` whose present text has no executed copy in the cache of ``root``."""
    cache = _cache(root)
    missing = []
    for source in sources:
        cache.add_nb_to_project(str(source), read_data=READER)
        if cache.get_cached_project_nb(str(source)) is None:
            missing.append(source)
    return missing


def execute(
    root: Path, sources: Iterable[Path], *, timeout: int, jobs: int | None = None, report: Callable[[Run], None] = print
) -> list[Run]:
    """Run notebooks, ``jobs`` at a time, each in its own folder, and keep those that finish in the cache.

    Args:
        root: the course's directory; the cache is ``root/.jupyter_cache``.
        sources: MyST notebooks.
        timeout: seconds a cell may take.
        jobs: kernels at once; the number of cores by default.
        report: called with each :class:`Run` as it ends.

    Returns:
        One :class:`Run` per source, in order of ending. A failed notebook is not cached.
    """
    cache = _cache(root)
    log = root / "_build" / "kernels.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    runs = []
    # A thread per kernel is enough: the work is done in the kernels, and only this thread writes to the cache.
    with log.open("wb") as noise, ThreadPoolExecutor(max_workers=jobs or os.cpu_count()) as pool:
        started = {pool.submit(_execute, cache.get_project_notebook(str(s)).nb, s, timeout, noise): s for s in sources}
        for future in as_completed(started):
            notebook, run = future.result()
            if run.error is None:
                _store(cache, notebook, run)
            runs.append(run)
            report(run)
    return runs


def read(root: Path, source: Path):
    """The executed notebook of ``source`` and its wall seconds, or ``(None, None)`` when the cache has none."""
    cache = _cache(root)
    try:
        record = cache.get_cached_project_nb(str(source))
    except KeyError:
        return None, None
    if record is None:
        return None, None
    return cache.get_cache_bundle(record.pk).nb, record.data.get("execution_seconds")


def claims(notebook) -> list[dict]:
    """The claims among a notebook's outputs, in order; see ``ravine.claims`` for what a record holds."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return [output["data"][CLAIM] for output in outputs if CLAIM in output.get("data", {})]


def drop_echo(cell) -> None:
    """Drop the value of the last line (a list of Matplotlib's artists, say) from a cell that shows a figure.

    It would stand above the figure, and the figure's name would be given to both.
    """
    if "figure" in cell.metadata.get("mystnb", {}):
        echo = {"text/plain"}
        cell.outputs = [o for o in cell.outputs if o.output_type != "execute_result" or set(o.data) != echo]


def _cache(root: Path):
    from jupyter_cache import get_cache

    return get_cache(str(root / CACHE))


def _execute(notebook, source: Path, timeout: int, noise):
    from nbclient import NotebookClient

    # Timing would be written into the cells, whose metadata is part of the cache's key: Sphinx would then find nothing.
    folder = {"metadata": {"path": str(source.parent)}}
    client = NotebookClient(notebook, timeout=timeout, record_timing=False, resources=folder, kernel_name=KERNEL)
    # One thread a kernel: kernels run side by side, and sums come out the same however many cores there are.
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    ours = {"PROCTOR_TRUSTED": "1"}
    began = time.perf_counter()
    try:
        # A loop of its own, closed at the end; nbclient's synchronous form would leave one open in every thread.
        asyncio.run(client.async_execute(env={**os.environ, **threads, **ours}, stderr=noise))
    except Exception as error:  # whatever stops a chapter is reported with it, and the other chapters go on
        message = re.sub(r"\x1b\[[0-9;]*m", "", f"{type(error).__name__}: {error}")  # IPython colors its tracebacks
        return notebook, Run(source, time.perf_counter() - began, message)
    for cell in notebook.cells:
        drop_echo(cell)
    return notebook, Run(source, time.perf_counter() - began)


def _store(cache, notebook, run: Run):
    from jupyter_cache.base import CacheBundleIn

    bundle = CacheBundleIn(notebook, str(run.source), data={"execution_seconds": run.seconds})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
