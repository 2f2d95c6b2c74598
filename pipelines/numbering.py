"""One counter a home, which orders builds and publications: the clock can be set back, and two homes' clocks differ.

number     the last one that was given
"""

import json
from collections.abc import Iterator

from pipelines.durable import write_durably
from pipelines.home import Home

COUNTER = "number"


def next_number(home: Home) -> int:
    """A number above every other of the home, for the holder of its lock. What was made before there were numbers counts as 0."""
    number = 1 + max([*_used(home), _last(home)], default=0)
    write_durably(home.root / COUNTER, f"{number}\n", "number")
    return number


def _last(home: Home) -> int:
    try:
        return int((home.root / COUNTER).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return 0


def _used(home: Home) -> Iterator[int]:
    """The numbers in use, so that a counter that was lost starts above them."""
    for facts in (*home.build.glob("*/build.json"), *home.published.glob("[0-9]*/manifest.json")):
        try:
            yield int(json.loads(facts.read_text(encoding="utf-8")).get("number", 0))
        except (OSError, ValueError, AttributeError):
            continue
