"""A course with secrets, a class of attackers, and what is to be seen after it was graded.

``Scene`` builds the course in a folder, grades it, and says what was left behind; the functions say what a student
could read, and what could run in a browser.
"""

import contextlib
import hashlib
import html.parser
import json
import os
import re
import secrets
import shutil
import socket
import stat
import subprocess
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import psutil
from attack_cases import HERE, MASTER, NAME, Attack, hand_in, hand_in_honest
from matplotlib import get_configdir

from proctor.release import notebook_text, source_notebook

HONEST = ("aa-honest", "mm-honest", "zz-honest")  # before, among and after the attackers
SECRETS = ("amber-2290", "opal-7431", "opal_7431", "ruby-3307", "jade-5517", "onyx-8846", "root:x:0", "root:*:0")
MAX_BYTES = 2_000_000  # of all that is written about one submission
SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")
FORBIDDEN_TAGS = frozenset("script iframe object embed form input button base link audio video template".split())  # noqa: SIM905


class Scene:
    """A course in ``folder`` with ``attacks`` handed in.

    Attributes:
        course: its root.
        places: what stands for ``@NAME@`` in the attacks' texts.
    """

    def __init__(self, folder: Path, attacks: list[Attack], honest=HONEST):
        self.folder, self.attacks, self.honest = Path(folder), attacks, honest
        self.course, self.home = self.folder / "course", self.folder / "home"
        self.token = f"planted-{secrets.token_hex(3)}"  # 14 characters: a process may bear it as its name
        self.services = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
        self.services[1].bind(f"\0{self.token}-host")
        self.services[1].listen()
        self.places = {
            "COURSE": str(self.course),
            "HOME": str(self.home),
            "HARM": str(self.folder / "harm"),
            "TOKEN": self.token,
            "KEY": str(secrets.randbelow(2**30) + 1),
            "PORT": str(self.services[0].getsockname()[1]),
        }
        for place in (self.home, self.folder / "harm", self.folder / "tmp", self.course / "source" / NAME):
            place.mkdir(parents=True)
        (self.home / ".netrc").write_text("onyx-8846\n")
        shutil.copytree(HERE / "course" / "solutions", self.course / "solutions")
        (self.course / ".course-secret").write_text(f"onyx-8846{secrets.token_hex(16)}\n")
        source = self.course / "source" / NAME / f"{NAME}.ipynb"
        source.write_text(notebook_text(source_notebook(MASTER)), encoding="utf-8")
        for student in honest:
            hand_in_honest(self.course / "submitted", student)
        for attack in attacks:
            hand_in(attack, self.course / "submitted", self.places)
        self.before = self.digest()

    @contextlib.contextmanager
    def watched(self) -> Iterator[dict]:
        """Watch while the block grades; the dict that is yielded is filled with what was found after it."""
        found: dict = {}
        bystander = subprocess.Popen(["sleep", "3600"])
        over, waited = threading.Event(), []
        pipes = threading.Thread(target=_free_readers, args=(self.course / "submitted", over, waited))
        pipes.start()
        try:
            yield found
        finally:
            over.set()
            pipes.join()
            found["bystander"] = bystander.poll()
            bystander.kill()
            bystander.wait()
            for service in self.services:
                service.close()
        found |= {"waited": waited, "changed": self.digest() != self.before, **self.left()}

    def grade(self, jobs: int = 2) -> dict:
        """Grade the class with ``proctor grade``.

        Returns:
            What was found: ``faults`` (students), ``children`` and ``scratch`` (what is left of processes and temporary
            files), and what ``watched`` finds.
        """
        from proctor.grade import grade

        scratch, me = self.folder / "tmp", psutil.Process()
        before = set(me.children(recursive=True))
        with (
            mock.patch.dict(
                os.environ,
                HOME=str(self.home),
                TMPDIR=str(scratch),
                ATTACK_KEY="onyx-8846",
                MPLCONFIGDIR=get_configdir(),
            ),
            mock.patch.object(tempfile, "tempdir", None),
            self.watched() as found,
        ):
            graded = grade(self.course, NAME, jobs=jobs)
        found["faults"] = [getattr(one, "student", None) or one.submission.student for one in graded.faults]
        found["children"] = [
            str(one)
            for one in set(me.children(recursive=True)) - before
            if "multiprocessing" not in " ".join(one.cmdline())
        ]
        found["scratch"] = [name for name in os.listdir(scratch) if not name.startswith("pymp-")]
        return found

    def digest(self) -> str:
        """Of all that no attack may change: master, source, secret and what was handed in."""
        lines = []
        for path in sorted(self.course.rglob("*")):
            if path.relative_to(self.course).parts[0] not in ("solutions", "source", "submitted", ".course-secret"):
                continue
            mode = path.lstat().st_mode
            lines.append(
                f"{path} {stat.S_IFMT(mode)} {path.read_bytes()!r}" if stat.S_ISREG(mode) else f"{path} {mode}"
            )
        return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()

    def left(self) -> dict[str, list[str]]:
        """Processes and files that bear the token, and what the attacks wrote where ``@HARM@`` stood."""
        processes = []
        for one in psutil.process_iter(["name", "cmdline"]):
            if self.token in " ".join([one.info["name"] or "", *(one.info["cmdline"] or ())]):
                processes.append(f"{one.pid} {one.info['name']}")
        files = [str(path) for path in self.folder.rglob(f"*{self.token}*")]
        for place in (*SHARED, sysconfig.get_path("purelib"), os.path.dirname(os.__file__), Path.home(), Path.cwd()):
            if Path(place).is_dir():
                files += [str(path) for path in Path(place).glob(f"*{self.token}*")]
        return {"processes": processes, "files": files, "harm": os.listdir(self.folder / "harm")}


def _free_readers(folder: Path, over: threading.Event, waited: list[str]) -> None:
    """Free whoever waits at a named pipe of ``folder``, and note it: reading one must not stop the class."""
    while not over.wait(5.0):
        for path in folder.glob("*/*/*"):
            with contextlib.suppress(OSError):
                if stat.S_ISFIFO(path.lstat().st_mode):
                    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))  # fails where nobody reads
                    waited.append(str(path.relative_to(folder)))


def page(course: Path, student: str) -> str:
    """The feedback page of a student."""
    return "\n".join(path.read_text(encoding="utf-8") for path in _files(course / "feedback" / student))


def rows(course: Path, student: str) -> str:
    """The lines of the grades that name a student."""
    lines = [line for path in _files(course / "grades") for line in path.read_text(encoding="utf-8").split("\n")]
    return "\n".join(line for line in lines if student in line)


def printed(course: Path, student: str) -> str:
    """What a student's code printed, as the notebook keeps it."""
    texts = []
    for path in _files(course / "autograded" / student):
        if path.suffix == ".ipynb":
            outputs = [
                o for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] for o in cell.get("outputs", ())
            ]
            texts += ["".join(output["text"]) for output in outputs if output["output_type"] == "stream"]
    return "\n".join(texts)


def beside(course: Path, student: str) -> str:
    """What was copied beside the autograded notebook, from where it gets into the feedback folder."""
    files = [path for path in _files(course / "autograded" / student) if path.suffix != ".ipynb"]
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def size(course: Path, student: str) -> int:
    """Bytes of all that was written about a submission."""
    written = [*_files(course / "feedback" / student), *_files(course / "autograded" / student)]
    written += [path for path in (course / "results" / NAME).glob("*.json") if path.stem == student]
    return sum(path.stat().st_size for path in written)


def secrets_in(text: str, course: Path) -> list[str]:
    """The secrets that a text tells."""
    drawn = (course / ".course-secret").read_text().strip() if (course / ".course-secret").exists() else "onyx-8846"
    return [secret for secret in (*SECRETS, drawn) if secret in text]


def dangers(course: Path, student: str) -> list[str]:
    """What could run in a browser: in the feedback page, and in the notebook that the formgrader shows."""
    found = []
    for path in _files(course / "feedback" / student):
        if path.suffix == ".html":
            found += Reader.dangers_in(path.read_text(encoding="utf-8"))
    for path in _files(course / "autograded" / student):
        if path.suffix == ".ipynb":
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                found += _dangers_in_cell(cell)
    return found


def _dangers_in_cell(cell: dict) -> list[str]:
    from nbconvert.filters.markdown_mistune import InvalidNotebook, markdown2html_mistune

    found = ["attachments"] if cell.get("attachments") else []
    if cell["cell_type"] == "markdown":
        try:
            found += Reader.dangers_in(markdown2html_mistune("".join(cell["source"])))
        except InvalidNotebook as error:
            found.append(f"the formgrader cannot show the cell: {error}")
    for output in cell.get("outputs", ()):
        found += [
            f"output of kind {kind}" for kind in output.get("data", ()) if kind not in ("text/plain", "image/png")
        ]
    return found


class Reader(html.parser.HTMLParser):
    """Notes elements, attributes and addresses that could run or fetch something."""

    def __init__(self):
        super().__init__()
        self.found: list[str] = []

    @classmethod
    def dangers_in(cls, text: str) -> list[str]:
        """The dangers of a page or a part of one."""
        reader = cls()
        reader.feed(text)
        reader.close()
        return reader.found

    def handle_starttag(self, tag, attributes):
        if tag in FORBIDDEN_TAGS:
            self.found.append(f"<{tag}>")
        for name, value in attributes:
            address = re.sub(r"[\s\0-\x20]", "", value or "").lower()
            if name.startswith("on") or name == "srcdoc":
                self.found.append(f"<{tag} {name}>")
            if name in ("href", "src", "action", "xlink:href") and address.startswith(
                ("javascript:", "data:", "vbscript:")
            ):
                self.found.append(f"<{tag} {name}={value}>")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
