"""`caregap simulate`: writes the extracts of a synthetic practice, with the ground truth."""

import json
import time
from datetime import date, datetime
from pathlib import Path

import click

from pipelines.errors import UsageError


@click.command()
@click.option("--patients", "n_patients", type=click.IntRange(min=10), required=True, help="Patients of the EHR.")
@click.option("--months", "n_months", type=click.IntRange(min=3, max=120), default=30, show_default=True, help="Months written.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write; new or empty.")
@click.option("--end-on", type=click.DateTime(["%Y-%m-%d"]), default="2026-10-31", show_default=True, help="Last day.")
@click.option("--no-dirt", is_flag=True, help="Omit bad rows, re-delivered files and deletions.")
@click.option("--rare-cases", "has_rare_cases", is_flag=True, help="Add heart failure, HIV, dementia and other rare conditions.")
@click.option("--program-effect", type=float, default=1.0, show_default=True, help="Scale of every effect; 0: nothing works.")
@click.option("--gzip", "is_gzip", is_flag=True, help="Compress the files.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: rows by kind of file.")
def command(
    n_patients: int,
    n_months: int,
    seed: int,
    out: Path,
    end_on: datetime,
    no_dirt: bool,
    has_rare_cases: bool,
    program_effect: float,
    is_gzip: bool,
    as_json: bool,
) -> None:
    """Write the extracts of a synthetic practice (EHR, CRM, billing) and its ground truth to a folder."""
    from data_samples.simulator.simulate import Simulation, simulate

    if out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out}: not empty. Give a new folder, so that this delivery does not mix with an earlier one.")
    simulation = Simulation(
        n_patients=n_patients,
        n_months=n_months,
        seed=seed,
        end_on=date(end_on.year, end_on.month, end_on.day),
        has_dirt=not no_dirt,
        rare_share=1.0 if has_rare_cases else 0.0,
        is_gzip=is_gzip,
        program_scale=program_effect,
    )
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with click.progressbar(length=n_patients, label="Simulating", hidden=as_json) as bar:
        n_rows = simulate(simulation, out, bar.update)
    if as_json:
        click.echo(json.dumps({"out": str(out), "seconds": round(time.monotonic() - began, 1), "rows": n_rows}))
        return
    click.echo(f"{sum(n_rows.values()):,} rows of {len(n_rows)} kinds in {out} ({time.monotonic() - began:.0f} s).")
    click.echo(f"Next: caregap run {out}")
