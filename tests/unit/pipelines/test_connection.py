"""Opening a DuckDB file asks nothing of whoever in the process has it open already."""

from pathlib import Path

import duckdb

from pipelines.sql.connection import open_file


def test_a_file_is_opened_beside_a_plain_connection_of_the_same_process(tmp_path: Path):
    """With settings of its own the second was refused: "a different configuration than existing connections"."""
    path = tmp_path / "one.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute("create table t as select 42 as n")
    with duckdb.connect(str(path), read_only=True), open_file(path, read_only=True) as second:
        assert second.execute("from t").fetchall() == [(42,)]


def test_a_new_file_has_the_form_of_duckdb_1_4_which_takes_less_time_to_write(tmp_path: Path):
    path = tmp_path / "new.duckdb"
    with open_file(path) as made:
        made.execute("create table t as select 42 as n")
    with duckdb.connect(str(path), read_only=True) as opened:
        forms = opened.execute("select tags['storage_version'] from duckdb_databases() where database_name = 'new'").fetchall()
    assert forms == [("v1.4.0+",)]


def test_an_older_file_is_opened_in_the_form_that_it_has(tmp_path: Path):
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute("create table t as select 42 as n")
    with open_file(path) as opened:
        assert opened.execute("from t").fetchall() == [(42,)]
