"""The zygote's own part; what its children can do is in test_zygote."""

import pytest

from proctor import zygote_process


@pytest.mark.parametrize("failures", [0, 2, 4])
def test_a_full_process_table_is_waited_out(monkeypatch, failures):
    left, pauses = [OSError("full")] * failures, []

    def fork():
        if left:
            raise left.pop()
        return 7

    monkeypatch.setattr(zygote_process.time, "sleep", pauses.append)
    if failures == 4:
        with pytest.raises(OSError, match="full"):
            zygote_process._fork(None, fork)
    else:
        assert zygote_process._fork(None, fork) == 7 and len(pauses) == failures
