"""Estimates the effect on one or few units: synthetic difference-in-differences (Arkhangelsky, Athey, Hirshberg, Imbens &
Wager, AER 2021;111:4088), cohort by cohort if units joined at different times (Clarke et al., Stata Journal 2024;24:557).
"""

import numpy as np
import polars as pl
from scipy.special import ndtri, stdtrit

from ml.effects.estimate import CONFIDENCE, Estimate, EstimateRefused
from ml.effects.panel import Panel, read_panel
from ml.effects.synthetic_errors import STANDARD_ERRORS
from ml.effects.synthetic_fit import CohortFit, fit_cohorts, pooled_effect

FEW_CONTROLS = 30


def synthetic_did_effect(
    frame: pl.DataFrame,
    *,
    unit: str,
    period: str,
    first_treated: str,
    outcome: str,
    drop_incomplete: bool = False,
    inference: str = "auto",
    replications: int = 200,
    seed: int = 0,
) -> Estimate:
    """The mean effect on the treated cells of a balanced long panel; controls are the units never treated.

    `inference`: "placebo" (controls act as treated units; all of them in turn if that takes at most `replications`),
    "jackknife" (weights fixed, units left out) or "bootstrap" (units resampled); "auto" is placebo if there are at least two
    more controls than treated units, otherwise jackknife. The interval is normal, or Student's t with n - 1 degrees of freedom
    for n < 30 controls. Parts: `cohorts`, `unit_weights`, `time_weights`, `effect_curve`, `standard_error_method`.
    Raises `EstimateRefused` as `read_panel` does, if fewer than two units are never treated, if a cohort has fewer than two
    periods before, and if the data do not allow the requested inference.
    """
    panel = read_panel(
        frame, unit=unit, period=period, first_treated=first_treated, outcome=outcome, drop_incomplete=drop_incomplete
    )
    n_controls, n_treated = int(np.isinf(panel.first_treated).sum()), int(np.isfinite(panel.first_treated).sum())
    if n_controls < 2:
        raise EstimateRefused("fewer than two units are never treated, so no comparison can be built", column=first_treated)
    if (panel.clock < panel.cohorts[0]).sum() < 2:
        raise EstimateRefused(
            "the first cohort has fewer than two periods before its treatment; add earlier periods or exclude it",
            column=first_treated,
        )
    fits = fit_cohorts(panel, panel.outcome, panel.first_treated)
    if max(fit.noise for fit in fits.values()) == 0:
        raise EstimateRefused("the controls do not vary before treatment, so they cannot be weighted", column=outcome)
    if inference == "auto":
        inference = "placebo" if n_treated == 1 or n_controls >= n_treated + 2 else "jackknife"
    error = STANDARD_ERRORS[inference](panel, fits, replications, np.random.default_rng(seed))
    effect = pooled_effect({cohort: fit.effect for cohort, fit in fits.items()}, panel.first_treated, panel.clock)
    is_small = n_controls < FEW_CONTROLS
    quantile = (1 + CONFIDENCE) / 2
    critical = float(stdtrit(n_controls - 1, quantile) if is_small else ndtri(quantile))
    words = f"{inference} standard error, {f't interval, {n_controls - 1} degrees of freedom' if is_small else 'normal interval'}"
    parts = _tables(panel, fits) | {"standard_error_method": inference, "n_controls": n_controls, "n_treated": n_treated}
    parts |= {"n_observations": panel.outcome.size, "n_dropped": panel.n_dropped}
    return Estimate(effect, error, (effect - critical * error, effect + critical * error), len(panel.units), words, parts)


def _tables(panel: Panel, fits: dict[float, CohortFit]) -> dict[str, object]:
    controls = [unit for unit, first in zip(panel.units, panel.first_treated, strict=True) if np.isinf(first)]
    cohorts, units, times, curve = [], [], [], []
    for clock, fit in fits.items():
        cohort, n_before = panel.cohort_names[clock], len(fit.lambda_)
        n = int((panel.first_treated == clock).sum())
        cohorts.append({"cohort": cohort, "estimate": fit.effect, "n_treated": n, "n_periods_treated": len(fit.curve)})
        units += [{"cohort": cohort, "unit": u, "weight": w} for u, w in zip(controls, fit.omega.tolist(), strict=True) if w > 0]
        before = zip(panel.period_names, fit.lambda_.tolist(), strict=False)
        times += [{"cohort": cohort, "period": period, "weight": w} for period, w in before if w > 0]
        after = zip(panel.period_names[n_before:], fit.curve.tolist(), strict=True)
        curve += [{"cohort": cohort, "period": period, "estimate": effect} for period, effect in after]
    return {"cohorts": cohorts, "unit_weights": units, "time_weights": times, "effect_curve": curve}
