"""Deliveries are fetched from, and publications copied to, whatever fsspec reaches: here a folder and a store in memory."""

import json
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from pipelines.errors import ConnectionFailed, EnvironmentNotReady, UsageError
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice, read_practice
from pipelines.progress import silent
from pipelines.publications.store import Publication
from pipelines.publish.copied import copy_publication
from pipelines.stores import fetch, send

HEADER = "program_name,location_id,go_live_on,updated_at\n"
ROW = "reach,l{n},2026-03-01,2026-03-31T00:00:00Z\n"


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()
    store.pseudo_dirs[:] = [""]


def test_what_lies_in_a_store_is_landed_and_a_file_is_fetched_once(tmp_path: Path, memory) -> None:
    memory.pipe_file("/bucket/crm/program_rollout.csv", (HEADER + ROW.format(n=1)).encode())
    practice = Practice("p", "P", "UTC", {"crm": tmp_path / "crm"}, fetched={"crm": "memory://bucket/crm"})
    home = Home(tmp_path / "home")
    (landed,) = land(practice, home).files
    assert (landed.status, landed.n_read) == ("landed", 1)
    assert fetch("memory://bucket/crm", tmp_path / "crm") == 0
    memory.pipe_file("/bucket/crm/2026/program_rollout.csv", (HEADER + ROW.format(n=2)).encode())
    assert [one.n_read for one in land(practice, home).files] == [1, 1]


def test_a_file_that_changed_is_fetched_again_and_one_that_went_stays(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "contacts.csv").write_text("a")
    (tmp_path / "store" / ".hidden").write_text("a")
    (tmp_path / "store" / "leads.csv").write_text("a")
    url, folder = f"file://{tmp_path}/store", tmp_path / "crm"
    assert fetch(url, folder) == 2
    (tmp_path / "store" / "contacts.csv").write_text("changed")
    (tmp_path / "store" / "leads.csv").unlink()
    assert fetch(url, folder) == 1
    assert sorted(path.name for path in folder.iterdir()) == [".fetched.json", "contacts.csv", "leads.csv"]
    assert (folder / "contacts.csv").read_text() == "changed"


def test_a_store_that_breaks_off_names_itself_and_no_value_and_keeps_what_was_fetched(
    tmp_path: Path, memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe_file("/bucket/a.csv", b"1")
    memory.pipe_file("/bucket/b.csv", b"2")
    whole = type(memory).get_file

    def broken(store: object, name: str, *rest: object, **more: object) -> None:
        if name.endswith("b.csv"):
            raise RuntimeError("Jane Doe")
        whole(store, name, *rest, **more)

    monkeypatch.setattr(type(memory), "get_file", broken)
    with pytest.raises(ConnectionFailed) as failed:
        fetch("memory://bucket", tmp_path / "crm")
    assert "memory://bucket" in str(failed.value) and "Jane" not in str(failed.value)
    assert [path.name for path in (tmp_path / "crm").glob("[!.]*")] == ["a.csv"]


@pytest.mark.parametrize(("url", "error"), [("abfs://box/ehr", EnvironmentNotReady), ("nowhere://box/ehr", UsageError)])
def test_a_scheme_without_its_package_or_of_no_store_is_refused(url: str, error: type[Exception], tmp_path: Path) -> None:
    """No package of Azure's is in the lock."""
    with pytest.raises(error, match=r"abfs:// needs a package|of no store that is known"):
        fetch(url, tmp_path / "crm")


def test_a_publication_is_named_when_all_of_it_is_there_and_is_copied_once(tmp_path: Path, memory) -> None:
    (tmp_path / "1" / "reports").mkdir(parents=True)
    (tmp_path / "1" / "warehouse.duckdb").write_bytes(b"w")
    (tmp_path / "1" / "reports" / "board.html").write_bytes(b"b")
    assert send(tmp_path / "1", "memory://bucket/p", "1")
    assert memory.cat_file("/bucket/p/1/reports/board.html") == b"b"
    assert json.loads(memory.cat_file("/bucket/p/current.json")) == {"id": "1"}
    assert not send(tmp_path / "1", "memory://bucket/p", "1")


def test_publications_of_real_patients_are_copied_encrypted_alone(tmp_path: Path) -> None:
    real = Practice("p", "P", "UTC", {}, published_to="memory://bucket")
    shown = Publication.__new__(Publication)
    with pytest.raises(UsageError, match="copied encrypted alone"):
        copy_publication(Home(tmp_path), real, shown, silent)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('fetched = { crm = "s3://me:secret@bucket/crm" }', "fetched"),
        ('published_to = "/mnt/there"', "published_to"),
        ('fetched = { billing = "s3://bucket/billing" }', "is of no source"),
    ],
)
def test_an_address_with_a_sign_in_without_a_scheme_or_of_no_source_is_refused(setting: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "practice.toml").write_text(f'id = "p"\nname = "P"\ntime_zone = "UTC"\n{setting}\n[sources]\ncrm = "crm"\n')
    with pytest.raises(UsageError, match=said):
        read_practice(tmp_path)
