"""Reads the privacy profile that a practice goes by."""

from functools import cache

from models.settings.privacy import Profile
from models.settings.toml_schema import read_settings
from pipelines.home import CHECKOUT

SHIPPED = CHECKOUT / "models" / "privacy"


@cache
def profile(name: str) -> Profile:
    """The profile of this name: one of `PROFILES`."""
    path = SHIPPED / f"{name}.toml"
    return read_settings(path.read_bytes(), Profile, str(path))
