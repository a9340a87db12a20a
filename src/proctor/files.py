"""Writing a file so that nothing is lost, to a temporary name beside it and renamed; reading what may be a trap."""

import errno
import os
import stat
import tempfile
from pathlib import Path

TEMPORARY = ".tmp"


def write_atomic(path: Path, content: str | bytes, mode: int = 0o644, durable: bool = True) -> bool:
    """Write ``content`` to ``path``; a reader sees the old bytes or the new ones, never half of them.

    Args:
        path: the file; its folders are made.
        content: text is written as UTF-8 with ``\\n`` line ends; a lone surrogate, which UTF-8 cannot hold, as ``?``.
        mode: permissions of the file.
        durable: wait until the disk has it. Without, a power failure (not a killed process) may leave the old file or
            a damaged one: for what is compared with its source and written again by the next run.

    Returns:
        Whether anything was written: a file that already holds these bytes is left alone, so that its time stays.
    """
    path = Path(path)
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    try:
        with open(path, "rb") as file:
            if file.read(len(data) + 1) == data:
                return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True


def read_small(path: Path, limit: int) -> bytes:
    """The content of a regular file that may be anybody's: a link is not followed, a pipe not waited for.

    Args:
        path: the file.
        limit: bytes that it may have.

    Raises:
        OSError: if it is not there, no regular file, or larger.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode) or len(data := file.read(limit + 1)) > limit:
            raise OSError(errno.EINVAL, f"expected a regular file of at most {limit} bytes", str(path))
    return data


def remove_leftovers(folder: Path, *places: str) -> None:
    """Remove temporary files that a killed ``write_atomic`` left.

    Args:
        folder: below which to look.
        places: patterns of the files that were to be written, relative to ``folder``: ``feedback/*/adam/*.html``.
    """
    for place in places:
        parent, _, name = place.rpartition("/")
        for path in Path(folder).glob(f"{parent}/.{name}.*{TEMPORARY}"):
            path.unlink(missing_ok=True)
