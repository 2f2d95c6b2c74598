"""What a KPI tile shows: the newest quarter that is complete and mature, the one before, the baseline, the months behind."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboards.kpis.months import CATALOG, baselines, months_of
from dashboards.layout.filters import Filters
from dashboards.store.published import Publication, ask

MONTHS_A_PERIOD = 3
"""One month of a practice with a few sites is noise; a quarter is what a benchmark survey reports as well."""


@dataclass(frozen=True)
class Tile:
    """One KPI of the overview. `value` and `prior` are sum over sum of a quarter; None where there is nothing to show."""

    catalog: dict
    months: pl.DataFrame
    value: float | None
    prior: float | None
    first_month: date | None
    last_month: date | None
    baseline: float | None = None

    @property
    def meets_target(self) -> bool | None:
        """The value is on the good side of the target; None where one of them is missing."""
        target = self.catalog["target"]
        if self.value is None or target is None:
            return None
        return self.value <= target if self.catalog["direction"] == "lower" else self.value >= target


def tiles(publication: Publication, chosen: Filters | None = None) -> list[Tile]:
    """One tile a KPI, in the catalog's order; a KPI whose source is absent has a tile without a value."""
    chosen = chosen or Filters()
    catalogs = list(ask(publication, CATALOG).iter_rows(named=True))
    return _tiles(catalogs, months_of(publication, chosen), baselines(publication, chosen))


def tile(catalog: dict, months: pl.DataFrame) -> Tile:
    """The tile of one KPI from its months: `month_on`, `is_mature`, `numerator`, `denominator`, `value`, any order."""
    return _tiles([catalog], months.with_columns(kpi_code=pl.lit(catalog["kpi_code"])), {})[0]


def _tiles(catalogs: list[dict], months: pl.DataFrame, frozen: dict[str, float]) -> list[Tile]:
    """All at once: five steps for each KPI were 340 a page, and in each of them ten readers waited for one another."""
    months = months.sort("kpi_code", "month_on")
    age = pl.int_range(pl.len() - 1, -1, -1).over("kpi_code")  # 0: the newest mature month
    newest, before = pl.col("age") < MONTHS_A_PERIOD, pl.col("age") >= MONTHS_A_PERIOD
    sums = (
        months.filter("is_mature")
        .with_columns(age=age)
        .filter(pl.col("age") < 2 * MONTHS_A_PERIOD)
        .group_by("kpi_code")
        .agg(
            value=_ratio(newest),
            prior=pl.when(before.sum() == MONTHS_A_PERIOD).then(_ratio(before)),
            first_month=pl.col("month_on").filter(newest).min(),
            last_month=pl.col("month_on").max(),
        )
    )
    of_kpi = {row.pop("kpi_code"): row for row in sums.iter_rows(named=True)}
    drawn = months.group_by("kpi_code", maintain_order=True).tail(24).partition_by("kpi_code", as_dict=True)
    nothing, none_drawn = dict.fromkeys(("value", "prior", "first_month", "last_month")), months.clear()
    return [
        Tile(
            catalog=catalog,
            months=drawn.get((catalog["kpi_code"],), none_drawn),
            baseline=frozen.get(catalog["kpi_code"]),
            **of_kpi.get(catalog["kpi_code"], nothing),
        )
        for catalog in catalogs
    ]


def _ratio(which: pl.Expr) -> pl.Expr:
    denominator = pl.col("denominator").filter(which).sum()
    return pl.when(denominator != 0).then(pl.col("numerator").filter(which).sum() / denominator)
