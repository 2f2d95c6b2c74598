"""The errors that end a command, each with the exit code that a scheduler can rely on."""

import re


class CaregapError(Exception):
    """A command cannot go on. The text names file, row and field by key, says what to do next, and holds no patient data."""

    exit_code = 1


class UsageError(CaregapError):
    """The command was called with something that it cannot use."""

    exit_code = 2


class ExtractRefused(CaregapError):
    """A delivered file is not what it says it is; nothing of it was landed, and what was published stays."""

    exit_code = 10


class ChecksFailed(CaregapError):
    """The new warehouse failed its tests; it was not published."""

    exit_code = 11


class NotPublished(CaregapError):
    """There is no published warehouse to read, to serve or to go back to."""

    exit_code = 12


class EnvironmentNotReady(CaregapError):
    """This installation cannot run: wrong versions, wrong checkout, no write access."""

    exit_code = 13


def without_values(message: str) -> str:
    """The message of another library's error, without what stands in quotes: DuckDB quotes the value that it could not
    convert."""
    return re.sub(r"'[^']*'", "'…'", " ".join(message.split()))[:400]
