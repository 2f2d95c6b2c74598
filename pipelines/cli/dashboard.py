"""`caregap dashboard`: Streamlit on what was published last."""

import os
import sys

import click

from pipelines.home import CHECKOUT, Home


@click.command()
@click.option("--port", default=8501, show_default=True)
@click.option("--address", default="127.0.0.1", show_default=True, help="Streamlit has no sign-in: keep it on this machine.")
def command(port: int, address: str) -> None:
    """Open the dashboards on what was published last. They show a new publication as soon as it is there."""
    from pipelines.publications import current

    home = Home.from_environment()
    current(home)
    # Streamlit reads its config from the working directory only, so that what must hold is said here.
    settings = {
        "server.address": address,
        "server.port": str(port),
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "viewer",
    }
    os.environ |= {"CAREGAP_HOME": str(home.root), "PYTHONPATH": str(CHECKOUT)}
    flags = [word for name, value in settings.items() for word in (f"--{name}", value)]
    page = str(CHECKOUT / "dashboards" / "streamlit_app.py")
    click.echo(f"Dashboards: http://{address}:{port}")
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", page, *flags])  # noqa: S606
