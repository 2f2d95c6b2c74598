"""Streamlit's own command, with a web server that does not say what it is and takes no message larger than a page's own.

`python -m dashboards.server.run_streamlit run …`; Streamlit has a setting for neither, and its limit for what it sends is the
limit for what it takes.
"""

import uvicorn
from streamlit.web.cli import main

LARGEST_MESSAGE = 2**20

_configure = uvicorn.Config.__init__


def _quietly(config: uvicorn.Config, *arguments, **settings) -> None:
    _configure(config, *arguments, **settings | {"server_header": False, "ws_max_size": LARGEST_MESSAGE})


uvicorn.Config.__init__ = _quietly

if __name__ == "__main__":
    main()
