"""The attacks as data, and how each is handed in.

``cases/<family>.toml`` holds them: what an attack tries, the text that does it, and what must come of it. The same
cases are graded by ``proctor grade`` (test_attacks.py) and by plain nbgrader (benchmarks/attacks.py).

An attacker knows nothing: ``WRONG`` fails every test, and whatever is earned was stolen. ``loot(text)`` takes the
answers out of a text that was found, ``won()`` gives the right ones when a deed succeeded that must not. An attacker
with ``knows`` or a ``deed`` has the right answers, and must keep what the attack does not cost.
"""

import hashlib
import json
import os
import tomllib
from dataclasses import astuple, dataclass, field
from pathlib import Path

from proctor.masters import read_master
from proctor.release import notebook_text, release_notebook

HERE = Path(__file__).parent
NAME = "vault"
MASTER = read_master(HERE / "course" / "solutions" / NAME / f"{NAME}.md")
FULL = sum(question.points for question in MASTER.questions if not question.written)
RIGHT = {id: text.replace("  # amber-2290", "") for id, text in MASTER.solutions().items()} | {
    "why": "Because anybody can write down a score."
}
WRONG = """
def gap(a, b):
    return -1.0


def squeeze(text):
    return "nothing"


def center(table):
    return np.full(np.shape(table), -1.0)


def push(params, velocity, grad, lr, beta):
    return np.full(np.shape(params), -1.0)
"""
LOOT = """
import json, re


def loot(text):
    if text.startswith("{"):
        text = "\\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    for part in re.findall(r"^def (?:gap|squeeze|center|push)\\(.*?(?=^\\S|\\Z)", text, re.S | re.M):
        exec(part, globals())
"""
WON = f"""
def won():
    exec({chr(10).join(RIGHT[id] for id in ("gap", "squeeze", "center", "push"))!r}, globals())
"""
DEED = """
answer = gap


def gap(a, b):
{deed}
    return answer(a, b)
"""


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        id: also the student's name, unless ``student`` says another.
        family: what it goes for.
        tries: one sentence for people.
        code: statements of the first answer cell, after the answers.
        answers: whole texts of answer cells, by id.
        deed: statements that run in each call of ``gap`` before it answers rightly.
        giver: statements of an accomplice's first answer cell; the accomplice has the right answers, keeps full marks,
            and hands in first.
        knows: whether the attacker has the right answers.
        notebook: statements that spoil ``notebook``, the parsed file.
        folder: statements that spoil the folder ``path.parent`` after ``path`` was written.
        student: the name of the folder, where that is the attack.
        score: points that may come of it.
        kinds: what the verdicts on ``gap`` may be; empty for any.
        problems: codes that must be reported.
        absent: texts that no page may show.
        fault: whether it may end with a named fault in place of a score.
        unfit: why it is not tried against plain nbgrader.
    """

    id: str
    family: str
    tries: str
    code: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    deed: str = ""
    giver: str = ""
    knows: bool = False
    notebook: str = ""
    folder: str = ""
    student: str = ""
    score: tuple[float, ...] = ()
    kinds: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    fault: bool = False
    unfit: str = ""

    @property
    def name(self) -> str:
        """The attacker's folder."""
        return self.student or (f"{self.id}-taker" if self.giver else self.id)

    @property
    def due(self) -> tuple[float, ...]:
        """The scores that may come of it: all of them for right answers, without ``gap`` for a deed, else none."""
        default = FULL - MASTER.question("gap").points if self.deed else FULL if self.knows else 0.0
        return self.score or (default,)

    @property
    def digest(self) -> str:
        """Changes with the attack, so that a stored outcome can be told to be of another."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:16]

    def texts(self) -> dict[str, str]:
        """The attacker's answers, by id."""
        if self.deed or self.knows:
            texts, first = dict(RIGHT), RIGHT["gap"]
        else:
            texts, first = dict.fromkeys(RIGHT, "pass") | {"why": RIGHT["why"]}, WRONG
        if self.deed:
            first += DEED.format(deed="\n".join(f"    {line}" for line in self.deed.strip("\n").split("\n")))
        return texts | {"gap": f"{first}\n{_with_tools(self.code)}"} | self.answers


def read_attacks() -> list[Attack]:
    """Every attack, by family, in the order of the files."""
    attacks = []
    for path in sorted((HERE / "cases").glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        for case in data["attack"]:
            plain = {key: tuple(value) if isinstance(value, list) else value for key, value in case.items()}
            attacks.append(Attack(family=data["family"], **plain))
    return attacks


def hand_in(attack: Attack, submissions: Path, places: dict[str, str]) -> None:
    """Write the folder of the attacker, and the accomplice's.

    Args:
        attack: the attack.
        submissions: nbgrader's ``submitted`` folder.
        places: what stands for ``@NAME@`` in the texts: where the course lies, a word to leave behind.
    """
    places = places | {"HARM": f"{places['HARM']}/{attack.id}"}
    if attack.giver:
        texts = RIGHT | {"gap": f"{RIGHT['gap']}\n{_with_tools(attack.giver)}"}
        _write(submissions / f"{attack.id}-giver", texts, "", "", places)
    _write(submissions / attack.name, attack.texts(), attack.notebook, attack.folder, places)


def hand_in_honest(submissions: Path, student: str) -> None:
    """Write an honest student's folder: right answers, each with a word that no other student may see."""
    texts = {id: f"{text}\n# jade-5517" for id, text in RIGHT.items()}
    _write(submissions / student, texts, "", "", {})


def _write(student: Path, texts, spoil_notebook, spoil_folder, places) -> None:
    notebook = release_notebook(MASTER)
    for cell in notebook.cells:
        cell.source = fill(texts.get(cell.id, cell.source), places)
    notebook = json.loads(notebook_text(notebook))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    exec(spoil_notebook, {"notebook": notebook, "cells": {cell["id"]: cell for cell in notebook["cells"]}})
    path = student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    exec(fill(spoil_folder, places), {"path": path, "os": os, "json": json, "notebook": notebook})


def fill(text: str, places: dict[str, str]) -> str:
    """The text with ``@NAME@`` replaced by what stands for it in this run."""
    for name, place in places.items():
        text = text.replace(f"@{name}@", place)
    return text


def _with_tools(code: str) -> str:
    return (LOOT if "loot(" in code else "") + (WON if "won(" in code else "") + code
