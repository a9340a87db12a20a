"""Reads the zip that a learning platform gives for an assignment: which notebook is whose.

Canvas writes ``<name>[_LATE]_<user id>_<attachment id>_<file name>`` (its ``lib/content_zipper.rb``): the name is lower
case and made of word characters, ``_<digits>_`` is taken out of it, and a file name handed in again becomes
``<name>-1.ipynb``. Moodle writes ``<full name>_<participant>_assignsubmission_file/<file name>``, older versions put an
underscore before the slash, and ``<full name>_<participant>_assignsubmission_file_<file name>`` where folders are
switched off (its ``mod/assign/classes/downloader.php``); a full name there has no underscore.

Neither tells when work was handed in: the times in the zip are those of the download (instructure/canvas-lms issue
2219; Moodle's ``zip_writer.php`` gives no time). Canvas marks late files, and that is all; times come from a table
(``proctor.lms.read_names``).

Names are the student's to choose, so a name that can be read in two ways is a named problem and never a guess. Nothing
is ever written under a name out of the zip.
"""

import hashlib
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from proctor.intake import MAX_FILE

MAX_MEMBERS = 50_000
MAX_TOTAL = 16 * 2**30  # bytes of all files together, unpacked
MAX_RATIO = 200  # of all files unpacked to the zip, beyond what four of the largest may have
NUMBER = r"[1-9]\d{0,18}"
CANVAS = re.compile(
    rf"(?=(?P<late>_LATE)?_(?P<key>{NUMBER})_((?P<attachment>{NUMBER})_(?P<file>.+)|(text|link)\.html\Z))", re.S
)
MOODLE = re.compile(
    rf"(?:[^/]*/)*?[^_/]*_(?P<key>{NUMBER})_assignsubmission_[a-z]+(?:_?/(?:.*/)?|_)(?P<file>[^/]+)", re.S
)
DAMAGE = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error)
DAMAGE += (struct.error, LookupError, OverflowError)


class DownloadError(ValueError):
    """A zip that cannot be used at all; the message says what was expected and what to do."""


@dataclass(frozen=True)
class Found:
    """One notebook in the zip.

    Attributes:
        key: the platform's id of the student.
        order: rises with the time of handing in, for one student: Canvas's attachment id; for Moodle, which gives the
            last attempt only, the time of the download.
        member: the file's name in the zip.
        size: bytes.
        sha256: of the bytes, in hexadecimal.
        late: whether the platform says so.
    """

    key: str
    order: int
    member: str
    size: int
    sha256: str
    late: bool = False


class Download:
    """The notebooks of one assignment in a zip; made by ``open_download``.

    Attributes:
        found: notebooks that can be collected, by student and order.
        problems: a sentence for each file or student that needs a look.
    """

    def __init__(self, archive: zipfile.ZipFile, assignment: str, known: Collection[str] | None):
        self._archive, self.problems = archive, []
        students: dict[str, list[_Reading]] = {}
        members = _checked_members(archive)
        moment = int("".join(f"{part:02}" for part in max((one.date_time for one in members), default=())) or 0)
        for info in members:
            reading = self._reading(info, moment, known)
            if reading:
                students.setdefault(reading.key, []).append(reading)
        found = [one for readings in students.values() for one in self._notebooks(readings, assignment)]
        self.found = tuple(sorted(found, key=lambda one: (one.key, one.order)))

    def read(self, one: Found) -> bytes:
        """The bytes of a notebook that was found."""
        return self._archive.read(one.member)

    def _reading(self, info, moment, known):
        readings = list(_readings(info, moment))
        wanted = [reading for reading in readings if known is None or reading.key in known]
        if len(wanted) == 1:
            return wanted[0]
        if wanted:
            keys = " or ".join(reading.key for reading in wanted)
            self.problems.append(f"{info.filename!r}: cannot tell whose it is, {keys}")
        elif readings:
            self.problems.append(f"{info.filename!r}: {readings[0].key} is not in the table of names")
        else:
            self.problems.append(f"{info.filename!r}: not a name that Canvas or Moodle gives")
        return None

    def _notebooks(self, readings, assignment) -> Iterator[Found]:
        key = readings[0].key
        notebooks = [one for one in readings if one.file.lower().endswith(".ipynb")]
        wanted = re.compile(rf"{re.escape(assignment)}(-\d+| ?\(\d+\))*\.ipynb", re.I)
        named = [one for one in notebooks if wanted.fullmatch(one.file)] or notebooks
        if len({one.order for one in named}) < len(named):  # handed in together
            named = [one for one in named if one.file == f"{assignment}.ipynb"]
        if not named:
            said = "several notebooks, and it is unclear which one counts" if notebooks else "no notebook, but"
            self.problems.append(f"{key}: {said}: " + ", ".join(repr(one.file) for one in (notebooks or readings)[:3]))
        for one in named:
            data = _read(self._archive, one.info)
            if len(data) > MAX_FILE:
                self.problems.append(f"{key}: {one.info.filename!r} is larger than {MAX_FILE} bytes")
            else:
                digest = hashlib.sha256(data).hexdigest()
                yield Found(key, one.order, one.info.filename, len(data), digest, one.late)


@contextmanager
def open_download(path: Path, assignment: str, known: Collection[str] | None = None) -> Iterator[Download]:
    """Open a zip and find its notebooks; all that counts of it is read, and its checksums compared, before the body.

    Args:
        path: the zip, as Canvas or Moodle gave it.
        assignment: a notebook of this name is taken before others of the same student.
        known: ids of the platform that may appear; None for all.

    Raises:
        DownloadError: if it is no zip, damaged, encrypted, too large, or holds what no platform writes: links, unsafe
            paths, one name twice.
    """
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise DownloadError(f"{path}: expected the zip of Canvas or Moodle, got {_said(error)}") from error
    with archive:
        try:
            download = Download(archive, assignment, known)
        except DownloadError as error:
            raise DownloadError(f"{path}: {error}; download it again") from error
        if not download.found and not download.problems:
            raise DownloadError(f"{path}: there is no file in it")
        yield download


def _checked_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of the zip, without what macOS adds when it packs a folder."""
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise DownloadError(f"expected at most {MAX_MEMBERS} files, got {len(members)}")
    total, packed, names = sum(one.file_size for one in members), Path(archive.filename).stat().st_size, set()
    if total > MAX_TOTAL or total > 4 * MAX_FILE + MAX_RATIO * packed:
        raise DownloadError(f"{packed} bytes that unpack to {total} are no download of a class")
    for one in members:
        name, kind = one.filename, stat.S_IFMT(one.external_attr >> 16)
        parts = PurePosixPath(name).parts
        nameless = not parts and not name.endswith("/")  # "." or nothing; "./" is a folder, and harmless
        if nameless or name.startswith("/") or ".." in parts or "\0" in one.orig_filename:
            raise DownloadError(f"unsafe name {name!r}")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise DownloadError(f"{name!r} is a link or a device, not a file")
        if one.flag_bits & 0x1:
            raise DownloadError(f"{name!r} is encrypted")
        if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DownloadError(f"{name!r} is packed in a way that no platform uses (method {one.compress_type})")
        if name in names:
            raise DownloadError(f"{name!r} is there twice")
        names.add(name)
    return [one for one in members if not one.is_dir() and not _added_by_a_system(PurePosixPath(one.filename))]


def _added_by_a_system(path: PurePosixPath) -> bool:
    return path.parts[0] == "__MACOSX" or path.name in (".DS_Store", "Thumbs.db") or path.name.startswith("._")


@dataclass(frozen=True)
class _Reading:
    """One way to read a member's name."""

    key: str
    order: int
    file: str
    late: bool
    info: zipfile.ZipInfo


def _readings(info: zipfile.ZipInfo, moment: int) -> Iterator[_Reading]:
    if match := MOODLE.fullmatch(info.filename):
        yield _Reading(match["key"], moment, match["file"], False, info)
        return
    name = info.filename.rpartition("/")[2]  # a folder round everything is what packing it again adds
    for match in CANVAS.finditer(name):
        owner = name[: match.start()]
        # Canvas makes names lower case and takes _<digits>_ out of them; but a name may end in _<digits>.
        if "_LATE" not in owner and not re.search(r"_\d+_", owner):
            file = match["file"] or "text.html"
            yield _Reading(match["key"], int(match["attachment"] or 0), file, bool(match["late"]), info)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as file:
            return file.read(MAX_FILE + 1)  # to the end: the checksum is compared there
    except DAMAGE as error:
        raise DownloadError(f"{info.filename!r} is damaged ({_said(error)})") from error


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
