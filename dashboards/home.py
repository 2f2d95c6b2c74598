"""The home that the dashboards read and write: `$CAREGAP_HOME`, set by `caregap dashboard`."""

import os
from pathlib import Path


def home() -> Path:
    """The home: `published/` is read, `audit/` and `access/` are written. `.caregap/` of the working directory where unset."""
    return Path(os.environ.get("CAREGAP_HOME") or ".caregap")
