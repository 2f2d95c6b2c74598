"""`caregap roi`: compares the value of the programs under several scenarios, from the current publication."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import click

from pipelines.home import Home

OWNED_YEARS = (3, 5)
RETURNS = {
    "npv_p5_usd": "NPV, 5th percentile",
    "npv_p50_usd": "NPV, median",
    "npv_p95_usd": "NPV, 95th percentile",
    "roi_p50": "ROI, median",
    "npv_positive_share": "chance that NPV > 0",
    "irr": "internal rate of return a year",
    "payback_month": "payback month",
    "cost_of_delay_usd": "cost of a month's delay",
    "one_off_release_usd": "one-off release of cash (not in totals)",
    "staff_hours_p50": "staff hours saved",
    "benefits_missing": "counted as zero",
}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option(
    "--scenario", "files", multiple=True, metavar="FILE", type=click.Path(path_type=Path), help="Scenario file; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print every table as JSON.")
def command(folder: Path | None, files: tuple[Path, ...], as_json: bool) -> None:
    """Value the published programs under each scenario and compare the results.

    Without --scenario: the shipped scenarios and those of the practice in FOLDER [the practice of this home]. With it: the base
    scenario and these. docs/estimates.md describes scenario files. Writes nothing.
    """
    from pipelines.practice import practice_of
    from pipelines.publications.store import current
    from pipelines.scenarios import BASE, read_one, scenario_file, scenarios
    from pipelines.scoring.program_history import programs, unit_values
    from pipelines.scoring.program_value import ownerships, valuations
    from pipelines.sql.connection import open_file

    home = Home.from_environment()
    publication = current(home)
    known = scenarios(practice_of(home, folder).scenarios)
    if files:
        base = next(one for one in known if one.name == BASE)
        known = [base, *(read_one(str(path), scenario_file(path), base) for path in files)]
    with open_file(home.published / publication.id / "warehouse.duckdb", read_only=True) as connection:
        history = programs(connection), unit_values(connection)
    as_of_on = date.fromisoformat(publication.as_of_on)
    owned = {(program, scenario.name): costs for program, scenario, costs in ownerships(history[0], known, as_of_on)}
    found = [
        {
            "program_name": program,
            "scenario": scenario.name,
            "returns": valuation.returns.drop("scenario").to_dicts()[0],
            "values": valuation.values.to_dicts(),
            "sensitivities": valuation.sensitivities.to_dicts(),
            "ownership": owned[program, scenario.name].to_dicts() if (program, scenario.name) in owned else [],
        }
        for program, scenario, valuation in valuations(*history, known, as_of_on)
    ]
    if as_json:
        click.echo(json.dumps(found, default=str, indent=2))
    elif found:
        _show(found)
    else:
        click.echo("No program has costs or a go-live date, so there is nothing to value.")


def _show(found: list[dict[str, Any]]) -> None:
    from rich.table import Column, Table

    from pipelines.cli.console import console

    for program in dict.fromkeys(one["program_name"] for one in found):
        of_program = [one for one in found if one["program_name"] == program]
        table = Table(program, *(one["scenario"] for one in of_program))
        for name, words in RETURNS.items():
            table.add_row(words, *(_cell(name, one["returns"][name]) for one in of_program))
        for years in OWNED_YEARS:
            for kind in ("amount", "discounted"):
                costs = (_owned(one["ownership"], years, kind) for one in of_program)
                table.add_row(f"cost of {years} years{', discounted' if kind == 'discounted' else ''}", *costs)
        console.print(table)
        first = of_program[0]
        # A narrow terminal cut the names off, which a scenario file repeats letter by letter.
        names = Column("assumption", overflow="fold")
        title = f"what matters most ({first['scenario']})"
        tornado = Table(names, "from", "to", "NPV from", "NPV to", "break-even at", title=title)
        for row in first["sensitivities"][:6]:
            tornado.add_row(
                row["assumption"],
                *(f"{row[end]:.4g}" for end in ("low", "high")),
                *(f"{row[end]:,.0f}" for end in ("npv_low_usd", "npv_high_usd")),
                "nowhere" if row["break_even"] is None else f"{row['break_even']:.4g}",
            )
        console.print(tornado)


def _owned(ownership: list[dict[str, Any]], years: int, kind: str) -> str:
    """The total cost of ownership after so many years, as spent (`amount`) or `discounted`."""
    found = [row[f"{kind}_so_far_usd"] for row in ownership if row["category"] == "total" and row["year"] == years]
    return f"{found[0]:,.0f}" if found else "not known"


def _cell(name: str, value: object) -> str:
    if value is None:
        return {"benefits_missing": "none", "payback_month": "not within the horizon", "irr": "none"}.get(name, "not known")
    if isinstance(value, float):
        return f"{value:.0%}" if name in ("roi_p50", "irr", "npv_positive_share") else f"{value:,.0f}"
    return str(value).replace(" ", "\n") if name == "benefits_missing" else str(value)
