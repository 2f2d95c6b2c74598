"""Trains and applies the disengagement model on the rows of a build.

train(TrainingRows.read(connection), folder, as_of_on)    # ml.model_*; saves the model in `folder`
score(ScoringRows.read(connection), folder, as_of_on)     # ml.disengagement_scores, ml.model_monitoring, ml.outreach_lift

Both return frames by table name, for `write_ml_tables`. If there is too little data, or the model ranks no better than the
overdue rule, both fall back to that rule and say so in their tables.
"""

from datetime import date
from pathlib import Path

import polars as pl

from ml.assessment.evaluation import BEST, RULE, Worth, curves, evaluation_rows, importances
from ml.assessment.model_card import model_card
from ml.assessment.monitoring import SCHEMA, is_stopped, monitor
from ml.assessment.outreach_lift import outreach_lift
from ml.assessment.subgroups import NOT_EVALUATED
from ml.risk.disengagement import TooLittleData, fit, score_by_rule, split_by_time, tiers, trainable
from ml.risk.disengagement import score as score_by_model
from ml.risk.persistence import N_GOLDEN, ModelMismatch, load, save
from ml.risk.risk_model import RiskModel, matrix
from pipelines.errors import ChecksFailed
from pipelines.home import CHECKOUT
from pipelines.scoring.capacity import Capacity
from pipelines.scoring.feature_rows import ScoringRows, TrainingRows
from pipelines.scoring.provenance import note, origin_of
from pipelines.scoring.tables import Tables

TASK = "disengagement"
FEATURE_SQL = CHECKOUT / "dbt_project" / "models" / "intermediate" / "disengagement"
NOT_USED = "not_used"


def train(
    rows: TrainingRows,
    folder: Path,
    as_of_on: date,
    *,
    best: pl.DataFrame | None = None,
    worth: Worth | None = None,
    capacity_share: float = 0.1,
) -> Tables:
    """Evaluate the recipe on the last months with known outcomes, then refit it on all months and save the model in `folder`.

    `best`, `worth` and `capacity_share` are those of `ml.assessment.evaluation`. Returns the tables `ml.model_*`.
    If no model can be trained, one row says why. Raises `ChecksFailed` if the model ranks better than is possible.
    """
    try:
        split = split_by_time(rows.labelled, rows.contact_months)
        known = trainable(rows.labelled, rows.contact_months, as_of_on)
    except TooLittleData as reason:
        nothing = dict.fromkeys(("model_cards", "model_curves", "model_importances"), pl.DataFrame())
        return {"model_evaluations": note(RULE, NOT_EVALUATED, str(reason))} | nothing
    evaluated = fit(split.train)
    model, origin = fit(known, evaluated.selection.recipe), origin_of(TASK, known, FEATURE_SQL)
    evaluations = evaluation_rows(
        evaluated, split.test, rows.people, origin.version, best=best, worth=worth, capacity_share=capacity_share
    )
    refuse_the_impossible(evaluations)
    metrics = dict(evaluations.filter(pl.col("subgroup_type") == "all").select("metric", "value").iter_rows())
    if metrics[f"auroc_gain_over_{RULE}"] > 0:
        save(model, origin, matrix(known.tail(N_GOLDEN), model.features), folder, metrics)
    else:
        evaluations = pl.concat([evaluations, note(origin.version, NOT_USED, f"ranks no better than the {RULE}")], how="diagonal")
    return {
        "model_evaluations": evaluations,
        "model_cards": model_card(model, origin.version, evaluations, as_of_on),
        "model_curves": curves(evaluated, split.test, origin.version),
        "model_importances": importances(evaluated, split.test, origin.version),
    }


def refuse_the_impossible(evaluations: pl.DataFrame) -> None:
    """Raise `ChecksFailed` if a model ranks patients better than the best possible risk: an input must leak the outcome."""
    gain = evaluations.filter(pl.col("metric") == f"auroc_gain_over_{BEST}")
    if len(gain) and (gain["low"].item() or 0) > 0:
        raise ChecksFailed(
            f"The model's AUROC is above the best possible by {gain['value'].item():.3f}, more than sampling error: an input "
            "leaks the outcome. Find it in int_disengagement__features; tests/dbt/test_point_in_time.py shows how."
        )


def score(rows: ScoringRows, folder: Path, as_of_on: date, *, capacity: Capacity) -> Tables:
    """Score every eligible patient at the newest index with the model in `folder`.

    The overdue rule replaces a model that monitoring stops (`ml/assessment/monitoring.py`).
    Raises `ChecksFailed` if the saved model was not made from this build's rows, SQL and code.
    """
    model, monitoring = None, pl.DataFrame()
    try:
        known = trainable(rows.labelled, rows.contact_months, as_of_on)
        origin = origin_of(TASK, known, FEATURE_SQL)
        model = load(origin, folder)
        monitoring = _monitoring(model, known, rows)
        model = None if is_stopped(monitoring) else model
        scored = score_by_model(model, rows.newest, origin.version) if model else score_by_rule(rows.newest)
    except (TooLittleData, FileNotFoundError):
        scored = score_by_rule(rows.newest)
    except ModelMismatch as wrong:
        raise ChecksFailed(str(wrong)) from None
    placed = scored.join(rows.newest.select("patient_key", "location_key"), on="patient_key", maintain_order="left")
    return {
        "disengagement_scores": _tiers(placed, capacity),
        "model_monitoring": monitoring,
        "outreach_lift": outreach_lift(_with_tiers(rows, model, capacity)),
    }


def _monitoring(model: RiskModel, known: pl.DataFrame, rows: ScoringRows) -> pl.DataFrame:
    if rows.newest.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    evaluations = rows.evaluations.filter(pl.col("model_version").str.starts_with(f"{TASK}-"))
    return monitor(model, known, rows.newest, evaluations, max(rows.newest["index_on"]))


def _tiers(scores: pl.DataFrame, capacity: Capacity) -> pl.DataFrame:
    if scores.is_empty():
        return tiers(scores, 0)
    return pl.concat([tiers(site, capacity(key)) for (key,), site in scores.group_by("location_key", maintain_order=True)])


def _with_tiers(rows: ScoringRows, model: RiskModel | None, capacity: Capacity) -> pl.DataFrame:
    """Patients selected for outreach, with the risk tier at that month's index by today's model; `none` without a model."""
    members, months = rows.trial_members, rows.trial_months
    if model is None or members.is_empty() or months.is_empty():
        return members.with_columns(tier=pl.lit("none"))
    scored = months.select("patient_key", "location_key", "index_on", score=pl.Series(model.risk(months), dtype=pl.Float64))
    tiered = pl.concat([_tiers(month, capacity) for _, month in scored.group_by("index_on", maintain_order=True)])
    ranked = tiered.select("patient_key", "tier", month_on="index_on")
    return members.join(ranked, on=["patient_key", "month_on"], how="left", maintain_order="left").with_columns(
        pl.col("tier").fill_null("none")
    )
