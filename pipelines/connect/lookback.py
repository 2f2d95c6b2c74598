"""How far outcomes were read.

Systems date a change by when it was begun and show it when it is done: what is dated early may come to light late. So each pass
asks again for the last minutes before the one before, and tells nothing twice.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pipelines.clock import now

LOOKBACK = timedelta(minutes=15)
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Pass:
    """One pass through all that changed `since` an instant, in the order of the system's ids, on from `after`.

    A change during a pass belongs to the next. `told`: what was told of the last minutes, by id.
    """

    since: datetime = _START
    after: str = ""
    begun_at: datetime = field(default_factory=now)
    newest: datetime = _START
    told: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: str | None) -> "Pass":
        """The pass that a cursor goes on with; the first one without a cursor."""
        if cursor is None:
            return cls()
        held = json.loads(cursor)
        begun = held.get("begun_at")
        return cls(
            since=datetime.fromisoformat(held["since"]),
            after=held["after"],
            begun_at=datetime.fromisoformat(begun) if begun else now(),
            newest=datetime.fromisoformat(held["newest"]),
            told={one: (at, mark) for one, at, mark in held["told"]},
        )

    def fresh(self, changes: Iterable[tuple[str, datetime, str]]) -> set[str]:
        """Those ids of a page (id, time of change, mark of what is said) that were not told with that time and mark."""
        found = set()
        for one, at, mark in changes:
            self.newest = max(self.newest, at)
            if self.told.get(one) != (at.isoformat(), mark):
                found.add(one)
                self.told[one] = (at.isoformat(), mark)
        return found

    def cursor_after(self, last: str) -> str:
        """The cursor of the page after the one that ends with this id."""
        return self._written(self.since, last, self.begun_at.isoformat())

    def cursor_at_end(self) -> str:
        """The cursor of the next pass."""
        since = max(self.since, min(self.newest, self.begun_at - LOOKBACK))
        self.told = {one: said for one, said in self.told.items() if datetime.fromisoformat(said[0]) >= since}
        return self._written(since, "", None)

    def _written(self, since: datetime, after: str, begun_at: str | None) -> str:
        told = [[one, *said] for one, said in self.told.items()]
        held = {"since": since.isoformat(), "after": after, "begun_at": begun_at, "newest": self.newest.isoformat(), "told": told}
        return json.dumps(held, separators=(",", ":"))
