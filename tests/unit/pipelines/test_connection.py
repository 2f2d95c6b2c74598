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
