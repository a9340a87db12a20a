"""The digest of what verdicts depend on: it stands while nothing changes, and moves with every file and version."""

import subprocess
import sys

from proctor.environment import JUDGING, file_digest, judging_digest


def test_file_digest_moves_with_names_contents_salt_and_missing_files(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("a")
    seen = {file_digest([one]), file_digest([two]), file_digest([one, two]), file_digest([one], "salt")}
    one.write_text("b")
    seen.add(file_digest([one]))
    one.unlink()
    seen.add(file_digest([one]))
    assert len(seen) == 6
    two.touch()
    assert file_digest([two]) == file_digest([two])


def test_fewer_modules_make_another_digest():
    assert judging_digest(JUDGING) == judging_digest() != judging_digest(JUDGING[1:])


def test_all_that_judging_imports_counts():
    code = "import proctor.judge, proctor.candidate, sys; print(*(m for m in sys.modules if m.startswith('proctor.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name.removeprefix("proctor.") for name in done.stdout.split()} <= set(JUDGING)
