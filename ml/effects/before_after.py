"""Before against after, without a comparison group: a description, never a cause."""

import polars as pl

from ml.effects.estimate import Estimate
from ml.effects.randomised import randomised_effect


def before_after_difference(frame: pl.DataFrame, *, outcome: str, is_after: str) -> Estimate:
    """The mean of `outcome` after minus before; `is_after` is 0 or 1, one row per observation.

    The interval covers sampling error only: the difference still contains trend, season, other changes and regression to the
    mean, so the parts say `is_causal: False`. Raises `EstimateRefused` as `randomised_effect` does.
    """
    found = randomised_effect(frame, outcome=outcome, treated=is_after)
    before, after = found.parts["arms"]
    parts = {"is_causal": False, "before": before["mean"], "after": after["mean"], "n_before": before["n"], "n_after": after["n"]}
    return Estimate(found.estimate, found.standard_error, found.interval, found.n, f"descriptive only; {found.inference}", parts)
