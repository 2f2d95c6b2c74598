"""`caregap conform`: compares the measures with an official test deck, case by case."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pipelines.cli.practice_options import engine_option
from pipelines.home import Home


@click.command()
@click.argument(
    "decks", metavar="DECK...", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--value-sets", type=click.Path(exists=True, path_type=Path), help="Load these instead of the decks' own.")
@click.option("--measure", metavar="CMS125", help="Evaluate this measure only.")
@engine_option
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def command(decks: tuple[Path, ...], value_sets: Path | None, measure: str | None, engine: str | None, as_json: bool) -> None:
    """Evaluate the cases of each DECK as if an EHR had delivered them, and compare every population with the expected result.

    A DECK contains expected.csv and fhir/<measure>/<type>.ndjson. Exits with 0 only if every implemented measure agrees on every
    case. Decks are synthetic, so the events of disagreeing patients are shown.
    """
    from pipelines.cli.console import shown_progress
    from pipelines.errors import ChecksFailed
    from pipelines.proof.measure_decks import conform

    with shown_progress(quiet=as_json) as progress:
        agreements = conform(
            decks,
            Home.from_environment(),
            value_sets=value_sets,
            measure=measure,
            engine=engine or "duckdb",
            progress=progress,
        )
    if as_json:
        click.echo(json.dumps({"measures": [asdict(agreement) for agreement in agreements]}, indent=2))
    else:
        _show(agreements)
    wrong = [agreement.measure for agreement in agreements if agreement.known and not agreement.agrees]
    if wrong:
        raise ChecksFailed(f"{', '.join(wrong)}: not every case agrees.")


def _show(agreements: list[Any]) -> None:
    from rich.table import Table

    from pipelines.cli.console import console

    table = Table("measure", "cases", "agree", "populations", "agree", "")
    for one in agreements:
        note = "unknown" if not one.known else "" if one.agrees else "[red]disagrees[/]"
        if one.missing_value_sets:
            note = f"[red]disabled, value sets missing: {', '.join(one.missing_value_sets)}[/]"
        if one.n_quarantined:
            note += f" {one.n_quarantined} rows could not be read"
        counts = (one.n_agree, one.n_populations, one.n_populations_agree) if one.known else ("", "", "")
        table.add_row(one.measure, *(str(count) for count in (one.n_cases, *counts)), note)
    known = [one for one in agreements if one.known]
    totals = (sum(getattr(one, name) for one in known) for name in ("n_cases", "n_agree", "n_populations", "n_populations_agree"))
    table.add_section()
    table.add_row("known", *(str(total) for total in totals), "")
    console.print(table)
    for one in agreements:
        for wrong in one.disagreements:
            console.print(
                f"{one.measure} {wrong.case} {wrong.group}: {wrong.population} is {wrong.actual}, expected {wrong.expected}"
            )
            console.print(f"  {wrong.title}", markup=False, soft_wrap=True)
            for event in wrong.events:
                console.print(f"    {event}", markup=False, soft_wrap=True)
