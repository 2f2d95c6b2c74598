"""Starts the server: `python -m dashboards.server.serve`, with the port and the address. `caregap dashboard` calls it."""

import json
import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import Any

from dashboards.access.access_file import AccessFile, AccessRefused, client_secret, read_access
from dashboards.access.break_glass import end_those_left_open
from dashboards.home import home
from dashboards.server.provider import PROVIDER, discovery

HERE = Path(__file__).parent
SETTINGS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.enableAgentApi": "false",
    "runner.magicEnabled": "false",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.disableDataExport": "true",
    "server.enableStaticServing": "false",
    "server.maxUploadSize": "1",
}
"""Streamlit reads its config from the working directory only, so required settings are given here. Error texts can quote a
patient's value, which links below an error would take to a search engine; the built-in download of tables keeps spreadsheet
formulas."""


def main(port: str, address: str) -> None:
    """Replace this process with Streamlit. Exits with 2 if sign-in is needed or cannot be set up."""
    try:
        access = read_access(home())
        if access is None and address not in ("127.0.0.1", "localhost", "::1"):
            raise AccessRefused(
                "Without sign-in the dashboards answer on this machine only: docs/operators.md shows access.toml."
            )
        settings = SETTINGS | {"server.port": port, "server.address": address}
        if access is not None:
            settings["secrets.files"] = str(_write_secrets(access))
    except AccessRefused as why:
        print(f"caregap: {why}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    end_those_left_open()
    shutil.rmtree(home() / "queries" / "running", ignore_errors=True)  # unread query results of the last server
    flags = [word for name, value in settings.items() for word in (f"--{name}", value)]
    os.execv(sys.executable, [sys.executable, "-m", "dashboards.server.run_streamlit", "run", str(HERE / "hardening.py"), *flags])  # noqa: S606


def _write_secrets(access: AccessFile) -> Path:
    """Streamlit's sign-in settings, in a file that only this account can read; each start has a new cookie key."""
    shared = {
        "redirect_uri": access.sign_in.redirect_uri,
        "cookie_secret": secrets.token_urlsafe(48),
        "expose_tokens": ["access"],
    }
    provider_settings = {
        "client_id": access.sign_in.client_id,
        "client_secret": client_secret(access),
        "server_metadata_url": discovery(access),
    }
    nested = {
        # The provider must ask for the password again after a log-off for inactivity.
        "client_kwargs": {"scope": " ".join(access.sign_in.scopes), "prompt": "login"},
        "authorize_params": {"acr_values": " ".join(access.sign_in.acr_values)} if access.sign_in.acr_values else {},
    }
    path = home() / "access" / "streamlit_secrets.toml"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.unlink(missing_ok=True)
    lines = ["[auth]", *_toml(shared), f"[auth.{PROVIDER}]", *_toml(provider_settings)]
    for name, values in nested.items():
        lines += [f"[auth.{PROVIDER}.{name}]", *_toml(values)]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join([*lines, ""]))
    return path


def _toml(values: dict[str, Any]) -> list[str]:
    """Settings as TOML lines; a JSON text, or a list of them, is valid TOML."""
    return [f"{name} = {json.dumps(value)}" for name, value in values.items()]


if __name__ == "__main__":
    main(*sys.argv[1:3])
