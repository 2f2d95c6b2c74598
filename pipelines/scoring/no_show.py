"""Trains and applies the no-show model on the appointments of a build (`feature_rows.appointments`).

train(rows, folder, as_of_on)   # ml.model_evaluations, ml.model_cards; saves the model in `folder`
score(rows, folder, as_of_on)   # ml.no_show_scores
"""

from datetime import date
from pathlib import Path

import polars as pl

from ml.assessment.model_card import NO_SHOW, model_card
from ml.assessment.subgroups import NOT_EVALUATED
from ml.risk import no_show
from ml.risk.disengagement import TooLittleData
from ml.risk.persistence import N_GOLDEN, ModelMismatch, load, save
from ml.risk.risk_model import matrix
from pipelines.errors import ChecksFailed
from pipelines.home import CHECKOUT
from pipelines.scoring.disengagement import NOT_USED
from pipelines.scoring.provenance import note, origin_of
from pipelines.scoring.tables import Tables

TASK, RULE = "no_show", "own_share"
FEATURE_SQL = CHECKOUT / "dbt_project" / "models" / "intermediate" / "no_show"


def train(rows: pl.DataFrame, folder: Path, as_of_on: date) -> Tables:
    """Evaluate on the last weeks with known outcomes, then refit on all and save the model; if impossible, record why."""
    try:
        split, known = no_show.split_by_time(rows), no_show.trainable(rows, as_of_on)
    except TooLittleData as reason:
        return {"model_evaluations": note(RULE, NOT_EVALUATED, str(reason))}
    evaluated = no_show.fit(split.train)
    model, origin = no_show.fit(known, evaluated.selection.recipe), origin_of(TASK, known, FEATURE_SQL)
    evaluations = no_show.evaluation_rows(evaluated, split.test, origin.version)
    metrics = dict(evaluations.select("metric", "value").iter_rows())
    if (metrics[f"auroc_gain_over_{RULE}"] or 0) > 0:
        save(model, origin, matrix(known.tail(N_GOLDEN), model.features), folder, metrics)
    else:
        evaluations = pl.concat([evaluations, note(origin.version, NOT_USED, f"ranks no better than the {RULE}")], how="diagonal")
    return {
        "model_evaluations": evaluations,
        "model_cards": model_card(model, origin.version, evaluations, as_of_on, NO_SHOW),
    }


def score(rows: pl.DataFrame, folder: Path, as_of_on: date) -> Tables:
    """Score every upcoming appointment with the model in `folder`.

    Raises `ChecksFailed` if the saved model was not made from this build's rows, SQL and code.
    """
    ahead = rows.filter("is_ahead")
    try:
        origin = origin_of(TASK, no_show.trainable(rows, as_of_on), FEATURE_SQL)
        scored = no_show.score(load(origin, folder), ahead, origin.version)
    except (TooLittleData, FileNotFoundError):
        scored = no_show.score_by_rule(ahead)
    except ModelMismatch as wrong:
        raise ChecksFailed(str(wrong)) from None
    return {"no_show_scores": scored}
