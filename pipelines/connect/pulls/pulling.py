"""What a system's puller is given, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pipelines.clock import now
from pipelines.connect.connectors import Connection
from pipelines.connect.http import Answer, Http
from pipelines.connect.pulls.work import Work
from pipelines.errors import ConnectionFailed
from pipelines.progress import Progress

_FEW = 10
"""Shares of fewer rows say nothing."""


@dataclass
class Pulling:
    """One pull under way.

    `since`: by kind of row, the instant from which on changes are asked for, the lookback taken off; None: all there is.
    `known`: by kind of row, the ids that earlier pulls brought and no deletion took back.
    `until`: by kind of row, how far this pull came, where the puller knows better than the rows' times of change.
    `cleanup`: addresses at the system to DELETE once the delivery is in place.
    """

    connection: Connection
    http: Http
    work: Work
    since: Mapping[str, datetime | None]
    progress: Progress
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    until: dict[str, datetime] = field(default_factory=dict)
    cleanup: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.connection.name

    def tell(self, extract: str, what: str) -> None:
        self.progress(f"Pulling {self.name}: {extract}, {what}")

    def leave_out(self, what: str) -> None:
        """Count a row that is none of the practice's to have: `tasks about leads`."""
        left_out = self.work.steps.setdefault("left_out", {})
        left_out[what] = left_out.get(what, 0) + 1

    def gone(self, extract: str) -> list[str]:
        """The rows that a pull of all there is did not meet, though earlier ones brought them: the system erased them for good,
        which no change tells. None where changes alone were asked for.

        Raises `ConnectionFailed` where so many are missing that the account may see less than before.
        """
        known = self.known.get(extract, frozenset())
        if self.since.get(extract) is not None or not known:
            return []
        gone = sorted(known - self.work.ids({}).get(extract, set()))
        settings = self.connection.settings.pull
        share = settings.most_gone_share if settings else 0.0
        if len(gone) > max(_FEW, share * len(known)):
            raise ConnectionFailed(
                f"{self.name}: {len(gone):,} of {len(known):,} {extract} are not there any more. Does the account still see "
                "all? If they were erased, raise pull.most_gone_share in connectors.toml."
            )
        return gone

    def note_clock(self, answer: Answer) -> None:
        """Keep the time at the first answer, by the system's clock or by ours, whichever is behind: no cursor goes beyond it,
        whatever rows say and whichever clock is wrong."""
        if "clock" not in self.work.steps:
            self.work.steps["clock"] = min(_clock(answer), now()).isoformat()

    @property
    def clock(self) -> datetime:
        """The time when the pull began, as `note_clock` kept it."""
        return datetime.fromisoformat(self.work.steps["clock"]) if "clock" in self.work.steps else now()


Puller = Callable[[Pulling], None]
"""Fills `work` with everything that changed since. Raises `ConnectionFailed`; what was saved before is gone on with next time."""


def _clock(answer: Answer) -> datetime:
    try:
        at = parsedate_to_datetime(answer.headers["date"])
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except (KeyError, ValueError, TypeError):
        return now()


def instant(text: object) -> datetime | None:
    """An instant as systems write it; without an offset it is UTC. None where it is none."""
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC) if at else None
    except (ValueError, OverflowError):
        return None
