"""Splits the change of a ratio into changes within its slices (rate) and changes of their shares (mix).

A ratio R is sum over sum, R = Σ wᵢ rᵢ with wᵢ = denominatorᵢ / Σ denominators and rᵢ = numeratorᵢ / denominatorᵢ. Between two
periods (Kitagawa 1955, Journal of the American Statistical Association 50(272): 1168–1194)

    ΔR = Σ Δwᵢ (r̄ᵢ − R̄) + Σ Δrᵢ w̄ᵢ        mix + rate; a bar is the mean of the two periods

with no interaction left over. Subtracting R̄ leaves the sum unchanged, since ΣΔwᵢ = 0, and gives a slice that grew but lies at
the mean no weight.
"""

import polars as pl


def mix_and_rate(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The change of a ratio from `before` to `after`, slice by slice.

    Each frame has `slice`, `numerator`, `denominator`, one row per slice. Returns `slice`, `value_before`, `value_after` (null
    without a denominator), `share_before`, `share_after` (of the denominators), `mix`, `rate` and `contribution` = mix + rate, in
    the ratio's unit, largest first; the contributions add up exactly. A slice present in one period only is all mix. A numerator
    without a denominator belongs to no slice's rate but still counts as rate. Raises `ValueError` if the denominators of a period
    add up to zero: then there is no ratio.
    """
    totals = [(float(frame["numerator"].sum()), float(frame["denominator"].sum())) for frame in (before, after)]
    if any(denominator == 0 for _, denominator in totals):
        raise ValueError("The denominators of a period add up to zero: there is no ratio.")
    (_, whole_before), (_, whole_after) = totals
    mean = sum(numerator / denominator for numerator, denominator in totals) / 2
    joined = before.select("slice", "numerator", "denominator").join(
        after.select("slice", "numerator", "denominator"),
        on="slice",
        how="full",
        coalesce=True,
        suffix="_after",
        maintain_order="left",
    )
    sides = joined.with_columns(pl.exclude("slice").fill_null(0.0)).select(
        "slice",
        share_before=pl.col("denominator") / whole_before,
        share_after=pl.col("denominator_after") / whole_after,
        part_before=pl.col("numerator") / whole_before,
        part_after=pl.col("numerator_after") / whole_after,
        value_before=pl.when(pl.col("denominator") != 0).then(pl.col("numerator") / pl.col("denominator")),
        value_after=pl.when(pl.col("denominator_after") != 0).then(pl.col("numerator_after") / pl.col("denominator_after")),
    )
    # A slice without a rate in one period takes that of the other: it appeared or disappeared; its rate did not change.
    usual = pl.mean_horizontal("value_before", "value_after").fill_null(0.0)
    parted = sides.with_columns(
        contribution=pl.col("part_after") - pl.col("part_before"),
        moved=(pl.col("share_after") - pl.col("share_before")),
    ).with_columns(rate=pl.col("contribution") - pl.col("moved") * usual, mix=pl.col("moved") * (usual - mean))
    return parted.select(
        "slice",
        "value_before",
        "value_after",
        "share_before",
        "share_after",
        "mix",
        "rate",
        contribution=pl.col("mix") + pl.col("rate"),
    ).sort(pl.col("contribution").abs(), "slice", descending=[True, False])
