"""Writes the public tree: what goes to the web, and nothing of the instructor's.

    proctor publish DESTINATION          the work behind `make publish`

The tree is built up from a short list of what is public, never by taking away from the whole: a new folder of this
repository is private until it is named here. It holds the built site, the generated notebooks, the library, the modules
of proctor that a student's notebook and ``proctor check`` import (followed from their imports), a pyproject.toml cut
down to these, and the licenses. ``proctor audit --tree`` then searches it for what should not be there.
"""

import ast
import json
import shutil
import tempfile
import tomllib
from pathlib import Path

SITE = Path("_build/html")
# A student's notebook imports proctor itself; the command line starts from cli; launch starts candidate as a process.
STUDENT_ROOTS = ("proctor", "proctor.cli", "proctor.check", "proctor.candidate", "proctor.doctor")
# In these only what is imported on loading counts: the commands of the instructor are imported when they are called.
TOP_LEVEL_ONLY = frozenset({"proctor.cli"})
COPIED = ("LICENSE", "CITATION.cff")
IGNORED = ("__pycache__", "*.pyc", ".ipynb_checkpoints", ".*")
MARK = ".public-tree"  # says that a directory was written by this module and may be replaced by it
README = """\
# Out of the Ravine

A course from gradient descent to continual learning, in PyTorch, with assignments that check themselves. This is its
public tree: it is generated, so please report mistakes rather than send patches to these files.

| folder | what it is |
|---|---|
| `site/` | the course as a web site; open `site/index.html` |
| `notebooks/<assignment>/` | the assignments, to be completed |
| `notebooks/book/` | the chapters as notebooks |
| `src/ravine/` | the small library that every notebook imports |
| `src/proctor/` | what checks an assignment on your machine |

With Python 3.11 or newer, on Linux, macOS or Windows, in this folder:

    python -m venv .venv
    .venv/bin/python -m pip install -e . jupyterlab      # Windows: .venv\\Scripts\\python
    .venv/bin/jupyter lab notebooks                      # Windows: .venv\\Scripts\\jupyter
    .venv/bin/proctor check notebooks/ASSIGNMENT/ASSIGNMENT.ipynb

Code is under the MIT license, text and figures under CC BY 4.0: see `LICENSE`.
"""


def write_public_tree(root: Path, destination: Path) -> list[Path]:
    """Write the public tree of the course at ``root`` into ``destination``.

    Args:
        root: the course's directory, with the site built and the notebooks generated.
        destination: a directory that does not exist, is empty, or was written by this function before; a ``.git`` in
            it is kept, so that it may be a clone of the public repository.

    Returns:
        The files written, relative to ``destination``, sorted.

    Raises:
        FileNotFoundError: if the site or the notebooks are missing.
        ValueError: if ``destination`` holds what this function did not write.
    """
    root, destination = Path(root).resolve(), Path(destination).resolve()
    for needed, target in ((root / SITE / "index.html", "make site"), (root / "notebooks", "make notebooks")):
        if not needed.exists():
            raise FileNotFoundError(f"there is no {needed.relative_to(root)}: `{target}` writes it")
    _refuse_foreign(root, destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    # Built beside the destination and moved in at the end: a failure leaves the tree of the last time.
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".public-") as staging:
        tree = Path(staging)
        _fill(root, tree)
        files = sorted(path.relative_to(tree) for path in tree.rglob("*") if path.is_file())
        _replace(tree, destination)
    return files


def student_modules(source: Path) -> list[str]:
    """The modules of proctor that a student needs, followed from ``STUDENT_ROOTS`` through their imports.

    Args:
        source: the directory that holds the package ``proctor``.

    Raises:
        FileNotFoundError: if one of the roots does not exist.
    """
    found, waiting = set(), list(STUDENT_ROOTS)
    while waiting:
        name = waiting.pop()
        path = module_path(source, name)
        if name in found or path is None:
            if name in STUDENT_ROOTS and path is None:
                raise FileNotFoundError(f"there is no module {name} in {source}")
            continue
        found.add(name)
        waiting += _imports(path, top_level_only=name in TOP_LEVEL_ONLY)
    return sorted(found)


def module_path(source: Path, name: str) -> Path | None:
    """The file of a module of proctor below ``source``, or None if ``name`` is no module (but a name in one)."""
    path = source.joinpath(*name.split("."))
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def public_pyproject(text: str) -> str:
    """pyproject.toml cut down to the base package: no extras of the instructor, no settings of tests or linters."""
    whole = tomllib.loads(text)
    project = whole["project"]
    lines = ["# Generated by `make publish`.", "[build-system]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in whole["build-system"].items()]
    lines += ["", "[project]"]
    for key in ("name", "version", "description", "readme", "requires-python", "license", "dependencies"):
        if key in project:
            # A JSON string or list of strings is the same in TOML.
            lines.append(f"{key} = {json.dumps(project[key], ensure_ascii=False)}")
    lines += ["", "[project.scripts]", *(f"{key} = {json.dumps(value)}" for key, value in project["scripts"].items())]
    lines += ["", "[tool.setuptools.packages.find]", 'where = ["src"]']
    lines += ["", "[tool.setuptools.package-data]", 'ravine = ["data/*"]', ""]
    return "\n".join(lines)


def _fill(root: Path, tree: Path) -> None:
    copy = shutil.ignore_patterns(*IGNORED)
    shutil.copytree(root / SITE, tree / "site", ignore=copy)
    (tree / "site" / ".nojekyll").touch()  # else GitHub Pages leaves out _static
    for notebook in sorted((root / "notebooks").rglob("*.ipynb")):
        relative = notebook.relative_to(root)
        if not any(part.startswith(".") for part in relative.parts):
            (tree / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(notebook, tree / relative)
    shutil.copytree(root / "src" / "ravine", tree / "src" / "ravine", ignore=copy)
    for name in student_modules(root / "src"):
        path = module_path(root / "src", name)
        target = tree / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for name in COPIED:
        shutil.copyfile(root / name, tree / name)
    pyproject = (root / "pyproject.toml").read_text(encoding="utf-8")
    (tree / "pyproject.toml").write_text(public_pyproject(pyproject), encoding="utf-8")
    (tree / "README.md").write_text(README, encoding="utf-8")
    (tree / MARK).write_text("Written by `make publish`, which replaces everything here but .git.\n", encoding="utf-8")


def _imports(path: Path, *, top_level_only: bool) -> set[str]:
    """Names that may be modules of proctor, imported by the file; anywhere in it, or only when it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    names = set()
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == "proctor"}


def _refuse_foreign(root: Path, destination: Path) -> None:
    if destination == root or destination in root.parents:
        raise ValueError(f"the public tree would replace the course itself: {destination}")
    if destination.is_file():
        raise ValueError(f"expected a directory, got a file: {destination}")
    held = {path.name for path in destination.iterdir()} - {".git"} if destination.is_dir() else set()
    if held and MARK not in held:
        raise ValueError(f"{destination} holds files that `make publish` did not write; name another directory")


def _replace(tree: Path, destination: Path) -> None:
    destination.mkdir(exist_ok=True)
    for old in destination.iterdir():
        if old.name == ".git":
            continue
        shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    for new in tree.iterdir():
        shutil.move(new, destination / new.name)
