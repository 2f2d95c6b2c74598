"""Estimates program effects and their value on a build: reads `marts`, writes `ml`.

estimate_effects(connection)                      # ml.program_effects
value_programs(connection, scenarios, as_of_on)   # ml.program_values, ml.program_returns, ml.program_sensitivities

`valuations` needs published tables only, so that scenarios can be tried on the published file (`caregap roi`).
"""

from collections.abc import Iterator
from datetime import date
from math import inf

import duckdb
import polars as pl

from ml.effects.design_picker import Attempt, rollout_designs, trial_designs
from ml.roi.cash_flows import BENEFITS
from ml.roi.quantities import Effect, Measured
from ml.roi.scenario import Scenario
from ml.roi.valuation import Valuation, value_program
from ml.roi.volumes import volumes
from models.published.roi import EFFECT_FIGURES
from pipelines.scoring.tables import write_ml_table
from pipelines.sql.literals import literal

TRIAL_OUTCOME = "visit_within_90_days"
EFFECTS = """
select
    effects.outcome_code,
    effects.estimate,
    effects.interval_low,
    effects.interval_high,
    effects.grade,
    effects.design,
    effects.value_before,
    effects.value_before is not null and coalesce(kpis.unit, 'share') = 'share' as is_share
from ml.program_effects as effects
left join marts.dim_kpis as kpis
    on effects.outcome_code = kpis.kpi_code
where effects.program_name = ? and effects.is_chosen and effects.is_causal and effects.interval_low is not null
order by effects.outcome_code
"""
OUTREACH = "Outreach"
"""The owner of campaigns if there is no program, or more than one."""


def estimate_effects(connection: duckdb.DuckDBPyConnection) -> None:
    """Try every design that the data allow on every outcome of every program, and write `ml.program_effects`."""
    panels = connection.sql(
        "select program_name, outcome_code, location_key as site, month_on as month, go_live_month_on as first_month, numerator, "
        "denominator from marts.fct_program_outcomes where is_mature order by program_name, outcome_code, location_key, month_on"
    ).pl()
    rows = [
        _row(program, outcome, attempt, panel["month"])
        for (program, outcome), panel in panels.group_by("program_name", "outcome_code", maintain_order=True)
        for attempt in rollout_designs(panel)
    ]
    members = connection.sql(
        "select source_system || ' ' || campaign_id as stratum, patient_key as cluster, is_held_out, days_since_visit, added_on, "
        "has_visit_90_days as outcome, n_attempts_90_days as n_attempts "
        "from marts.fct_outreach_trials where is_mature order by trial_key"
    ).pl()
    if not members.is_empty():
        months = members["added_on"].dt.truncate("1mo")
        program = _campaign_program(connection)
        rows += [_row(program, TRIAL_OUTCOME, attempt, months) for attempt in trial_designs(members)]
    frame = pl.DataFrame(rows, schema={name: column.dtype.type for name, column in EFFECT_FIGURES.items()})
    write_ml_table(connection, "program_effects", frame)


def value_programs(connection: duckdb.DuckDBPyConnection, scenarios: list[Scenario], as_of_on: date) -> None:
    """Value every program under every scenario, and write the three tables of its value."""
    tables: dict[str, list[pl.DataFrame]] = {"program_values": [], "program_returns": [], "program_sensitivities": []}
    for program, scenario, found in valuations(connection, scenarios, as_of_on):
        named = {"program_name": pl.lit(program), "scenario": pl.lit(scenario.name)}
        tables["program_values"].append(_traced(program, found.values).with_columns(**named))
        tables["program_returns"].append(found.returns.with_columns(**named))
        tables["program_sensitivities"].append(found.sensitivities.with_columns(**named))
    for table, frames in tables.items():
        write_ml_table(connection, table, pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame())


def valuations(
    connection: duckdb.DuckDBPyConnection, scenarios: list[Scenario], as_of_on: date
) -> Iterator[tuple[str, Scenario, Valuation]]:
    """Each program that has costs or is live, under each scenario."""
    measured = {
        code: Measured(value, error or 0.0, basis)
        for code, value, error, basis in connection.sql(
            "select value_code, unit_value, standard_error, basis from marts.fct_unit_values order by value_code"
        ).fetchall()
    }
    programs = connection.sql(
        "select program_name from marts.fct_program_costs union select program_name from marts.dim_programs order by 1"
    ).fetchall()
    for (program,) in programs:
        costs, outcomes, members = _volumes_of(connection, program)
        effects = {
            outcome: Effect(estimate, low, high, grade, design, (-before, 1 - before) if is_share else (-inf, inf))
            for outcome, estimate, low, high, grade, design, before, is_share in connection.execute(EFFECTS, [program]).fetchall()
        }
        for scenario in scenarios:
            known = volumes(costs, outcomes, members, as_of_on=as_of_on, horizon_months=scenario.horizon_months)
            if known is not None:
                yield program, scenario, value_program(scenario, known, effects, measured)


def _volumes_of(connection: duckdb.DuckDBPyConnection, program: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    name = literal(program)
    costs = connection.sql(f"select category, month_on, amount_usd from marts.fct_program_costs where program_name = {name}").pl()
    outcomes = connection.sql(
        "select outcome_code, month_on, is_live, denominator, is_mature from marts.fct_program_outcomes "
        f"where program_name = {name} order by all"
    ).pl()
    is_its_own = _campaign_program(connection) == program
    members = connection.sql(
        "select cast(date_trunc('month', added_on) as date) as month_on, count(*) as n_members from marts.fct_outreach_trials "
        f"where not is_held_out and {is_its_own} group by all order by all"
    ).pl()
    return costs, outcomes, members


def _campaign_program(connection: duckdb.DuckDBPyConnection) -> str:
    """Campaigns do not name a program: they belong to the practice's program, if it has exactly one."""
    programs = connection.sql("select distinct program_name from marts.dim_programs").fetchall()
    return programs[0][0] if len(programs) == 1 else OUTREACH


def _row(program: str, outcome: str, attempt: Attempt, months: pl.Series) -> dict[str, object]:
    found = attempt.estimate
    figures = found.as_dict() if found else {}
    low, high = figures.get("interval") or (None, None)
    row = {
        "program_name": program,
        "outcome_code": outcome,
        "design": attempt.design,
        "grade": attempt.grade,
        "is_causal": attempt.is_causal,
        "is_chosen": attempt.is_chosen,
        "estimate": figures.get("estimate"),
        "standard_error": figures.get("standard_error"),
        "interval_low": low,
        "interval_high": high,
        "value_before": attempt.value_before,
        "n": figures.get("n", 0),
        "first_month_on": months.min(),
        "last_month_on": months.max(),
        "inference": figures.get("inference"),
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
