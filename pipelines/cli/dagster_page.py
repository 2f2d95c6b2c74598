"""Dagster's own web server behind the door: `python -m pipelines.cli.dagster_page`, with the web server's options.

The token, if one is asked for, comes in the environment, where other accounts cannot read it as they can a command line.
"""

import os
from functools import partial
from typing import Any

from dagster_webserver import cli

from pipelines.cli.dagster import TOKEN_VARIABLE
from pipelines.cli.dagster_door import Door

_made = cli.create_app_from_workspace_process_context


def _behind_the_door(*arguments: Any, **settings: Any) -> Door:
    return Door(_made(*arguments, **settings), os.environ.get(TOKEN_VARIABLE, ""))


cli.create_app_from_workspace_process_context = _behind_the_door
cli.uvicorn.run = partial(cli.uvicorn.run, server_header=False)

if __name__ == "__main__":
    cli.main()
