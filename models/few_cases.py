"""From how many cases on a rate says something: fewer are marked wherever it is shown.

`fct_kpi_periods` and `fct_baselines` mark theirs by the same: `small_denominator` and `small_numerator` in `dbt_project.yml`.
"""

import polars as pl

FEW_IN_DENOMINATOR = 30
FEW_IN_NUMERATOR = 10
MARK = "†"
FEWER = f"fewer than {FEW_IN_DENOMINATOR}, or {FEW_IN_NUMERATOR} in the numerator"
FEW_CASES = f"{MARK}: few cases, {FEWER}."
"""What few means: a page says it wherever it marks it."""


def is_few(
    numerator: float | None, denominator: float | None, scoring: str = "proportion", n_records: float | None = None
) -> bool:
    """Fewer than 30 cases, or of a `proportion` fewer than 10 in its numerator. The cases of a `ratio` are the records that its
    numerator adds up, `n_records`: None where these are sums themselves (`fct_kpis`)."""
    if scoring == "ratio":
        return n_records is not None and n_records < FEW_IN_DENOMINATOR
    if not denominator:
        return False
    return denominator < FEW_IN_DENOMINATOR or (scoring == "proportion" and (numerator or 0) < FEW_IN_NUMERATOR)


def few(numerator: str, denominator: str) -> pl.Expr:
    """`is_small`: whether the share of these two columns rests on few cases."""
    return ((pl.col(denominator) < FEW_IN_DENOMINATOR) | (pl.col(numerator) < FEW_IN_NUMERATOR)).alias("is_small")


def marked(numerator: str, denominator: str) -> pl.Expr:
    """`few`: the mark beside such a share, in a table; otherwise empty."""
    return pl.when(few(numerator, denominator)).then(pl.lit(MARK)).otherwise(pl.lit("")).alias("few")
