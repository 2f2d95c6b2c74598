"""One strange value in a sound record stops no build: each place of each kind of record in turn, and pairs of places by chance.

`test_absurd_values.py` has records in which all is strange, which keeps most of them from being joined and counted. Here
the rest of the record is sound and about one person, so that the value reaches the tables that are made of it.
"""

import csv
import gzip
import json
import random
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from models.contract import Contract
from models.extracts import billing, crm, ehr
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.warehouse.build import build_warehouse
from tests.dbt.test_absurd_values import AMOUNTS, DAYS, NUMBERS, STATUSES, TEXTS

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[2] / "data_samples" / "practice"
KINDS = {"ehr": ehr.EXTRACTS, "crm": crm.EXTRACTS, "billing": billing.EXTRACTS}
ABSENT = object()
N_PAIRS = 60
CODES = (
    "F",
    "M",
    "male",
    "UNK",
    "AMB",
    "IMP",
    "EMER",
    "E119",
    "e11.9",
    "8480-6",
    "mm[Hg]",
    "true",
    "http://loinc.org",
    "0",
    "-1",
)
"""What stands in vendors' exports where a code is asked for."""

Place = tuple[str | int, ...]


def _places(value: object, place: Place = ()) -> Iterator[Place]:
    """The places of all that a resource says: its elements, and the texts, numbers and truths in them."""
    if place:
        yield place
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from _places(part, (*place, name))


def _at(value: Any, place: Place) -> Any:
    for name in place:
        value = value[name]
    return value


def _with(resource: Any, place: Place, said: object) -> Any:
    """The resource with another value in one place; without that place where the value is `ABSENT`."""
    changed = json.loads(json.dumps(resource))
    *way, last = place
    if said is ABSENT:
        del _at(changed, tuple(way))[last]
    else:
        _at(changed, tuple(way))[last] = said
    return changed


def _strange(value: object) -> tuple[object, ...]:
    """What may stand in the place of a value and be of the same type."""
    if isinstance(value, bool):
        return (ABSENT, not value)
    if isinstance(value, int | float):
        return (ABSENT, *NUMBERS, 0.1, 1e300)
    return (ABSENT, *TEXTS, *STATUSES, *CODES) if isinstance(value, str) else (ABSENT,)


def _sound(kind: str) -> dict[str, dict[str, Any]]:
    """The first row of each extract of the sample; what names a record of another extract names the first of that."""
    rows: dict[str, dict[str, Any]] = {}
    for path in sorted((SAMPLE / kind / "2026-09-30").iterdir()):
        name = path.name.split(".")[0]
        if name in KINDS[kind]:
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                rows[name] = json.loads(next(file)) if kind == "ehr" else dict(next(csv.DictReader(file)))
    return rows


def _led(value: Any, rows: dict[str, dict[str, Any]]) -> Any:
    if isinstance(value, dict):
        return {name: _led(part, rows) for name, part in value.items()}
    if isinstance(value, list):
        return [_led(part, rows) for part in value]
    kind = value.partition("/")[0] if isinstance(value, str) and "/" in value else ""
    return f"{kind}/{rows[kind]['id']}" if kind in rows else value


def _resources() -> dict[str, list[dict[str, Any]]]:
    rows = _sound("ehr")
    chance = random.Random(20261101)  # noqa: S311
    found: dict[str, list[dict[str, Any]]] = {}
    for name, row in rows.items():
        sound = _led(row, rows)
        places = [one for one in _places(sound) if one[0] not in ("resourceType", "id", "meta")]
        changed = [_with(sound, place, said) for place in places for said in _strange(_at(sound, place))]
        for _ in range(N_PAIRS):
            twice = sound
            for _ in range(2):
                place = chance.choice([one for one in _places(twice) if one[0] not in ("resourceType", "id", "meta")])
                twice = _with(twice, place, chance.choice(_strange(_at(twice, place))))
            changed.append(twice)
        found[name] = [sound, *(one | {"id": f"{name}{number}"} for number, one in enumerate(changed))]
    return found


def _cells_of(contract: Contract, name: str, now: str) -> tuple[str, ...]:
    column = contract.fields[name]
    kind = column.dtype.type
    kind = kind.base_type() if isinstance(kind, pl.DataType) else kind
    values = column.metadata["values"] or {
        pl.String: (*TEXTS, *CODES),
        pl.Boolean: ("true", "false"),
        pl.Date: DAYS,
        pl.Datetime: tuple(f"{day}T10:00:00Z" for day in DAYS),
        pl.Decimal: (*AMOUNTS, "-0.01", "-999999999.99"),
    }.get(kind, ("0", "1", "2", "5", "-1", "999999999"))
    return tuple({*values, ""} - {now})


def _tables() -> dict[str, dict[str, list[dict[str, str]]]]:
    rows = {kind: _sound(kind) for kind in ("crm", "billing")}
    ids = {contract.key[0]: rows[kind][name][contract.key[0]] for kind in rows for name, contract in KINDS[kind].items()
           if name in rows[kind] and len(contract.key) == 1}  # fmt: skip
    found: dict[str, dict[str, list[dict[str, str]]]] = {}
    for kind, extracts in rows.items():
        for name, row in extracts.items():
            contract = KINDS[kind][name]
            sound = row | {field: ids[field] for field in row if field in ids}
            texts = [one for one in contract.key if contract.fields[one].dtype.type == pl.String]
            changed = [
                {**sound, field: said}
                for field in row
                if field not in contract.key
                for said in _cells_of(contract, field, row[field])
            ]
            if texts:
                changed = [{**one, texts[-1]: f"{name}{number}"} for number, one in enumerate(changed)]
            found.setdefault(kind, {})[name] = [sound, *changed]
    return found


def _practice(folder: Path) -> Practice:
    (folder / "ehr").mkdir(parents=True)
    for name, resources in _resources().items():
        lines = (json.dumps(one) for one in resources)
        (folder / "ehr" / f"{name}.ndjson").write_text("\n".join(lines), encoding="utf-8")
    for kind, extracts in _tables().items():
        (folder / kind).mkdir()
        for name, rows in extracts.items():
            with (folder / kind / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                table = csv.DictWriter(file, list(rows[0]))
                table.writeheader()
                table.writerows(rows)
    return Practice("t", "Test", "America/New_York", {kind: folder / kind for kind in KINDS}, as_of=date(2026, 11, 1))


def test_one_strange_value_in_a_sound_record_stops_no_build(new_home: Callable[[], Home], tmp_path: Path):
    """Every file is read, every row lands or is quarantined with its reason, and every table is built with all of its checks."""
    warehouse = build_warehouse(new_home(), _practice(tmp_path))
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        refused = connection.sql("select extract, reason from raw.deliveries where status <> 'landed'").fetchall()
        (n_delivered,) = connection.sql("select sum(n_delivered) from raw.deliveries").fetchall()[0]
    assert refused == []
    assert n_delivered > 11_000
