"""The report: one page that shows where points were lost, holds no test, no script and no markup of a student's."""

import base64
import csv
import hashlib
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from proctor.intake import Problem, Submission
from proctor.masters import read_master
from proctor.report import MAX_ANSWER, _remark, clean_lines, histogram, report_csv, report_html, write_report
from proctor.results import Journal, Result
from proctor.survey import Survey, Tally, survey
from proctor.verdict import Judgement, Verdict

COURSE = Path(__file__).parent / "files" / "course"
MASTER = read_master(COURSE / "solutions" / "warmup" / "warmup.md")
CELLS = [("double-one", "double", 1), ("double-drawn", "double", 2), ("counter-adds", "counter", 2)]
NAMED = "got 4, which is not right. This is what you get with this mistake: the square instead."
HOSTILE = "</pre></style><script>alert(1)</script><img src=x onerror=alert(1)>\"' {{ 7*7 }} \x1b[31mred\x00\u202e"
OWN = "\n".join(f"value{i} = [{i}, x] + sorted({{{i}: y}})[{i}:]" for i in range(9))


def entry(student, kinds=("pass", "pass", "pass"), message="", problems=(), **answers):
    verdicts = tuple(Verdict(*cell, kind, message) for cell, kind in zip(CELLS, kinds, strict=True))
    return Submission(student, {**MASTER.solutions(), **answers}, problems), Judgement(verdicts), {}


def a_class(hostile="ok"):
    """Twelve students: two copies, a mistake, a crash, a broken file, and one whose every word is ``hostile``."""
    copied = f"{OWN}\n# {hostile}"
    return [
        *(entry(f"s{n}", ("pass", "fail", "pass"), NAMED if n < 3 else f"lr: got {n}.") for n in range(7)),
        entry("ann", double=copied, why=hostile),
        entry("bob", double=copied.replace("value", "v")),
        entry("cem", ("pass", "crash", "not-run"), "the process ended"),
        (Submission("dan", {}, (Problem("empty", "the file is empty"),)), Judgement(()), {}),
        entry(f"eve{hostile}", ("fail", "refused", "error"), hostile, (Problem("added-cells", hostile),)),
    ]


def page(entries):
    answers = {submission.student: submission.answers for submission, _, _ in entries}
    return report_html(survey(MASTER, entries), lambda student, question: answers[student][question], {})


class Outline(HTMLParser):
    """Tags, ids, links and the text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.ids, self.links, self.words = [], [], [], []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]
        self.links += [value for name, value in attributes if name in ("href", "src")]

    def handle_data(self, data):
        self.words.append(data)


def test_it_says_which_question_went_wrong_and_why():
    text = Outline(page(a_class())).text
    assert "Report on 12 submissions, of which 1 could not be read" in text
    assert "Hardest was Doubling : the class earned" in text and "3 of 11: the square instead." in text
    assert "double-drawn" in text and "lr: got …" in text
    assert "10 wait for a grader" in text or "11 wait for a grader" in text
    assert "1 × ended the process" in text and "the process ended" in text
    assert "ann and bob" in text and "100 % of the shorter answer" in text
    assert "cheat" not in text.lower()


def test_no_test_text_reaches_the_page():
    html = page(a_class())
    for secret in ("secret_value", "assert_", "student.", "memorized", "need not compute"):
        assert secret not in html, secret


def test_nothing_of_a_student_becomes_markup():
    html, ours = page(a_class(HOSTILE)), Outline(page(a_class()))
    outline = Outline(html)
    assert {tag for tag, _ in outline.tags} == {tag for tag, _ in ours.tags}
    assert not any(name.startswith("on") or name == "style" for _, given in outline.tags for name in given)
    assert not {"\x1b", "\x00", "\u202e"} & set(html) and "49" not in outline.text
    assert all(re.fullmatch(r"#[\w-]+|\.\./feedback/[\w%.-]+/warmup/warmup\.html", link) for link in outline.links)


def test_the_policy_allows_the_style_sheet_and_nothing_else():
    html = page(a_class())
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert ".histogram" in style and "url(" not in style


def test_ids_are_unique_and_links_arrive():
    outline = Outline(page(a_class()))
    assert len(outline.ids) == len(set(outline.ids))
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)


def test_the_shared_lines_of_a_pair_are_shaded():
    html = page(a_class())
    assert html.count("<mark>") == 18 and "<mark># ok" not in html


def test_a_class_of_one_and_a_class_without_anything_to_say():
    text = Outline(page([entry("ada")])).text
    assert "1 submission" in text and "too few" in text and "Nothing." in text and "None." in text
    broken = (Submission("dan", {}, (Problem("empty", "the file is empty"),)), Judgement(()), {})
    assert "could not be read" in Outline(page([broken])).text


@pytest.mark.parametrize(
    "readable, waiting, worthless, remarks",
    [
        (12, (0, 0, 0), (), ["all alike"] * 3),
        (9, (0, 0, 0), (), ["too few"] * 3),
        (12, (0, 0, 12), (), ["all alike", "all alike", "not yet"]),
        (12, (0, 12, 12), (), ["nothing to compare with", "not yet", "not yet"]),
        (9, (0, 9, 9), (), ["nothing to compare with", "not yet", "not yet"]),  # more submissions change nothing
        (12, (0, 0, 0), (0,), ["nothing to compare with", "all alike", "all alike"]),
        (12, (0, 0, 0), (0, 1), ["nothing to compare with"] * 3),
    ],
)
def test_alike_is_said_only_of_what_was_compared(readable, waiting, worthless, remarks):
    questions = list(MASTER.questions)
    for place in worthless:
        one = questions[place]
        questions[place] = replace(one, tests=tuple(replace(cell, points=0) for cell in one.tests))
    tallies = tuple(Tally(question, {}, waiting=count) for question, count in zip(questions, waiting, strict=True))
    found = Survey(MASTER, {}, readable, tallies, (), ())
    assert [_remark(tally, found) for tally in tallies] == remarks


def test_the_only_settled_question_has_nothing_to_compare_with():
    everybody = [entry(f"s{n}", ("pass" if n % 2 else "fail", "pass", "pass")) for n in range(12)]
    alone = replace(MASTER, cells=tuple(cell for cell in MASTER.cells if "counter" not in (cell.id, cell.question)))
    for master, said, unsaid in (
        (MASTER, "all alike", "nothing to compare with"),
        (alone, "nothing to compare with", "all alike"),
    ):
        text = Outline(report_html(survey(master, everybody), lambda student, question: "", {})).text
        assert said in text and unsaid not in text and "not yet" in text


def test_bars_and_ticks_lie_on_one_scale():
    drawing = histogram([0, 0, 36.5, 37], 37)
    first, *_, last = drawing["bars"]
    assert (first["count"], first["x"], first["height"]) == (2, 0, 100) and first["label"] == "0 to below 2 points"
    assert last["x"] + last["width"] == pytest.approx(360) and last["width"] == pytest.approx(first["width"] / 2)
    assert [tick["label"] for tick in drawing["ticks"]] == ["0", "8", "16", "24", "32", "37"]
    assert drawing["ticks"][-1]["x"] == pytest.approx(360)
    assert histogram([0.0], 0)["bars"][0]["count"] == 1


def test_the_csv_holds_all_numbers_and_no_formula():
    rows = list(csv.DictReader(io.StringIO(report_csv(survey(MASTER, a_class("=1+1"))))))
    assert {row["assignment"] for row in rows} == {"warmup"}
    at = {(row["kind"], row["question"], row["name"]): row for row in rows}
    assert at["mistake", "double", "the square instead"]["students"] == "3"
    assert at["test", "double", "double-one"]["value"] == f"{10 / 11:.10g}"
    assert at["scores", "", "ann"]["value"] == "5"
    assert at["alike", "double", "ann, bob"]["value"] == "1"
    assert at["added-cells", "", "eve=1+1: =1+1"] and at["message", "double", "'=1+1"]
    assert float(at["difficulty", "double", "mean share of the points"]["value"]) < 0.7


def test_it_is_written_beside_the_gradebook(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expected results in .*; run `proctor grade warmup` first"):
        write_report(COURSE, "warmup", submissions=tmp_path / "handed")
    journal = Journal(tmp_path, "warmup")
    for submission, judgement, _ in [*a_class(), entry("who left")]:
        journal.write(Result(submission, judgement, {}, 1.0))
        if submission.student != "who left":
            (tmp_path / "handed" / submission.student / "warmup").mkdir(parents=True)
    paths = write_report(COURSE, "warmup", submissions=tmp_path / "handed")
    assert paths == (tmp_path / "report" / "warmup.html", tmp_path / "report" / "warmup.csv")
    assert paths[0].read_text(encoding="utf-8").endswith("</html>") and "ann and" in Outline(paths[0].read_text()).text
    assert not (tmp_path / "gradebook.db").exists()
    assert "who left" not in paths[1].read_text(encoding="utf-8")


def test_an_answer_that_is_cut_says_so():
    assert clean_lines("x" * MAX_ANSWER) == clean_lines("x" * MAX_ANSWER)[:1]
    assert clean_lines("x" * (MAX_ANSWER + 5))[-1] == "… (5 more characters)"


@pytest.mark.slow
def test_what_a_grader_entered_counts(tmp_path):
    from nbgrader.api import Gradebook

    from proctor.desk import Desk

    submission, judgement, _ = entry("ada")
    (tmp_path / "submitted" / "ada" / "warmup").mkdir(parents=True)
    with Desk(tmp_path, tmp_path / "submitted", MASTER) as desk:
        desk.put(Result(submission, judgement, {}, 1.0))
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        grade = book.find_grade("why", "warmup", "warmup", "ada")
        grade.manual_score, grade.needs_manual_grade = 2.0, False
        book.db.commit()
    text = Outline(write_report(COURSE, "warmup", submissions=tmp_path / "submitted")[0].read_text()).text
    assert "7.0 of 8" in text and "0 waiting for a grader" in text


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_fits_and_reads_in_a_browser(tmp_path, scheme, width):
    """Chromium applies the style sheet under the policy, nothing overflows, axe finds no fault, contrast included."""
    import shutil

    from axe_playwright_python.sync_playwright import Axe
    from playwright import sync_api as playwright

    chromium = shutil.which("chromium")
    assert chromium, "this test needs Chromium: `make system`, or apt-get install chromium"
    path = tmp_path / "report.html"
    path.write_text(page(a_class("long" * 40)), encoding="utf-8")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"
        )
        tab = context.new_page()
        tab.goto(path.as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        assert tab.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "928px"
        faults = [fault["id"] for fault in Axe().run(tab).response["violations"]]
        assert faults == []
        strict = browser.new_page()
        complaints = []
        strict.on("console", lambda message: complaints.append(message.text))
        strict.goto(path.as_uri())
        assert complaints == []
        browser.close()
