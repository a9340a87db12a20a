"""Writing a file so that nothing is lost: to a temporary name beside it, then renamed."""

import os
import tempfile
from pathlib import Path


def write_atomic(path: Path, content: str | bytes, mode: int = 0o644) -> bool:
    """Write ``content`` to ``path``; a reader sees the old bytes or the new ones, never half of them.

    Args:
        path: the file; its folders are made.
        content: text is written as UTF-8 with ``\\n`` line ends.
        mode: permissions of the file.

    Returns:
        Whether anything was written: a file that already holds these bytes is left alone, so that its time stays.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True
