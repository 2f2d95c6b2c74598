"""The command line. Verbs are imported when they are called, so that `caregap --help` answers at once."""

import gc
import os
import sys

import click

from pipelines.cli.lazy_verbs import LazyVerbs
from pipelines.errors import CaregapError

VERBS = {
    "init": "Write a practice.toml: the practice and the folders of its extracts.",
    "connect": "Pull deliveries from systems by API, and push lists to them.",
    "ingest": "Read new deliveries into landing; quarantine bad rows and refuse bad files.",
    "build": "Build a new warehouse from landing and check it.",
    "train": "Train the risk models on the newest build.",
    "score": "Score the patients of the newest build and write the outreach list.",
    "publish": "Publish the newest checked build, or go back to an earlier one.",
    "run": "Do it all: ingest, build, score, check, publish.",
    "pack": "Write the board report for a month or a quarter as one HTML file.",
    "lists": "Write the outreach list and the CRM's tasks as of now, without whoever was contacted since.",
    "export": "Write measure reports and care gaps as FHIR, for payers and registries.",
    "dashboard": "Open the dashboards on the current publication.",
    "dagster": "Open Dagster's page with the asset graph.",
    "docs": "Write the data dictionary and dbt's lineage pages.",
    "doctor": "Check whether this installation can run and its files are whole, and say what to do.",
    "backup": "Copy what cannot be made again, and verify the copy.",
    "restore": "Put a backup into an empty home.",
    "keys": "Make, rotate and destroy the keys that encrypt a home.",
    "person": "Export, restrict or erase what is kept about one person.",
    "retention": "Show what is kept for how long, and dispose of what is over.",
    "alerts": "Tell people by e-mail or webhook of what is beyond its threshold.",
    "audit": "Check the audit log, and list who saw a patient.",
    "simulate": "Write the extracts of a synthetic practice.",
    "value-sets": "Load the code lists that measures use.",
    "layout": "Describe the columns of a CRM's or billing system's export.",
    "benchmark": "Evaluate the risk models on public or simulated data.",
    "conform": "Compare the measures with an official test deck.",
    "estimate": "Estimate the effect of a program from your own table.",
    "roi": "Compare the value of the programs under several scenarios.",
}


@click.group(cls=LazyVerbs, verbs=VERBS, package=__name__, title="Commands, in the order of the data flow")
@click.option("--debug", is_flag=True, help="After an unexpected error, also print where in the code it happened.")
def caregap(debug: bool) -> None:
    """Care gaps, KPIs and outreach lists from a practice's CRM, EHR and billing extracts."""


def main() -> None:
    """Run one verb. Exit codes: 0 ok, 1 unexpected, 2 usage, 10 extract refused, 11 checks failed, 12 not published,
    13 environment, 14 a connected system failed, 15 a push was refused, 130 stopped by its user."""
    os.umask(0o077)  # output contains patient data: only its owner may read it
    # Modules and dbt's manifest, a million objects, live as long as the command: to look through them for garbage as often as
    # Python does by itself took 2 CPU seconds more of a run.
    gc.set_threshold(50_000, 20, 100)
    try:
        caregap(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        click.echo("caregap: Stopped. What is published is whole; run the same command again to finish.", err=True)
        sys.exit(130)
    except CaregapError as error:
        click.echo(f"caregap: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        from pipelines.cli.unexpected import report
        from pipelines.home import Home
        from pipelines.publications.earlier import made_earlier_than_read

        if earlier := made_earlier_than_read(error, Home.from_environment()):
            click.echo(f"caregap: {earlier}", err=True)
            sys.exit(earlier.exit_code)
        click.echo(report(error, is_shown="--debug" in sys.argv[1:2]), err=True)
        sys.exit(1)
