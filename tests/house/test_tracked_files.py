"""Tracked files hold no personal path, registry host or token, no large file, and nothing that was generated."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 2_000_000  # bytes
# Written in pieces where this file would otherwise hold what it looks for.
FORBIDDEN = {
    "a home or work directory": [
        r"(?<![\w.~-])/(?:home/(?!student\b|runner\b)[a-z]|Users/[A-Za-z]|root/|work/[a-z]|farm/)"
    ],
    "a drive of Windows": [r"\b[C-E]:\\+Users\\"],
    "a host of a package registry": [r"registry\.npm" + "js", r"pypi\." + "org", r"python" + "hosted", r"deb\.debian"],
    "a local index": [r"index-url\s*=", r"find-links\s*=", r"https?://[^\s/@]+:[^\s/@]+@"],
    "a token": [
        r"gh[pousr]_[A-Za-z0-9]{30}",
        r"github_pat_[A-Za-z0-9_]{20}",
        r"\bsk-[A-Za-z0-9]{32}",
        r"AKIA[0-9A-Z]{16}",
        r"\bhf_[A-Za-z]{30}",
    ],
    "a private key": ["-----BEGIN [A-Z ]*PRIVATE KEY-----"],
}


def tracked():
    # New files count before they are added: a mistake is cheapest now.
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def matches(pattern):
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture or data
            continue
        for match in re.finditer(pattern, text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path.relative_to(ROOT)}:{line}: {match[0]}"


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what):
    assert list(matches("|".join(FORBIDDEN[what]))) == []


@pytest.mark.parametrize(
    ("what", "sample"),
    [
        ("a home or work directory", "/ho" + "me/ada/course"),
        ("a home or work directory", '"/Us' + 'ers/Ada"'),
        ("a drive of Windows", "C:" + "\\Users\\ada"),
        ("a host of a package registry", "https://pypi" + ".org/simple"),
        ("a local index", "https://ada:pass" + "word@example.com"),
        ("a token", "ghp" + "_" + "a" * 36),
        ("a private key", "-----BEGIN RSA PRIVATE" + " KEY-----"),
    ],
)
def test_the_patterns_find_what_they_are_for(what, sample):
    assert re.search("|".join(FORBIDDEN[what]), f"x = {sample}")


def test_no_tracked_file_is_large():
    large = {str(path.relative_to(ROOT)): path.stat().st_size for path in tracked() if path.stat().st_size > LARGEST}
    assert large == {}


def test_committed_notebooks_hold_no_outputs():
    for path in tracked():
        if path.suffix == ".ipynb" and path.is_relative_to(ROOT / "notebooks"):
            assert '"output_type"' not in path.read_text(encoding="utf-8"), path


def test_what_is_generated_is_not_tracked():
    command = [
        "git",
        "ls-files",
        "_build",
        "_nbgrader",
        "gradebook.db",
        "submitted",
        "autograded",
        "feedback",
        ".course-secret",
    ]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == ""


def test_no_module_is_named_for_having_no_name():
    names = {path.name for path in tracked()}
    assert not names & {"utils.py", "helpers.py", "common.py", "misc.py"}
