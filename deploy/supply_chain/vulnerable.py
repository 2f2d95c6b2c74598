"""Which locked packages have a known vulnerability: compares the lock with advisories that lie here. `make vulnerable`.

The advisories are records of the OSV schema (https://ossf.github.io/osv-schema/, 1.6), as the Python Packaging Advisory Database
and others publish them: a folder of JSON files, or a zip of them. None comes with Caregap, and nothing is fetched: they grow by
the day, so whoever looks brings today's, and a machine without a network can look too.
"""

import json
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from deploy.supply_chain.locked import CHECKOUT, Locked, locked

ECOSYSTEM = "PyPI"


class NoAdvisories(Exception):
    """The advisories cannot be read, or there is none for this ecosystem. The text says where."""


@dataclass(frozen=True)
class Vulnerability:
    """One advisory that speaks of a locked package. `fixed`: versions that do not have it any more, as it says."""

    package: str
    version: str
    id: str
    aliases: tuple[str, ...]
    summary: str
    fixed: tuple[str, ...]


def vulnerable(packages: Iterable[Locked], records: Iterable[dict[str, Any]]) -> list[Vulnerability]:
    """The advisories that speak of these versions, by package and id; withdrawn ones are passed over."""
    pinned: dict[str, list[str]] = {}
    for one in packages:
        pinned.setdefault(canonicalize_name(one.name), []).append(one.version)
    found = {
        (name, version, record["id"]): Vulnerability(
            name, version, record["id"], tuple(record.get("aliases", ())), str(record.get("summary", "")), _fixed(affected)
        )
        for record in records
        if not record.get("withdrawn")
        for affected in record.get("affected", ())
        if affected.get("package", {}).get("ecosystem") == ECOSYSTEM
        for name in [canonicalize_name(str(affected["package"].get("name", "")))]
        for version in pinned.get(name, ())
        if _is_affected(version, affected)
    }
    return [found[key] for key in sorted(found)]


def read_advisories(place: Path) -> Iterator[dict[str, Any]]:
    """The records in a folder, or in a zip. Raises `NoAdvisories`."""
    n_records = 0
    try:
        for raw in _files(place):
            record = json.loads(raw)
            if isinstance(record, dict) and "id" in record:
                n_records += 1
                yield record
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise NoAdvisories(f"{place}: cannot be read ({type(error).__name__}).") from None
    if not n_records:
        raise NoAdvisories(f"{place}: holds no advisory. Give a folder or a zip of OSV records (*.json).")


def newest(records: Iterable[dict[str, Any]]) -> datetime | None:
    """When the newest of the records was changed: how old what is known is."""
    times = [str(record["modified"]) for record in records if record.get("modified")]
    return max((datetime.fromisoformat(at.replace("Z", "+00:00")) for at in times), default=None)


def _files(place: Path) -> Iterator[bytes]:
    if place.is_dir():
        yield from (path.read_bytes() for path in sorted(place.rglob("*.json")))
    else:
        with zipfile.ZipFile(place) as packed:
            yield from (packed.read(name) for name in sorted(packed.namelist()) if name.endswith(".json"))


def _is_affected(version: str, affected: dict[str, Any]) -> bool:
    """As the schema's evaluation says: listed, or within a range. A version that cannot be compared counts as affected."""
    if version in affected.get("versions", ()):
        return True
    ranges = [one for one in affected.get("ranges", ()) if one.get("type") in ("ECOSYSTEM", "SEMVER")]
    return any(_is_within(version, one.get("events", ())) for one in ranges)


def _is_within(version: str, events: Iterable[dict[str, str]]) -> bool:
    try:
        own, is_within = Version(version), False
        steps = [(Version(at), kind) for event in events for kind, at in event.items() if kind != "limit"]
    except InvalidVersion:
        return True
    for at, kind in sorted(steps, key=lambda step: step[0]):
        if kind == "introduced" and own >= at:
            is_within = True
        elif (kind == "fixed" and own >= at) or (kind == "last_affected" and own > at):
            is_within = False
    return is_within


def _fixed(affected: dict[str, Any]) -> tuple[str, ...]:
    events = [event for one in affected.get("ranges", ()) if one.get("type") != "GIT" for event in one.get("events", ())]
    return tuple(dict.fromkeys(event["fixed"] for event in events if "fixed" in event))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print('Give the advisories: make vulnerable ADVISORIES=FILE.zip (OSV records of "PyPI").', file=sys.stderr)  # noqa: T201
        sys.exit(2)
    try:
        known = list(read_advisories(Path(sys.argv[1])))
    except NoAdvisories as why:
        print(f"{why}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    pins, changed_at = locked(*sorted(CHECKOUT.glob("requirements*.txt"))), newest(known)
    for one in vulnerable(pins, known):
        fixed = f"fixed in {', '.join(one.fixed)}" if one.fixed else "not fixed yet"
        print(f"{one.package} {one.version}: {one.id} {' '.join(one.aliases)} {one.summary}; {fixed}")  # noqa: T201
    n_found = len(vulnerable(pins, known))
    age = f", the newest {(datetime.now(UTC) - changed_at).days} days old" if changed_at else ""
    print(f"{n_found} known vulnerabilities of {len(pins)} locked packages, by {len(known)} advisories{age}.")  # noqa: T201
    sys.exit(bool(n_found))
