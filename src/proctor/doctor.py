"""Says what this machine offers to the course, and what to do about what it lacks: ``proctor doctor``.

Each check looks at the thing itself (a sandbox is really started, a directory really written to), is quick, and comes
with the command that mends it. A student's copy has no ``solutions/``: there, only what a student needs is looked at.
"""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

NEEDED = (3, 11)
MEMORY = 4.0  # GB; two workers of grading with PyTorch loaded, and a notebook
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
BASE = ("torch", "numpy", "matplotlib", "scikit-learn", "mlxtend", "ipython", "ipykernel", "nbformat", "typer", "rich")


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes:
        name: what it is.
        ok: whether it is as the course needs it.
        detail: what was found.
        fix: what to do; empty when there is nothing to do.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""


def doctor(root: Path) -> list[Check]:
    """Look at this machine.

    Args:
        root: the course's directory, or a student's copy of the public tree.

    Returns:
        The checks, in the order in which they are worth mending.
    """
    root = Path(root)
    checks = [python(), packages(root), torch_build(), writable(root)]
    if (root / "solutions").is_dir():
        checks += [sandbox(), fast_grading(), chromium(), cores(), memory(), gradebook(root), secret(root)]
    return checks


def python() -> Check:
    """The interpreter's version."""
    found = f"Python {platform.python_version()} on {platform.system()}"
    fix = f"install Python {NEEDED[0]}.{NEEDED[1]} or newer"
    return _check("Python", sys.version_info >= NEEDED, found, fix)


def packages(root: Path) -> Check:
    """Installed packages against the pins of requirements.txt; in a student's copy, whether the base ones are there."""
    pins = read_pins(root / "requirements.txt")
    wrong = []
    for name, pin in (pins or dict.fromkeys(BASE)).items():
        try:
            # "2.13.0+cpu" is the same release as "2.13.0", built for another device.
            found = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if pin is not None and found != pin:
            wrong.append(f"{name} is {found}, pinned {pin}")
    expected = f"{len(pins)} packages, as pinned" if pins else f"{len(BASE)} packages there"
    fix = "make install" if (root / "Makefile").exists() else "python -m pip install -e ."
    return _check("packages", not wrong, "; ".join(wrong) or expected, fix)


def read_pins(path: Path) -> dict[str, str]:
    """The exact pins ``name==version`` of a requirements file, comments left out; empty if there is no such file."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(match.groups() for line in lines if (match := re.match(r"([A-Za-z0-9._-]+)==([^\s#;]+)", line)))


def torch_build() -> Check:
    """PyTorch's build, and the device that the course will use."""
    wish = os.environ.get("RAVINE_DEVICE", "auto")
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library of another machine's build
        return Check("PyTorch", False, f"does not import: {error}", "make install, or python -m pip install torch")
    cuda = torch.cuda.is_available()
    device = torch.cuda.get_device_name(0) if cuda else "no CUDA device"
    detail = f"{torch.__version__}, {device}, RAVINE_DEVICE={wish}"
    fix = "unset RAVINE_DEVICE, or install a PyTorch built for this GPU"
    return _check("PyTorch", wish in ("auto", "cpu") or (wish == "cuda" and cuda), detail, fix)


def writable(root: Path) -> Check:
    """Whether the course's directory can be written to: a file is made and removed."""
    try:
        with tempfile.TemporaryFile(dir=root):
            return Check("directory", True, f"{root} can be written to")
    except OSError as error:
        return Check("directory", False, f"{root}: {error.strerror}", "change its owner, or clone it into your home")


def sandbox() -> Check:
    """Whether a command really runs inside the sandbox of grading."""
    from proctor.sandbox import sandbox_problem

    problem = sandbox_problem()
    fix = "apt-get install bubblewrap (Debian, Ubuntu); `proctor grade` refuses without it"
    return _check("sandbox", problem is None, problem or "bubblewrap starts Python without network and files", fix)


def fast_grading() -> Check:
    """Whether submissions can be locked up by a fork, in milliseconds: a process inside the sandbox really tries."""
    from proctor.sandbox import jail_problem, sandbox_problem

    if sandbox_problem():
        return Check("fast grading", False, "there is no sandbox to do it in", "mend the sandbox first")
    problem = jail_problem()
    if problem is None:
        return Check("fast grading", True, "submissions are forked and locked up in milliseconds")
    forbidding = {
        "user.max_user_namespaces": ("0", "10000"),
        "kernel.unprivileged_userns_clone": ("0", "1"),
        "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),  # Ubuntu 24.04 and later
    }
    settings = [
        f"sysctl -w {name}={good}"
        for name, (bad, good) in forbidding.items()
        if (path := Path("/proc/sys", *name.split("."))).is_file() and path.read_text().strip() == bad
    ]
    fix = f"as root: {' '.join(settings)}" if settings else "apt-get install libseccomp2; allow user namespaces"
    return Check("fast grading", False, f"each process needs a bubblewrap of its own, which is slow: {problem}", fix)


def chromium() -> Check:
    """The browser of the browser tests."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    fix = "apt-get install chromium (Debian); the browser tests fail without it"
    return _check("Chromium", found is not None, found or "not found", fix)


def cores() -> Check:
    """Cores that this process may use; one is enough, two make it twice as quick."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check("cores", True, f"{usable} usable")


def memory() -> Check:
    """Memory that is there, and that is free now."""
    import psutil

    now = psutil.virtual_memory()
    detail = f"{now.total / 1e9:.1f} GB, {now.available / 1e9:.1f} GB free"
    return _check(
        "memory",
        now.available / 1e9 >= MEMORY,
        detail,
        f"close programs, or grade with --jobs 1; {MEMORY:g} GB are needed",
    )


def gradebook(root: Path) -> Check:
    """nbgrader's database: that it is sound, or that there is none yet."""
    import sqlite3

    path = root / "gradebook.db"
    if not path.exists():
        return Check("gradebook", True, "none yet; the first `proctor grade` makes it")
    fix = f"restore {path.name} from a backup; every grade but the manual ones comes back with `proctor grade`"
    try:
        # Read-only: looking must never create, lock or migrate a gradebook.
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            answer = connection.execute("pragma quick_check").fetchone()[0]
            students = connection.execute("select count(*) from student").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        return Check("gradebook", False, f"{path.name}: {error}", fix)
    return _check("gradebook", answer == "ok", f"{path.name}: {answer}, {students} students", fix)


def secret(root: Path) -> Check:
    """The course secret, from which the drawn inputs of tests come: there, long enough, and nobody else's to read."""
    from proctor.seeds import SECRET_FILE

    path = root / SECRET_FILE
    if not path.is_file():
        return Check("secret", True, f"no {SECRET_FILE} yet; the first `proctor grade` makes it: then keep a copy")
    try:
        size, mode = len(path.read_bytes().strip()), path.stat().st_mode
    except OSError as error:
        return Check("secret", False, f"{SECRET_FILE}: {error.strerror}", "run as the user who grades")
    if size < 16:
        return Check("secret", False, f"{SECRET_FILE} holds {size} bytes", "restore it, or remove it to draw a new one")
    others = os.name == "posix" and bool(mode & 0o077)
    detail = f"{SECRET_FILE} is {'readable by others' if others else 'there, and yours alone'}"
    return _check("secret", not others, detail, f"chmod 600 {SECRET_FILE}")


def print_checks(checks: list[Check], console) -> None:
    """A line for each check, and under a bad one what to do; then one sentence.

    Args:
        checks: what ``doctor`` returned.
        console: a ``rich`` console.
    """
    for one in checks:
        sign, style = ("✓", "green") if one.ok else ("✗", "red")
        console.print(f"[{style}]{sign}[/] {one.name:<11}", end=" ")
        console.print(one.detail, markup=False)
        if one.fix:
            console.print(f"  → {one.fix}", markup=False)
    bad = [one.name for one in checks if not one.ok]
    console.print(f"to mend: {', '.join(bad)}" if bad else "all is well", markup=False)


def _check(name: str, ok: bool, detail: str, fix: str) -> Check:
    return Check(name, ok, detail, "" if ok else fix)
