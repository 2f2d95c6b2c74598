"""`caregap dashboard`: opens Streamlit on the current publication."""

import os
import sys

import click

from pipelines.home import CHECKOUT, Home


@click.command()
@click.option("--port", default=8501, show_default=True)
@click.option("--address", default="127.0.0.1", show_default=True, help="Any other address requires sign-in (access.toml).")
def command(port: int, address: str) -> None:
    """Open the dashboards on the current publication. They switch to a new publication as soon as it exists."""
    from pipelines.keys import check_keys
    from pipelines.publications.store import current

    home = Home.from_environment()
    current(home)
    check_keys(home.root)
    os.environ |= {"CAREGAP_HOME": str(home.root), "PYTHONPATH": str(CHECKOUT)}
    click.echo(f"Dashboards: http://{address}:{port}")
    os.execv(sys.executable, [sys.executable, "-m", "dashboards.server.serve", str(port), address])  # noqa: S606
