"""A home of an earlier version, of before there were numbers, seals and a copy of the ledger: the next run takes it as it is.

Its files are those that version 90bc456 wrote; a whole home of that version was run by hand.
"""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from dashboards.outreach.outcomes import Outcome, record
from tests.faults.conftest import ROLLOUT, Run, left_over, tables
from tests.faults.test_damaged_publication import told

ENTRY = "source_system extract place file_key n_bytes exported_at stamp"
LANDED = "status reason reader n_delivered n_read n_quarantined extra_columns absent_columns"
BUILD = "practice_id practice_name time_zone is_synthetic as_of_on settings fingerprint passed"
PUBLICATION = "id practice_id practice_name is_synthetic time_zone as_of_on build_id fingerprint published_at n_rows"
LAST_RUN = "ended_at status reason"


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    folder = tmp_path / "practice"
    (folder / "crm").mkdir(parents=True)
    (folder / "practice.toml").write_text('id = "test"\nname = "Test"\ntime_zone = "UTC"\nis_synthetic = true\n')
    return folder


@pytest.fixture
def homes(practice: Path, short_run: Run, tmp_path: Path) -> tuple[Path, Path]:
    """A home as an earlier version left it after two runs, and the same home as this version leaves it. In both, an outcome was
    recorded before the second run and another one after it."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for month, site in (("01-31", "north"), ("02-28", "south")):
        (practice / "crm" / f"program_rollout_2026-{month}.csv").write_text(ROLLOUT.format(site=site))
        done = short_run(home, practice, SHORT_RUN_KEPT="5")
        assert done.returncode == 0, done.stdout
        record(home / "outcomes" / "test", Outcome("ehr", "ehr_patient", "p-1", "phone", "no_answer", "kim@example.org"))
    of_today = Path(shutil.copytree(home, tmp_path / "of_today", symlinks=True))
    make_older(home)
    return home, of_today


def make_older(home: Path) -> None:
    """Take away what an earlier version did not write, and write its audit log."""
    landing = home / "landing" / "test"
    entries = json.loads((landing / "deliveries.json").read_text())
    (landing / "deliveries.json").write_text(json.dumps([only(ENTRY, entry) for entry in entries]))
    for manifest in landing.glob("*/*/*/manifest.json"):
        rewrite(manifest, LANDED, reader="0" * 32)
    for facts in home.glob("build/*/build.json"):
        rewrite(facts, BUILD)
    for manifest in home.glob("published/2*/manifest.json"):
        rewrite(manifest, PUBLICATION)
    rewrite(home / "published" / "last_run.json", LAST_RUN)
    for path in [*home.glob("published/2*/shown"), *home.glob("history/*/*/.*.seal"), *landing.glob("*.copy.json")]:
        path.unlink()
    (home / "number").unlink()
    shutil.rmtree(home / "audit")
    write_audit_log(home / "audit")


def only(names: str, facts: dict) -> dict:
    return {name: facts[name] for name in names.split()}


def rewrite(path: Path, names: str, **changed: str) -> None:
    path.write_text(json.dumps(only(names, json.loads(path.read_text()) | changed)))


def write_audit_log(folder: Path) -> None:
    """Two lines and their head."""
    folder.mkdir(mode=0o700)
    previous, lines = "0" * 64, []
    for number in (1, 2):
        line = {"number": number, "at": "2026-03-01T10:00:00.000+00:00", "who": "kim@example.org", "role": "care_team"}
        line |= {"event": "patient_viewed", "subject": "17", "n_rows": 1, "previous": previous}
        line["hash"] = previous = hashlib.sha256(json.dumps(line, sort_keys=True).encode()).hexdigest()
        lines.append(json.dumps(line) + "\n")
    (folder / "audit.jsonl").write_text("".join(lines))
    (folder / "head.json").write_text(json.dumps({"number": 2, "hash": previous}))


@pytest.mark.slow
@pytest.mark.parametrize("is_delivered", [True, False], ids=["delivered", "landed"])
def test_a_home_of_an_earlier_version_is_taken_on_and_nothing_in_it_is_lost(homes, practice, short_run, is_delivered):
    """Also where the deliveries are no longer in their folders: what an earlier version's reader landed then stays."""
    older, of_today = homes
    kept = {path: path.read_bytes() for path in older.rglob("history/*/*/*.parquet")}
    log = (older / "audit" / "audit.jsonl").read_bytes()
    before = (older / "published" / "current").resolve().name
    if is_delivered:
        (practice / "crm" / "program_rollout_2026-03-31.csv").write_text(ROLLOUT.format(site="east"))
    arguments = ["run", str(practice), "--json", *([] if is_delivered else ["--landed"])]
    for home in homes:
        done = short_run(home, practice, *arguments, SHORT_RUN_KEPT="5")
        assert done.returncode == 0 and json.loads(done.stdout)["is_new"], done.stdout
    assert tables(older) == tables(of_today)
    assert {path: path.read_bytes() for path in kept} == kept and kept
    assert (older / "audit" / "audit.jsonl").read_bytes().startswith(log)
    assert left_over(older) == []
    assert not json.loads(short_run(older, practice, *arguments, SHORT_RUN_KEPT="5").stdout)["is_new"]

    doctor = told(short_run(older, practice, "doctor", "--deep", "--json"))
    wanted = ("Landing of test", "Publications", "History", "Audit log", "Last run")
    assert [name for name in wanted if not doctor[name]["is_well"]] == []
    assert short_run(older, practice, "publish", "--rollback").returncode == 0
    assert (older / "published" / "current").resolve().name == before
