"""Exports in the odd forms in which systems send them, landed by runs that are killed, meet another run, or have a clock that was
set back: each delivered row is landed, quarantined or superseded, as in a landing that nobody disturbed."""

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from pipelines.home import Home
from pipelines.landing.land import landed_before
from pipelines.practice import read_practice
from pipelines.raw.views import build_raw
from tests.conftest import Done, Once
from tests.faults.conftest import Run, Scene, left_over, serving

CONTACT = "{id},Ann,Kestrel{id},a@example.org,2026-01-05 10:00,{changed},{sex}"
HUBSPOT = "Record ID,First Name,Last Name,Email,Create Date,Last Modified Date,Gender"
IN_LANDING = [
    *(f"landing.folder.{point}#{n}" for n in (1, 3, 6) for point in ("written", "placing", "placed")),
    "landing.ledger.written",
    "landing.ledger.copy.replaced",
]
N_ROWS = [("Appointment", 1, 1, 0, 0), ("Bundle", 1, 0, 1, 0), ("Encounter", 3, 3, 0, 0), ("Observation", 11, 10, 1, 0)]
N_ROWS += [("Patient", 26, 13, 1, 12), ("contacts", 13, 12, 1, 0)]
"""Of each extract: delivered, landed, quarantined, superseded."""


def resource(kind: str, id: str, **elements: object) -> dict[str, object]:
    return {"resourceType": kind, "id": id, **elements}


def of(kind: str, id: str, patient: str) -> dict[str, object]:
    return resource(kind, id, subject={"reference": f"Patient/{patient}"})


def deliver(practice: Path) -> None:
    """A list in an object, lines behind commas, damaged lines, UTF-32, a Bundle over several lines, a CRM's own columns."""
    patients = [resource("Patient", f"p{n}") for n in range(12)]
    results = [json.dumps(of("Observation", f"o{n}", f"p{n}")) for n in range(11)]
    results[4] = results[4][:40]
    who = [{"actor": {"reference": "Patient/p1"}}]
    bundle = [resource("Patient", "t1"), of("Encounter", "e1", "t1"), of("Encounter", "e2", "p2")]
    rows = [CONTACT.format(id=n, changed="2026-10-05 10:00", sex="F") for n in range(12)] + ["12,Ann"]
    files: dict[str, bytes | str] = {
        "ehr/answer.json": json.dumps({"total": 13, "data": [*patients, {"id": "of no type"}]}),
        "ehr/Patient.ndjson": ",\n".join(json.dumps(one | {"gender": "female"}) for one in patients) + ",\n{\n",
        "ehr/Observation.ndjson": "\n".join(results),
        "ehr/Encounter.ndjson": (json.dumps(of("Encounter", "e3", "p3")) + "\n").encode("utf-32"),
        "ehr/export.json": json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in bundle]}, indent=1),
        "ehr/Appointment-00000-of-00001": json.dumps(resource("Appointment", "a1", status="booked", participant=who)),
        "crm/all-contacts.csv": "\n".join([HUBSPOT, *rows]),
    }
    for name, content in files.items():
        path = practice / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture(scope="module")
def odd(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    practice = Path(shutil.copytree(scene.practice, tmp_path_factory.mktemp("odd") / "practice"))
    deliver(practice)
    return practice


def landed(home: Path, practice: Path) -> dict[str, list[tuple]]:
    """Every row of schema `raw` but those of deliveries of the scene; the counts of deliveries as they add up by extract."""
    described, where = read_practice(practice), Home(home)
    with duckdb.connect() as connection:
        build_raw(connection, described, where, landed_before(described, where))
        counts = connection.execute(
            "select extract, sum(n_delivered), sum(n_landed), sum(n_quarantined), sum(n_superseded) from raw.deliveries "
            "where extract not in ('program_rollout', 'outreach_outcomes') group by 1 order by 1"
        ).fetchall()
        views = [
            name for (name,) in connection.execute("select view_name from duckdb_views() where schema_name = 'raw'").fetchall()
        ]
        names = [view for view in views if view.startswith(("ehr_", "crm_"))]
        rows = {
            name: connection.execute(f"select * exclude (_exported_at) from raw.{name} order by all").fetchall() for name in names
        }
        kept_out = connection.execute(
            "select extract, file_key, row_number, reason from raw.quarantined_rows order by all"
        ).fetchall()
    return {**rows, "counts": counts, "quarantined": kept_out}


def published(home: Path) -> dict[str, bytes]:
    """Every published file, and which publication is shown."""
    files = {str(path.relative_to(home)): path.read_bytes() for path in (home / "published").rglob("*") if path.is_file()}
    return files | {"current": str((home / "published" / "current").readlink()).encode()}


@pytest.fixture(scope="module")
def whole(scene: Scene, odd: Path, short_run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple]]:
    """What lands when nobody disturbs."""
    home = Path(shutil.copytree(scene.home, tmp_path_factory.mktemp("whole") / "home", symlinks=True))
    done = short_run(home, odd, "ingest", str(odd))
    assert done.returncode == 0, done.stdout
    return landed(home, odd)


def test_each_row_of_an_odd_export_is_landed_quarantined_or_superseded(whole: dict[str, list[tuple]]):
    """Twelve patients come twice, and one line of theirs is no JSON; a result is cut off, and a contact."""
    assert whole["counts"] == N_ROWS


@pytest.mark.slow
@pytest.mark.parametrize("point", IN_LANDING)
def test_a_landing_of_odd_exports_that_is_killed_is_gone_on_with(
    point: str, again: Callable[[], Path], odd: Path, short_run: Run, whole: dict[str, list[tuple]]
):
    home = again()
    before = published(home)
    killed = short_run(home, odd, "ingest", str(odd), CAREGAP_FAULT=f"{point}:kill")
    assert killed.returncode == -9, killed.stdout
    assert published(home) == before
    rerun = short_run(home, odd, "ingest", str(odd))
    assert rerun.returncode == 0, rerun.stdout
    assert landed(home, odd) == whole
    assert left_over(home) == []


@pytest.mark.slow
def test_of_two_landings_at_once_each_row_lands_once(
    again: Callable[[], Path], odd: Path, short_run: Run, whole: dict[str, list[tuple]], once: Once, tmp_path: Path
):
    """The second waits for nothing: it ends with 13, or finds all done."""
    home = again()
    with serving(once, tmp_path / "said.txt") as other, ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(run, home, odd, "ingest", str(odd)) for run in (short_run, other)]
        ended: list[Done] = [run.result() for run in runs]
    assert {done.returncode for done in ended} <= {0, 13} and 0 in {done.returncode for done in ended}
    assert landed(home, odd) == whole
    assert left_over(home) == []


def test_a_clock_that_is_set_back_between_two_deliveries_changes_nothing(
    again: Callable[[], Path], scene: Scene, short_run: Run, tmp_path: Path
):
    """Both say the same time of change, and the later delivery counts, though its files are five years older by the clock."""
    practice, home = Path(shutil.copytree(scene.practice, tmp_path / "practice")), again()
    said = [("p1", "female", "F", None), ("p1", "male", "M", 1_600_000_000)]
    for n, (id, gender, sex, at) in enumerate(said):
        rows = [CONTACT.format(id="1", changed="2026-10-05 10:00", sex=sex)]
        files = {
            f"ehr/{n}.Patient.ndjson": json.dumps(resource("Patient", id, gender=gender)),
            f"crm/all-contacts ({n}).csv": "\n".join([HUBSPOT, *rows]),
        }
        for name, content in files.items():
            (practice / name).parent.mkdir(exist_ok=True)
            (practice / name).write_text(content)
            if at:
                os.utime(practice / name, (at, at))
        done = short_run(home, practice, "ingest", str(practice))
        assert done.returncode == 0, done.stdout
    found = landed(home, practice)
    assert [count[1:] for count in found["counts"] if count[0] in ("Patient", "contacts")] == [(2, 1, 0, 1), (2, 1, 0, 1)]
    described = read_practice(practice)
    with duckdb.connect() as connection:
        build_raw(connection, described, Home(home), landed_before(described, Home(home)))
        query = "select gender from raw.ehr_patient union all select sex from raw.crm_contacts"
        assert connection.execute(query).fetchall() == [("male",), ("male",)]
