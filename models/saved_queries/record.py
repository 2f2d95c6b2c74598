"""The content of a user's file of saved queries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class SavedQuery:
    """The text of a query, and the day on which its owner saved it last."""

    text: str
    saved_on: date


def parsed(content: bytes, changed_on: date) -> dict[str, SavedQuery]:
    """The queries by name. One that was written as a text alone, without its day, has `changed_on`, the day of the file."""
    return {
        name: SavedQuery(one, changed_on)
        if isinstance(one, str)
        else SavedQuery(one["text"], date.fromisoformat(one["saved_on"]))
        for name, one in json.loads(content).items()
    }


def as_json(queries: Mapping[str, SavedQuery]) -> bytes:
    """The content of a user's file."""
    return json.dumps({name: {"text": one.text, "saved_on": f"{one.saved_on}"} for name, one in queries.items()}).encode()
