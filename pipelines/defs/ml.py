"""The layer `ml`: models trained on the marts, and their scores for each patient."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import duckdb
from pandera.errors import SchemaErrors
from threadpoolctl import threadpool_limits

from ml.assessment.model_checks import CHECKS
from models.published import PUBLISHED
from models.wording import named
from pipelines.defs.build_in_hand import BuildInHand
from pipelines.defs.keys import key_of
from pipelines.errors import ChecksFailed
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.progress import Progress
from pipelines.scoring.tables import write_ml_tables
from pipelines.scoring.truth import best_possible

TRAINED = ["ml.model_evaluations", "ml.model_cards", "ml.model_curves", "ml.model_importances"]
SCORED = ["ml.disengagement_scores", "ml.model_monitoring", "ml.outreach_lift", "ml.campaign_effects", "ml.no_show_scores"]
ESTIMATED = ["ml.program_effects"]
VALUED = [
    "ml.program_values",
    "ml.program_returns",
    "ml.program_months",
    "ml.program_sensitivities",
    "ml.program_volumes",
    "ml.program_ownership_costs",
]
FEATURES = [
    "intermediate.int_disengagement__features",
    "intermediate.int_disengagement__labels",
    "intermediate.int_disengagement__contact_months",
    "intermediate.int_no_show__features",
    "marts.dim_patients",
    "marts.fct_outreach_trials",
]
HISTORY = ["marts.fct_program_outcomes", "marts.fct_outreach_trials", "marts.dim_programs"]


WORTH = {"effect": "contact_effect", "margin_usd": "retained_margin_usd", "cost_usd": "contact_cost_usd"}
"""The practice's settings for the value of a contact (defaults in `dbt_project.yml`)."""
SCORES = key_of("ml.disengagement_scores")
THREADS = 1
"""Of the libraries that add up floats: how many threads there are would change the last digits of models and estimates."""


def _assets(name: str, tables: list[str], made_from: list[str], checks: Sequence[dg.AssetCheckSpec] = ()) -> Callable[..., Any]:
    """A multi-asset of tables that Python writes, each checked against its contract."""
    return dg.multi_asset(
        name=name,
        specs=[
            dg.AssetSpec(
                key_of(table),
                deps=[key_of(source) for source in made_from],
                group_name="ml",
                description=PUBLISHED[table].description,
                kinds={"scikitlearn"},
            )
            for table in tables
        ],
        check_specs=[*(dg.AssetCheckSpec("contract", asset=key_of(table)) for table in tables), *checks],
    )


@_assets("train", TRAINED, FEATURES)
def train(
    home: dg.ResourceParam[Home],
    builds: dg.ResourceParam[BuildInHand],
    practice: dg.ResourceParam[Practice],
    progress: dg.ResourceParam[Progress],
) -> Iterator[Any]:
    """Train the models on the build in hand, and evaluate them on later months."""
    from ml.assessment.evaluation import Worth
    from pipelines.scoring import disengagement, no_show
    from pipelines.scoring.feature_rows import TrainingRows, appointments

    progress("Scoring: train the models")
    build = builds.now()
    with threadpool_limits(THREADS), build.connect() as connection:
        best = best_possible(connection, practice) if practice.id == build.practice_id else None
        worth = Worth(**{part: float(build.settings[name]) for part, name in WORTH.items()})
        folder = home.scores(build.practice_id)
        risk = disengagement.train(TrainingRows.read(connection), folder, build.as_of_on, best=best, worth=worth)
        write_ml_tables(connection, risk, no_show.train(appointments(connection), folder, build.as_of_on))
        yield from _kept_contracts(connection, TRAINED)


@_assets(
    "score",
    SCORED,
    [*FEATURES, *TRAINED, "marts.fct_campaign_members"],
    [dg.AssetCheckSpec(check.name, asset=SCORES, description=check.why) for check in CHECKS],
)
def score(
    home: dg.ResourceParam[Home], builds: dg.ResourceParam[BuildInHand], progress: dg.ResourceParam[Progress]
) -> Iterator[Any]:
    """Score the patients of the build in hand with the newest models."""
    from pipelines.scoring import campaigns, disengagement, no_show
    from pipelines.scoring.capacity import capacities
    from pipelines.scoring.feature_rows import ScoringRows, appointments

    progress("Scoring: patients")
    build = builds.now()
    with threadpool_limits(THREADS), build.step("scored"), build.connect() as connection:
        capacity = capacities(connection, build.settings)
        folder = home.scores(build.practice_id)
        risk = disengagement.score(ScoringRows.read(connection), folder, build.as_of_on, capacity=capacity)
        visits = no_show.score(appointments(connection), folder, build.as_of_on)
        write_ml_tables(connection, risk, campaigns.measured(connection, build.as_of_on), visits)
        yield from _monitored(connection)
        yield from _kept_contracts(connection, SCORED)


@_assets("estimate", ESTIMATED, HISTORY)
def estimate(builds: dg.ResourceParam[BuildInHand], progress: dg.ResourceParam[Progress]) -> Iterator[Any]:
    """Estimate the effect of each program, by the strongest design that its history allows."""
    from pipelines.scoring.program_history import History
    from pipelines.scoring.program_value import estimate_effects

    progress("Estimating: program effects")
    with threadpool_limits(THREADS), builds.now().connect() as connection:
        write_ml_tables(connection, estimate_effects(History.read(connection)))
        yield from _kept_contracts(connection, ESTIMATED)


@_assets("value", VALUED, [*ESTIMATED, *HISTORY, "marts.fct_program_costs", "marts.fct_unit_values", "marts.dim_kpis"])
def value(
    builds: dg.ResourceParam[BuildInHand], practice: dg.ResourceParam[Practice], progress: dg.ResourceParam[Progress]
) -> Iterator[Any]:
    """Value each program under each scenario."""
    from pipelines.scenarios import scenarios
    from pipelines.scoring.program_history import programs, unit_values
    from pipelines.scoring.program_value import value_programs

    progress("Estimating: program value")
    build = builds.now()
    with threadpool_limits(THREADS), build.connect() as connection:
        known = programs(connection), unit_values(connection)
        write_ml_tables(connection, value_programs(*known, scenarios(practice.scenarios), build.as_of_on))
        yield from _kept_contracts(connection, VALUED)


def _in_words(check: str, found: Sequence[tuple[str, str, float]]) -> str | None:
    """The findings of a model check in words, worst first; None if there are none."""
    if not found:
        return None
    inputs = ", ".join(f"{named(subject)} ({value:.2f})" for subject, _, value in found[:3])
    more = f" and {len(found) - 3} others" if len(found) > 3 else ""
    name = named(check)
    return f"The risk model's {name} is beyond its threshold for {inputs}{more}; ml.model_monitoring says why that matters"


def _monitored(connection: duckdb.DuckDBPyConnection) -> Iterator[dg.AssetCheckResult]:
    """One result per model check: a warning, or an error if the rule replaced the model."""
    for check in CHECKS:
        found = connection.execute(
            "select subject, status, value from ml.model_monitoring where check_name = ? and status <> 'ok' order by value desc",
            [check.name],
        ).fetchall()
        stopped = any(status == "stop" for _, status, _ in found)
        yield dg.AssetCheckResult(
            passed=not found,
            check_name=check.name,
            asset_key=SCORES,
            severity=dg.AssetCheckSeverity.ERROR if stopped else dg.AssetCheckSeverity.WARN,
            description=_in_words(check.name, found),
            metadata={subject: f"{status} at {value:.2f}" for subject, status, value in found},
        )


def _kept_contracts(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> Iterator[Any]:
    """Check each table against its contract. Raises `ChecksFailed` naming columns and checks, after reporting both."""
    broken = []
    for table in tables:
        rows = connection.sql(f"select * from {table}").pl()
        try:
            PUBLISHED[table].schema.validate(rows, lazy=True)
            problems = []
        except SchemaErrors as errors:
            problems = sorted({f"{error.reason_code.name} {error.schema.name}" for error in errors.schema_errors})
        yield dg.MaterializeResult(key_of(table), metadata={"dagster/row_count": len(rows)})
        yield dg.AssetCheckResult(
            passed=not problems, check_name="contract", asset_key=key_of(table), metadata={"problems": "; ".join(problems)}
        )
        broken += [f"{table}: {problem}" for problem in problems]
    if broken:
        raise ChecksFailed("\n  ".join(["Scores or estimates broke their contract; nothing was published.", *broken]))
