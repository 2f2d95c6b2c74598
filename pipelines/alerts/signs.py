"""Tells of signs of intrusion: in the audit log, and so in its second copy, and by Python's `logging` (`caregap.alerts`)."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from models.audit_log.record import ALERTED
from models.audit_log.signs import Sign, signs
from models.settings.access import AccessSettings
from models.settings.alerts import AlertLimits
from models.settings.toml_schema import SettingsRefused, read_settings
from pipelines.audit_log import log_of, record
from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home

ACCESS_FILE = "access.toml"
_LOGGER = logging.getLogger("caregap.alerts")


@dataclass(frozen=True)
class Signs:
    """All signs that the limits of today find, newest first, and those of them that nobody had been told of."""

    found: tuple[Sign, ...]
    new: tuple[Sign, ...]


def find_signs(home: Home) -> Signs:
    """Look for signs of intrusion, and tell nobody. Raises `EnvironmentNotReady`."""
    log, limits = log_of(home), alert_limits(home)
    entries = list(log.entries())
    found = signs(entries, log.verify(), limits, datetime.now(UTC), log.missing_from_copy() or 0)
    told = {entry.get("subject") for entry in entries if entry.get("event") == ALERTED}
    return Signs(found, tuple(sign for sign in found if sign.id not in told))


def tell_signs(home: Home) -> Signs:
    """Look for signs of intrusion, and tell of each once. Raises `EnvironmentNotReady`."""
    found = find_signs(home)
    for sign in found.new:
        record(home, ALERTED, subject=sign.id, n_rows=sign.n)
        _LOGGER.warning(sign.text)
    return found


def alert_limits(home: Home) -> AlertLimits:
    """The limits in the home's access.toml, or the defaults. Raises `EnvironmentNotReady` where that file is wrong."""
    return access_settings(home).alerts if (home.root / ACCESS_FILE).is_file() else AlertLimits()


def access_settings(home: Home) -> AccessSettings:
    """The home's access.toml. Raises `EnvironmentNotReady` where it is wrong, `OSError` where it is not there."""
    path = home.root / ACCESS_FILE
    try:
        return read_settings(path.read_bytes(), AccessSettings, str(path))
    except SettingsRefused as refused:
        raise EnvironmentNotReady(str(refused)) from None
