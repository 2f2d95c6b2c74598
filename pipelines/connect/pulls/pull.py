"""One pull of one connector, from its cursor to a delivery in the source folder. A cursor moves when the delivery is in place.

    .NAME.pull/delivery/  ── renamed ──►  <source folder>/2026-11-29-NAME-0007/
                                          then <home>/connect/<practice>/NAME.pull.json

A kill between any two steps is made good by the next pull; until then landing sees the whole delivery or none.
"""

import hashlib
import importlib
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from models.settings.connectors import FhirConnector, OdooConnector
from pipelines.audit_log import note_settings, record
from pipelines.clock import now
from pipelines.connect.connectors import Connection
from pipelines.connect.http import Http, SignIn
from pipelines.connect.pulls.pulling import Puller, Pulling, instant
from pipelines.connect.pulls.state import Last, PullState, Seen, note_failure, read_ids, read_state, write_ids, write_state
from pipelines.connect.pulls.work import Work, open_work
from pipelines.disk import disk_full
from pipelines.errors import CaregapError, ConnectionFailed, HomeBusy, UsageError
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.progress import Progress, silent

SYSTEMS = {kind: f"pipelines.connect.pulls.{kind}" for kind in ("fhir", "salesforce", "hubspot", "odoo")}
"""By kind of connector, the module with its `sign_in(connection)`, its `pull(pulling)` and its `check(connection)`."""


@dataclass(frozen=True)
class Pulled:
    """What a pull did. `delivery`: the folder that it put into the source folder; None: nothing had changed.
    `is_resumed`: it went on with what an earlier one had begun. `left_out`: rows of no extract, by what they are."""

    name: str
    source: str
    delivery: str | None
    n_rows: dict[str, int] = field(default_factory=dict)
    is_resumed: bool = False
    left_out: dict[str, int] = field(default_factory=dict)


def pull(home: Home, practice: Practice, connection: Connection, progress: Progress = silent, *, is_full: bool = False) -> Pulled:
    """Pull what changed since the last pull, and deliver it; `is_full`: all there is.

    Raises `UsageError` where the settings do not fit, `HomeBusy` while another pull of it runs, and `ConnectionFailed`, of which
    the state keeps the reason; a delivery is there then or not, never a part of one.
    """
    settings = connection.settings
    if settings.pull is None:
        raise UsageError(f"{connection.name}: connectors.toml has no [{connection.name}.pull], so there is nothing to pull.")
    folder = practice.sources[settings.source]
    if not folder.is_dir():
        raise UsageError(f"{folder}: this source folder does not exist. Create it, or correct practice.toml.")
    note_settings(home, f"connectors.toml {connection.name}", settings.model_dump(mode="json"))
    with open_work(folder, connection.name, settings.limits.delivery_gigabytes * 2**30) as work:
        try:
            return _pulled(home, practice, connection, folder, work, progress, is_full)
        except HomeBusy:
            raise
        except CaregapError as error:
            note_failure(home, practice.id, connection.name, now().isoformat(timespec="seconds"), str(error))
            raise
        except Exception as error:
            if full := disk_full(error, home):
                raise full from error
            raise


def _pulled(
    home: Home, practice: Practice, connection: Connection, folder: Path, work: Work, progress: Progress, is_full: bool
) -> Pulled:
    system = importlib.import_module(SYSTEMS[connection.settings.kind])
    sign_in: SignIn | None = system.sign_in(connection)
    with Http(connection.name, connection.settings.address, connection.settings.limits, sign_in) as http:
        if facts := work.placing():
            _settle(home, practice, connection, folder, work, facts, http)
        state = read_state(home, practice.id, connection.name)
        place = _place(connection)
        known = read_ids(home, practice.id, connection.name) if state.place == place else {}
        if is_full or state.place != place:
            state = replace(state, place=place, seen={})
        work.begin(_of(connection, state), (mark for one in state.seen.values() for mark in one.recent))
        pulling = Pulling(connection, http, work, _since(connection, state), progress, known)
        puller: Puller = system.pull
        puller(pulling)
        work.save()
        if not work.is_whole():
            work.forget()
            raise ConnectionFailed(f"{connection.name}: what was fetched is damaged on this disk. Run the pull again.")
        at = now().isoformat(timespec="seconds")
        n_rows, is_resumed, left_out = work.n_rows, work.is_resumed, work.steps.get("left_out", {})
        seen = _seen(connection, state, pulling)
        whole = [extract for extract in work.ids({}) if not pulling.since.get(extract)]
        if not sum(n_rows.values()):
            _keep_ids(home, practice, connection, work, whole)
            write_state(home, practice.id, connection.name, replace(state, seen=seen, last=Last(at), failed=None))
            _clean_up(http, pulling.cleanup)
            work.forget()
            return Pulled(connection.name, connection.settings.source, None, {}, is_resumed, left_out)
        target, number = _free_name(folder, connection.name, state.number)
        state = PullState(place, number, seen, Last(at, target.name, n_rows))
        facts = {"state": state.as_json(), "cleanup": pulling.cleanup, "whole": whole}
        record(home, "pulled", subject=f"{connection.name} {target.name}", n_rows=sum(n_rows.values()))
        work.place(target, facts)
        _settle(home, practice, connection, folder, work, {"target": target.name, **facts}, http)
        return Pulled(connection.name, connection.settings.source, target.name, n_rows, is_resumed, left_out)


def _settle(
    home: Home, practice: Practice, connection: Connection, folder: Path, work: Work, facts: dict[str, Any], http: Http
) -> None:
    """Do what follows a delivery, also for one that a killed pull placed: move the cursor, tidy up at the system and here."""
    work.place_again(folder / Path(facts["target"]).name)
    _keep_ids(home, practice, connection, work, facts.get("whole", []))
    write_state(home, practice.id, connection.name, PullState.of_json(facts["state"]))
    _clean_up(http, facts["cleanup"])
    work.forget()


def _keep_ids(home: Home, practice: Practice, connection: Connection, work: Work, whole: list[str]) -> None:
    """Keep which rows are there now. `whole`: the kinds of which this pull met all there is."""
    known = read_ids(home, practice.id, connection.name)
    there = work.ids({kind: ids for kind, ids in known.items() if kind not in whole})
    write_ids(home, practice.id, connection.name, there, (connection.settings.source,))


def _clean_up(http: Http, addresses: list[str]) -> None:
    """Let the system drop what it kept for us. It drops it by itself one day, so a refusal changes nothing."""
    for address in addresses:
        try:
            http.request("DELETE", address, accept=range(300, 600))
        except ConnectionFailed:
            continue


def _place(connection: Connection) -> str:
    """Where rows come from: what was pulled from elsewhere says nothing of what is to be pulled here."""
    settings = connection.settings
    at = [settings.kind, settings.address, settings.source]
    if isinstance(settings, FhirConnector) and settings.pull:
        at += [settings.pull.level, settings.pull.group or ""]
    if isinstance(settings, OdooConnector):
        at.append(settings.database)
    return _hash(at)


def _of(connection: Connection, state: PullState) -> str:
    """What a pull is of: one that was begun under other settings, or from another cursor, is not gone on with."""
    pulled = connection.settings.pull.model_dump(mode="json") if connection.settings.pull else {}
    return _hash([state.place, state.number, pulled, {name: one.until for name, one in state.seen.items()}])


def _since(connection: Connection, state: PullState) -> dict[str, datetime | None]:
    back = _lookback(connection)
    return {name: at - back if (at := instant(one.until)) else None for name, one in state.seen.items()}


def _lookback(connection: Connection) -> timedelta:
    return timedelta(minutes=connection.settings.pull.lookback_minutes if connection.settings.pull else 0)


def _seen(connection: Connection, state: PullState, pulling: Pulling) -> dict[str, Seen]:
    """How far each kind of row is pulled now: to the newest time of change that came, at most to the system's own time."""
    back, clock = _lookback(connection), pulling.clock
    newest: dict[str, datetime] = {}
    for extract, changed_at, _ in pulling.work.seen():
        at = instant(changed_at)
        if at and (extract not in newest or at > newest[extract]):
            newest[extract] = at
    before = {extract: at for extract, one in state.seen.items() if (at := instant(one.until))}
    came = newest | pulling.until
    until = {extract: min(max(at, before.get(extract, at)), clock) for extract, at in came.items()}
    recent: dict[str, list[str]] = {extract: [] for extract in until}
    for extract, changed_at, mark in pulling.work.seen():
        at = instant(changed_at)
        if extract in until and (at is None or at >= until[extract] - back):
            recent[extract].append(mark)
    return state.seen | {extract: Seen(at.isoformat(), tuple(recent[extract])) for extract, at in until.items()}


def _free_name(folder: Path, connector: str, number: int) -> tuple[Path, int]:
    """A name that nothing has: the day tells landing when it was exported, the number which came first."""
    while True:
        number += 1
        target = folder / f"{now():%Y-%m-%d}-{connector}-{number:04}"
        if not target.exists():
            return target, number


def _hash(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def last_pulls(home: Home, practice: Practice, connections: list[Connection]) -> dict[str, dict[str, Any]]:
    """By connector, how its last pull went, and whether it failed since."""
    states = {one.name: read_state(home, practice.id, one.name) for one in connections if one.settings.pull}
    return {
        name: {"last": asdict(state.last) if state.last else None, "failed": asdict(state.failed) if state.failed else None}
        for name, state in states.items()
    }
