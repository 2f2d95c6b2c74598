"""A fitted risk model: the better of two recipes on a table of inputs, calibrated, with each input's contribution to each row.

Shared by all tasks: disengagement (`ml.risk.disengagement`) and missed appointments (`ml.risk.no_show`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import cast

import numpy as np
import polars as pl
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from ml.risk import gradient_boosting, spline_logistic
from ml.risk.features import Feature
from ml.risk.reasons import reasons
from ml.risk.selection import Fit, Selection, select

AT_ONCE = 50_000
"""Rows whose splines, some 200 columns, are in memory at once."""
CHAMPION, CHALLENGER = "spline_logistic", "gradient_boosting"


@dataclass(frozen=True)
class RiskModel:
    """A fitted model: `features` are the columns of its matrix, in order; `selection` names the recipe and calibrates it."""

    estimator: Pipeline | HistGradientBoostingClassifier
    features: tuple[str, ...]
    trained_from_on: date
    trained_to_on: date
    selection: Selection

    def risk(self, rows: pl.DataFrame) -> np.ndarray:
        """The probability of the outcome; shape (rows,)."""
        return self.risk_of(matrix(rows, self.features))

    def risk_of(self, inputs: np.ndarray) -> np.ndarray:
        """As `risk`, of a matrix of shape (rows, features)."""
        intercept, slope = self.selection.calibration
        parts = [inputs[first : first + AT_ONCE] for first in range(0, max(len(inputs), 1), AT_ONCE)]
        return expit(intercept + slope * np.concatenate([self.estimator.decision_function(part) for part in parts]))

    def contributions(self, rows: pl.DataFrame) -> np.ndarray:
        """Each input's contribution to each row's log-odds; shape (rows, features). For the champion these add up exactly."""
        explained = spline_logistic if self.selection.recipe == CHAMPION else gradient_boosting
        return self.selection.calibration[1] * explained.contributions(self.estimator, matrix(rows, self.features))

    def reasons(self, rows: pl.DataFrame, catalog: dict[str, Feature]) -> pl.DataFrame:
        """Columns `reason_1` to `reason_3` of each row; `catalog` describes the inputs."""
        return reasons(rows, [catalog[name] for name in self.features], self.contributions(rows))


def matrix(rows: pl.DataFrame, features: Sequence[str]) -> np.ndarray:
    """Inputs as floats of shape (rows, features), to six decimals. A missing number becomes NaN, a missing Boolean 0.

    Rounded, because bins and splits were cut through the noise of float sums: the drift of an unchanged input came out as 0.217
    in one run and 0.235 in the next.
    """
    nothing = {name: 0.0 if rows.schema[name] == pl.Boolean else float("nan") for name in features}
    values = [pl.col(name).cast(pl.Float64).round(6).fill_null(nothing[name]) for name in features]
    return rows.select(values).to_numpy()


def fit_risk(
    catalog: Sequence[Feature],
    rows: pl.DataFrame,
    *,
    outcome: str,
    person: str,
    day: str,
    recipe: str | None = None,
    newest_months: int | None = None,
) -> RiskModel:
    """Fits `recipe`, or the better of the two, on all catalog inputs that vary in the rows, calibrated on unseen patients.

    `outcome`, `person` and `day` name columns of `rows`, which has row weights in `weight`. If `newest_months` is given, the
    level moves towards that of the rows of so many last months.
    """
    used = [feature for feature in catalog if rows[feature.name].drop_nulls().n_unique() > 1]
    curves = [feature.name for feature in used if not feature.is_flag]
    features = (*curves, *(feature.name for feature in used if feature.is_flag))
    recipes: dict[str, Fit] = {
        CHAMPION: partial(spline_logistic.fit_spline_logistic, n_curves=len(curves)),
        CHALLENGER: gradient_boosting.fit_gradient_boosting,
    }
    if recipe:
        recipes = {recipe: recipes[recipe]}
    inputs, weights, labels = matrix(rows, features), rows["weight"].to_numpy(), rows[outcome].cast(pl.Float64).to_numpy()
    first_on, last_on = cast(tuple[date, date], (rows[day].min(), rows[day].max()))
    newest = rows.select(pl.col(day) > pl.lit(last_on).dt.offset_by(f"-{newest_months}mo")) if newest_months else None
    patients = rows[person].to_numpy()
    selection = select(recipes, inputs, labels, weights, patients, None if newest is None else newest.to_series().to_numpy())
    estimator = recipes[selection.recipe](inputs, labels, weights)
    return RiskModel(estimator, features, first_on, last_on, selection)
