"""Seeds: the same answer draws the same inputs, anything else draws others, and nobody can tell them beforehand."""

import os
import stat

import pytest

from proctor import seeds
from proctor.seeds import course_secret, question_seed, rng, use_seed

WORK = {"secret": b"s", "assignment": "a", "question": "q", "digest": "d", "answer": "def f():\n    return 1"}


def test_each_part_matters():
    first = question_seed(**WORK)
    assert first == question_seed(**WORK) and len(first) == 32
    changes = [{"secret": b"t"}, {"assignment": "b"}, {"question": "p"}, {"digest": "e"}, {"answer": "x"}]
    changes += [{"assignment": "aq", "question": ""}, {"assignment": "", "question": "aq"}]
    assert len({first, *(question_seed(**WORK | change) for change in changes)}) == len(changes) + 1


@pytest.mark.parametrize(
    "answer", ["def f():\r\n    return 1", "\n\ndef f():\n    return 1\n\n", "def f():  \n    return 1\t\n"]
)
def test_white_space_that_cannot_matter_does_not(answer):
    assert question_seed(**WORK | {"answer": answer}) == question_seed(**WORK)


@pytest.mark.parametrize("answer", ["def f():\n  return 1", "def f():\n\n    return 1", " def f():\n    return 1"])
def test_white_space_that_may_matter_does(answer):
    assert question_seed(**WORK | {"answer": answer}) != question_seed(**WORK)


def draw(label="x"):
    return rng(label).integers(2**62)


def test_labels_and_bases_draw_apart():
    with use_seed(b"one"):
        assert draw() == draw() and draw("x") != draw("y")
        inner = draw()
        with use_seed(b"two"):
            assert draw() != inner
        assert draw() == inner


def test_a_notebook_repeats_itself_and_the_variable_changes_it(monkeypatch):
    monkeypatch.delenv("PROCTOR_SEED", raising=False)
    plain = draw()
    assert plain == draw()
    monkeypatch.setenv("PROCTOR_SEED", "1")
    assert draw() != plain
    monkeypatch.setenv("PROCTOR_SEED", "")
    assert draw() == plain


def test_the_seed_is_put_back_after_an_error():
    before = draw()
    with pytest.raises(KeyError), use_seed(b"x"):
        raise KeyError
    assert draw() == before and seeds._base is None


def test_the_secret_is_made_once_and_for_the_owner_only(tmp_path):
    secret = course_secret(tmp_path)
    assert len(secret) == 64 and course_secret(tmp_path) == secret
    mode = (tmp_path / seeds.SECRET_FILE).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600 or os.name == "nt"
    assert course_secret(tmp_path / "other") != secret


def test_of_two_first_runs_at_once_both_have_the_first_ones_secret(tmp_path, monkeypatch):
    """The other run writes its secret after this one has looked and before it writes."""
    link = os.link

    def late(source, target):
        (tmp_path / seeds.SECRET_FILE).write_text("theirs\n")
        return link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert course_secret(tmp_path) == b"theirs" == course_secret(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [seeds.SECRET_FILE]


def test_a_file_system_without_links_has_a_secret_too(tmp_path, monkeypatch):
    def fails(source, target):
        raise OSError("links are not supported")

    monkeypatch.setattr(os, "link", fails)
    assert len(course_secret(tmp_path)) == 64 and [path.name for path in tmp_path.iterdir()] == [seeds.SECRET_FILE]


def test_an_empty_secret_is_refused(tmp_path):
    (tmp_path / seeds.SECRET_FILE).write_text("\n")
    with pytest.raises(ValueError, match="is empty; remove it"):
        course_secret(tmp_path)
