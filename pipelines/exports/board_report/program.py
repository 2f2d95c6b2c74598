"""The program: its promises beside the results, the effects that it caused, and their value."""

from dataclasses import dataclass
from typing import Any

import duckdb

CLAIMS = """
select claims.*, kpis.kpi_name, kpis.unit, kpis.direction
from marts.fct_program_claims as claims
inner join marts.dim_kpis as kpis using (kpi_code)
order by claims.display_order
"""
EFFECTS = "select * from {} where is_chosen order by program_name, design <> 'randomised', outcome_code"
RETURNS = "select * from {} order by program_name, scenario"
VALUES = """
select program_name, scenario, kind, category, sum(amount_mean_usd) as amount_usd, any_value(basis) as basis
from {}
group by all
order by program_name, scenario, kind, amount_usd desc, category
"""
ROLLOUT = """
select
    programs.program_name, programs.go_live_on, programs.is_live, coalesce(locations.location_name, programs.location_id) as site
from marts.dim_programs as programs
left join marts.dim_locations as locations using (location_key)
order by programs.go_live_on nulls last, site
"""


@dataclass(frozen=True)
class Program:
    """Rows as dictionaries. `effects`, `returns` and `values` are None where the publication has no such table."""

    rollout: list[dict[str, Any]]
    claims: list[dict[str, Any]]
    effects: list[dict[str, Any]] | None
    returns: list[dict[str, Any]] | None
    values: list[dict[str, Any]] | None

    @property
    def lift(self) -> list[dict[str, Any]]:
        """The randomised effects: outreach against the patients held out at random."""
        return [row for row in self.effects or [] if row["design"] == "randomised"]


def program(connection: duckdb.DuckDBPyConnection) -> Program:
    """What an open published warehouse holds of engagement programs."""
    return Program(
        rollout=_rows(connection, ROLLOUT),
        claims=_rows(connection, CLAIMS),
        effects=_of_table(connection, EFFECTS, "fct_program_effects"),
        returns=_of_table(connection, RETURNS, "fct_program_returns"),
        values=_of_table(connection, VALUES, "fct_program_value"),
    )


def _of_table(connection: duckdb.DuckDBPyConnection, query: str, table: str) -> list[dict[str, Any]] | None:
    """The rows of a table that an older publication may not have."""
    found = connection.execute("select table_schema from information_schema.tables where table_name = $1", [table]).fetchall()
    return _rows(connection, query.format(f"{found[0][0]}.{table}")) if found else None


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    return list(connection.sql(query).pl().iter_rows(named=True))
