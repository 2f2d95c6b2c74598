"""A real export with one line in a hundred damaged: just those lines are quarantined, and all others land as if nothing were."""

import gzip
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.home import CHECKOUT, Home
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.raw.views import build_raw

EXPORT = CHECKOUT.parent / "shared" / "data" / "synthea_bulk_fhir"
TYPES = {"AllergyIntolerance": "ehr_allergy_intolerance", "Condition": "ehr_condition", "Immunization": "ehr_immunization"}

pytestmark = pytest.mark.skipif(not EXPORT.is_dir(), reason=f"needs the bulk FHIR export in {EXPORT}")

DAMAGE: list[Callable[[bytes], bytes]] = [
    lambda line: line[: len(line) // 2],
    lambda line: line[1:],
    lambda line: line[:-1] + b",}",
    lambda line: line + line,
    lambda line: b"[" + line + b"]",
    lambda line: line.replace(b":", b";", 1),
    lambda line: line.replace(b'"id"', b'"ID"', 1),
    lambda line: line.replace(b'"resourceType"', b'"type"', 1),
    lambda line: line.replace(b'"resourceType":"', b'"resourceType":"Old', 1),
    lambda line: line.replace(b'"code":{', b'"code":[],"x":{').replace(b'"vaccineCode":{', b'"vaccineCode":[],"x":{'),
    lambda line: line.replace(b"e", b"\x81", 1),
    lambda line: line.replace(b"e", b"\x00", 1),
    lambda line: line[:-1] + b',"x":NaN}',
    lambda line: line[:-1] + b',"x":' + b"[" * 3000 + b"]" * 3000 + b"}",
]


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, set[int]]]:
    """The export as it is, the same with damage, and which lines those are."""
    intact, damaged = tmp_path_factory.mktemp("intact"), tmp_path_factory.mktemp("damaged")
    chance = random.Random(20260331)  # noqa: S311
    hit: dict[str, set[int]] = {}
    for resource_type in TYPES:
        name = f"{resource_type}.ndjson.gz"
        shutil.copy(EXPORT / name, intact / name)
        lines = gzip.decompress((EXPORT / name).read_bytes()).splitlines()
        hit[resource_type] = {i + 1 for i in chance.sample(range(len(lines)), max(len(lines) // 100, len(DAMAGE)))}
        for n, number in enumerate(sorted(hit[resource_type])):
            lines[number - 1] = DAMAGE[n % len(DAMAGE)](lines[number - 1])
        (damaged / name).write_bytes(gzip.compress(b"\n".join(lines), 1))
    return intact, damaged, hit


def test_just_the_damaged_lines_are_quarantined_and_the_others_land_as_before(deliveries, tmp_path: Path):
    intact, damaged, hit = deliveries
    rows = {}
    for name, folder in {"intact": intact, "damaged": damaged}.items():
        practice, home = Practice(name, name, "America/New_York", {"ehr": folder}), Home(tmp_path / name)
        landed = land(practice, home)
        with duckdb.connect() as connection:
            build_raw(connection, practice, home, landed.ledger)
            quarantined = connection.execute("select extract, row_number from raw.quarantined_rows").fetchall()
            rows[name] = {
                view: connection.sql(f"select * exclude (_file_key) from raw.{view} order by _row_number").pl()
                for view in TYPES.values()
            }
            counts = connection.execute("select extract, n_delivered, n_landed, n_quarantined from raw.deliveries").fetchall()

    assert sorted(quarantined) == sorted((resource_type, number) for resource_type, numbers in hit.items() for number in numbers)
    for resource_type, n_delivered, n_landed, n_quarantined in counts:
        assert (n_landed + n_quarantined, n_quarantined) == (n_delivered, len(hit[resource_type]))
    for resource_type, view in TYPES.items():
        whole = rows["intact"][view]
        assert rows["damaged"][view].equals(whole.filter(~whole["_row_number"].is_in(sorted(hit[resource_type]))))
