"""Errors that end a command, each with a stable exit code for schedulers."""

import re
from collections.abc import Sequence

from models.wording import counted


class CaregapError(Exception):
    """A command cannot continue. The text names file, row and field, says what to do next, and contains no patient data."""

    exit_code = 1


class UsageError(CaregapError):
    """The command was called with an argument or setting that it cannot use."""

    exit_code = 2


class ExtractRefused(CaregapError):
    """A delivered file is not in the expected format; none of it was landed, and the current publication stays."""

    exit_code = 10


def without(refused: Sequence[str]) -> ExtractRefused:
    """The error that ends a command which has done all else without the files that it refused, each with its reason."""
    head = f"{counted(len(refused), 'file')} refused. All else was done without; correct at the source, and deliver again:"
    return ExtractRefused("\n  ".join([head, *refused]))


class ChecksFailed(CaregapError):
    """The new warehouse failed its tests; it was not published."""

    exit_code = 11


class NotPublished(CaregapError):
    """There is no published warehouse to read, serve or return to."""

    exit_code = 12


class EnvironmentNotReady(CaregapError):
    """This installation cannot run: wrong versions, wrong checkout, no write access."""

    exit_code = 13


class ConnectionFailed(CaregapError):
    """A connected system does not answer, or refuses the account; what was done before is kept. Holds no body of an answer."""

    exit_code = 14


class PushRefused(CaregapError):
    """A plan is not what would be sent now, or passes a limit that a person must confirm; nothing was sent."""

    exit_code = 15


class HomeBusy(EnvironmentNotReady):
    """Another command is writing to the home; nothing was touched, so nothing is recorded either."""


def without_values(message: str) -> str:
    """Another library's error message without its quoted parts: DuckDB quotes the value that it could not convert, Polars puts it
    between double quotes. A quote that follows a letter opens nothing ("can't"); one that is never closed hides all that follows.
    """
    said = re.sub(r"""(?<!\w)'.*?(?:'(?!\w)|$)""", "'…'", " ".join(message.split()))
    return re.sub(r""""[^"]*(?:"|$)""", '"…"', said)[:400]
