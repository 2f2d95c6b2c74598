"""Estimates program effects and their value, from the rows that `program_history` read.

estimate_effects(History.read(connection))                                                   # ml.program_effects
value_programs(programs(connection), unit_values(connection), scenarios, as_of_on)           # ml.program_values, …

Both return frames by table name, for `write_ml_tables`. `caregap roi` tries scenarios on the published file with `valuations`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from ml.effects.design_picker import Attempt, rollout_designs, trial_designs
from ml.roi.cash_flows import BENEFITS
from ml.roi.ownership import OWNED_MONTHS, ownership_costs
from ml.roi.quantities import Measured
from ml.roi.scenario import Scenario
from ml.roi.valuation import Valuation, value_program
from ml.roi.volumes import Volumes, volumes
from models.published.roi import EFFECT_COLUMNS
from pipelines.scoring.program_history import History, Program
from pipelines.scoring.tables import Tables
from pipelines.sql.literals import literal

TRIAL_OUTCOME = "visit_within_90_days"
VALUE_TABLES = (
    "program_values",
    "program_returns",
    "program_months",
    "program_sensitivities",
    "program_volumes",
    "program_ownership_costs",
)


def estimate_effects(history: History) -> Tables:
    """Try every design that the data allow on every outcome of every program."""
    rows = [
        _row(program, outcome, attempt, panel["month"])
        for (program, outcome), panel in history.panels.group_by("program_name", "outcome_code", maintain_order=True)
        for attempt in rollout_designs(panel)
    ]
    if not history.members.is_empty():
        months = history.members["added_on"].dt.truncate("1mo")
        rows += [_row(history.campaign_program, TRIAL_OUTCOME, attempt, months) for attempt in trial_designs(history.members)]
    return {"program_effects": pl.DataFrame(rows, schema={name: column.dtype.type for name, column in EFFECT_COLUMNS.items()})}


def value_programs(
    programs: Sequence[Program], measured: Mapping[str, Measured], scenarios: Sequence[Scenario], as_of_on: date
) -> Tables:
    """Value every program under every scenario: the tables of its value, what they were worked out from, and its costs over five
    years."""
    tables: dict[str, list[pl.DataFrame]] = {name: [] for name in VALUE_TABLES}
    for program, scenario, known, found in _valued(programs, measured, scenarios, as_of_on):
        named = {"program_name": pl.lit(program), "scenario": pl.lit(scenario.name)}
        tables["program_values"].append(_traced(program, found.values).with_columns(**named))
        tables["program_returns"].append(found.returns.with_columns(**named))
        tables["program_months"].append(found.months.with_columns(**named))
        tables["program_sensitivities"].append(found.sensitivities.with_columns(**named))
        tables["program_volumes"].append(known.to_table().with_columns(**named))
    for program, scenario, costs in ownerships(programs, scenarios, as_of_on):
        tables["program_ownership_costs"].append(costs.with_columns(program_name=pl.lit(program), scenario=pl.lit(scenario.name)))
    return {table: pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame() for table, frames in tables.items()}


def valuations(
    programs: Sequence[Program], measured: Mapping[str, Measured], scenarios: Sequence[Scenario], as_of_on: date
) -> Iterator[tuple[str, Scenario, Valuation]]:
    """Each program that has started by `as_of_on`, under each scenario."""
    for program, scenario, _, found in _valued(programs, measured, scenarios, as_of_on):
        yield program, scenario, found


def _valued(
    programs: Sequence[Program], measured: Mapping[str, Measured], scenarios: Sequence[Scenario], as_of_on: date
) -> Iterator[tuple[str, Scenario, Volumes, Valuation]]:
    for program in programs:
        for scenario in scenarios:
            known = volumes(
                program.costs, program.outcomes, program.members, as_of_on=as_of_on, horizon_months=scenario.horizon_months
            )
            if known is not None:
                yield program.name, scenario, known, value_program(scenario, known, program.effects, measured)


def ownerships(
    programs: Sequence[Program], scenarios: Sequence[Scenario], as_of_on: date
) -> Iterator[tuple[str, Scenario, pl.DataFrame]]:
    """The costs over five years of each program that has any, under each scenario."""
    for program in programs:
        known = volumes(program.costs, program.outcomes, program.members, as_of_on=as_of_on, horizon_months=OWNED_MONTHS)
        if known is not None and known.costs:
            for scenario in scenarios:
                yield program.name, scenario, ownership_costs(scenario, known)


def _row(program: str, outcome: str, attempt: Attempt, months: pl.Series) -> dict[str, object]:
    found = attempt.estimate
    estimated: dict[str, Any] = found.as_dict() if found else {}
    low, high = estimated.get("interval") or (None, None)
    row = {
        "program_name": program,
        "outcome_code": outcome,
        "design": attempt.design,
        "grade": attempt.grade,
        "is_causal": attempt.is_causal,
        "is_chosen": attempt.is_chosen,
        "estimate": estimated.get("estimate"),
        "standard_error": estimated.get("standard_error"),
        "interval_low": low,
        "interval_high": high,
        "value_before": attempt.value_before,
        "n": estimated.get("n", 0),
        "first_month_on": months.min(),
        "last_month_on": months.max(),
        "inference": estimated.get("inference"),
        "refused_reason": attempt.refused_reason,
    }
    for check in ("pre_trend", "placebo", "overlap"):
        verdict = getattr(attempt, check)
        row |= {f"{check}_verdict": verdict.verdict, f"{check}_note": verdict.note}
    return row


def _traced(program: str, values: pl.DataFrame) -> pl.DataFrame:
    """Each amount with the query that shows the rows behind it."""
    queries = [
        _cost_query(program, row["category"], row["from_on"], row["until_on"])
        if row["kind"] == "cost"
        else _benefit_query(program, row["category"], row["from_on"], row["until_on"])
        for row in values.to_dicts()
    ]
    return values.with_columns(traced_by=pl.Series(queries, dtype=pl.String))


def _cost_query(program: str, category: str, first: date, until: date) -> str:
    return (
        f"select * from marts.fct_program_costs where program_name = {literal(program)} and category = {literal(category)} "
        f"and month_on >= '{first}' and month_on < '{until}'"
    )


def _benefit_query(program: str, category: str, first: date, until: date) -> str:
    outcome = BENEFITS[category][0]
    if outcome == TRIAL_OUTCOME:
        return f"select * from marts.fct_outreach_trials where not is_held_out and added_on >= '{first}' and added_on < '{until}'"
    return (
        f"select * from marts.fct_program_outcomes where program_name = {literal(program)} and outcome_code = {literal(outcome)} "
        f"and is_live and month_on >= '{first}' and month_on < '{until}'"
    )
