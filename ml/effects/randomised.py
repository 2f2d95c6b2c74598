"""Estimates the effect of a randomised program: the difference between members offered it and members held out.

All variants are one estimator. With strata s and arms a, the cells (s, a) have means m, and the effect is
Σ_s (n_s / n) (m_s1 - m_s0): the difference in means, post-stratified to the strata's share of all rows
(Imbens & Rubin, Causal Inference, 2015, chapter 9; Miratrix, Sekhon & Yu, JRSS-B 2013;75:369).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import stdtrit

from ml.effects.columns import indicator, labels, numeric, require
from ml.effects.estimate import CONFIDENCE, Estimate, EstimateRefused


def randomised_effect(
    frame: pl.DataFrame, *, outcome: str, treated: str, strata: str | None = None, cluster: str | None = None
) -> Estimate:
    """The mean effect of `treated` (0 or 1) on `outcome`, one row per patient or other observation.

    Inference depends on the arguments:
    - no strata, binary outcome: Newcombe's hybrid score interval (Statistics in Medicine 1998;17:873, method 10) and the
      unpooled standard error √(p₁q₁/n₁ + p₀q₀/n₀);
    - with or without `strata`, any other outcome: Neyman's variance and Welch-Satterthwaite's t interval;
    - `cluster`, the unit that was randomised: the CR2 variance of Bell & McCaffrey (Survey Methodology 2002;28:169) with
      their Satterthwaite degrees of freedom, which keep the nominal size with few and uneven clusters.
    Raises `EstimateRefused` for missing columns or values, and where a stratum's arm has fewer than two rows or clusters.
    """
    require(frame, [outcome, treated] + [name for name in (strata, cluster) if name])
    rows = pl.DataFrame(
        {
            "outcome": numeric(frame, outcome),
            "treated": indicator(frame, treated),
            "stratum": labels(frame, strata) if strata else pl.zeros(frame.height, eager=True),
            "cluster": labels(frame, cluster) if cluster else pl.int_range(frame.height, eager=True),
        }
    ).with_row_index("row", offset=1)
    cells = _cells(rows, strata or treated)
    difference = float((cells["weight"] * cells["mean"]).sum())
    parts: dict[str, object] = {"arms": _arms(rows)}
    if strata:
        parts["strata"] = _differences(cells)
    is_binary = rows["outcome"].is_in([0.0, 1.0]).all()
    if cluster:
        spread = _clustered(rows, cells, cluster)
        parts["n_clusters"] = rows["cluster"].n_unique()
    else:
        spread = _independent(cells)
    parts["degrees_of_freedom"] = spread.degrees_of_freedom
    half = spread.standard_error * float(stdtrit(spread.degrees_of_freedom, (1 + CONFIDENCE) / 2))
    interval, inference, standard_error = (difference - half, difference + half), spread.inference, spread.standard_error
    if is_binary and not strata and not cluster:
        standard_error = float(((cells["mean"] * (1 - cells["mean"])) / cells["n"]).sum()) ** 0.5
        interval, inference = _newcombe(cells), "Newcombe hybrid score interval, unpooled standard error"
        del parts["degrees_of_freedom"]
    return Estimate(difference, standard_error, interval, frame.height, inference, parts)


def usable_members(members: pl.DataFrame) -> pl.DataFrame:
    """Members of the strata with two members or more in each arm; `stratum` is the campaign within which the lot was drawn."""
    arm = pl.len().over("stratum", "is_held_out")
    return members.filter(arm >= 2).filter(pl.col("is_held_out").n_unique().over("stratum") == 2)


def trial_effect(members: pl.DataFrame) -> Estimate:
    """The effect of being offered outreach against being held out at random, by intention to treat.

    `members`: `stratum`, `is_held_out`, `outcome` (0 or 1) and `cluster`, the patient, who may be a member of several campaigns.
    Only `usable_members` count. Raises `EstimateRefused` if there are none. Every table that shows this effect shows this one.
    """
    usable = usable_members(members)
    if usable.is_empty():
        raise EstimateRefused("no campaign has two members with a known outcome in each arm")
    rows = usable.with_columns(offered=~pl.col("is_held_out"), outcome=pl.col("outcome").cast(pl.Float64))
    cluster = "cluster" if rows["cluster"].n_unique() < rows.height else None
    strata = "stratum" if rows["stratum"].n_unique() > 1 else None
    return randomised_effect(rows, outcome="outcome", treated="offered", strata=strata, cluster=cluster)


@dataclass(frozen=True)
class _Spread:
    standard_error: float
    degrees_of_freedom: float
    inference: str


def _cells(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """One row per stratum × arm: n, mean, variance, and the signed weight of its mean in the effect."""
    arms = pl.col("treated").n_unique().over("stratum")
    one_armed = rows.filter((arms < 2) | (pl.len().over("stratum", "treated") < 2))
    if not one_armed.is_empty():
        raise EstimateRefused(
            "an arm (of this row's stratum) has fewer than two rows; merge strata, or exclude this one deliberately",
            column=column,
            row=min(one_armed["row"]),
        )
    cells = rows.group_by("stratum", "treated", maintain_order=True).agg(
        pl.len().alias("n"), pl.col("outcome").mean().alias("mean"), pl.col("outcome").var().alias("variance")
    )
    sign = pl.when("treated").then(1.0).otherwise(-1.0)
    return cells.sort("stratum", "treated").with_columns(weight=sign * pl.col("n").sum().over("stratum") / pl.col("n").sum())


def _independent(cells: pl.DataFrame) -> _Spread:
    parts = (cells["weight"] ** 2 * cells["variance"] / cells["n"]).to_numpy()
    total = parts.sum()
    freedom = total**2 / (parts**2 / (cells["n"].to_numpy() - 1)).sum() if total > 0 else float(cells["n"].sum() - len(cells))
    return _Spread(float(total**0.5), float(freedom), "Neyman variance, Welch-Satterthwaite t interval")


def _clustered(rows: pl.DataFrame, cells: pl.DataFrame, cluster: str) -> _Spread:
    """CR2 variance of the regression on cell indicators, which has a closed form.

    The leverage of cluster j's m rows in a cell of n rows is the block 11'/n, whose only eigenvalue is m/n, so that CR2
    divides their residual sum by √(1 - m/n). The degrees of freedom are (tr M)² / tr M² with M = diag(d) - Q diag(1/n) Q',
    Q_jc = m b_jc, d_j = Σ_c m b_jc² and b_jc = weight_c / n_c / √(1 - m/n): the working model of independent rows.
    """
    blocks = (
        rows.join(cells, on=["stratum", "treated"], maintain_order="left")
        .group_by("cluster", "stratum", "treated", maintain_order=True)
        .agg(
            pl.len().alias("m"),
            (pl.col("outcome") - pl.col("mean")).sum().alias("residual"),
            pl.col("n", "weight").first(),
            pl.col("row").min(),
        )
        .sort("cluster", "stratum", "treated")
    )
    alone = blocks.filter(pl.col("m") == pl.col("n"))
    if not alone.is_empty():
        raise EstimateRefused("an arm (of this row's stratum) has only one cluster", column=cluster, row=min(alone["row"]))
    b = pl.col("weight") / pl.col("n") / (1 - pl.col("m") / pl.col("n")).sqrt()
    blocks = blocks.with_columns(
        j=pl.col("cluster").rank("dense") - 1, c=pl.struct("stratum", "treated").rank("dense") - 1, b=b, q=b * pl.col("m")
    )
    scores = blocks.group_by("j", maintain_order=True).agg((pl.col("b") * pl.col("residual")).sum())["b"]
    d = blocks.group_by("j", maintain_order=True).agg((pl.col("b") * pl.col("q")).sum())["b"].to_numpy()
    q = np.zeros((len(d), len(cells)))
    q[blocks["j"].to_numpy(), blocks["c"].to_numpy()] = blocks["q"].to_numpy()
    q /= np.sqrt(cells["n"].to_numpy())
    trace = d.sum() - (q**2).sum()
    trace_of_square = (d**2).sum() - 2 * (d[:, None] * q**2).sum() + ((q.T @ q) ** 2).sum()
    return _Spread(
        float((scores**2).sum()) ** 0.5, float(trace**2 / trace_of_square), "CR2 cluster variance, Bell-McCaffrey t interval"
    )


def _newcombe(cells: pl.DataFrame) -> tuple[float, float]:
    from statsmodels.stats.proportion import confint_proportions_2indep

    (n0, n1), (p0, p1) = cells["n"].to_list(), cells["mean"].to_list()
    low, high = confint_proportions_2indep(p1 * n1, n1, p0 * n0, n0, method="newcomb", compare="diff", alpha=1 - CONFIDENCE)
    return float(low), float(high)


def _arms(rows: pl.DataFrame) -> list[dict[str, object]]:
    arms = (
        rows.group_by("treated", maintain_order=True)
        .agg(pl.len().alias("n"), pl.col("outcome").mean().alias("mean"))
        .sort("treated")
    )
    return [{"treated": int(arm["treated"]), "n": arm["n"], "mean": arm["mean"]} for arm in arms.to_dicts()]


def _differences(cells: pl.DataFrame) -> list[dict[str, object]]:
    control, treated = cells.filter(~pl.col("treated")), cells.filter("treated")
    return [
        {"stratum": stratum, "n": n0 + n1, "estimate": m1 - m0, "weight": weight}
        for stratum, n0, n1, m0, m1, weight in zip(
            treated["stratum"], control["n"], treated["n"], control["mean"], treated["mean"], treated["weight"], strict=True
        )
    ]
