"""The sample class: the same seed gives the same class, and every student gets what the manifest says."""

import hashlib
import json
import warnings
from functools import partial
from pathlib import Path

import pytest

from proctor import sample_class
from proctor.forked import run_forked
from proctor.intake import read_submission
from proctor.judge import judge
from proctor.launch import fork_candidate
from proctor.masters import MasterError, read_master
from proctor.sample_class import KINDS, write_sample_class

COURSE = Path(__file__).parent / "files" / "course"
MASTER = COURSE / "solutions" / "warmup" / "warmup.md"

PROBLEMS = {
    "empty": {"empty"},
    "binary": {"not-a-notebook"},
    "truncated": {"not-a-notebook"},
    "old-format": {"wrong-format"},
    "missing": {"missing"},
    "renamed": {"renamed"},
    "deleted": {"missing-cell"},
    "duplicated": {"duplicate-cell"},
    "changed": {"changed-cell"},
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sample")
    return directory, write_sample_class(COURSE, directory)


def contents(directory):
    files = [path for path in sorted(Path(directory).rglob("*")) if path.is_file()]
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_twenty_students_are_of_every_kind(sample):
    directory, manifest = sample
    kinds = [entry["warmup"]["kind"] for entry in manifest["students"].values()]
    assert sorted(kinds) == sorted(KINDS)
    assert sorted(path.name for path in (directory / "submitted").iterdir()) == sorted(manifest["students"])
    assert json.loads((directory / "expected.json").read_text()) == manifest


def test_the_same_seed_is_the_same_class(sample, tmp_path):
    directory, _ = sample
    write_sample_class(COURSE, tmp_path / "again")
    write_sample_class(COURSE, tmp_path / "other", seed=1)
    assert contents(tmp_path / "again") == contents(directory)
    assert contents(tmp_path / "other") != contents(directory)


def test_each_damage_is_the_named_problem(sample):
    directory, manifest = sample
    assignment = read_master(MASTER)
    for student, entry in manifest["students"].items():
        found = read_submission(directory / "submitted" / student / "warmup", assignment, student)
        codes = {problem.code for problem in found.problems}
        assert codes == PROBLEMS.get(entry["warmup"]["kind"], set()), (student, entry)


@pytest.mark.slow
def test_every_student_gets_what_the_manifest_says(sample):
    """Judged by the examiner, in forked processes: the class is its own answer key."""
    directory, manifest = sample
    assignment = read_master(MASTER)
    launch = partial(fork_candidate, assignment.forbids)
    for student, entry in manifest["students"].items():
        found = read_submission(directory / "submitted" / student / "warmup", assignment, student)
        with warnings.catch_warnings():  # pytest's "warnings are errors" must not reach the forked candidate
            warnings.simplefilter("ignore")
            judgement = run_forked(judge, assignment, found.answers, launch=launch, secret=b"sample")
        earned = {question.id: sum(v.earned for v in judgement.of(question.id)) for question in assignment.questions}
        assert earned == entry["warmup"]["questions"], (student, entry)
        assert judgement.earned == entry["warmup"]["score"]


def test_a_smaller_class_replaces_a_larger_one(tmp_path):
    write_sample_class(COURSE, tmp_path, students=4)
    (tmp_path / "submitted" / "someone-real").mkdir()
    manifest = write_sample_class(COURSE, tmp_path, students=2)
    assert {path.name for path in (tmp_path / "submitted").iterdir()} == {*manifest["students"], "someone-real"}
    assert {entry["warmup"]["kind"] for entry in manifest["students"].values()} == {"right", "partly"}


def test_a_larger_class_has_other_names_and_everyday_kinds(tmp_path):
    manifest = write_sample_class(COURSE, tmp_path, students=45)
    assert len(manifest["students"]) == 45 and "student-045" in manifest["students"]


def test_what_is_asked_for_must_exist(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="at least 1 student, got 0"):
        write_sample_class(COURSE, tmp_path, students=0)
    with pytest.raises(MasterError, match="no assignment 'cooldown'"):
        write_sample_class(COURSE, tmp_path, assignments=["cooldown"])
    monkeypatch.setattr(sample_class, "read_variants", lambda path: sample_class.Variants(path))
    with pytest.raises(ValueError, match="lists no wrong answer"):
        write_sample_class(COURSE, tmp_path)
