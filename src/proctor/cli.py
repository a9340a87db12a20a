"""The command line, ``proctor <command>``; ``proctor --help`` lists the commands.

Commands only read their arguments, call one function, and print what it returns. Exit status: 0 all is well, 1
something is wrong with the course or the work, 2 wrong use, 3 this machine lacks what is needed (a sandbox).
"""

import atexit
import gc
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer
from rich.console import Console

gc.set_threshold(50_000)  # what imports make stays: look for garbage less often, and not at all at the end
atexit.register(gc.freeze)
# What takes more than a second to import and no command needs: jsonschema's check of internationalized addresses, which
# no notebook has, and nbgrader's parts of Jupyter's server, of which its package wants one name each.
sys.modules.setdefault("rfc3987_syntax", None)
for part in ("assignment_list", "course_list", "validate_assignment", "formgrader"):
    stand_in = ModuleType(f"nbgrader.server_extensions.{part}")
    stand_in.load_jupyter_server_extension = None
    sys.modules.setdefault(stand_in.__name__, stand_in)


class _Commands(typer.core.TyperGroup):
    """Commands of which a student's copy, written by ``make publish``, holds only those that a student needs."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("proctor."):
                raise
            _fail(f"this is a student's copy, which cannot do that ({error.name} is not part of it)", 2)


app = typer.Typer(
    cls=_Commands,
    help="Release, check, verify and grade the assignments of the course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, soft_wrap=True)

Root = Annotated[Path, typer.Option("--course", help="The course's directory (default: found from here upwards).")]
Names = Annotated[list[str] | None, typer.Argument(help="Assignments; all, if none is named.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="How many at a time; the number of cores by default.")]
Submissions = Annotated[
    Path | None, typer.Option(help="Folder of <student>/<assignment>/ (default: submitted/ of the course).")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]
CORES = os.cpu_count() or 1


def find_course(start: Path = Path()) -> Path:
    """The nearest folder upwards that holds ``_toc.yml`` and ``solutions/``; exits with status 2 if there is none."""
    start = start.resolve()
    if folder := _course_above(start):
        return folder
    _fail(f"expected a course (a folder with _toc.yml and solutions/) at {start} or above; name it with --course", 2)


def _course_above(start: Path) -> Path | None:
    folders = (start, *start.parents)
    return next((one for one in folders if (one / "_toc.yml").is_file() and (one / "solutions").is_dir()), None)


def _fail(message: str, status: int = 1):
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"proctor: {message}", markup=False)
    raise typer.Exit(status)


def _some(names) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _root(path: Path) -> Path:
    return find_course() if path == Path() else path.resolve()


@app.command()
def release(names: Names = None, course: Root = Path()):
    """Generate notebooks/ (and nbgrader's source) from the text masters and chapters."""
    from proctor.masters import MasterError
    from proctor.release import release as write

    root = _root(course)
    try:
        written = write(root, names)
    except MasterError as error:
        _fail(str(error))
    for one in written:
        if one.changed:
            console.print(f"wrote {one.path.relative_to(root)}", markup=False)
    changed = sum(one.changed for one in written)
    console.print(f"{changed} of {len(written)} notebooks written, the others were current")


@app.command()
def audit(
    course: Root = Path(),
    tree: Annotated[
        Path | None, typer.Option(help="Also search this published tree for solutions and hidden tests.")
    ] = None,
):
    """Look for mistakes in masters, and for solutions or hidden tests where students could see them."""
    from proctor.audit import audit as look
    from proctor.audit import print_findings

    findings = look(_root(course), tree)
    print_findings(findings, console)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


@app.command()
def verify(
    names: Names = None,
    course: Root = Path(),
    jobs: Jobs = None,
    seeds: Annotated[int, typer.Option(help="Seeds for the master and the right answers.")] = 20,
    wrong_seeds: Annotated[int, typer.Option(help="How many of them the wrong answers get.")] = 3,
    force: Annotated[bool, typer.Option(help="Run again what has not changed.")] = False,
):
    """Test the tests: master, untouched release, wrong answers, mutants, and right answers written differently."""
    from proctor.masters import MasterError, find_assignments, find_master
    from proctor.variants import VariantsError
    from proctor.verify import print_report, verify_assignment

    root, ok = _root(course), True
    try:
        for name in names or find_assignments(root):
            report = verify_assignment(
                find_master(root, name), jobs=jobs or CORES, seeds=seeds, wrong_seeds=wrong_seeds, force=force
            )
            print_report(report, console)
            ok = ok and report.ok
    except (MasterError, VariantsError) as error:
        _fail(str(error))
    raise typer.Exit(0 if ok else 1)


@app.command()
def check(notebook: Annotated[Path, typer.Argument(help="Your notebook.", metavar="FILE")]):
    """Check your own notebook with its visible tests, the way it will be graded."""
    from proctor.check import check as run
    from proctor.check import print_checked
    from proctor.judge import GivenCellError
    from proctor.limits import CandidateLost

    try:
        with console.status(f"checking {notebook.name} …"):
            checked = run(notebook)
    except (GivenCellError, CandidateLost) as error:
        _fail(f"{error}. This is not about your answers: run `proctor doctor`")
    print_checked(checked, console)
    raise typer.Exit(0 if checked.ok else 1)


@app.command()
def collect(
    assignment: Annotated[str, typer.Argument(help="The assignment.")],
    archive: Annotated[Path, typer.Argument(help="The zip that Canvas or Moodle gave.", metavar="ZIP")],
    names: Annotated[
        Path | None, typer.Option(help="CSV: who is who (Canvas's gradebook, Moodle's worksheet, or two columns).")
    ] = None,
    submissions: Submissions = None,
    course: Root = Path(),
    dry_run: DryRun = False,
):
    """Take the submissions that Canvas or Moodle gives into submitted/; attempts/ and receipts/ keep what came in."""
    from proctor.collect import collect as run
    from proctor.downloads import DownloadError
    from proctor.lms import TableError
    from proctor.masters import MasterError

    try:
        taken = run(_root(course), assignment, archive, names=names, submissions=submissions, dry_run=dry_run)
    except (MasterError, DownloadError, TableError, OSError) as error:
        _fail(str(error))
    for problem in taken.problems:
        console.print(f"not collected: {problem}", markup=False)
    if taken.untimed:
        console.print(f"late, but nobody says since when: {_some(taken.untimed)}", markup=False)
    said = "would be collected" if dry_run else "collected"
    console.print(f"{len(taken.new)} {said}, {taken.known} were there, {len(taken.problems)} need a look", markup=False)
    raise typer.Exit(1 if taken.problems else 0)


@app.command()
def grade(
    assignment: Annotated[str, typer.Argument(help="The assignment.")],
    submissions: Submissions = None,
    course: Root = Path(),
    jobs: Jobs = None,
    force: Annotated[bool, typer.Option(help="Judge again what has not changed.")] = False,
    unsafe: Annotated[bool, typer.Option(help="Run students' code WITHOUT a sandbox, with your own rights.")] = False,
    dry_run: DryRun = False,
    scheduler: Annotated[str | None, typer.Option(help="Judge on a Dask cluster: tls://HOST:PORT.")] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="Of the cluster: its authority's certificate.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Of the cluster: a certificate for this process.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Of the cluster: the certificate's key.")] = None,
):
    """Grade a class; gradebook.db, autograded/, feedback/ and grades/ are written beside the submissions."""
    from proctor.console import print_class, print_plan, progress
    from proctor.grade import grade as run
    from proctor.grade import plan
    from proctor.sandbox import SandboxMissing
    from proctor.scheduler import ClusterError
    from proctor.zygote import ZygoteLost

    root, cluster = _root(course), _scheduler(scheduler, tls_ca, tls_cert, tls_key, unsafe)
    try:
        if dry_run:
            print_plan(plan(root, assignment, submissions=submissions, force=force), console)
            return
        with progress(console) as on_result:
            graded = run(
                root,
                assignment,
                submissions=submissions,
                jobs=jobs,
                sandboxed=not unsafe,
                force=force,
                scheduler=cluster,
                on_result=on_result,
            )
    except SandboxMissing as error:
        _fail(str(error), 3)
    except (ValueError, ZygoteLost, ClusterError, FileNotFoundError, BlockingIOError) as error:
        _fail(str(error))
    print_class(graded, console)
    raise typer.Exit(1 if graded.faults else 0)


def _scheduler(address: str | None, ca: Path | None, cert: Path | None, key: Path | None, unsafe: bool):
    from proctor.scheduler import Scheduler

    if address is None and (ca or cert or key):
        _fail("--tls-ca, --tls-cert and --tls-key go with --scheduler", 2)
    if address is not None and unsafe:
        _fail("--unsafe does not go with --scheduler: a cluster judges in the sandbox, or not at all", 2)
    try:
        return None if address is None else Scheduler(address, ca, cert, key)
    except ValueError as error:
        _fail(str(error), 2)


@app.command()
def report(
    assignment: Annotated[str, typer.Argument(help="The assignment.")],
    submissions: Annotated[
        Path | None, typer.Option(help="Folder of <student>/<assignment>/ (default: submitted/ of the course).")
    ] = None,
    course: Root = Path(),
):
    """Write report/<assignment>.html and .csv: how a graded class did, question by question, and what to look at."""
    from proctor.masters import MasterError
    from proctor.report import write_report
    from proctor.variants import VariantsError

    try:
        written = write_report(_root(course), assignment, submissions=submissions)
    except (MasterError, VariantsError, FileNotFoundError) as error:
        _fail(str(error))
    for path in written:
        console.print(f"wrote {path}", markup=False)


@app.command()
def export(
    assignment: Annotated[str, typer.Argument(help="The assignment.")],
    platform: Annotated[str, typer.Option("--for", help="canvas, moodle or csv.")],
    roster: Annotated[
        Path | None, typer.Option(help="Canvas's exported gradebook, or Moodle's offline grading worksheet.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="The assignment's column in Canvas, if it is called otherwise.")
    ] = None,
    submissions: Submissions = None,
    course: Root = Path(),
    dry_run: DryRun = False,
):
    """Write the scores as Canvas or Moodle takes them, a grader's points and late penalties included."""
    from proctor.lms import TableError
    from proctor.masters import MasterError
    from proctor.policy import PolicyError
    from proctor.scores import PLATFORMS
    from proctor.scores import export as run

    if platform not in PLATFORMS:
        _fail(f"expected --for {', '.join(PLATFORMS)}, got {platform!r}", 2)
    options = {"roster": roster, "column": column, "submissions": submissions, "dry_run": dry_run}
    try:
        done = run(_root(course), assignment, platform, **options)
    except (MasterError, TableError, PolicyError, OSError) as error:
        _fail(str(error))
    for students, said in (
        (done.waiting, "not given, a grader has to look or newer work to be judged"),
        (done.kept, "not given, excused or not assigned in Canvas"),
        (done.unlisted, "not given, not in the roster"),
    ):
        if students:
            console.print(f"{said}: {_some(students)}", markup=False)
    console.print(f"{'would write' if dry_run else 'wrote'} {len(done.given)} scores to {done.path}", markup=False)
    raise typer.Exit(1 if done.unlisted else 0)


@app.command("sample-class")
def sample_class(
    directory: Annotated[Path, typer.Argument(help="Where to write the class.", metavar="DIR")],
    course: Root = Path(),
    students: Annotated[int, typer.Option(help="How many.")] = 20,
    seed: Annotated[int, typer.Option(help="Which class.")] = 0,
    names: Annotated[list[str] | None, typer.Option("--assignment", help="Which assignments; all by default.")] = None,
):
    """Write a class of synthetic submissions: right, partly right, wrong, blank, crashing, looping, malformed."""
    from proctor.sample_class import write_sample_class

    write_sample_class(_root(course), directory, students=students, seed=seed, assignments=names or None)
    console.print(f"wrote {students} students to {directory}", markup=False)


@app.command()
def doctor(course: Root = Path()):
    """Say what this machine offers, and what to do about what it lacks."""
    from proctor.doctor import doctor as examine
    from proctor.doctor import print_checks

    # A student's copy is no course, and has things to be looked at too.
    checks = examine(_root(course) if course != Path() else _course_above(Path.cwd()) or Path.cwd())
    print_checks(checks, console)
    raise typer.Exit(0 if all(one.ok for one in checks) else 1)


@app.command()
def publish(
    directory: Annotated[Path, typer.Argument(help="Where to write the public tree.", metavar="DIR")],
    course: Root = Path(),
):
    """Write the public tree: site, notebooks, library, and what a student needs of proctor. No solutions."""
    from proctor.publish import write_public_tree

    try:
        files = write_public_tree(_root(course), directory)
    except (FileNotFoundError, ValueError) as error:
        _fail(str(error))
    size = sum((directory / file).stat().st_size for file in files)
    console.print(f"wrote {len(files)} files, {size / 1e6:.1f} MB, to {directory}", markup=False)


if __name__ == "__main__":
    app()
