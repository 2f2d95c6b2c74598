"""`caregap dagster`: opens Dagster's page with the asset graph, schedule and sensor."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import click

from pipelines.audit_log import record
from pipelines.home import CHECKOUT, Home

TOKEN_VARIABLE = "CAREGAP_DAGSTER_TOKEN"  # noqa: S105
INSTANCE = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
"""


PLACE = ["-m", "pipelines.defs.definitions"]


@click.command()
@click.option("--port", default=3000, show_default=True)
@click.option("--operate", is_flag=True, help="Start runs, and turn on the schedule and the sensor; asks for a token.")
def command(port: int, operate: bool) -> None:
    """Open Dagster's page on this machine: view the graph, the checks and the runs.

    With --operate, the page can start runs, the nightly schedule and the sensor too. It then opens only at the address that is
    printed, which holds a token of this start; whoever has it can start runs.
    """
    home = Home.from_environment()
    home.dagster.mkdir(exist_ok=True, mode=0o700)
    (home.dagster / "dagster.yaml").write_text(INSTANCE, encoding="utf-8")
    os.environ |= {"DAGSTER_HOME": str(home.dagster), "PYTHONPATH": str(CHECKOUT), "CAREGAP_HOME": str(home.root)}
    os.environ.pop(TOKEN_VARIABLE, None)
    os.chdir(CHECKOUT)
    page = [sys.executable, "-m", "pipelines.cli.dagster_page", *PLACE, "-h", "127.0.0.1", "-p", str(port)]
    if not operate:
        click.echo(f"Dagster, to view only: http://127.0.0.1:{port}")
        os.execv(sys.executable, [*page, "--read-only"])  # noqa: S606
    record(home, "operated", subject=f"Dagster's page, port {port}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else a service that is stopped leaves the two programs behind
    token = secrets.token_urlsafe(32)
    daemon = subprocess.Popen([str(Path(sys.executable).with_name("dagster-daemon")), "run", *PLACE])
    try:
        click.echo(f"Dagster: http://127.0.0.1:{port}/?token={token}")
        ended = subprocess.run(page, env={**os.environ, TOKEN_VARIABLE: token})
    finally:
        daemon.terminate()
    sys.exit(ended.returncode)
