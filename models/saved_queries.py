"""How an analyst's saved queries are written down: by the dashboards, and by whoever removes what is over or names who is erased.

One file a user, `queries/<hash of the user>.json` in the home, which is changed under a lock on `queries/.lock`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

LOCK = ".lock"


@dataclass(frozen=True)
class SavedQuery:
    """The text of a query, and the day on which its owner saved it last."""

    text: str
    saved_on: date


def parsed(content: bytes, changed_on: date) -> dict[str, SavedQuery]:
    """The queries of a file by name. `changed_on`: the day of one that was written without its own, as a text alone."""
    return {
        name: SavedQuery(one, changed_on)
        if isinstance(one, str)
        else SavedQuery(one["text"], date.fromisoformat(one["saved_on"]))
        for name, one in json.loads(content).items()
    }


def as_json(queries: Mapping[str, SavedQuery]) -> bytes:
    """The content of a user's file."""
    return json.dumps({name: {"text": one.text, "saved_on": f"{one.saved_on}"} for name, one in queries.items()}).encode()
