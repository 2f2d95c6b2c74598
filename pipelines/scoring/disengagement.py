"""Trains and applies the disengagement model on a build: reads `intermediate`, writes `ml`.

train(connection, home, practice_id, as_of_on)   # writes ml.model_*, and saves the model in the home
score(connection, home, practice_id, as_of_on)   # ml.disengagement_scores

If there is too little data, or the model ranks no better than the overdue rule, both fall back to that rule and say so in their
tables.
"""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from ml.assessment.evaluation import BEST, RULE, Worth, curves, evaluation_rows, importances
from ml.assessment.model_card import model_card
from ml.assessment.monitoring import SCHEMA, is_stopped, monitor
from ml.assessment.outreach_lift import outreach_lift
from ml.assessment.subgroups import NOT_EVALUATED
from ml.risk.disengagement import (
    TooLittleData,
    fit,
    score_by_rule,
    split_by_time,
    tiers,
    trainable,
)
from ml.risk.disengagement import score as score_by_model
from ml.risk.features import FEATURES
from ml.risk.persistence import N_GOLDEN, ModelMismatch, load, save
from ml.risk.risk_model import RiskModel, matrix
from pipelines.errors import ChecksFailed
from pipelines.home import CHECKOUT, Home
from pipelines.names import path_part
from pipelines.scoring.provenance import note, origin_of
from pipelines.scoring.tables import write_ml_table

TASK = "disengagement"
CAPACITY = 10
"""Patients that a site's team can contact per month, unless the practice sets `outreach_capacity`."""
Capacity = Callable[[int | None], int]
"""The capacity of a site, by `location_key`."""
FEATURE_SQL = CHECKOUT / "dbt_project" / "models" / "intermediate" / "disengagement"
_INPUTS = ", ".join(f"features.{feature.name}" for feature in FEATURES)
NOT_USED = "not_used"


def train(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    practice_id: str,
    as_of_on: date,
    *,
    best: pl.DataFrame | None = None,
    worth: Worth | None = None,
    capacity_share: float = 0.1,
) -> None:
    """Evaluate the recipe on the last months with known outcomes, then refit it on all months and save the model.

    `best`, `worth` and `capacity_share` are those of `ml.assessment.evaluation`. Writes the tables `ml.model_*`.
    If no model can be trained, one row says why. Raises `ChecksFailed` if the model ranks better than is possible.
    """
    rows = _labelled(connection)
    try:
        split = split_by_time(rows)
        known = trainable(rows, as_of_on)
    except TooLittleData as reason:
        write_ml_table(connection, "model_evaluations", note(RULE, NOT_EVALUATED, str(reason)))
        for table in ("model_cards", "model_curves", "model_importances"):
            write_ml_table(connection, table, pl.DataFrame())
        return
    evaluated = fit(split.train)
    model, origin = fit(known, evaluated.selection.recipe), origin_of(TASK, known, FEATURE_SQL)
    evaluations = evaluation_rows(
        evaluated, split.test, _people(connection), origin.version, best=best, worth=worth, capacity_share=capacity_share
    )
    _refuse_the_impossible(evaluations)
    metrics = dict(evaluations.filter(pl.col("subgroup_type") == "all").select("metric", "value").iter_rows())
    if metrics[f"auroc_gain_over_{RULE}"] > 0:
        save(model, origin, matrix(known.tail(N_GOLDEN), model.features), _folder(home, practice_id), metrics)
    else:
        evaluations = pl.concat([evaluations, note(origin.version, NOT_USED, f"ranks no better than the {RULE}")], how="diagonal")
    write_ml_table(connection, "model_evaluations", evaluations)
    write_ml_table(connection, "model_cards", model_card(model, origin.version, evaluations, as_of_on))
    write_ml_table(connection, "model_curves", curves(evaluated, split.test, origin.version))
    write_ml_table(connection, "model_importances", importances(evaluated, split.test, origin.version))


def _refuse_the_impossible(evaluations: pl.DataFrame) -> None:
    """Refuse a model that ranks patients better than the best possible risk: an input must leak the outcome."""
    gain = evaluations.filter(pl.col("metric") == f"auroc_gain_over_{BEST}")
    if len(gain) and (gain["low"].item() or 0) > 0:
        raise ChecksFailed(
            f"The model's AUROC is above the best possible by {gain['value'].item():.3f}, more than sampling error: an input "
            "leaks the outcome. Find it in int_disengagement__features; tests/dbt/test_point_in_time.py shows how."
        )


def score(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    practice_id: str,
    as_of_on: date,
    *,
    capacity: Capacity = lambda _: CAPACITY,
) -> None:
    """Score every eligible patient at the newest index, and write `ml.disengagement_scores` and `ml.outreach_lift`.

    The overdue rule replaces a model that monitoring stops (`ml/assessment/monitoring.py`).
    Raises `ChecksFailed` if the saved model was not made from this build's rows, SQL and code.
    """
    newest = connection.sql(
        _FEATURES + " where features.index_on = (select max(index_on) from intermediate.int_disengagement__index)"
    ).pl()
    model, monitoring = None, pl.DataFrame()
    try:
        known = trainable(_labelled(connection), as_of_on)
        origin = origin_of(TASK, known, FEATURE_SQL)
        model = load(origin, _folder(home, practice_id))
        monitoring = _monitoring(connection, model, known, newest)
        model = None if is_stopped(monitoring) else model
        scored = score_by_model(model, newest, origin.version) if model else score_by_rule(newest)
    except (TooLittleData, FileNotFoundError):
        scored = score_by_rule(newest)
    except ModelMismatch as wrong:
        raise ChecksFailed(str(wrong)) from None
    placed = scored.join(newest.select("patient_key", "location_key"), on="patient_key")
    write_ml_table(connection, "disengagement_scores", _tiers(placed, capacity))
    write_ml_table(connection, "model_monitoring", monitoring)
    write_ml_table(connection, "outreach_lift", outreach_lift(_members(connection, model, capacity)))


def _monitoring(
    connection: duckdb.DuckDBPyConnection, model: RiskModel, known: pl.DataFrame, newest: pl.DataFrame
) -> pl.DataFrame:
    if newest.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    evaluations = connection.sql(f"select * from ml.model_evaluations where model_version like '{TASK}-%'").pl()
    return monitor(model, known, newest, evaluations, newest["index_on"].max())


def capacities(connection: duckdb.DuckDBPyConnection, settings: Mapping[str, object]) -> Capacity:
    """Patients that each site's team can contact per month: `site_capacity` by location id, otherwise `outreach_capacity`.

    Raises `ChecksFailed` naming unknown sites.
    """
    keys = dict(connection.sql("select location_id, location_key from marts.dim_locations").fetchall())
    of_site = {site: int(capacity) for site, capacity in settings.get("site_capacity", {}).items()}
    if unknown := sorted(set(of_site) - set(keys)):
        raise ChecksFailed(f"practice.toml, site_capacity: no such site: {', '.join(unknown)}. `marts.dim_locations` lists them.")
    by_key = {keys[site]: capacity for site, capacity in of_site.items()}
    usual = int(settings.get("outreach_capacity", CAPACITY))
    return lambda location_key: by_key.get(location_key, usual)


def _tiers(scores: pl.DataFrame, capacity: Capacity) -> pl.DataFrame:
    if scores.is_empty():
        return tiers(scores, CAPACITY)
    return pl.concat([tiers(site, capacity(key)) for (key,), site in scores.group_by("location_key", maintain_order=True)])


def _members(connection: duckdb.DuckDBPyConnection, model: RiskModel | None, capacity: Capacity) -> pl.DataFrame:
    """Patients selected for outreach, with the risk tier at that month's index by today's model; null without a model."""
    members = connection.sql(
        "select patient_key, cast(date_trunc('month', added_on) as date) as month_on, is_held_out, "
        "case when is_mature then has_visit_90_days end as has_visited from marts.fct_outreach_trials order by trial_key"
    ).pl()
    if model is None or members.is_empty():
        return members.with_columns(tier=pl.lit("none"))
    rows = connection.sql(
        f"{_FEATURES} where features.index_on in (select date_trunc('month', added_on) from marts.fct_outreach_trials)"
    ).pl()
    scored = rows.select("patient_key", "location_key", "index_on", score=pl.Series(model.risk(rows), dtype=pl.Float64))
    tiered = pl.concat([_tiers(month, capacity) for _, month in scored.group_by("index_on")]) if len(scored) else scored
    ranked = tiered.select("patient_key", "tier", month_on="index_on") if len(scored) else None
    if ranked is None:
        return members.with_columns(tier=pl.lit("none"))
    return members.join(ranked, on=["patient_key", "month_on"], how="left").with_columns(pl.col("tier").fill_null("none"))


_FEATURES = f"""
    select features.patient_key, features.index_on, places.location_key, {_INPUTS}
    from intermediate.int_disengagement__features as features
    inner join intermediate.int_disengagement__index as places using (patient_key, index_on)
"""


def _labelled(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """All rows with known outcomes, in a fixed order, so that the same data always give the same model."""
    return connection.sql(
        f"select features.*, labels.is_disengaged, labels.is_contacted, labels.is_held_out from ({_FEATURES}) as features "
        "inner join intermediate.int_disengagement__labels as labels using (patient_key, index_on) order by patient_key, index_on"
    ).pl()


def _people(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The groups for auditing the model: `patient_key` and one column per kind of group."""
    return connection.sql(
        "select patient_key, sex, race, ethnicity, language, coalesce(payer_class, 'unknown') as payer_class, "
        "cast(home_location_key as varchar) as location from intermediate.int_patients__demographics "
        "inner join intermediate.int_patients__profile using (patient_key)"
    ).pl()


def _folder(home: Home, practice_id: str) -> Path:
    return home.scores / path_part(practice_id)
