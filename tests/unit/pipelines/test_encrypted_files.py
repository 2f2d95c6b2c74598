"""DuckDB files, Parquet and what is worked on in clear, in an encrypted home."""

import os
from pathlib import Path

import duckdb
import pytest

from models.home_keys import statements, store
from pipelines.errors import EnvironmentNotReady
from pipelines.landing.rows import landed_rows
from pipelines.scratch import clear_scratch
from pipelines.sql.connection import attach, open_file, open_memory
from pipelines.sql.parquet import rows_of, write_rows

NAME = b"Vexonara"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAREGAP_KEY", "2" * 64)
    store.encrypt_home(tmp_path)
    for place in ("build/1", "landing/p"):
        (tmp_path / place).mkdir(parents=True)
    return tmp_path


def test_a_view_on_encrypted_parquet_is_read_by_every_later_connection(root: Path):
    """As raw views are: dbt, checks and publishing open the build anew. The file holds the key's name, not the key."""
    rows, build = root / "landing" / "p" / "rows.parquet", root / "build" / "1" / "warehouse.duckdb"
    with open_memory(root / "landing" / "p" / "aside") as connection:
        write_rows(connection, f"select '{NAME.decode()}' as name", rows)
    with open_file(build) as connection:
        connection.execute(f"create schema raw; create view raw.people as from {rows_of([rows])}")
    with open_file(build, read_only=True) as connection:
        assert connection.execute("select name from raw.people").fetchall() == [(NAME.decode(),)]
    assert rows.read_bytes()[:4] == b"PARE"
    assert NAME not in rows.read_bytes() + build.read_bytes()


def test_encrypted_rows_of_several_versions_are_read_as_one(root: Path):
    """As after an upgrade, or where one EHR sends FHIR and another HL7 v2. DuckDB's own union by name crashes on them."""
    old, new = (root / "landing" / "p" / f"{name}.parquet" for name in ("old", "new"))
    with open_memory(root / "landing" / "p" / "aside") as connection:
        write_rows(connection, "select unnest(['a', 'b']) as id, null::bigint as _row_number", old)
        write_rows(connection, f"select 'c' as id, '{NAME.decode()}' as name, 7 as _row_number", new)
        rows = landed_rows([[old], [new]], "filename = true")
        found = connection.execute(f"select id, name, _row_number from {rows} as landed order by id").fetchall()
    assert found == [("a", None, 1), ("b", None, 2), ("c", NAME.decode(), 7)]


def test_what_has_no_room_in_memory_is_encrypted_too(root: Path):
    build = root / "build" / "1" / "warehouse.duckdb"
    with open_file(build) as connection:
        connection.execute("set memory_limit = '30MB'; set threads = 1")
        connection.execute(
            f"create temp table much as select md5(i::varchar) || '{NAME.decode()}' as name from range(1000000) r(i)"
        )
        aside = list(build.with_name("warehouse.duckdb.tmp").iterdir())
        assert aside and not any(NAME in path.read_bytes() for path in aside)


def test_nothing_is_written_without_the_extension_that_encrypts(root: Path, monkeypatch: pytest.MonkeyPatch):
    """DuckDB's own cipher is never used in its place."""
    monkeypatch.setattr(store, "PACKAGE", "duckdb_extension_of_another_name")
    with pytest.raises(EnvironmentNotReady, match="without it nothing is encrypted"):
        open_file(root / "build" / "1" / "warehouse.duckdb")
    assert list((root / "build" / "1").iterdir()) == []


def test_an_extension_that_duckdb_does_not_load_stops_it_too(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "httpfs.duckdb_extension").write_bytes(b"of another version")
    monkeypatch.setattr(statements, "extension", lambda: tmp_path / "httpfs.duckdb_extension")
    with pytest.raises(EnvironmentNotReady, match="cannot load its extension httpfs"):
        open_file(root / "build" / "1" / "warehouse.duckdb")


def test_a_file_of_another_home_is_one_sentence_without_the_key(root: Path, tmp_path_factory: pytest.TempPathFactory):
    other = tmp_path_factory.mktemp("other") / "warehouse.duckdb"
    with open_file(root / "build" / "1" / "warehouse.duckdb") as connection:
        connection.execute("create table t as select 1 as n")
    other.write_bytes((root / "build" / "1" / "warehouse.duckdb").read_bytes())
    with pytest.raises(EnvironmentNotReady, match="its key is not in this home's keys") as refused:
        open_file(other, read_only=True)
    assert "encryption_key" not in str(refused.value)
    with duckdb.connect() as connection, pytest.raises(EnvironmentNotReady, match="its key is not in"):
        attach(connection, other, "other")


def test_what_is_unpacked_lies_in_memory_for_its_owner_alone(root: Path, tmp_path_factory: pytest.TempPathFactory):
    with clear_scratch(root / "landing" / "p") as folder:
        assert folder.is_relative_to("/dev/shm")  # noqa: S108
        assert folder.parent.stat().st_mode & 0o077 == 0
    assert not folder.exists()
    clear = tmp_path_factory.mktemp("clear")
    with clear_scratch(clear) as folder:
        assert folder.parent == clear


def test_a_place_that_others_can_read_is_not_used(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):

    (tmp_path / "memory" / f"caregap-{os.getuid()}").mkdir(parents=True)
    (tmp_path / "memory" / f"caregap-{os.getuid()}").chmod(0o755)
    monkeypatch.setenv("CAREGAP_SCRATCH", str(tmp_path / "memory"))
    with pytest.raises(EnvironmentNotReady, match="others can read it"), clear_scratch(root / "landing" / "p"):
        pass
