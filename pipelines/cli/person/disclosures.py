"""`caregap person disclosures`: whom a person's data was shown or handed to."""

import json
from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.person.options import deadline, person_options
from pipelines.home import Home


@click.command()
@person_options
@click.option("--accountable", is_flag=True, help="Leave out what is exempt from the accounting.")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as JSON.")
def command(asked: str, folder: Path | None, asked_on: datetime | None, accountable: bool, as_json: bool) -> None:
    """List who was shown or handed a person's data in six years: when, what, to whom, for which purpose, newest first.

    What is for treatment, payment or health care operations, and what went to the person, is exempt from an accounting of
    disclosures (45 CFR 164.528) and marked so. What a connected system or a recipient did with it is not known here.
    """
    from pipelines.audit_log import record
    from pipelines.practice import practice_of
    from pipelines.rights.disclosures import as_table, disclosures
    from pipelines.rights.person import find_person

    home = Home.from_environment()
    practice = practice_of(home, folder)
    person = find_person(home, practice, asked)
    record(home, "audit_read", subject=str(person.key or "a record"))
    found = [one for one in disclosures(home, person) if not (accountable and one.exempt)]
    if as_json:
        click.echo(json.dumps(as_table(found), indent=2))
        return
    for one in found:
        whose = "all patients" if one.is_all else "the person"
        marked = f"exempt: {one.exempt}" if one.exempt else "to be accounted for"
        click.echo(
            "\t".join((one.at, one.who, one.what, one.subject, f"to {one.to or 'not stated'}", one.purpose, whose, marked))
        )
    n_due = sum(not one.exempt for one in found)
    click.echo(f"{len(found):,} lines, of which {n_due:,} are to be accounted for.")
    click.echo(deadline(practice, "disclosures", asked_on)[1])
