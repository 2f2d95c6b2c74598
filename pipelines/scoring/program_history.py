"""Reads the outcomes, trials, costs and unit values of programs, before any effect is estimated or valued."""

from dataclasses import dataclass
from math import inf

import duckdb
import polars as pl

from ml.roi.quantities import Effect, Measured

OUTREACH = "Outreach"
"""The owner of campaigns if there is no program, or more than one."""
_PANELS = """
select
    program_name, outcome_code, location_key as site, month_on as month, go_live_month_on as first_month, numerator, denominator
from marts.fct_program_outcomes
where is_mature
order by program_name, outcome_code, location_key, month_on
"""
_MEMBERS = """
select
    source_system || ' ' || campaign_id as stratum, patient_key as cluster, is_held_out, days_since_visit, added_on,
    has_visit_90_days as outcome, n_attempts_90_days as n_attempts
from marts.fct_outreach_trials
where is_mature
order by trial_key
"""
_PROGRAMS = "select program_name from marts.fct_program_costs union select program_name from marts.dim_programs order by 1"
_COSTS = "select category, month_on, amount_usd from marts.fct_program_costs where program_name = ? order by all"
_OUTCOMES = """
select outcome_code, month_on, is_live, denominator, is_mature
from marts.fct_program_outcomes
where program_name = ?
order by all
"""
_CONTACTED = """
select cast(date_trunc('month', added_on) as date) as month_on, count(*) as n_members
from marts.fct_outreach_trials
where not is_held_out and ?
group by all
order by all
"""
_EFFECTS = """
select
    effects.outcome_code,
    effects.estimate,
    effects.interval_low,
    effects.interval_high,
    effects.grade,
    effects.design,
    effects.value_before,
    coalesce(kpis.unit, 'share') as unit
from ml.program_effects as effects
left join marts.dim_kpis as kpis
    on effects.outcome_code = kpis.kpi_code
where effects.program_name = ? and effects.is_chosen and effects.is_causal and effects.interval_low is not null
order by effects.outcome_code
"""
_UNIT_VALUES = "select value_code, unit_value, standard_error, basis from marts.fct_unit_values order by value_code"


@dataclass(frozen=True)
class History:
    """The data that effects are estimated from: mature rows only.

    `panels`: program_name, outcome_code, site, month, first_month, numerator, denominator. `members` of outreach campaigns with a
    hold-out, as `ml.effects.design_picker.trial_designs` takes them, and `added_on`; they belong to `campaign_program`.
    """

    panels: pl.DataFrame
    members: pl.DataFrame
    campaign_program: str

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection) -> "History":
        return cls(connection.sql(_PANELS).pl(), connection.sql(_MEMBERS).pl(), _campaign_program(connection))


@dataclass(frozen=True)
class Program:
    """A program that has costs or is live: `costs`, `outcomes` and `members` as `ml.roi.volumes.volumes` takes them,
    and its causal effects by outcome.
    """

    name: str
    costs: pl.DataFrame
    outcomes: pl.DataFrame
    members: pl.DataFrame
    effects: dict[str, Effect]


def programs(connection: duckdb.DuckDBPyConnection) -> list[Program]:
    """All programs, sorted by name. Reads published tables only."""
    owner = _campaign_program(connection)
    return [
        Program(
            name,
            costs=connection.execute(_COSTS, [name]).pl(),
            outcomes=connection.execute(_OUTCOMES, [name]).pl(),
            members=connection.execute(_CONTACTED, [name == owner]).pl(),
            effects={
                outcome: Effect(
                    estimate,
                    low,
                    high,
                    grade,
                    design,
                    (-before, 1 - before) if unit == "share" and before is not None else (-inf, inf),
                    unit,
                )
                for outcome, estimate, low, high, grade, design, before, unit in connection.execute(_EFFECTS, [name]).fetchall()
            },
        )
        for (name,) in connection.sql(_PROGRAMS).fetchall()
    ]


def unit_values(connection: duckdb.DuckDBPyConnection) -> dict[str, Measured]:
    """The measured quantities that turn effects into money, by code."""
    rows = connection.sql(_UNIT_VALUES).fetchall()
    return {code: Measured(value, error or 0.0, basis) for code, value, error, basis in rows}


def _campaign_program(connection: duckdb.DuckDBPyConnection) -> str:
    """Campaigns do not name a program: they belong to the practice's program, if it has exactly one."""
    found = connection.sql("select distinct program_name from marts.dim_programs").fetchall()
    return found[0][0] if len(found) == 1 else OUTREACH
