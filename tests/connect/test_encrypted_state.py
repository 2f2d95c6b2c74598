"""The state of pushes in an encrypted home: nobody reads it from the disk, and no commit is lost."""

import sqlite3
from pathlib import Path

import pytest

from models.home_keys import store
from pipelines.connect.state import open_state
from pipelines.home import Home

ID = "contact-0815"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("CAREGAP_KEY", "5" * 64)
    return Home(tmp_path)


def _bytes(home: Home) -> bytes:
    return b"".join(path.read_bytes() for path in home.connect("p").iterdir())


def test_what_was_committed_is_on_the_disk_encrypted_before_the_next_line_runs(home: Home):
    store.encrypt_home(home.root)
    with open_state(home, "p") as state:
        state.note("crm", "last", ID)
        with open_state(home, "p") as other:  # as another process after a kill
            assert other.noted("crm", "last") == ID
    assert ID.encode() not in _bytes(home)


def test_a_state_from_before_the_home_was_encrypted_is_taken_over_with_its_log(home: Home):
    """Its newest commits lie in the write-ahead log, beside the file."""
    with open_state(home, "p") as state:
        state.note("crm", "last", ID)
        store.encrypt_home(home.root)
        assert ID.encode() in _bytes(home)
    with open_state(home, "p") as state:
        assert state.noted("crm", "last") == ID
        state.note("crm", "next", ID)
    assert ID.encode() not in _bytes(home)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(home.connect("p") / "push.db").execute("select * from notes")
