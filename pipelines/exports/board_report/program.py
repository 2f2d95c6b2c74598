"""The program: its promises beside the results, the effects that it caused, and their value."""

from dataclasses import dataclass
from typing import Any

import duckdb

CLAIMS = "select * from {} order by program_name, display_order"
EFFECTS = "select * from {} where is_chosen order by program_name, design <> 'randomised', outcome_code"
RETURNS = "select * from {} order by program_name, scenario"
VALUES = """
select program_name, scenario, kind, category, sum(amount_mean_usd) as amount_usd, any_value(basis) as basis,
    any_value(grade) as grade, bool_or(is_significant) as is_significant
from {}
group by all
order by program_name, scenario, kind, amount_usd desc, category
"""
OWNERSHIP = """
select program_name, category,
    {years},
    {so_far}
from {{}}
where scenario = 'base'
group by program_name, category
order by program_name, max(category = 'total'), category
""".format(
    years=", ".join(f"max(amount_usd) filter (where year = {year}) as year_{year}_usd" for year in range(1, 6)),
    so_far=", ".join(
        f"max({kind}_so_far_usd) filter (where year = {year}) as {kind}_{year}_usd"
        for year in (3, 5)
        for kind in ("amount", "discounted")
    ),
)
ROLLOUT = """
select
    programs.program_name, programs.go_live_on, programs.is_live, coalesce(locations.location_name, programs.location_id) as site
from marts.dim_programs as programs
left join marts.dim_locations as locations using (location_key)
order by programs.go_live_on nulls last, site
"""


@dataclass(frozen=True)
class Program:
    """Rows as dictionaries, all but `rollout` None where the publication has no such table. `ownership`: the base scenario's
    costs, a row a category: each of five years, and three and five years, as spent and discounted.
    """

    rollout: list[dict[str, Any]]
    claims: list[dict[str, Any]] | None
    effects: list[dict[str, Any]] | None
    returns: list[dict[str, Any]] | None
    values: list[dict[str, Any]] | None
    ownership: list[dict[str, Any]] | None

    @property
    def lift(self) -> list[dict[str, Any]]:
        """The randomised effects: outreach against the patients held out at random."""
        return [row for row in self.effects or [] if row["design"] == "randomised"]


def program(connection: duckdb.DuckDBPyConnection) -> Program:
    """What an open published warehouse holds of engagement programs."""
    return Program(
        rollout=_rows(connection, ROLLOUT),
        claims=_of_table(connection, CLAIMS, "fct_program_claims"),
        effects=_of_table(connection, EFFECTS, "fct_program_effects"),
        returns=_of_table(connection, RETURNS, "fct_program_returns"),
        values=_of_table(connection, VALUES, "fct_program_value"),
        ownership=_of_table(connection, OWNERSHIP, "fct_program_ownership_costs"),
    )


def _of_table(connection: duckdb.DuckDBPyConnection, query: str, table: str) -> list[dict[str, Any]] | None:
    """The rows of a table that an older publication may not have."""
    found = connection.execute("select table_schema from information_schema.tables where table_name = $1", [table]).fetchall()
    return _rows(connection, query.format(f"{found[0][0]}.{table}")) if found else None


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    return list(connection.sql(query).pl().iter_rows(named=True))
