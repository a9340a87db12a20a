"""The sandbox of grading: bubblewrap, with the interpreter and its libraries and nothing else of this machine.

Inside there is no network, a read-only system, an empty private home and ``/tmp``, an own process table, and nobody
else's files: no master, hidden test, gradebook or other submission. Source files of the modules that an assignment
forbids are covered. Facts measured on bubblewrap 0.8.
"""

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HOME = "/sandbox"  # not a name that a person may have: it would hide what lies in that home
MAX_SCRATCH = 256 * 2**20  # bytes of files in each place that is writable: they take memory
# Of what lies below the folders of Python and the system: what nbgrader's users exchange, and servers' settings.
HIDDEN = ("share/nbgrader", "etc/jupyter", "etc/jupyterhub")
HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage"  # where the C library asks what ``proctor.huge_pages`` wants to know
HOW_TO = (
    "proctor grade needs bubblewrap to run students' code safely. Install it (Debian: apt-get install bubblewrap) "
    "and see `proctor doctor`. --unsafe runs students' code with your own rights"
)


class SandboxMissing(RuntimeError):
    """This machine cannot sandbox; the message says what to install."""


def sandbox_command(command: list[str], forbids=()) -> list[str]:
    """``command`` wrapped so that it runs in the sandbox.

    Args:
        command: program and arguments; the program must lie in this Python's installation.
        forbids: modules whose source must not be readable.

    Raises:
        SandboxMissing: if bubblewrap is missing or may not create namespaces here.
    """
    if reason := sandbox_problem():
        raise SandboxMissing(f"{HOW_TO} ({reason})")
    return [*_arguments(), *_covered(forbids), "--", *command]


@functools.cache
def sandbox_problem() -> str | None:
    """Why this machine cannot sandbox, or None if it can: a trivial command is really run inside."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed" if sys.platform == "linux" else "bubblewrap exists only on Linux"
    probe = [*_arguments(), "--", sys.executable, "-I", "-S", "-c", "import sys; sys.exit(7)"]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=60)
    return None if done.returncode == 7 else f"bubblewrap fails: {done.stderr.strip() or done.returncode}"


@functools.cache
def jail_problem() -> str | None:
    """Why children cannot lock themselves up inside bubblewrap here, or None if they can: one really does it.

    Grading works without, with a bubblewrap for each process, and is many times slower.
    """
    code = "from proctor import jail; jail.become_root_of_processes(); jail.system_call_filter(); raise SystemExit(7)"
    command = sandbox_command([sys.executable, "-c", code])
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(HOME))
    return None if done.returncode == 7 else (done.stderr.strip().splitlines() or [str(done.returncode)])[-1]


def environment(home: str) -> dict[str, str]:
    """The environment of a process that runs students' code: nothing of this machine's but where programs are."""
    keep = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "PYTHONPATH", "RAVINE_DEVICE")
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    base = {name: os.environ[name] for name in keep if name in os.environ}
    place = {"HOME": home, "TMPDIR": home, "MPLCONFIGDIR": str(Path(home) / "mpl"), "MPLBACKEND": "Agg"}
    return base | threads | place | {"PYTHONDONTWRITEBYTECODE": "1"}


def _arguments() -> list[str]:
    mounts = [word for folder in readable() for word in ("--ro-bind", str(folder), str(folder))]
    return [
        *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--uid", "1000", "--gid", "1000", "--hostname", "sandbox"),
        *("--proc", "/proc", "--dev", "/dev", *_scratch("/dev/shm"), "--remount-ro", "/dev", *_scratch("/tmp")),
        *mounts,
        *_hidden(),
        *_scratch(HOME),
        *("--chdir", HOME, "--setenv", "HOME", HOME, "--setenv", "TMPDIR", "/tmp"),
        *("--setenv", "MPLCONFIGDIR", f"{HOME}/.mpl", "--remount-ro", "/"),
    ]


def _scratch(place: str) -> list[str]:
    return ["--size", str(MAX_SCRATCH), "--perms", "0755", "--tmpfs", place]


def readable() -> list[Path]:
    """Folders that Python and the course's libraries need, outermost only, in an order that mounts."""
    system = [Path(p) for p in ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/fonts")]
    system += [Path(p) for p in ("/etc/alternatives", "/etc/localtime", "/etc/mime.types", HUGE_PAGES)]
    python = [Path(sys.base_prefix), Path(sys.prefix), Path(sysconfig.get_path("stdlib"))]
    packages = [Path(importlib.util.find_spec(name).origin).parent for name in ("ravine", "proctor")]
    wanted = [path for path in (*system, *python, *packages) if path.exists()]
    return [path for path in dict.fromkeys(wanted) if not any(other in path.parents for other in wanted)]


def _hidden() -> list[str]:
    prefixes = dict.fromkeys(["/usr", "/usr/local", sys.base_prefix, sys.prefix])
    return [word for prefix in prefixes for place in HIDDEN if (path := Path(prefix, place)).is_dir()
            for word in ("--tmpfs", str(path), "--remount-ro", str(path))]  # fmt: skip


def module_files(name: str) -> list[Path]:
    """Where the code of a module lies: a package's folders, or its source and whatever was compiled of it."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return []
    if spec is None or not spec.has_location:
        return []
    if spec.submodule_search_locations:
        return [Path(folder) for folder in spec.submodule_search_locations]
    source = Path(spec.origin)
    return [source, *source.parent.glob(f"__pycache__/{source.stem}.*.pyc")]


def _covered(forbids) -> list[str]:
    arguments = []
    for name in forbids:
        # What other libraries need is covered later, in the candidate alone: see ``proctor.zygote_process``.
        for path in module_files(name) if name.partition(".")[0] == "ravine" else ():
            arguments += ["--tmpfs", str(path)] if path.is_dir() else ["--ro-bind", "/dev/null", str(path)]
    return arguments
