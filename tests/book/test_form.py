"""The form of every chapter, as far as a machine can check it, from its source and its execution."""

import re

import pytest

from proctor import executed

CEILING = 45  # seconds a chapter may take on two cores; a failure only at three times that, since machines differ
SECTIONS = ("Often said, and wrong", "Check yourself", "Practice", "Further reading")
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3000-\u303f\uff00-\uffef]")
FILLER = re.compile(r"in this (section|chapter),? we (will|shall)|it is worth noting|let us now|needless to say", re.I)
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
FILE_NAME = re.compile(r"\.(png|svg|jpe?g|gif|webp)$|_images/|^\w{32,}$", re.I)


@pytest.fixture
def text(chapter):
    """The chapter's source."""
    return chapter.read_text(encoding="utf-8")


@pytest.fixture
def notebook(root, chapter, site):
    """The chapter as it was executed."""
    found, _ = executed.read(root, chapter)
    assert found is not None, f"{chapter.name} has not been executed: run `make site`"
    return found


def section(text: str, title: str) -> str:
    """The text below a second-level heading, up to the next one."""
    found = re.search(rf"^## {re.escape(title)}\s*$(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert found, f"there is no section '## {title}'"
    return found[1]


def test_the_header_is_the_shortest_that_works(text):
    header = re.match(r"\A---\n(.*?)\n---\n", text, flags=re.DOTALL)
    assert header, "a chapter begins with a header"
    assert "file_format: mystnb" in header[1]
    assert "kernelspec" in header[1]
    assert "jupytext" not in header[1], "the version of jupytext would churn"


def test_there_is_one_title(text, prose):
    assert len(re.findall(r"^# ", prose(text), flags=re.MULTILINE)) == 1


@pytest.mark.parametrize("title", SECTIONS)
def test_the_section_is_there(text, title):
    assert section(text, title).strip()


def test_the_opening_poses_shows_and_promises(text):
    opening = text[: text.index("\n## ")]
    assert "{code-cell}" in opening, "the opening shows its problem in a figure"
    assert re.search(r"you will be able to", opening, re.I)
    assert len(re.findall(r"^- ", opening, flags=re.MULTILINE)) >= 3, "the box names three to five abilities"
    assert re.search(r"minutes", opening), "the box says how long it takes"


def test_a_prediction_comes_first_and_its_answer_is_folded(text):
    assert re.search(r"predict first", text, re.I)
    after = text[re.search(r"predict first", text, re.I).end() :]
    assert "dropdown" in after[:2500], "the answer is folded away"


def test_folklore_is_marked_for_the_gathered_page(text):
    assert re.findall(r"^:class: .*\bfolklore\b", section(text, SECTIONS[0]), flags=re.MULTILINE)


def test_check_yourself_has_folded_answers_and_a_bug(text):
    questions = section(text, "Check yourself")
    folded = len(re.findall(r"\{dropdown\}|^:class: .*\bdropdown\b", questions, flags=re.MULTILINE))
    assert 4 <= folded <= 7, f"four to six questions with folded answers, got {folded}"
    assert re.search(r"\bbug\b", questions, re.I), "at least one question asks to find the bug"


def test_practice_links_an_assignment_that_exists(root, text):
    names = re.findall(r"\{assignment\} *(\S+)", section(text, "Practice"))
    assert names, "the section 'Practice' holds the card: {assignment} name"
    for name in names:
        assert (root / "solutions" / name / f"{name}.md").is_file()


def test_further_reading_cites(text):
    assert 3 <= len(set(re.findall(r"\{cite\S*\}`([^`]+)`", section(text, "Further reading")))) <= 8


def test_every_figure_has_caption_name_and_text_alternative(notebook):
    figures = 0
    for cell in notebook.cells:
        kinds = {kind for output in cell.get("outputs", ()) for kind in output.get("data", ())}
        if any(kind.startswith("image/") for kind in kinds):
            figures += 1
            settings = cell.metadata.get("mystnb", {})
            where = cell.source.strip()[:60]
            assert settings.get("figure", {}).get("caption"), f"no caption: {where}"
            assert settings.get("figure", {}).get("name"), f"no name: {where}"
            alt = settings.get("image", {}).get("alt", "")
            assert len(alt) >= 40 and not FILE_NAME.search(alt), f"the alternative does not say what is seen: {where}"
        for output in cell.get("outputs", ()):
            if "<svg" in output.get("data", {}).get("text/html", ""):
                figures += 1
                assert "aria-label" in output["data"]["text/html"], "an animation says what is to be seen, too"
    assert figures >= 4, f"a chapter has four figures or more, got {figures}"


def test_claims_are_made_hold_and_are_hidden(notebook):
    claims = executed.claims(notebook)
    assert claims, "a chapter claims something"
    assert all(claim["holds"] is True for claim in claims)
    for cell in notebook.cells:
        if any(executed.CLAIM in output.get("data", {}) for output in cell.get("outputs", ())):
            assert "remove-cell" in cell.metadata.get("tags", []), cell.source[:60]


def test_the_run_time_is_recorded_and_bounded(root, chapter, site, record_property):
    _, seconds = executed.read(root, chapter)
    record_property(f"seconds: {chapter.stem}", round(seconds, 1))
    assert seconds <= 3 * CEILING, f"{chapter.name} took {seconds:.0f} s; the ceiling is {CEILING} s"


def test_the_language_is_plain(text, prose):
    words = prose(text)
    assert not re.search(r"\w!(\s|$)", words), "no exclamation marks"
    assert not EMOJI.search(words), "no emoji"
    assert not FILLER.search(words), f"filler: {FILLER.search(words)[0]}"


def test_chinese_stands_in_the_glossary_only(root):
    for path in sorted(root.glob("book/**/*.md")):
        if path.name != "glossary.md":
            found = CHINESE.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(root)}: {found[0]}"
    assert CHINESE.search((root / "book/glossary.md").read_text(encoding="utf-8")), "the glossary is in two languages"
