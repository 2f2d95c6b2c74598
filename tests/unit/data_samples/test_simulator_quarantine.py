"""The rows that the simulator spoils on purpose are those that landing keeps out, no more and no fewer."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import read_practice
from pipelines.raw.views import build_raw


def test_exactly_the_spoilt_rows_are_quarantined(small_practice: Path, new_home: Callable[[], Home]):
    practice, home = read_practice(small_practice), new_home()
    landed = land(practice, home)
    with duckdb.connect() as connection:
        build_raw(connection, practice, home, landed.ledger)
        query = "select source_system, file_name, row_number, field from raw.quarantined_rows"
        kept_out = connection.sql(query).pl()
    found = kept_out.select(
        pl.concat_str("source_system", pl.lit("/"), pl.col("file_name").str.split("/").list.last()), "row_number", "field"
    )
    spoilt = pl.read_parquet(small_practice / "truth" / "quarantine.parquet").select(
        pl.col("file").str.replace("/[^/]*/", "/"), "row_number", "field"
    )
    assert set(found.rows()) == set(spoilt.rows())
