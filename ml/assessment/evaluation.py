"""Evaluates a fitted disengagement model on months it has not seen: metrics, subgroups, curves, importances.

Rows are the learnable rows of a test (`ml.risk.disengagement.split_by_time`); every table carries `model_version`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ml.assessment.subgroups import evaluate_subgroups
from ml.metrics import evaluate, interval, net_benefit, observed_over_expected, reliability
from ml.risk.disengagement import overdue_rule
from ml.risk.features import BY_NAME
from ml.risk.risk_model import RiskModel, matrix

RULE, BEST = "overdue_rule", "best_possible"
AGES = ((18, "18-34"), (35, "35-49"), (50, "50-64"), (65, "65-79"), (80, "80+"))
THRESHOLDS = tuple(percent / 100 for percent in range(2, 52, 2))


@dataclass(frozen=True)
class Worth:
    """Assumed value of one contact. The practice sets these assumptions; the metrics quote them.

    `effect`: share of patients about to disengage whom a contact keeps; `margin_usd` per patient kept; `cost_usd` per contact.
    """

    effect: float
    margin_usd: float
    cost_usd: float

    def of(self, n_contacts: float, precision: float) -> float:
        """Net value in US dollars: contacts x precision x effect x margin, minus the cost of the contacts."""
        return n_contacts * (precision * self.effect * self.margin_usd - self.cost_usd)

    def __str__(self) -> str:
        return (
            f"a contact retains {self.effect:.0%} of patients who would leave, worth ${self.margin_usd:.0f} each; "
            f"it costs ${self.cost_usd:.2f}"
        )


def evaluation_rows(
    model: RiskModel,
    test: pl.DataFrame,
    people: pl.DataFrame,
    model_version: str,
    *,
    best: pl.DataFrame | None = None,
    capacity_share: float = 0.1,
    worth: Worth | None = None,
) -> pl.DataFrame:
    """The rows of `ml.model_evaluations`: for all patients, against the overdue rule, and by subgroup.

    `people`: `patient_key` and one column per kind of subgroup. `best`: `patient_key`, `index_on`, `best_possible` (the true
    risk given everything observed, known only to a simulator). `capacity_share`: share of rows that a team can contact.
    """
    labels, risks, weights, patients = _arrays(model, test)
    against = {RULE: overdue_rule(test)}
    everybody = [
        evaluate(labels, risks, patients, weights=weights, comparators=against, capacity_share=capacity_share),
        *_against_best(model, test, best),
    ]
    overall = pl.concat(everybody).with_columns(subgroup_type=pl.lit("all"), subgroup=pl.lit("all"), note=pl.lit(None, pl.String))
    ages = test.select("patient_key", age=_age_group())
    groups = ages.join(people, on="patient_key", how="left", maintain_order="left").drop("patient_key")
    subgroups = evaluate_subgroups(labels, risks, patients, weights, groups)
    rows = [overall.select(subgroups.columns), subgroups, _selection(model, len(test))]
    if worth:
        rows.append(_expected_value(overall, worth))
    indexes = test["index_on"]
    return pl.concat([part.select(subgroups.columns) for part in rows]).with_columns(
        model_version=pl.lit(model_version), test_from_on=pl.lit(indexes.min()), test_to_on=pl.lit(indexes.max())
    )


def curves(model: RiskModel, test: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """The rows of `ml.model_curves`: the reliability curve in tenths, with intervals by patient, and the decision curve."""
    labels, risks, weights, patients = _arrays(model, test)
    calibrated = reliability(labels, risks, patients, weights).select(
        pl.lit("reliability").alias("curve"),
        pl.lit("model").alias("series"),
        pl.col("bin").cast(pl.Int64).alias("point"),
        x_value="mean_risk",
        y_value="observed_rate",
        low="low",
        high="high",
        n_rows="n_rows",
    )
    benefit = net_benefit(labels, risks, THRESHOLDS, weights).with_row_index("point", 1)
    acted = [
        benefit.select(
            pl.lit("decision").alias("curve"),
            pl.lit(series).alias("series"),
            pl.col("point").cast(pl.Int64),
            x_value="threshold",
            y_value=column,
            low=pl.lit(None, pl.Float64),
            high=pl.lit(None, pl.Float64),
            n_rows=pl.lit(len(test), pl.Int64),
        )
        for series, column in (("model", "net_benefit"), ("everybody", "net_benefit_of_all"))
    ]
    return pl.concat([calibrated.cast({"n_rows": pl.Int64}), *acted]).with_columns(model_version=pl.lit(model_version))


def importances(model: RiskModel, test: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """The rows of `ml.model_importances`: the mean absolute change in log-odds that each input makes on the test rows."""
    moved = np.abs(model.contributions(test)).mean(axis=0)
    missing = np.isnan(matrix(test, model.features)).mean(axis=0)
    table = pl.DataFrame({"feature": model.features, "importance": moved, "missing_rate": missing})
    described = {
        "topic": [BY_NAME[name].topic for name in model.features],
        "description": [BY_NAME[name].description for name in model.features],
        "phi_class": [BY_NAME[name].phi.value for name in model.features],
    }
    ranked = table.with_columns(pl.Series(name, values) for name, values in described.items()).sort(
        "importance", "feature", descending=[True, False]
    )
    return ranked.with_columns(importance_rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), model_version=pl.lit(model_version))


def _arrays(model: RiskModel, test: pl.DataFrame) -> Sequence[np.ndarray]:
    labels = test["is_disengaged"].cast(pl.Float64).to_numpy()
    return labels, model.risk(test), test["weight"].to_numpy(), test["patient_key"].to_numpy()


def _age_group() -> pl.Expr:
    group: Any = pl.when(pl.lit(False)).then(pl.lit(None, pl.String))
    for at_least, name in reversed(AGES):
        group = group.when(pl.col("age_years") >= at_least).then(pl.lit(name))
    return group.otherwise(pl.lit(None, pl.String))


def _against_best(model: RiskModel, test: pl.DataFrame, best: pl.DataFrame | None) -> list[pl.DataFrame]:
    """The metrics of the best possible risk, on the rows that have one; empty if it is not known."""
    if best is None:
        return []
    known = test.join(best, on=["patient_key", "index_on"], maintain_order="left")
    if known.is_empty():
        return []
    labels, risks, weights, patients = _arrays(model, known)
    possible = known[BEST].to_numpy()
    metrics = evaluate(labels, risks, patients, weights=weights, comparators={BEST: possible})
    # Best possible risk over predicted risk: calibration in the large without the chance in who disengaged.
    levels: dict[str, Callable[[np.ndarray], float]] = {
        f"observed_over_{BEST}": lambda mass: observed_over_expected(labels, possible, mass),
        f"{BEST}_over_expected": lambda mass: observed_over_expected(possible, risks, mass),
    }
    rows = [(name, level(weights), *interval(level, patients, weights=weights)) for name, level in levels.items()]
    counts = metrics.select("n_rows", "n_patients", "n_events").head(1)
    added = pl.DataFrame(rows, schema=metrics.schema.names()[:4], orient="row").join(counts, how="cross")
    return [metrics.filter(pl.col("metric").str.ends_with(BEST)), added.cast(metrics.schema)]


def _selection(model: RiskModel, n_rows: int) -> pl.DataFrame:
    """The challenger's gain over the champion on unseen patients of the training months, as one metric row."""
    chosen = model.selection
    tried = chosen.gain is not None
    note = f"{chosen.recipe} is used; " + (
        "the challenger replaces the champion only where the interval lies above 0" if tried else "too few events to try another"
    )
    row = {"subgroup_type": "all", "subgroup": "all", "metric": "challenger_auroc_gain", "value": chosen.gain}
    counts = {"n_rows": n_rows, "n_patients": 0, "n_events": 0}
    return pl.DataFrame([row | {"low": chosen.gain_low, "high": chosen.gain_high, "note": note} | counts], infer_schema_length=1)


def _expected_value(overall: pl.DataFrame, worth: Worth) -> pl.DataFrame:
    """The value of 100 contacts chosen by the model, and chosen at random, as metric rows."""
    found = {row["metric"]: row for row in overall.iter_rows(named=True)}
    rows = [("expected_value_usd_per_100", "precision_at_capacity"), ("expected_value_usd_per_100_by_chance", "prevalence")]
    values = [
        found[of]
        | {"metric": name, "note": f"assumed: {worth}"}
        | {part: None if found[of][part] is None else worth.of(100, found[of][part]) for part in ("value", "low", "high")}
        for name, of in rows
    ]
    return pl.DataFrame(values, schema=overall.schema)
