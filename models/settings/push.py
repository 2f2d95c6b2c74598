"""The schema of `[NAME.push]` in connectors.toml: what goes out to a system, and within which limits."""

from typing import ClassVar

from models.settings.toml_schema import Settings


class Push(Settings):
    """One connector's push. Without the table nothing goes out."""

    shows_values: ClassVar[bool] = False
