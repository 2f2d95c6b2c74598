"""Says row by row what would land of one file, without landing it."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

from models.contract import Contract
from models.settings.layout import Layout
from pipelines.extract.csv_file import read_csv
from pipelines.extract.preflight import LIMITS, plain_file
from pipelines.extract.reading import QUARANTINE, ROWS, Reading, Request
from pipelines.extract.workbook import sheet_as_csv


@dataclass(frozen=True)
class Check:
    """`rows`: a frame `row_number`, `field`, `reason`, both null for a row that would land; `filled`: by field, how many of these
    rows have a value."""

    reading: Reading
    rows: pl.DataFrame
    filled: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The same, as JSON can hold it."""
        return {"reading": asdict(self.reading), "filled": self.filled, "rows": self.rows.to_dicts()}


def check(path: Path, contract: Contract, layout: Layout | None, time_zone: str, sheet: str | None = None) -> Check:
    """What would become of each row of a file, or of a `sheet` of a workbook. Raises `ExtractRefused` if it would be refused."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        connection = stack.enter_context(duckdb.connect())
        connection.execute("set TimeZone = 'UTC'")
        plain = sheet_as_csv(path, sheet, folder, LIMITS) if sheet else plain_file(path, folder, LIMITS)
        reading = read_csv(Request(connection, plain, contract, folder, folder, {}, time_zone, layout=layout))
        good = pl.read_parquet(folder / ROWS)
        kept_out = pl.read_parquet(folder / QUARANTINE)
    landed = good.select(
        pl.col("_row_number").alias("row_number"), *(pl.lit(None, pl.String).alias(one) for one in ("field", "reason"))
    )
    filled = {name: good.height - good[name].null_count() for name in contract.fields}
    return Check(reading, pl.concat([landed, kept_out]).sort("row_number", "field"), filled)
