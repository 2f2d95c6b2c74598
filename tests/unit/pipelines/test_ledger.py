"""The ledger takes a file for the one it knows only where nothing can have been written into it since."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.extract.delivery import Delivery
from pipelines.landing.ledger import Entry, Ledger, stamp_of

TIMES = {"st_size": 10, "st_mtime_ns": 1_000, "st_ctime_ns": 2_000, "st_ino": 7}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "contacts.csv"
    path.write_text("contact_id\nA\n")
    return path


def delivery(path: Path) -> Delivery:
    return Delivery("crm", path, path.name, "contacts", None)


def test_new_content_of_the_same_size_and_time_of_change_is_hashed_again(file, tmp_path):
    """`cp --preserve` and archives set the time of change of the content back; that of the record cannot be set."""
    ledger = Ledger(tmp_path / "ledger.json")
    first, status = ledger.enter(delivery(file)), file.stat()
    file.write_text("contact_id\nB\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_size == status.st_size and file.stat().st_mtime_ns == status.st_mtime_ns
    assert ledger.enter(delivery(file)).file_key != first.file_key


@pytest.mark.parametrize("name", TIMES)
def test_size_both_times_and_inode_each_distinguish_two_files(name):
    """Not every file system has a time of record that moves: each of the four counts by itself."""
    same, other = (SimpleNamespace(stat=lambda one=one: SimpleNamespace(**one)) for one in (TIMES, TIMES | {name: 11}))
    assert stamp_of(same) != stamp_of(other)


def test_a_file_that_was_not_touched_is_not_hashed_again(file, tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "ledger.json")
    first = ledger.enter(delivery(file))
    ledger.save()
    monkeypatch.setattr("pipelines.landing.ledger._hash", lambda path: pytest.fail("hashed again"))
    assert Ledger(tmp_path / "ledger.json").enter(delivery(file)) == first


def test_a_content_was_exported_when_it_was_exported_first(file, tmp_path):
    """Delivered again under its old name in a later export, it is no newer than it was."""
    march, april = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4))
    ledger = Ledger(tmp_path / "ledger.json")
    exported = [ledger.enter(replace(delivery(file), exported_at=at)).exported_at for at in (april, march, april, None)]
    assert exported == [april.isoformat(), march.isoformat(), march.isoformat(), march.isoformat()]


def test_the_earliest_export_and_then_the_first_name_represent_a_content():
    def entry(place: str, exported_at: str | None) -> Entry:
        return Entry("crm", "contacts", place, "k", 10, exported_at, (10, 1, 2, 3))

    early, late = (datetime(2026, month, 1, tzinfo=UTC).isoformat() for month in (1, 2))
    entries = [entry("b/x.csv", None), entry("a/z.csv", late), entry("b/y.csv", early), entry("c/x.csv", early)]
    assert [one.place for one in sorted(entries, key=Entry.order)] == ["c/x.csv", "b/y.csv", "a/z.csv", "b/x.csv"]
