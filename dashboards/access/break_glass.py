"""Break-glass: opens one patient to one person for one reason, for an hour at most, and tells the administrator.

What was opened is kept in memory, by sign-in: it ends with its time, with the sign-in, with the right to it, and with the server.
It gives nothing but the rows of that patient (`dashboards/store/scope.py`), to the page that asks for them by name.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from dashboards.access.access_file import read_access
from dashboards.access.audit_log import current_log, record
from dashboards.access.roles import Viewer
from dashboards.home import home
from models.audit_log.break_glass import (
    ENDED,
    ENDS,
    OPENED,
    OTHER,
    REASONS,
    REFUSALS,
    REFUSED,
    VIEW,
    opened_subject,
    openings,
)
from models.settings.access import BreakGlass

SHORTEST_WORDS = 10
"""Characters that say why, where no reason of the list does."""
WRONG_A_DAY = 10
"""Tries within 24 hours that may name nobody: whoever needs more is guessing."""
_DAY = timedelta(days=1)
_LOGGER = logging.getLogger("caregap.alerts")


class GlassRefused(Exception):
    """The patient is not opened. The text says why, to the person."""


@dataclass(frozen=True)
class Glass:
    """One patient that is open to `viewer`, until the first of two clocks says that it has ended.

    `ends` is of the machine's steady clock, which nobody sets back but which stands still while the machine sleeps; `until` is
    what the person was told.
    """

    id: str
    viewer: Viewer
    patient_key: int
    reason: str
    until: datetime
    ends: float

    @property
    def minutes_left(self) -> float:
        return min(self.ends - time.monotonic(), (self.until - datetime.now(UTC)).total_seconds()) / 60


_open: dict[tuple[Path, str, str], Glass] = {}
_lock = threading.Lock()


def settings() -> BreakGlass:
    """What access.toml says of it; its defaults without that file. Raises `AccessRefused`."""
    access = read_access(home())
    return access.break_glass if access else BreakGlass()


def break_glass(viewer: Viewer, identified: Callable[[], list[int]], reason: str, words: str) -> Glass:
    """Open the one patient whom `identified` finds, in place of one that is open to the viewer, in whatever sign-in, once the
    line about it is on the disk.

    `identified` gives the keys of at most two patients whom the identifiers name; it is asked last, and of many tries at once
    one after the other, so that nobody learns of a patient by what is neither opened nor counted. `reason` is one of `REASONS`;
    `words` are sealed in the log, and left out of it where no key seals them. Raises `GlassRefused` where the reason is not
    stated, a day's tries or patients are used up, or the identifiers name nobody or several, and what `record` raises.
    """
    if not viewer.may_break_glass or reason not in REASONS:
        raise GlassRefused("You may not open a patient so.")
    if reason == OTHER and len(words.strip()) < SHORTEST_WORDS:
        raise GlassRefused("Say in words why this patient must be opened.")
    if reason == OTHER and not current_log().keys.signing:
        raise GlassRefused("Words are kept only where the audit log has a key. Choose a reason of the list.")
    limits = settings()
    with _lock:
        _refuse_guessing(viewer)
        since = datetime.now(UTC) - _DAY
        n_opened = sum(one.who == viewer.user_id and one.at > since for one in openings(current_log().entries()))
        if n_opened >= limits.patients_a_day:
            refuse(viewer, "limit")
            raise GlassRefused(
                f"You opened {n_opened} patients within 24 hours, as many as a day allows. The administrator was told; ask them."
            )
        found = identified()
        if len(found) != 1:
            refuse(viewer, why := "several" if found else "nobody")
            more = "Use the record number." if found else "Both must be as the record has them."
            raise GlassRefused(f"Not opened: {REFUSALS[why]}. {more}")
        [patient_key] = found
        for other in [one.viewer for one in _open.values() if one.viewer.user_id == viewer.user_id]:
            _end(other, "another")
        until = datetime.now(UTC) + timedelta(minutes=limits.minutes)
        ends = time.monotonic() + limits.minutes * 60
        glass = Glass(uuid4().hex[:12], viewer, patient_key, reason, until, ends)
        said = opened_subject(patient_key, glass.id, reason, until)
        record(OPENED, subject=said, n_rows=1, patients=[patient_key], text=words, purpose="treatment", viewer=viewer)
        _open[_key(viewer)] = glass
    _LOGGER.warning("Break-glass: %s opened a patient until %s (%s).", viewer.user_id, f"{until:%H:%M} UTC", REASONS[reason])
    timer = threading.Timer(limits.minutes * 60, _time_is_up, [glass])
    timer.daemon = True
    timer.start()
    return glass


def _refuse_guessing(viewer: Viewer) -> None:
    """Raise `GlassRefused` for a person who has named nobody too often today, and tell the administrator."""
    since = datetime.now(UTC) - _DAY
    tries = [line for line in current_log().entries() if line.get("event") == REFUSED and line.get("who") == viewer.user_id]
    if sum(datetime.fromisoformat(str(line["at"])) > since for line in tries) >= WRONG_A_DAY:
        refuse(viewer, "limit")
        raise GlassRefused("Too many tries within 24 hours did not name one patient. The administrator was told; ask them.")


def refuse(viewer: Viewer, why: str) -> None:
    """Record that a patient was asked for and not opened: `why` is one of `REFUSALS`."""
    assert why in REFUSALS
    record(REFUSED, subject=why, viewer=viewer)


def open_glass(viewer: Viewer) -> Glass | None:
    """What is open to the viewer now; None where nothing is, or no more."""
    glass = _open.get(_key(viewer))
    if glass is None:
        return None
    if not viewer.may_break_glass:
        end_glass(viewer, "rights")
        return None
    if glass.minutes_left <= 0:
        _time_is_up(glass)
        return None
    return glass


def end_glass(viewer: Viewer, why: str) -> None:
    """End what is open to the viewer, if anything is; `why` is one of `ENDS`."""
    with _lock:
        _end(viewer, why)


def note_view(glass: Glass) -> None:
    """Record that the open patient is shown; called before each time."""
    said = f"{glass.patient_key} {VIEW} {glass.id}"
    record("patient_viewed", subject=said, n_rows=1, purpose="treatment", viewer=glass.viewer)


def end_those_left_open() -> None:
    """Record the end of what an earlier server had open when it was stopped. Raises what `record` raises."""
    log = current_log()
    for one in openings(log.entries()) if log.folder.is_dir() else ():
        if one.ended_at is None:
            said = f"{one.patient_key} {one.id} {'stopped' if datetime.now(UTC) < one.until else 'time'}"
            record(ENDED, subject=said, viewer=Viewer(one.who, "", name=one.name))


def _end(viewer: Viewer, why: str) -> None:
    """For the holder of `_lock`. It has ended although the line about it cannot be written."""
    assert why in ENDS
    if glass := _open.pop(_key(viewer), None):
        record(ENDED, subject=f"{glass.patient_key} {glass.id} {why}", viewer=glass.viewer)


def _time_is_up(glass: Glass) -> None:
    with _lock:
        if _open.get(_key(glass.viewer)) is glass:
            try:
                _end(glass.viewer, "time")
            except Exception as error:
                _LOGGER.error("Break-glass ended, and the audit log does not say so (%s).", type(error).__name__)


def _key(viewer: Viewer) -> tuple[Path, str, str]:
    return home(), viewer.user_id, viewer.session
