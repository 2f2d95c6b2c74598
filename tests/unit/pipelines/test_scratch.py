"""Folders for what is not finished, where the file system has no lock for them."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from pipelines.errors import EnvironmentNotReady
from pipelines.scratch import scratch


def test_a_file_system_that_locks_no_folders_is_named_and_nothing_is_left_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NFS: a lock there is of a file that is open for writing, and a folder never is."""

    def refused(handle: int, how: int) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(EnvironmentNotReady, match="locks no folders"), scratch(tmp_path):
        pass
    assert [*tmp_path.iterdir()] == []
