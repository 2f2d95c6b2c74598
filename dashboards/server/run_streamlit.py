"""Streamlit's command, with a web server that does not reveal its version and accepts only messages as large as a page sends.

`python -m dashboards.server.run_streamlit run …`; Streamlit has no setting for either; its limit for outgoing messages also
applies to incoming ones.
"""

from typing import Any

import uvicorn
from streamlit.web.cli import main

LARGEST_MESSAGE = 2**20

_configure = uvicorn.Config.__init__


def _quietly(config: uvicorn.Config, *arguments: Any, **settings: Any) -> None:
    _configure(config, *arguments, **settings | {"server_header": False, "ws_max_size": LARGEST_MESSAGE})


uvicorn.Config.__init__ = _quietly  # type: ignore[method-assign, assignment]

if __name__ == "__main__":
    main()
