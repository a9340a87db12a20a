"""The formgrader on what ``proctor grade`` wrote: a person grades a written answer, and the score arrives everywhere.

Nothing of a student's runs in that person's browser. ``FORMGRADER_SHOTS=<folder>`` keeps pictures of the pages.
"""

import csv
import os
import shutil
import sqlite3
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from proctor.grade import grade
from proctor.masters import read_master
from proctor.release import notebook_text, release, release_notebook

ROOT = Path(__file__).parents[2]
COURSE = Path(__file__).parent / "files" / "course"
SHOTS = os.environ.get("FORMGRADER_SHOTS")
COMMENT = "Yes: fixed inputs can be learned by heart.\nSay also who would do that."
# Each sets window.hacked by another road; the test first sees them work on a page that does nothing against it.
ATTACKS = """<script>window.hacked = "script"</script>
<img src="/nothing" onerror="window.hacked = 'image'">
<svg onload="window.hacked = 'drawing'"></svg>
<details open ontoggle="window.hacked = 'details'"><summary>x</summary></details>
<iframe srcdoc="<script>parent.hacked = 'frame'</script>"></iframe>
</pre></div><b onmouseover="window.hacked = 'mouse'" style="position:fixed;inset:0">all over</b>"""
LINK = "[read this](javascript:window.hacked=1)"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Three students, graded: ada's work is right, mal's is hostile, zoe left the written question blank."""
    course, master = tmp_path_factory.mktemp("course"), read_master(COURSE / "solutions" / "warmup" / "warmup.md")
    shutil.copytree(COURSE / "solutions", course / "solutions")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    release(course)  # the formgrader lists what has a source
    right = master.solutions()
    hostile = {
        "double": f"# {ATTACKS.splitlines()[0]}\nprint({ATTACKS!r})\n{right['double']}",
        "counter": f"raise ValueError({ATTACKS!r})",
        "why": f"{ATTACKS}\n\n{LINK}",
    }
    classroom = {"ada": right | {"why": "So that nobody can know them."}, "mal": hostile, "zoe": right | {"why": ""}}
    for student, answers in classroom.items():
        notebook = release_notebook(master)
        for cell in notebook.cells:
            cell.source = answers.get(cell.id, cell.source)
        path = course / "submitted" / student / "warmup" / "warmup.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(notebook_text(notebook), encoding="utf-8")
    regrade(course)
    return course


def regrade(course, force=False):
    """Grade the class; score, points that wait, and feedback page by student."""
    grade(course, "warmup", jobs=1, sandboxed=sys.platform == "linux", force=force)
    rows = csv.DictReader((course / "grades" / "warmup.csv").read_text(encoding="utf-8").splitlines())
    pages = {page.parents[1].name: page.read_text(encoding="utf-8") for page in course.glob("feedback/*/*/*.html")}
    return {row["student"]: (float(row["score"]), float(row["waiting"]), pages[row["student"]]) for row in rows}


@contextmanager
def chromium(address):
    """A browser window that reaches this machine's server only."""
    from playwright import sync_api as playwright

    program = shutil.which("chromium")
    assert program, "this test needs Chromium: `make system`, or apt-get install chromium"
    with playwright.sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=program, args=flags)
        tab = browser.new_page(viewport={"width": 1200, "height": 1000})
        ours = (address, "file:", "data:", "about:")
        tab.route("**/*", lambda route: route.continue_() if route.request.url.startswith(ours) else route.abort())
        yield tab
        browser.close()


def shot(tab, name):
    if SHOTS:
        tab.screenshot(path=Path(SHOTS) / f"formgrader-{name}.png", full_page=True)


def open_submission(tab, address, student):
    """Go where a grader goes: Manual Grading, the assignment, the notebook, the student."""
    tab.goto(f"{address}/formgrader?token=course")
    tab.get_by_role("link", name="Manual Grading").click()
    tab.locator("#main-table").get_by_role("link", name="warmup").click()
    tab.locator("#main-table").get_by_role("link", name="warmup").click()
    tab.get_by_role("link", name="Submission #1").wait_for()
    tab.get_by_role("button", name="Show All Names").click()
    shot(tab, f"list-before-{student}")
    tab.get_by_role("link", name=student, exact=True).click()
    tab.locator("#why").wait_for()
    tab.wait_for_function("window.formgrader?.grades?.loaded && formgrader.comments?.loaded")


def enter(tab, selector, text, api):
    """Type into a field, leave it, and wait until the server has it."""
    with tab.expect_response(lambda answer: api in answer.url and answer.request.method == "PUT") as saved:
        tab.locator(selector).click()
        tab.keyboard.type(text)
        tab.keyboard.press("Tab")
    assert saved.value.ok


def grade_by_hand(tab, address, student, score, comment):
    open_submission(tab, address, student)
    enter(tab, "#why", score, "/api/grade/")
    enter(tab, "#why-comment", comment, "/api/comment/")
    shot(tab, f"graded-{student}")


def sweep(tab):
    """Move the mouse over the page."""
    for x in (100, 600):
        tab.mouse.move(x, 500)


def assert_harmless(tab):
    """Nothing that a student wrote has run here, or waits for a click or a mouse."""
    sweep(tab)
    tab.wait_for_load_state("networkidle")
    tab.wait_for_timeout(200)
    assert tab.evaluate("window.hacked") is None
    assert "all over" in tab.inner_text("body")  # it is there to be read
    assert tab.locator("[onerror],[onload],[onmouseover],[ontoggle],iframe").count() == 0
    assert tab.evaluate("[...document.links].every(link => /^(https?|file):$/.test(link.protocol))")


@pytest.mark.slow
@pytest.mark.browser
def test_the_attacks_work_where_nothing_is_done_against_them(tmp_path):
    for number, attack in enumerate([*ATTACKS.splitlines(), f'<a href="{LINK[12:-1]}">read this</a>']):
        (tmp_path / f"{number}.html").write_text(f"<div><pre>{attack}")
    with chromium("file:") as tab:
        for page in sorted(tmp_path.iterdir()):
            tab.goto(page.as_uri())
            sweep(tab)
            for link in tab.get_by_text("read this").all():
                link.click()
            tab.wait_for_function("window.hacked", timeout=5000)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_written_answer_is_graded_by_hand(course, formgrader, nbgrader):
    with formgrader(course) as address, chromium(address) as tab:
        grade_by_hand(tab, address, "ada", "2.5", COMMENT)
        grade_by_hand(tab, address, "mal", "1", "No.")
        assert_harmless(tab)

        # The database and nbgrader's own export have it.
        query = """select student_id, manual_score, needs_manual_grade, manual_comment from grade
                   join base_cell on base_cell.id = grade.cell_id
                   join submitted_notebook on submitted_notebook.id = grade.notebook_id
                   join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
                   join comment on comment.notebook_id = grade.notebook_id
                   join base_cell as answer on answer.id = comment.cell_id and answer.name = base_cell.name
                   where base_cell.name = 'why' order by student_id"""
        with closing(sqlite3.connect(course / "gradebook.db")) as database:
            entered = database.execute(query).fetchall()
        assert entered == [("ada", 2.5, 0, COMMENT), ("mal", 1, 0, "No."), ("zoe", None, 0, None)]
        nbgrader(course, "export", "--to", "grades.csv")
        exported = csv.DictReader((course / "grades.csv").read_text().splitlines())
        assert {row["student_id"]: float(row["score"]) for row in exported} == {"ada": 7.5, "mal": 4, "zoe": 5}

        # Graded again, whether judged again or not, while the formgrader is open: the grader's word stands.
        for force in (False, True):
            standing = regrade(course, force)
            assert {student: row[:2] for student, row in standing.items()} == {
                "ada": (7.5, 0), "mal": (4, 0), "zoe": (5, 0)
            }  # fmt: skip
            assert "Say also who would do that." in standing["ada"][2]
        open_submission(tab, address, "ada")
        assert tab.input_value("#why") == "2.5" and tab.input_value("#why-comment") == COMMENT

        # The student's own page is as harmless.
        tab.goto((course / "feedback" / "mal" / "warmup" / "warmup.html").as_uri())
        assert_harmless(tab)
        shot(tab, "feedback-mal")
