"""What a verdict depends on besides master and answers: the judging code, the library, and the versions beneath them.

Results are reused only while this digest stands: a mended test helper or another torch means judging again.
"""

import functools
import hashlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

JUDGING = (
    *("__init__", "again", "asserts", "assignment", "calls", "candidate", "codec", "examiner", "files", "intake"),
    *("judge", "launch", "limits", "markers", "masters", "proxy", "rehearsal", "rules", "sandbox", "seeds", "stage"),
    "verdict",
)
LIBRARIES = ("torch", "numpy", "ipython")


@functools.cache
def judging_digest(modules: Iterable[str] = JUDGING) -> str:
    """SHA-256 over the source of the named proctor modules, all of ravine with its data, and the versions of
    ``LIBRARIES`` and Python."""
    here = Path(__file__).parent
    files = [here / f"{name}.py" for name in modules]
    spec = importlib.util.find_spec("ravine")
    for folder in spec.submodule_search_locations or () if spec else ():
        files += sorted(path for path in Path(folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
    versions = [importlib.metadata.version(library) for library in LIBRARIES]
    return file_digest(files, repr((sys.version_info[:3], versions)))


def file_digest(files: Iterable[Path], salt: str = "") -> str:
    """SHA-256 over a salt and the names and contents of files; a missing file counts as empty."""
    digest = hashlib.sha256(salt.encode())
    for path in files:
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"\0{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
