"""Where files in clear may be written."""

from pathlib import Path

from models.home_keys import store
from pipelines.errors import UsageError
from pipelines.home import Home


def refuse_encrypted_home(home: Home, folder: Path) -> None:
    """Raise `UsageError` for a folder in a home that is encrypted: what a person takes out of it is in clear."""
    if store.is_encrypted(home.root) and folder.resolve().is_relative_to(home.root.resolve()):
        raise UsageError(f"{folder}: lies in the home, which is encrypted, and this would be in clear. Give a folder elsewhere.")
