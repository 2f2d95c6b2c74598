"""What is known of a connector's pulls when none is running: how far each kind of row was pulled, and how the last one went.

<home>/connect/<practice>/<connector>.pull.json    times, counts and hashes; no row, no address's values, no secret
<home>/connect/<practice>/<connector>.pull.ids     the ids of what was pulled and is there; encrypted like the rest
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.durable import write_durably
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.keys import read, sealed
from pipelines.landing.tombstones import Tombstones
from pipelines.names import path_part
from pipelines.practice import Practice

_FORMAT = 1
_ENDING, _IDS = ".pull.json", ".ids"


@dataclass(frozen=True)
class Seen:
    """How far one kind of row was pulled.

    `until`: the newest time of change among what was pulled, never later than the system's own clock, in the system's own words.
    `recent`: hashes of the rows of the lookback, which come again and are not delivered again.
    """

    until: str
    recent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Last:
    """How a pull went: when it ended, which folder it delivered, rows by kind; `failed`: why it did not end well."""

    at: str
    delivery: str | None = None
    n_rows: dict[str, int] = field(default_factory=dict)
    failed: str | None = None


@dataclass(frozen=True)
class PullState:
    """`place`: a hash of where it was pulled from; what was pulled elsewhere counts for nothing. `number`: of deliveries made."""

    place: str = ""
    number: int = 0
    seen: dict[str, Seen] = field(default_factory=dict)
    last: Last | None = None
    failed: Last | None = None

    def as_json(self) -> dict[str, Any]:
        return {"format": _FORMAT, **asdict(self)}

    @classmethod
    def of_json(cls, facts: dict[str, Any]) -> "PullState":
        """Raises `ValueError` where the facts are not a state of this version."""
        try:
            if facts["format"] != _FORMAT:
                raise ValueError("another format")
            seen = {name: Seen(one["until"], tuple(one["recent"])) for name, one in facts["seen"].items()}
            last, failed = (Last(**facts[name]) if facts[name] else None for name in ("last", "failed"))
            return cls(facts["place"], int(facts["number"]), seen, last, failed)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a state") from error


def state_path(home: Home, practice_id: str, connector: str) -> Path:
    return home.connect(practice_id) / f"{path_part(connector)}{_ENDING}"


def read_state(home: Home, practice_id: str, connector: str) -> PullState:
    """The state; an empty one before the first pull. Raises `UsageError` where it is damaged: whether to begin from the
    beginning, which may take a day, is for a person to say."""
    path = state_path(home, practice_id, connector)
    try:
        return PullState.of_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return PullState()
    except (OSError, ValueError):
        raise UsageError(
            f"{path}: cannot be read. Remove it, and the next pull begins from the beginning; what comes again lands once."
        ) from None


def write_state(home: Home, practice_id: str, connector: str, state: PullState) -> None:
    path = state_path(home, practice_id, connector)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(path, json.dumps(state.as_json(), indent=1), "connect.pull.state")


def read_ids(home: Home, practice_id: str, connector: str) -> dict[str, frozenset[str]]:
    """The ids of the rows that pulls brought and no deletion took back, by kind. Raises `UsageError` where that is damaged."""
    path = state_path(home, practice_id, connector).with_suffix(_IDS)
    try:
        return {extract: frozenset(ids) for extract, ids in json.loads(read(path)).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError):
        raise UsageError(
            f"{path}: cannot be read. Remove it: what is erased from now on is told again after two pulls with --full."
        ) from None


def write_ids(home: Home, practice_id: str, connector: str, ids: Mapping[str, Collection[str]], sources: Collection[str]) -> None:
    """Keep the ids, which are of one of `sources`, but for records of people who were erased."""
    named = ((source, extract, id) for source in sources for extract, of_kind in ids.items() for id in of_kind)
    erased = {(extract, id) for _, extract, id in Tombstones.of(home, practice_id).erased(named)}
    kept = {extract: sorted(id for id in of_kind if (extract, id) not in erased) for extract, of_kind in sorted(ids.items())}
    path = state_path(home, practice_id, connector).with_suffix(_IDS)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(path, sealed(path, json.dumps(kept)), "connect.pull.ids")


def forget_ids(home: Home, practice: Practice) -> None:
    """Take the ids of people who were erased out of what every connector's pulls have left."""
    for path in home.connect(practice.id).glob(f"*{_ENDING}"):
        connector = path.name.removesuffix(_ENDING)
        if ids := read_ids(home, practice.id, connector):
            write_ids(home, practice.id, connector, ids, practice.sources)


def note_failure(home: Home, practice_id: str, connector: str, at: str, reason: str) -> None:
    """Keep why a pull failed, beside how far earlier ones came."""
    state = read_state(home, practice_id, connector)
    write_state(home, practice_id, connector, replace(state, failed=Last(at, failed=reason)))


def failed_pulls(home: Home, practice_id: str) -> list[str]:
    """Every connector whose last pull failed, with when and why, in words."""
    found = []
    for path in sorted(home.connect(practice_id).glob(f"*{_ENDING}")):
        name = path.name.removesuffix(_ENDING)
        try:
            failed = read_state(home, practice_id, name).failed
        except UsageError as error:
            found.append(str(error))
            continue
        if failed:
            found.append(f"the pull of {name} failed on {failed.at[:16].replace('T', ' at ')} UTC: {failed.failed}")
    return found
