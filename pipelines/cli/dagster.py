"""`caregap dagster`: opens Dagster's page with the asset graph, schedule and sensor."""

import os
import sys

import click

from pipelines.home import CHECKOUT, Home

INSTANCE = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
"""


@click.command()
@click.option("--port", default=3000, show_default=True)
@click.option("--read-only", is_flag=True, help="View only: start no runs, schedule or sensor.")
def command(port: int, read_only: bool) -> None:
    """Open Dagster's page: view the graph and checks, start runs, turn on the nightly schedule and the sensor.

    It listens on this machine only: the page has no sign-in, and anyone who can reach it can start runs.
    """
    home = Home.from_environment()
    home.dagster.mkdir(exist_ok=True, mode=0o700)
    (home.dagster / "dagster.yaml").write_text(INSTANCE, encoding="utf-8")
    os.environ |= {"DAGSTER_HOME": str(home.dagster), "PYTHONPATH": str(CHECKOUT), "CAREGAP_HOME": str(home.root)}
    os.chdir(CHECKOUT)
    place = ["-m", "pipelines.defs.definitions", "-h", "127.0.0.1", "-p", str(port)]
    program = ["dagster_webserver", "--read-only"] if read_only else ["dagster", "dev"]
    click.echo(f"Dagster: http://127.0.0.1:{port}")
    os.execv(sys.executable, [sys.executable, "-m", *program, *place])  # noqa: S606
