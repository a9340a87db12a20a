"""What the documents say of `make` is what the Makefile has, and its help lists all of it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(p.relative_to(ROOT).as_posix() for p in (ROOT / "book").glob("*.md"))]
NEEDED = [
    "all",
    "test",
    "check",
    "serve",
    "publish",
    "notebooks",
    "site",
    "sample",
    "bench",
    "soak",
    "clean",
    "help",
    "system",
]
INSIDE = {"summary", "check-python"}  # steps of other targets, not for people


def targets():
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", MAKEFILE, flags=re.M))


def described():
    return dict(re.findall(r"^([a-z][a-z-]*):.*?## (.+)$", MAKEFILE, flags=re.M))


def test_every_target_for_people_says_what_it_does():
    assert targets() - INSIDE == set(described())
    assert set(NEEDED) <= targets()


def test_help_lists_them_all_and_make_alone_is_all():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = dict(re.findall(r"^  make (\S+) +(.+)$", done.stdout, flags=re.M))
    assert listed == {name: text.strip() for name, text in described().items()}
    assert ".DEFAULT_GOAL := all" in MAKEFILE


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_targets_that_exist(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    code = re.findall(r"`+([^`]+)`+", text) + re.findall(r"^(?: {4}|\$ )(make.*)$", text, flags=re.M)
    named = {word for piece in code for word in re.findall(r"\bmake ([a-z][a-z-]+)\b", piece)}
    assert named <= targets(), named - targets()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_links_of_the_documents_lead_somewhere(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in target:
            assert (ROOT / target).exists(), f"{document} links to {target}"


def test_workflows_and_ci_only_call_make_and_the_suites():
    for path in [*(ROOT / ".github" / "workflows").glob("*.yml"), ROOT / ".ci" / "run"]:
        named = set(re.findall(r"\bmake ([a-z][a-z-]+)\b", re.sub(r"#.*", "", path.read_text(encoding="utf-8"))))
        assert named <= targets(), f"{path.name}: {named - targets()}"
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_actions_are_pinned_to_a_major_version():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for action in re.findall(r"uses: *(\S+)", path.read_text(encoding="utf-8")):
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", action), f"{path.name}: {action}"


def test_tests_that_the_workflows_name_exist():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for name in re.findall(r"\btests/[\w/.-]+", path.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{path.name} names {name}"
