"""Reading masters and releases: roles, questions, and errors that name file, cell and what to do."""

from pathlib import Path

import pytest

from proctor.masters import MasterError, find_assignments, find_master, forbidden, read_master, read_release
from proctor.release import release_notebook

FILES = Path(__file__).parent / "files"
WARMUP = FILES / "course" / "solutions" / "warmup" / "warmup.md"
HEADER = "---\nfile_format: mystnb\nkernelspec: {name: python3, display_name: Python 3}\nproctor: {title: T}\n---\n\n"
ANSWER = "```{code-cell}\n:answer: a\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n```\n\n"
WRITTEN = '+++ {"written": "w 2"}\n\n### BEGIN SOLUTION\nText\n### END SOLUTION\n\n'
TESTS = "```{code-cell}\n:tests: t 1\nassert True\n```\n\n"


def master(tmp_path, body, header=HEADER):
    path = tmp_path / "bad.md"
    path.write_text(header + body, encoding="utf-8")
    return path


def test_warmup_is_read_whole():
    assignment = read_master(WARMUP)
    assert (assignment.name, assignment.title, assignment.points) == ("warmup", "Warm-up", 8)
    assert assignment.imports == ("math", "numpy") and assignment.forbids == ("statistics",)
    assert [(q.id, q.points, q.written, q.uses) for q in assignment.questions] == [
        ("double", 3, False, ()),
        ("counter", 2, False, ("double",)),
        ("why", 3, True, ()),
    ]
    assert [cell.id for cell in assignment.question("double").tests] == ["double-one", "double-drawn"]
    assert assignment.solutions()["double"].endswith("return 2 * x")
    assert "memorized" in assignment.question("why").answer.rubric
    assert "memorized" not in assignment.solutions()["why"]


def test_a_release_reads_back_to_the_same_questions():
    assignment = read_master(WARMUP)
    again = read_release(release_notebook(assignment, "https://example.org/repository"), "warmup")
    assert again.digest == assignment.digest and again.cpu_seconds == assignment.cpu_seconds
    assert [(q.id, q.points, q.uses, q.written) for q in again.questions] == [
        (q.id, q.points, q.uses, q.written) for q in assignment.questions
    ]
    assert [cell.id for cell in again.cells] == [cell.id for cell in assignment.cells if cell.role != "text"]
    assert "secret_value" not in repr(again)


def test_a_notebook_of_somebody_else_is_refused():
    notebook = release_notebook(read_master(WARMUP))
    del notebook.metadata["proctor"]
    with pytest.raises(MasterError, match=r"not a notebook of this course.*download"):
        read_release(notebook, "warmup")


def test_assignments_are_found_by_name(tmp_path):
    for name in ("beta", "alpha"):
        (tmp_path / "solutions" / name).mkdir(parents=True)
        (tmp_path / "solutions" / name / f"{name}.md").write_text("")
    (tmp_path / "solutions" / "alpha" / "notes.md").write_text("")
    assert list(find_assignments(tmp_path)) == ["alpha", "beta"]
    with pytest.raises(MasterError, match=r"no assignment 'gamma' .* there are: alpha, beta"):
        find_master(tmp_path, "gamma")
    with pytest.raises(MasterError, match="there are: none"):
        find_master(tmp_path / "nowhere", "gamma")


@pytest.mark.parametrize(
    "body, said",
    [
        (TESTS, "cell 0: tests 't' stand before any answer"),
        (ANSWER + TESTS + TESTS, "two cells have the id 't'"),
        (ANSWER.replace("a\n", "a_b\n", 1), "cell 0: expected 'answer: <id>'"),
        (ANSWER.replace(": a", ": install"), "expected 'answer: <id>'"),
        (ANSWER + TESTS.replace(" 1", ""), "cell 1: expected 'tests: <id> <points>'"),
        (ANSWER + TESTS.replace(" 1", " 0"), "positive number of points, got '0'"),
        (ANSWER + TESTS.replace(" 1", " -1"), "positive number of points"),
        (ANSWER + TESTS.replace(" 1", " nan"), "positive number of points"),
        (ANSWER + TESTS.replace(" 1", " inf"), "positive number of points"),
        (ANSWER + TESTS.replace(":tests:", ":test:"), "cell 1: unknown options \\['test'\\]"),
        (ANSWER.replace(":answer: a", ":answer: a\n:show:"), "a cell has one role"),
        (WRITTEN + TESTS, "cell 1: tests 't' follow a written answer"),
        (WRITTEN.replace("### BEGIN", "Why?\n### BEGIN"), "cell 0 \\(w\\): text outside RUBRIC and SOLUTION"),
        ('+++ {"answer": "a"}\n\nText\n', "a markdown cell cannot be 'answer'"),
        (ANSWER.replace("### END SOLUTION\n", ""), "cell 0 \\(a\\): .*never closed"),
        (ANSWER.replace("### BEGIN SOLUTION\n", ""), "cell 0 \\(a\\): .*without its partner"),
        (ANSWER.replace("### BEGIN", "#### BEGIN"), "cell 0 \\(a\\): line 1: .* is no marker"),
        (ANSWER + TESTS.replace("assert True", "### BEGIN HIDDEN\nx"), "cell 1 \\(t\\): .* is no marker"),
        (ANSWER.replace(":answer: a\n", ""), "'given' cells cannot hold a SOLUTION region"),
        (ANSWER.replace("SOLUTION", "HIDDEN TESTS"), "'answer' cells cannot hold a HIDDEN TESTS region"),
        (ANSWER.replace(":answer: a", ":answer: a\n:uses: b"), "cell 'a' uses \\['b'\\]"),
        (ANSWER.replace(":answer: a", ":answer: a\n:uses: a"), "cell 'a' uses \\['a'\\]"),
        (ANSWER + TESTS.replace(" 1", " 1\n:uses: a"), "only an answer has 'uses'"),
    ],
)
def test_mistakes_in_a_master_are_named(tmp_path, body, said):
    path = master(tmp_path, body)
    with pytest.raises(MasterError, match=said) as caught:
        read_master(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "settings, said",
    [
        ("{titel: x}", "unknown settings \\['titel'\\]"),
        ("{digest: x}", "unknown settings \\['digest'\\]"),
        ("null", "bad.md: "),
        ("3", "expected settings under 'proctor:'"),
        ("[a]", "expected settings under 'proctor:'"),
        ("{imports: numpy}", "'imports' in the header: expected a list of module names"),
        ("{forbids: [1]}", "'forbids' in the header"),
        ("{forbids: [torch.nn, torch]}", "the process in which answers run needs torch; forbid modules of it"),
        ("{cpu_seconds: 0}", "'cpu_seconds' in the header: expected a positive number, got 0"),
        ("{cpu_seconds: .nan}", "'cpu_seconds'"),
        ("{cpu_seconds: fast}", "'cpu_seconds'"),
        ("{title: [", "not a MyST notebook"),
    ],
)
def test_mistakes_in_a_header_are_named(tmp_path, settings, said):
    path = master(tmp_path, ANSWER + TESTS, HEADER.replace("{title: T}", settings))
    with pytest.raises(MasterError, match=said) as caught:
        read_master(path)
    assert str(path) in str(caught.value)


def test_files_that_are_no_text_are_named(tmp_path):
    with pytest.raises(MasterError, match=r"gone\.md: cannot be read \(No such file"):
        read_master(tmp_path / "gone.md")
    (tmp_path / "binary.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MasterError, match=r"binary\.md: cannot be read \(it is not UTF-8"):
        read_master(tmp_path / "binary.md")
    with pytest.raises(MasterError, match="cannot be read"):
        read_master(tmp_path)


def test_line_ends_do_not_change_the_digest(tmp_path):
    unix = read_master(master(tmp_path, ANSWER + TESTS))
    path = tmp_path / "bad.md"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_master(path).digest == unix.digest


def test_a_header_alone_says_what_the_whole_master_forbids(tmp_path):
    masters = find_assignments(Path(__file__).parents[2])
    assert masters
    for path in masters.values():
        assert forbidden(path) == read_master(path).forbids
    broken = tmp_path / "broken.md"
    for text in ("", "no header", "---\n{[\n---\n", "---\nproctor: none\n---\n", "---\nproctor: {title: A}\n---\n"):
        broken.write_text(text)
        assert forbidden(broken) == ()
    assert forbidden(tmp_path / "missing.md") == ()
