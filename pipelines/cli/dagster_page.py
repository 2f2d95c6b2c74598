"""Dagster's own web server behind the door: `python -m pipelines.cli.dagster_page`, with the web server's options.

The token, if one is asked for, comes in the environment, where other accounts cannot read it as they can a command line.
"""

import os
from functools import partial
from typing import Any

from dagster_webserver import cli

from pipelines.cli.dagster import TOKEN_VARIABLE
from pipelines.cli.dagster_door import Door

_webserver: Any = cli  # what is replaced below is no part of its interface
_made = _webserver.create_app_from_workspace_process_context


def _behind_the_door(*arguments: Any, **settings: Any) -> Door:
    return Door(_made(*arguments, **settings), os.environ.get(TOKEN_VARIABLE, ""))


_webserver.create_app_from_workspace_process_context = _behind_the_door
_webserver.uvicorn.run = partial(_webserver.uvicorn.run, server_header=False)

if __name__ == "__main__":
    _webserver.main()
