"""``import ravine`` is cheap, and everything it promises is there."""

import subprocess
import sys

import pytest

import ravine


def test_import_loads_nothing_heavy():
    code = "import sys, ravine; print(sorted({'torch', 'numpy', 'matplotlib', 'sklearn'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ravine.__all__)
def test_every_public_name_loads(name):
    assert getattr(ravine, name) is not None
    assert name in dir(ravine)


def test_top_level_functions_are_those_of_the_modules():
    assert ravine.claim is ravine.claims.claim
    assert ravine.descend is ravine.descent.descend
    assert ravine.fit is ravine.training.fit
    assert ravine.device is ravine.runtime.device
    assert ravine.seed_everything is ravine.runtime.seed_everything


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'momentun'"):
        _ = ravine.momentun
