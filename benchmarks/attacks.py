"""What attacks come to under ``proctor grade`` and under plain nbgrader: the table on the instructors' page.

    python benchmarks/attacks.py [--only ID ...] [--anew] [--jobs 2] [--write]

The attacks are those of ``tests/proctor/attacks``. ``proctor grade`` gets all of them in one class. Plain nbgrader
(its own steps and defaults, no configuration of this course) gets each alone, with one honest student who is graded
after it, in a throw-away folder inside bubblewrap, so that it harms nobody; what would only exhaust this machine is
left out and says so. That takes ten seconds an attack on an idle machine; its outcome is kept while the attack is the
same, unless ``--anew`` asks for it again.
``--write`` replaces ``book/_static/attacks.json``. Exit status 1 if an attack is not resisted by ``proctor grade``.
"""

import argparse
import collections
import datetime
import importlib.metadata
import json
import os
import platform
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "proctor" / "attacks"))

import attack_class
from attack_cases import FULL, MASTER, NAME, Attack, read_attacks
from attack_class import Scene

from proctor.files import write_atomic
from proctor.results import Journal

ROOT = Path(__file__).parents[1]
STORED = ROOT / "book" / "_static" / "attacks.json"
LIMIT_SECONDS = 240  # for one attacker and one honest student; nbgrader's own limit is 30 s a cell
MEMORY = 6 * 2**30
FILE = 2**28
LAST = "zz-honest"
RESISTED, FAIR = "resisted", "fair"
NOT_TRIED = "not tried"
SCRIPT = """
if [ -n "$SERVICE" ]; then {python} -m http.server $SERVICE --bind 127.0.0.1 --directory /proc/self/fdinfo & fi
{python} -m nbgrader autograde {name}
if [ -n "$FEEDBACK" ]; then {python} -m nbgrader generate_feedback {name}; fi
grep -ls -f {folder}/token.txt /proc/[0-9]*/comm /proc/[0-9]*/cmdline > {folder}/left.txt
"""


def ours(attacks: list[Attack], folder: Path) -> dict[str, str]:
    """What becomes of the attacks in one class under ``proctor grade``, by id."""
    scene = Scene(folder, attacks)
    found = scene.grade()
    journal = Journal(scene.course, NAME)
    results = {name: journal.read(name) for name in (*scene.honest, *(attack.name for attack in attacks))}
    scores = {name: result and result.judgement.earned for name, result in results.items()}
    honest = [scores[name] for name in scene.honest]
    left = [key for key in ("bystander", "changed", "processes", "files", "children", "scratch") if found[key]]
    if left:
        print(f"Left behind by the class: {', '.join(left)}", file=sys.stderr)
    stopped = {name.split("/")[0] for name in found["waited"]}  # without us it would wait to this day
    return {
        attack.id: outcome(
            scene,
            attack,
            scores[attack.name],
            [None] if attack.name in stopped else honest,
            attack.id in found["harm"],
        )
        for attack in attacks
    }


def plain(attack: Attack, folder: Path, gradebook: Path) -> str:
    """What becomes of one attack under plain nbgrader.

    Args:
        attack: the attack.
        folder: an empty place.
        gradebook: a database in which the assignment is recorded.
    """
    scene = Scene(folder, [attack], honest=(LAST,))
    shutil.copy(gradebook, scene.course / "gradebook.db")
    with scene.watched() as found:
        _run(scene, attack)
    scores = {} if found["waited"] else _scores(scene.course)
    left = found["changed"] or found["files"] or found["harm"] or (folder / "left.txt").read_text().strip()
    return outcome(scene, attack, scores.get(attack.name), [scores.get(LAST)], bool(left))


def outcome(scene: Scene, attack: Attack, score: float | None, honest: Iterable[float | None], left: bool) -> str:
    """The worst that came of an attack, in a few words."""
    course, honest = scene.course, list(honest)
    baseline = collections.Counter(attack_class.dangers(course, LAST))
    if None in honest:
        return "class aborted"
    if min(honest) < FULL:
        return "others lost points"
    if score is not None and score > max(attack.due):
        return (
            "full marks"
            if score == FULL and "won()" not in attack.code
            else "it worked"
            if "won()" in attack.code
            else "points gained"
        )
    told = attack_class.printed(course, attack.name) + attack_class.beside(course, attack.name)
    if attack_class.secrets_in(told, course):
        return "secret read"
    if collections.Counter(attack_class.dangers(course, attack.name)) - baseline:
        return "script in the page"
    if left:
        return "traces left"
    if score is None and not attack.fault:
        return "no score"
    if score is not None and score < min(attack.due):
        return "points lost"
    return FAIR if attack.family.startswith("Honest") else RESISTED


def _run(scene: Scene, attack: Attack) -> None:
    python = sys.executable
    script = SCRIPT.format(python=python, name=NAME, folder=scene.folder)
    command = [
        *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/"),
        *("--tmpfs", "/tmp", "--tmpfs", "/var/tmp", "--tmpfs", "/run", "--proc", "/proc", "--dev", "/dev"),
        *("--bind", str(scene.folder), str(scene.folder), "--chdir", str(scene.course)),
        *("--setenv", "HOME", str(scene.home), "--setenv", "TMPDIR", "/tmp", "--", "sh", "-c", script),
    ]
    environment = {**os.environ, "JUPYTER_NO_CONFIG": "1", "OMP_NUM_THREADS": "1", "ATTACK_KEY": "onyx-8846"}
    environment |= {"PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"SERVICE": scene.places["PORT"] if "@PORT@" in attack.code else ""}
    environment |= {"FEEDBACK": "yes" if attack.absent or "What a person" in attack.family else ""}
    (scene.folder / "left.txt").write_text("")
    (scene.folder / "token.txt").write_text(scene.token)
    with (scene.folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=_limit
        )
        try:
            process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()  # bubblewrap's first process; the kernel ends all others with it
            process.wait()


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))


def _scores(course: Path) -> dict[str, float]:
    """Student -> points of the tests cells; without those who have no autograded notebook, or no score of their own."""
    cells = [cell.id for question in MASTER.questions for cell in question.tests]
    query = f"""
        select student.id, sum(grade.auto_score), count(grade.auto_score) from grade
        join submitted_notebook on grade.notebook_id = submitted_notebook.id
        join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
        join student on submitted_assignment.student_id = student.id
        join grade_cells on grade.cell_id = grade_cells.id
        join base_cell on grade_cells.id = base_cell.id
        where base_cell.name in ({", ".join("?" * len(cells))}) group by student.id
    """
    with closing(sqlite3.connect(course / "gradebook.db")) as book:
        rows = book.execute(query, cells).fetchall()
    done = {path.parent.parent.name for path in (course / "autograded").glob(f"*/{NAME}/{NAME}.ipynb")}
    return {student: score for student, score, count in rows if student in done and count}


def record(folder: Path) -> Path:
    """A gradebook in which nbgrader recorded the assignment."""
    scene = Scene(folder, [], honest=(LAST,))
    environment = {
        **os.environ,
        "JUPYTER_NO_CONFIG": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", NAME]
    subprocess.run(command, cwd=scene.course, env=environment, check=True, capture_output=True)
    return scene.course / "gradebook.db"


def measure(attacks: list[Attack], stored: dict[str, dict], jobs: int, save: Callable) -> list[dict]:
    """One row an attack.

    Args:
        attacks: what to try.
        stored: earlier rows by id; their outcome under plain nbgrader is kept while the attack is the same.
        jobs: how many are tried with plain nbgrader at a time.
        save: called with all rows whenever one is known better.
    """
    rows = {attack.id: _row(attack, stored.get(attack.id, {})) for attack in attacks}
    fresh = [attack for attack in attacks if not attack.unfit and rows[attack.id]["plain"] == NOT_TRIED]
    with tempfile.TemporaryDirectory(prefix="attacks-", ignore_cleanup_errors=True) as scratch:
        scratch = Path(scratch)
        gradebook = record(scratch / "record") if fresh else None

        def try_plain(attack: Attack) -> None:
            rows[attack.id]["plain"] = plain(attack, scratch / attack.id, gradebook)
            shutil.rmtree(scratch / attack.id, ignore_errors=True)

        with ThreadPoolExecutor(jobs) as pool:
            tried = {pool.submit(try_plain, attack): attack.id for attack in fresh}
            for future in as_completed(tried):
                future.result()
                print(f"  {tried[future]}: {rows[tried[future]]['plain']}", file=sys.stderr, flush=True)
                save(list(rows.values()))
        for id, became in ours(attacks, scratch / "ours").items():
            rows[id]["here"] = became
    save(list(rows.values()))
    return list(rows.values())


def _row(attack: Attack, old: dict) -> dict:
    row = {key: getattr(attack, key) for key in ("id", "family", "tries", "digest")}
    same = old.get("digest") == attack.digest
    row |= {"here": old["here"] if same else NOT_TRIED, "plain": old["plain"] if same else NOT_TRIED}
    return row | ({"unfit": attack.unfit} if attack.unfit else {})


def table(rows: list[dict]) -> str:
    """The outcomes, counted."""
    lines = []
    for way in ("here", "plain"):
        counts = collections.Counter(row[way] for row in rows)
        lines.append(f"{way:<6} " + ", ".join(f"{count} {name}" for name, count in counts.most_common()))
    lines += [f"       {row['id']}: {row['here']}" for row in rows if row["here"] not in (RESISTED, FAIR)]
    return "\n".join(lines)


def main() -> int:
    """Measure, print, write; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="ID", help="these attacks")
    parser.add_argument("--anew", action="store_true", help="try plain nbgrader again with what has not changed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help=f"replace {STORED.relative_to(ROOT)}")
    options = parser.parse_args()
    known = json.loads(STORED.read_text(encoding="utf-8"))["attacks"] if STORED.exists() else []
    known = {row["id"]: row for row in known}
    everything = read_attacks()
    attacks = [attack for attack in everything if not options.only or attack.id in options.only]

    def save(rows: list[dict]) -> None:
        if options.write:
            new = known | {row["id"]: row for row in rows}
            ordered = [new[attack.id] for attack in everything if attack.id in new]
            text = json.dumps({"provenance": _provenance(), "attacks": ordered}, indent=1, ensure_ascii=False)
            write_atomic(STORED, text + "\n")

    rows = measure(attacks, {} if options.anew else known, options.jobs, save)
    print(table(rows))
    return 0 if all(row["here"] in (RESISTED, FAIR) for row in rows) else 1


def _provenance() -> dict:
    versions = {name: importlib.metadata.version(name) for name in ("nbgrader", "ipykernel", "nbclient", "torch")}
    environment = {"python": platform.python_version(), "machine": platform.machine(), **versions}
    return {"script": "benchmarks/attacks.py", "date": datetime.date.today().isoformat(), "environment": environment}


if __name__ == "__main__":
    raise SystemExit(main())
