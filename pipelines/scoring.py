"""Trains and applies the disengagement model on a build: reads `intermediate`, writes `ml`.

train(connection, home, practice_id, as_of_on)   # ml.model_evaluations, ml.model_cards, and the model itself in the home
score(connection, home, practice_id, as_of_on)   # ml.disengagement_scores

Where there is too little to learn from, or what was learnt ranks no better than the overdue rule, both say so in their tables and
fall back to that rule.
"""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from ml.disengagement import (
    DisengagementModel,
    TooLittleData,
    fit,
    overdue_rule,
    score_by_rule,
    split_by_time,
    tiers,
    trainable,
)
from ml.disengagement import score as score_by_model
from ml.evaluation import evaluate
from ml.features import FEATURES
from ml.model_card import model_card
from ml.persistence import N_GOLDEN, ModelMismatch, Origin, load, save, sha256
from ml.subgroups import NOT_EVALUATED, evaluate_subgroups
from pipelines.errors import ChecksFailed
from pipelines.home import CHECKOUT, Home
from pipelines.ml_tables import write_ml_table

TASK = "disengagement"
CAPACITY = 10
"""Patients whom a site's team can contact in a month, unless the practice says otherwise (`outreach_capacity`)."""
FEATURE_SQL = CHECKOUT / "dbt_project" / "models" / "intermediate" / "disengagement"
CODE = [CHECKOUT / "ml" / f"{name}.py" for name in ("disengagement", "features", "spline_logistic")]
_INPUTS = ", ".join(f"features.{feature.name}" for feature in FEATURES)
RULE = "overdue_rule"
NOT_USED = "not_used"


def train(connection: duckdb.DuckDBPyConnection, home: Home, practice_id: str, as_of_on: date) -> None:
    """Evaluate the recipe on the last months whose outcome is known, then fit it on all of them and keep the model.

    Writes `ml.model_evaluations` and `ml.model_cards`. A model that cannot be learnt leaves one row that says why.
    """
    rows = _labelled(connection)
    try:
        split = split_by_time(rows)
        known = trainable(rows, as_of_on)
    except TooLittleData as reason:
        write_ml_table(connection, "model_evaluations", _note(RULE, NOT_EVALUATED, str(reason)))
        write_ml_table(connection, "model_cards", pl.DataFrame())
        return
    evaluated = fit(split.train)
    model, origin = fit(known), _origin(known)
    evaluations = _evaluations(connection, evaluated, split.test, origin.version)
    metrics = dict(evaluations.filter(pl.col("subgroup_type") == "all").select("metric", "value").iter_rows())
    if metrics[f"auroc_gain_over_{RULE}"] > 0:
        save(model, origin, model.matrix(known.tail(N_GOLDEN)), _folder(home, practice_id), metrics)
    else:
        evaluations = pl.concat(
            [evaluations, _note(origin.version, NOT_USED, f"ranks no better than the {RULE}")], how="diagonal"
        )
    write_ml_table(connection, "model_evaluations", evaluations)
    write_ml_table(connection, "model_cards", model_card(model, origin.version, evaluations, as_of_on))


def score(
    connection: duckdb.DuckDBPyConnection, home: Home, practice_id: str, as_of_on: date, *, capacity: int = CAPACITY
) -> None:
    """Score every patient who is eligible at the newest index, and write `ml.disengagement_scores`.

    Raises `ChecksFailed` where the kept model is not the one that this build's rows, SQL and code make.
    """
    newest = connection.sql(
        _FEATURES + " where features.index_on = (select max(index_on) from intermediate.int_disengagement__index)"
    ).pl()
    try:
        known = trainable(_labelled(connection), as_of_on)
        origin = _origin(known)
        scored = score_by_model(load(origin, _folder(home, practice_id)), newest, origin.version)
    except (TooLittleData, FileNotFoundError):
        scored = score_by_rule(newest)
    except ModelMismatch as wrong:
        raise ChecksFailed(str(wrong)) from None
    placed = scored.join(newest.select("patient_key", "location_key"), on="patient_key")
    write_ml_table(connection, "disengagement_scores", tiers(placed, capacity))


_FEATURES = f"""
    select features.patient_key, features.index_on, places.location_key, {_INPUTS}
    from intermediate.int_disengagement__features as features
    inner join intermediate.int_disengagement__index as places using (patient_key, index_on)
"""


def _labelled(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every row whose outcome is known, in one order, so that the same facts always make the same model."""
    return connection.sql(
        f"select features.*, labels.is_disengaged, labels.is_contacted, labels.is_held_out from ({_FEATURES}) as features "
        "inner join intermediate.int_disengagement__labels as labels using (patient_key, index_on) order by patient_key, index_on"
    ).pl()


def _evaluations(
    connection: duckdb.DuckDBPyConnection, model: DisengagementModel, test: pl.DataFrame, model_version: str
) -> pl.DataFrame:
    labels, risks = test["is_disengaged"].cast(pl.Float64).to_numpy(), model.risk(test)
    patients, weights = test["patient_key"].to_numpy(), test["weight"].to_numpy()
    overall = evaluate(labels, risks, patients, weights=weights, comparators={RULE: overdue_rule(test)})
    people = connection.sql(
        "select patient_key, sex, race, ethnicity, language, coalesce(payer_class, 'unknown') as payer_class, "
        "cast(home_location_key as varchar) as location from intermediate.int_patients__demographics "
        "inner join intermediate.int_patients__profile using (patient_key)"
    ).pl()
    ages = test.select(
        "patient_key", age=pl.col("age_years").cut([35, 50, 65, 80], labels=["18-34", "35-49", "50-64", "65-79", "80+"])
    )
    groups = ages.join(people, on="patient_key", how="left", maintain_order="left").drop("patient_key")
    subgroups = evaluate_subgroups(labels, risks, patients, weights, groups)
    everybody = overall.with_columns(subgroup_type=pl.lit("all"), subgroup=pl.lit("all"), note=pl.lit(None, pl.String))
    indexes = test["index_on"]
    return pl.concat([everybody.select(subgroups.columns), subgroups]).with_columns(
        model_version=pl.lit(model_version), test_from_on=pl.lit(indexes.min()), test_to_on=pl.lit(indexes.max())
    )


def _note(model_version: str, metric: str, reason: str) -> pl.DataFrame:
    """A row of `ml.model_evaluations` that says, instead of a figure, why there is none."""
    everybody = {"model_version": model_version, "subgroup_type": "all", "subgroup": "all", "metric": metric, "note": reason}
    return pl.DataFrame([everybody | {"n_rows": 0, "n_patients": 0, "n_events": 0}])


def _origin(rows: pl.DataFrame) -> Origin:
    """What a model of these rows is made from."""
    values = b"".join(
        rows[name].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().tobytes() for name in _hashed(rows)
    )
    return Origin(TASK, sha256(values), _hash_of(sorted(FEATURE_SQL.glob("*.sql"))), _hash_of(CODE))


def _hashed(rows: pl.DataFrame) -> list[str]:
    return [name for name in rows.columns if name != "location_key"]


def _hash_of(files: list[Path]) -> str:
    return sha256(b"".join(path.name.encode() + path.read_bytes() for path in files))


def _folder(home: Home, practice_id: str) -> Path:
    return home.scores / practice_id
