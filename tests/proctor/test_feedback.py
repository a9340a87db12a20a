"""Feedback: what a student sees, and what a student must never see."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from proctor.feedback import KIND_WORDS, feedback_html, question_title, strip, write_feedback
from proctor.intake import Problem, Submission
from proctor.marks import Manual, marks
from proctor.masters import read_master
from proctor.verdict import KINDS, Judgement, Verdict

WARMUP = Path(__file__).parent / "files" / "course" / "solutions" / "warmup" / "warmup.md"
ANSWERS = {
    "double": "def double(x):\n    return x + 1",
    "counter": "class Counter: pass",
    "why": "It cannot be learned.",
}
VERDICTS = (
    Verdict("double-one", "double", 1, "pass"),
    Verdict("double-drawn", "double", 2, "fail", "double(x): got 4, which is not right."),
    Verdict("counter-adds", "counter", 2, "timeout", "CPU limit of 2 s reached"),
)


@pytest.fixture(scope="module")
def assignment():
    return read_master(WARMUP)


def page(assignment, answers=ANSWERS, verdicts=VERDICTS, problems=(), manual=None, **judgement):
    return feedback_html(assignment, Submission("ada", answers, problems), Judgement(verdicts, **judgement), manual)


class Outline(HTMLParser):
    """Tags, ids, and the text of a page."""

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


def test_it_says_what_was_earned_and_why(assignment):
    text = Outline(page(assignment)).text
    assert "Feedback for ada" in text
    assert "1 of 8 points" in text
    assert "3 of the 8 points wait for a grader" in text
    assert "double(x): got 4, which is not right." in text
    assert "took too long" in text and "CPU limit of 2 s reached" in text
    assert "return x + 1" in text and "It cannot be learned." in text


def test_no_test_text_reaches_the_page(assignment):
    html = page(assignment, manual={"why": Manual(1.0, "Nearly.")})
    for secret in ("secret_value", "assert_", "student.", "the square instead", "memorized", "need not compute"):
        assert secret not in html, secret


def test_a_graders_words_are_shown(assignment):
    text = Outline(
        page(assignment, manual={"why": Manual(2.5, "Nearly.\nSay who learns."), "double-drawn": Manual(1.0)})
    ).text
    assert "4.5 of 8 points" in text and "wait for a grader" not in text
    assert "A grader wrote Nearly. Say who learns." in text
    assert "points set by a grader" in text


def test_an_untried_question_is_not_lectured(assignment):
    stub = {**ANSWERS, "double": assignment.stubs()["double"]}
    blank = tuple(
        Verdict(v.cell, v.question, v.points, "unanswered", "not answered yet: the stub") for v in VERDICTS[:2]
    )
    text = Outline(page(assignment, stub, (*blank, VERDICTS[2]))).text
    assert "No answer" in text and "the stub" not in text and "CPU limit of 2 s reached" in text


def test_problems_of_the_file_are_named(assignment):
    text = Outline(page(assignment, {}, (), (Problem("empty", "the file is empty: the file holds nothing"),))).text
    assert "About the file you handed in" in text and "the file holds nothing" in text
    assert "0 of 8 points" in text and text.count("The file held no answer to this question.") == 3


HOSTILE = "</pre></style><script>alert(1)</script><img src=x onerror=alert(1)>\"' {{ 7*7 }} \x1b[31mred\x00"


def test_nothing_of_a_student_becomes_markup(assignment):
    html = feedback_html(
        assignment,
        Submission(f"eve{HOSTILE}", dict.fromkeys(ANSWERS, HOSTILE), (Problem("bad-cell", HOSTILE),)),
        Judgement(tuple(Verdict(v.cell, v.question, v.points, "fail", HOSTILE) for v in VERDICTS),
                  {"double": HOSTILE}, {"double": HOSTILE}),
        {"why": Manual(1.0, HOSTILE)},
    )  # fmt: skip
    outline = Outline(html)
    ours = Outline(page(assignment, manual={"why": Manual(1.0, "Nearly.")}, problems=(Problem("empty", "no"),),
                        outputs={"double": "x"}, cell_errors={"double": "x"}))  # fmt: skip
    assert {tag for tag, _ in outline.tags} == {tag for tag, _ in ours.tags}
    assert not any(name.startswith("on") for _, attributes in outline.tags for name in attributes)
    assert "\x1b" not in html and "\x00" not in html and "49" not in outline.text


@pytest.mark.parametrize("character", [chr(code) for code in (0x61C, 0x200E, 0x200F, 0x202A, 0x202E, 0x2066, 0x2069)])
def test_what_turns_letters_round_is_shown_by_its_number(assignment, character):
    html = page(assignment, {**ANSWERS, "double": f"ab{character}cd"})
    assert character not in html and f"ab\\u{ord(character):04x}cd" in html


def test_a_late_penalty_is_said(assignment):
    late = feedback_html(assignment, Submission("ada", ANSWERS), Judgement(VERDICTS), {}, 0.25)
    assert "Handed in late: 0.25 points are taken off, which leaves 0.75." in Outline(late).text
    assert "late" not in Outline(page(assignment)).text


def test_the_policy_allows_the_style_sheet_and_nothing_else(assignment):
    html = page(assignment)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1]
    assert policy.startswith("default-src &#39;none&#39;; style-src &#39;sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"\sstyle=", html)
    assert all(link.startswith("#") for link in Outline(html).links)


def test_ids_are_unique_and_links_arrive(assignment):
    outline = Outline(page(assignment))
    assert len(outline.ids) == len(set(outline.ids))
    assert {link.removeprefix("#") for link in outline.links} <= set(outline.ids)


def test_long_texts_are_cut_and_say_so(assignment):
    html = page(assignment, outputs={"double": "x" * 100_000})
    assert len(html) < 40_000 and "more characters)" in html


def test_titles_come_from_the_nearest_heading(assignment):
    assert [question_title(assignment, question) for question in assignment.questions] == [
        "Doubling",
        "Counting",
        "Why",
    ]


def test_the_strip_is_as_wide_as_the_points(assignment):
    standing = marks(assignment, Submission("ada", ANSWERS), Judgement(VERDICTS))
    segments = strip(assignment, standing)
    assert [segment.start for segment in segments] == pytest.approx([0, 37.5, 62.5])
    assert [segment.filled > 0 for segment in segments] == [True, False, False]
    assert segments[0].title == "Doubling: 1 of 3"


def test_every_kind_of_verdict_has_words():
    assert set(KIND_WORDS) == set(KINDS)


def test_it_is_written_where_nbgrader_puts_feedback(tmp_path, assignment):
    path = write_feedback(tmp_path, assignment, Submission("ada", ANSWERS), Judgement(VERDICTS))
    assert path == tmp_path / "ada" / "warmup" / "warmup.html"
    assert path.read_text(encoding="utf-8").endswith("</html>")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_fits_and_reads_in_a_browser(tmp_path, assignment, scheme, width):
    """Chromium applies the style sheet under the policy, nothing overflows, and text has contrast."""
    import shutil

    from playwright import sync_api as playwright

    chromium = shutil.which("chromium")
    assert chromium, "this test needs Chromium: `make system`, or apt-get install chromium"
    hard = {**ANSWERS, "double": "x = " + "1 + " * 200 + "1", "why": "w" * 300}
    path = write_feedback(tmp_path, assignment, Submission("ada-" + "long" * 20, hard), Judgement(VERDICTS))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        complaints = []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.goto(path.as_uri())
        assert complaints == []
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        assert tab.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "736px"
        assert tab.evaluate(CONTRAST) >= 4.5
        browser.close()


# The lowest contrast of any text on the page with the ground behind it (WCAG 2.2, 1.4.3).
CONTRAST = """
() => {
  const light = color => {
    const [r, g, b] = color.match(/[0-9.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)") return color;
    }
  };
  let lowest = 21;
  for (const element of document.body.querySelectorAll("*")) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    if (element.closest("svg")) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    lowest = Math.min(lowest, (a + 0.05) / (b + 0.05));
  }
  return lowest;
}
"""
