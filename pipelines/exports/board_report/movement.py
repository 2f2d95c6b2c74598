"""What moved and why: the change of a KPI from the period before, as mix and rate of its slices."""

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from ml.effects.mix_and_rate import mix_and_rate
from models.few_cases import is_few
from pipelines.exports.board_report.kpis import Kpi
from pipelines.exports.board_report.period import Period

DIMENSIONS = {"location": "site", "payer_class": "payer", "patient_segment": "patients"}
"""Not by provider: a board report should not name clinicians; the dashboards show providers to roles that may see them."""
SHOWN = 3
SLICES = """
select kpi_code, slice_type, slice_key, any_value(slice_name) as slice, month_on >= $first as is_after,
    sum(numerator) as numerator, sum(denominator) as denominator, sum(n_records) as n_records
from marts.fct_kpi_slices
where is_mature and slice_type in ('location', 'payer_class', 'patient_segment') and month_on between $before and $last
group by all
"""


@dataclass(frozen=True)
class Movement:
    """A KPI's change: `parts` maps each dimension to mix, rate, and the slices that moved it most: rows of `mix_and_rate`, with
    `n`, the cases now (None of a ratio), and `is_small`: few now or before.
    """

    kpi: Kpi
    parts: dict[str, tuple[float, float, list[dict[str, Any]]]]


def movements(connection: duckdb.DuckDBPyConnection, shown: list[Kpi], period: Period) -> list[Movement]:
    """The movement of each of `shown` that has changed from the period before, the greatest against its own size first."""
    slices = connection.execute(
        SLICES, {"first": period.first_month_on, "before": period.before.first_month_on, "last": period.ends_on}
    ).pl()
    moved = [kpi for kpi in shown if kpi["before_status"] in ("better", "worse")]
    found = [_movement(kpi, slices.filter(pl.col("kpi_code") == kpi["kpi_code"])) for kpi in moved]
    return sorted(found, key=lambda one: -abs(one.kpi["before_change"] / (one.kpi["before_value"] or one.kpi["before_change"])))


def _movement(kpi: Kpi, slices: pl.DataFrame) -> Movement:
    parts = {}
    for slice_type, name in DIMENSIONS.items():
        of_type = slices.filter(pl.col("slice_type") == slice_type)
        # Two sites may have one name, so slices are compared by key.
        names = dict(of_type.select("slice_key", "slice").iter_rows())
        keyed = of_type.select("is_after", "numerator", "denominator", "n_records", slice=pl.col("slice_key"))
        decomposed = mix_and_rate(keyed.filter(~pl.col("is_after")), keyed.filter(pl.col("is_after")))
        shown = [
            row | {"slice": names[row["slice"]]} | _cases(kpi, keyed.filter(pl.col("slice") == row["slice"]))
            for row in decomposed.head(SHOWN).iter_rows(named=True)
        ]
        parts[name] = (float(decomposed["mix"].sum()), float(decomposed["rate"].sum()), shown)
    return Movement(kpi, parts)


def _cases(kpi: Kpi, sides: pl.DataFrame) -> dict[str, Any]:
    """What a slice's two values rest on; how it stood is the mean of the month ends."""
    n_ends = kpi["n_months"] if kpi["time_basis"] == "month_end" else 1
    rows = {
        is_after: (numerator / n_ends, denominator / n_ends, n_records)
        for is_after, numerator, denominator, n_records, _ in sides.iter_rows()
    }
    n = None if kpi["scoring"] == "ratio" else rows.get(True, (0.0, 0.0))[1]
    few = [is_few(numerator, denominator, kpi["scoring"], n_records) for numerator, denominator, n_records in rows.values()]
    return {"n": n, "is_small": any(few)}
