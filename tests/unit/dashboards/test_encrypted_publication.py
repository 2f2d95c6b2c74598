"""Pages and queries read an encrypted publication, and leave nothing of it in clear."""

from contextlib import suppress
from pathlib import Path

import pytest

from dashboards.access.roles import Sight
from dashboards.sandbox import runner
from dashboards.store.scope import Scope, open_scoped
from models.home_keys import store
from models.home_keys.wrapping import KeysRefused
from pipelines.sql.connection import open_file

KEY = "3" * 64


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A publication with one patient."""
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    store.encrypt_home(tmp_path)
    folder = tmp_path / "published" / "20260101T000000-abc"
    folder.mkdir(parents=True)
    with open_file(folder / "warehouse.duckdb") as connection:
        connection.execute("""
            create schema marts; create table marts.dim_patients as select 7 as patient_key, 'Qorvath' as last_name;
            create schema catalog;
            create table catalog.tables as select 'marts.dim_patients' as table_name, null::varchar as site_column,
                null::varchar as restricting_column;
            create table catalog.columns as
            select 'marts.dim_patients' as table_name, unnest(['patient_key', 'last_name']) as column_name,
                unnest([1, 2]) as position, unnest(['', 'direct']) as phi, '' as refers_to
        """)
    return folder


def test_a_page_reads_what_is_encrypted(folder: Path):
    assert b"Qorvath" not in (folder / "warehouse.duckdb").read_bytes()
    with open_scoped(folder, Scope(Sight.FULL, None)) as connection:
        assert connection.execute("select last_name from marts.dim_patients").fetchall() == [("Qorvath",)]


def test_a_page_without_the_key_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CAREGAP_KEY")
    with pytest.raises(KeysRefused, match="its key is not given"):
        open_scoped(folder, Scope(Sight.FULL, None))


def test_a_scope_cannot_ask_for_the_key(folder: Path):
    with open_scoped(folder, Scope(Sight.FULL, None)) as connection:
        known = str(connection.execute("select * from duckdb_databases()").fetchall())
        known += str(connection.execute("select * from duckdb_settings()").fetchall())
    key = store.key_of(folder / "warehouse.duckdb")
    from models.home_keys.statements import attach

    [held] = [word for word in attach("x", "y", key).split("'") if len(word) == 44]
    assert held not in known


def test_an_analysts_answer_is_encrypted_on_its_way(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The key goes to the child by its standard input: neither its environment nor its arguments hold it."""
    spool = tmp_path / "queries" / "running"
    spool.mkdir(parents=True)
    query = runner.start(folder / "warehouse.duckdb", "select last_name from marts.dim_patients", beside=spool)
    while not query.wait(0.1):
        with suppress(OSError):  # it has ended in between
            seen = Path(f"/proc/{query.process.pid}/environ").read_bytes()
            seen += Path(f"/proc/{query.process.pid}/cmdline").read_bytes()
            assert b"CAREGAP" not in seen and b"encryption_key" not in seen
    written = [path.read_bytes() for path in spool.rglob("*") if path.is_file()]
    assert written and not any(b"Qorvath" in content for content in written)
    assert query.answer().rows.to_dicts() == [{"last_name": "Qorvath"}]
