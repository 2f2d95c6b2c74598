"""Interrupted series against the published models of the Sicilian smoking ban, plain regression, and simulated series."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from ml.effects.estimate import EstimateRefused
from ml.effects.interrupted_series import interrupted_series_effect

ROI = Path(__file__).parents[3].parent / "shared" / "data" / "roi"
COLUMNS = {"outcome": "y", "time": "t", "intervention": "i"}
published = pytest.mark.skipif(not ROI.is_dir(), reason="the published tables of ../shared/data/roi are not here")


@published
def test_the_published_models_come_out_to_the_printed_digits():
    expected = json.loads((ROI / "expected.json").read_text())["sicily_its"]
    frame = pl.read_csv(ROI / "sicily.csv")
    columns = {"outcome": "aces", "time": "time", "intervention": "smokban", "offset": "stdpop"}
    poisson = interrupted_series_effect(frame, **columns, family="poisson")
    quasi = interrupted_series_effect(frame, **columns)
    seasonal = interrupted_series_effect(frame, **columns, season=("month", 2))
    for found, name in ((poisson, "m1_poisson"), (quasi, "m2_quasipoisson"), (seasonal, "m3_quasi_harmonic2")):
        model = expected[name]
        digits = 6 if name == "m3_quasi_harmonic2" else 3
        assert round(found.estimate, 7) == model["coef"]
        assert round(found.standard_error, 7) == model["se"]
        assert [round(end, digits) for end in found.parts["relative_risk"]["interval"]] == model["ci"]
        assert round(found.parts["dispersion"], 6) == model.get("dispersion", 3.559195)
    assert round(poisson.parts["relative_risk"]["estimate"], 3) == expected["m1_poisson"]["rr"]
    assert round(seasonal.parts["relative_risk"]["estimate"], 7) == expected["m3_quasi_harmonic2"]["rr"]
    assert round(seasonal.parts["trend_per_season"]["estimate"], 3) == expected["m3_quasi_harmonic2"]["annual_trend"]
    assert seasonal.n == 59


def series(seed: int = 0, effect: float = 0.0, n: int = 60, start: int = 36) -> pl.DataFrame:
    """Monthly counts around 150 with season and extra-Poisson noise (variance about 4 times the mean)."""
    random = np.random.default_rng(seed)
    t = np.arange(1, n + 1)
    active = t > start
    mean = np.exp(5 + 0.003 * t + effect * active + 0.1 * np.sin(2 * np.pi * t / 12))
    y = random.poisson(mean * random.gamma(50, 1 / 50, size=n))
    return pl.DataFrame({"t": t, "i": active.astype(int), "month": (t - 1) % 12 + 1, "n": 1000 + 5 * t, "y": y})


@pytest.mark.parametrize("lags", [None, 0, 4])
def test_coefficients_and_errors_are_those_of_the_library(lags: int | None):
    frame = series()
    found = interrupted_series_effect(frame, **COLUMNS, offset="n", family="poisson", hac_lags=lags)
    design = sm.add_constant(frame.select("i", "t").to_numpy().astype(float))
    model = sm.GLM(frame["y"].to_numpy(), design, family=sm.families.Poisson(), offset=np.log(frame["n"].to_numpy()))
    fit = model.fit() if lags is None else model.fit(cov_type="HAC", cov_kwds={"maxlags": lags})
    assert found.estimate == pytest.approx(fit.params[1], abs=1e-7)
    assert found.standard_error == pytest.approx(fit.bse[1], rel=1e-5)


def test_order_of_rows_and_unit_of_the_offset_do_not_matter():
    frame = series(1)
    moved = frame.sample(fraction=1, shuffle=True, seed=1).with_columns(pl.col("n") * 12)
    options = {**COLUMNS, "offset": "n", "season": ("month", 1), "hac_lags": 3}
    first, second = interrupted_series_effect(frame, **options), interrupted_series_effect(moved, **options)
    assert second.interval == pytest.approx(first.interval, abs=1e-9)


def test_autocorrelated_residuals_are_reported():
    frame = series(2)
    drift = np.sin(np.arange(60) / 3) * 60
    found = interrupted_series_effect(frame.with_columns(y=pl.col("y") + pl.Series(drift) + 60), **COLUMNS)
    assert found.parts["residual_autocorrelation"]["p_value"] < 0.001


REFUSED = {
    "negative": (
        lambda f: f.with_columns(y=pl.when(pl.col("t") == 4).then(-1).otherwise("y")),
        {},
        "column y, data row 4: is a negative",
    ),
    "two rows for one time": (lambda f: f.with_columns(t=pl.col("t").clip(2)), {}, "column t, data row 2: is a second row"),
    "no interruption": (lambda f: f.with_columns(i=pl.lit(1)), {}, "there is no interruption"),
    "no population": (lambda f: f.with_columns(n=pl.col("n") - 1010), {"offset": "n"}, "column n, data row 1: is not above 0"),
    "weeks as months": (lambda f: f, {"season": ("t", 2)}, "outside the season's period of 12"),
    "too short": (lambda f: f[34:38], {"season": ("month", 2)}, "are too few to estimate"),
    "too many harmonics": (lambda f: f, {"season": ("month", 7)}, "half the period"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_series_that_cannot_identify_the_effect_is_refused(name: str):
    breaking, options, words = REFUSED[name]
    with pytest.raises(EstimateRefused, match=words):
        interrupted_series_effect(breaking(series()), **COLUMNS, **options)


@pytest.mark.parametrize("effect", [0.0, -0.15])
def test_the_quasi_poisson_interval_holds_the_truth(effect: float):
    """95 % of 200 series are 190; fewer than 174 would happen by chance less than once in 10,000 with 93 %."""
    held = 0
    for seed in range(200):
        low, high = interrupted_series_effect(series(seed, effect), **COLUMNS, season=("month", 1)).interval
        held += low <= effect <= high
    assert 174 <= held <= 199
