"""Rates by lead time, payer, source, cohort: their counts come from a mart, and are summed and divided here."""

import polars as pl

from models.few_cases import few


def rate(numerator: str, denominator: str) -> pl.Expr:
    """One column by another; null where the denominator is zero."""
    return pl.when(pl.col(denominator) != 0).then(pl.col(numerator) / pl.col(denominator))


def share(numerator: float, denominator: float) -> float | None:
    """One number by another; None where the denominator is zero."""
    return numerator / denominator if denominator else None


def rated(rows: pl.DataFrame, *by: str, numerator: str, denominator: str, also: tuple[str, ...] = ()) -> pl.DataFrame:
    """The counts `numerator`, `denominator` and `also`, summed by `by`, with `rate` and `is_small`: whether it rests on few
    cases."""
    sums = rows.group_by(*by, maintain_order=True).agg(pl.col(numerator, denominator, *also).sum())
    return sums.with_columns(few(numerator, denominator), rate=rate(numerator, denominator)).sort(*by)


def survival(rows: pl.DataFrame) -> pl.DataFrame:
    """Share still active after each quarter: the product of what each kept of those at risk in it.

    `rows` have `quarters_since`, `n_at_risk` and `n_lapsed`. Out come these, `share`, and `months`, which begins with 0.
    Source: Kaplan and Meier, Nonparametric Estimation from Incomplete Observations, JASA 53, 1958.
    """
    sums = rows.group_by("quarters_since").agg(pl.col("n_at_risk", "n_lapsed").sum()).sort("quarters_since")
    kept = (1 - pl.col("n_lapsed") / pl.col("n_at_risk")).cum_prod()
    after = sums.with_columns(share=kept, months=(3 * (pl.col("quarters_since") + 1)).cast(pl.Int32))
    begin = sums.filter(pl.col("quarters_since") == 0).with_columns(share=pl.lit(1.0), months=pl.lit(0, dtype=pl.Int32))
    return pl.concat([begin, after]).sort("months")
