"""Trains and applies the no-show model on a build: reads `intermediate`, writes `ml`.

train(connection, home, practice_id, as_of_on)   # adds to ml.model_evaluations and ml.model_cards; saves the model
score(connection, home, practice_id, as_of_on)   # ml.no_show_scores
"""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from ml.assessment.model_card import NO_SHOW, model_card
from ml.assessment.subgroups import NOT_EVALUATED
from ml.risk import no_show
from ml.risk.disengagement import TooLittleData
from ml.risk.persistence import N_GOLDEN, ModelMismatch, load, save
from ml.risk.risk_model import matrix
from pipelines.errors import ChecksFailed
from pipelines.home import CHECKOUT, Home
from pipelines.names import path_part
from pipelines.scoring.disengagement import NOT_USED
from pipelines.scoring.provenance import note, origin_of
from pipelines.scoring.tables import write_ml_table

TASK, RULE = "no_show", "own_share"
FEATURE_SQL = CHECKOUT / "dbt_project" / "models" / "intermediate" / "no_show"
_ROWS = "select * from intermediate.int_no_show__features order by appointment_key"


def train(connection: duckdb.DuckDBPyConnection, home: Home, practice_id: str, as_of_on: date) -> None:
    """Evaluate on the last weeks with known outcomes, then refit on all and save the model; if impossible, record why."""
    rows = connection.sql(_ROWS).pl()
    try:
        split, known = no_show.split_by_time(rows), no_show.trainable(rows, as_of_on)
    except TooLittleData as reason:
        write_ml_table(connection, "model_evaluations", note(RULE, NOT_EVALUATED, str(reason)), is_more=True)
        return
    evaluated = no_show.fit(split.train)
    model, origin = no_show.fit(known, evaluated.selection.recipe), origin_of(TASK, known, FEATURE_SQL)
    evaluations = no_show.evaluation_rows(evaluated, split.test, origin.version)
    metrics = dict(evaluations.select("metric", "value").iter_rows())
    if (metrics[f"auroc_gain_over_{RULE}"] or 0) > 0:
        save(model, origin, matrix(known.tail(N_GOLDEN), model.features), _folder(home, practice_id), metrics)
    else:
        evaluations = pl.concat([evaluations, note(origin.version, NOT_USED, f"ranks no better than the {RULE}")], how="diagonal")
    write_ml_table(connection, "model_evaluations", evaluations, is_more=True)
    write_ml_table(connection, "model_cards", model_card(model, origin.version, evaluations, as_of_on, NO_SHOW), is_more=True)


def score(connection: duckdb.DuckDBPyConnection, home: Home, practice_id: str, as_of_on: date) -> None:
    """Score every upcoming appointment, and write `ml.no_show_scores`.

    Raises `ChecksFailed` if the saved model was not made from this build's rows, SQL and code.
    """
    rows = connection.sql(_ROWS).pl()
    ahead = rows.filter("is_ahead")
    try:
        origin = origin_of(TASK, no_show.trainable(rows, as_of_on), FEATURE_SQL)
        scored = no_show.score(load(origin, _folder(home, practice_id)), ahead, origin.version)
    except (TooLittleData, FileNotFoundError):
        scored = no_show.score_by_rule(ahead)
    except ModelMismatch as wrong:
        raise ChecksFailed(str(wrong)) from None
    write_ml_table(connection, "no_show_scores", scored)


def _folder(home: Home, practice_id: str) -> Path:
    return home.scores / path_part(practice_id)
