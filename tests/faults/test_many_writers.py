"""Writers that all want to publish, again and again, and a reader who looks all the while: no wrong answer, no broken home.

CAREGAP_SOAK_MINUTES=10 pytest tests/faults/test_many_writers.py -m slow      half a minute without it
"""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest

from models.landing import raw_table
from tests.conftest import Once
from tests.faults.conftest import ROLLOUT, Run, Scene, left_over, serving, tables

N_WRITERS = 4
SECONDS = 60 * float(os.environ.get("CAREGAP_SOAK_MINUTES", "0.5"))
DELIVERED = "select count(*) from marts.fct_deliveries"


@pytest.fixture
def writers(once: Once, tmp_path: Path) -> Iterator[list[Run]]:
    """Each makes runs while the others make theirs."""
    with ExitStack() as stack:
        yield [stack.enter_context(serving(once, tmp_path / f"said-{number}.txt")) for number in range(N_WRITERS)]


def write(run: Run, home: Path, practice: Path, number: int, until: float) -> Counter[int]:
    """Deliver a file and run, again and again; how often the runs ended with which code."""
    ended: Counter[int] = Counter()
    while time.monotonic() < until:
        file = practice / "crm" / f"program_rollout-{number}-{ended.total()}.csv"
        new = practice.parent / f"{number}.new"
        new.write_text(ROLLOUT.format(site=f"site-{number}-{ended.total()}"))
        new.rename(file)
        deliver_fhir(practice, f"{number}-{ended.total()}")
        done = run(home, practice, SHORT_RUN_KEPT="5")
        assert done.returncode in (0, 13), done.stdout
        if done.returncode:
            (said,) = done.stdout.splitlines()
            assert "another run is writing here" in said
            time.sleep(0.2)
        ended[done.returncode] += 1
    return ended


def deliver_fhir(practice: Path, name: str) -> None:
    """A visit of its own, and a patient whom every writer delivers, in lines and in a Bundle."""
    visit = {"resourceType": "Encounter", "id": name, "subject": {"reference": "Patient/p"}}
    shared = {"resourceType": "Patient", "id": "p", "identifier": [{"value": name}]}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": visit}, {"resource": shared}]}
    for form, content in ((f"{name}.json", bundle), (f"Patient.{name}.ndjson", shared)):
        new = practice.parent / f"{form}.new"
        new.write_text(json.dumps(content))
        new.rename(practice / "ehr" / form)


def read(home: Path, until: float) -> list[int]:
    """The number of each publication as a reader finds it, who opens, asks and closes."""
    found = []
    while time.monotonic() < until:
        shown = (home / "published" / "current").resolve()
        manifest = json.loads((shown / "manifest.json").read_text())
        with duckdb.connect(str(shown / "warehouse.duckdb"), read_only=True) as connection:
            counts = {table: connection.execute(f"select count(*) from {table}").fetchall()[0][0] for table in manifest["n_rows"]}
        assert counts == manifest["n_rows"]
        found.append(manifest["number"])
    return found


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 900)
def test_four_writers_at_once_and_a_reader_break_nothing_and_lose_nothing(scene: Scene, writers, again, short_run, tmp_path):
    home, practice = again(), Path(shutil.copytree(scene.practice, tmp_path / "practice"))
    (practice / "ehr").mkdir(exist_ok=True)
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(N_WRITERS + 1) as threads:
        reading = threads.submit(read, home, until)
        writing = [threads.submit(write, run, home, practice, number, until) for number, run in enumerate(writers)]
        ended = sum((one.result() for one in writing), Counter())
        numbers = reading.result()
    assert ended[0] >= 1 and numbers == sorted(numbers)
    print(f"{ended[0]} runs ended with 0, {ended[13]} were turned away, {len(numbers)} reads of {len(set(numbers))} publications")  # noqa: T201

    last = short_run(home, practice)
    assert last.returncode == 0, last.stdout
    doctor = short_run(home, practice, "doctor", "--deep", "--json").stdout
    looked_at = {one["what"]: one["is_well"] for one in json.loads(doctor[: doctor.rindex("]") + 1])}
    assert looked_at["Publications"] and looked_at["Landing of test"] and looked_at["History"]
    assert left_over(home) == []
    found = tables(home)
    rollouts = found[f"raw.raw.{raw_table('crm', 'program_rollout')}"]
    assert len(rollouts) == ended.total() + len(list(scene.practice.glob("crm/*.csv")))
    assert len(found[f"raw.raw.{raw_table('ehr', 'Encounter')}"]) == ended.total()
    assert len(found[f"raw.raw.{raw_table('ehr', 'Patient')}"]) == 1, "each of its versions but the newest is superseded"
