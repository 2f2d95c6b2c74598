"""Options that select the person, and the practice that keeps their data."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from pipelines.clock import now
from pipelines.practice import Practice
from pipelines.privacy import profile


def person_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --patient, --folder and --asked-on to a command."""
    options: list[Callable[..., Any]] = [
        click.option(
            "--patient",
            "asked",
            required=True,
            metavar="KEY|RECORD",
            help="The patient_key in the current publication, or a record: ehr/ehr_patient/p-1.",
        ),
        click.option(
            "--folder",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="Folder with practice.toml [this home; otherwise the sample].",
        ),
        click.option("--asked-on", type=click.DateTime(["%Y-%m-%d"]), help="Day on which the person asked [today]."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def deadline(practice: Practice, right: str, asked_on: datetime | None) -> tuple[date | None, str]:
    """The last day for the answer by the practice's profile, None where none is set, and a sentence that says so."""
    law = profile(practice.privacy)
    stated = law.deadlines[right]  # type: ignore[index]
    due_on = stated.due_on(asked_on.date() if asked_on else now().date())
    return due_on, f"{law.title}: " + (f"to be answered by {due_on} ({stated.source})." if due_on else f"{stated.source}.")
