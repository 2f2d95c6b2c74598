"""What `caregap ingest` says of a delivery."""

import json
from pathlib import Path

import pytest

from pipelines.home import Home
from tests.conftest import caregap

CASES = Path(__file__).parents[4] / "shared" / "cases" / "extracts"
COLUMNS = "payment_id,account_id,encounter_id,charge_id,paid_on,amount_usd,method,is_at_service,updated_at"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Source folders without a practice.toml are taken for real patients."""
    monkeypatch.setenv("CAREGAP_KEY", "7" * 64)


def test_rows_of_one_key_and_time_that_differ_are_named_and_not_taken_for_older_versions(tmp_path: Path):
    """P1 says $10 and $11 at one time, P2 the same twice, P3 is corrected an hour later."""
    rows = [
        "P1,A1,,,2026-03-01,10,card,true,2026-10-05T10:00:00Z",
        "P1,A1,,,2026-03-01,11,card,true,2026-10-05T10:00:00Z",
        "P2,A1,,,2026-03-01,12,card,true,2026-10-05T10:00:00Z",
        "P2,A1,,,2026-03-01,12,card,true,2026-10-05T10:00:00Z",
        "P3,A1,,,2026-03-01,13,card,true,2026-10-05T10:00:00Z",
        "P3,A1,,,2026-03-01,14,card,true,2026-10-05T11:00:00Z",
    ]
    (tmp_path / "billing").mkdir()
    (tmp_path / "billing" / "patient_payments.csv").write_text("\n".join([COLUMNS, *rows]))
    (tmp_path / "home").mkdir(mode=0o700)

    done = caregap(Home(tmp_path / "home"), "ingest", "--billing", tmp_path / "billing", "--practice", "t")

    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "billing/patient_payments.csv: 1 rows differ from another row of the same key and time of change" in said


@pytest.mark.parametrize(
    ("case", "kind", "code", "counts"),
    [
        ("bundle-taken-for-deletions/ehr", "ehr", 0, ("landed", 1, 1, 0)),
        ("nothing-of-it-read/mimic", "ehr", 0, ("landed", 1, 1, 0)),
        ("nothing-of-it-read/spark", "ehr", 0, ("landed", 1, 1, 0)),
        ("nothing-of-it-read/plural", "ehr", 0, ("landed", 1, 1, 0)),
        ("crm-first-line-sep/crm", "crm", 0, ("landed", 1, 1, 0)),
        ("crm-sex-f-m/crm", "crm", 0, ("landed", 1, 1, 0)),
        ("crm-foreign-columns/crm", "crm", 0, ("landed", 1, 1, 0)),
        ("ids-ruined-by-a-spreadsheet/billing", "billing", 10, ("refused", 0, 0, 0)),
        ("reversal-not-negated/billing", "billing", 0, ("landed", 4, 3, 1)),
    ],
)
def test_a_shared_case_lands_or_is_refused_by_name(
    case: str, kind: str, code: int, counts: tuple[str, int, int, int], tmp_path: Path
):
    """Status, and rows delivered, landed and quarantined, of the one file of each case. No row of them is superseded."""
    if not (CASES / case).is_dir():
        pytest.skip(f"{case} is not there")
    (tmp_path / "home").mkdir(mode=0o700)

    done = caregap(Home(tmp_path / "home"), "ingest", f"--{kind}", CASES / case, "--practice", "t", "--json")

    [file] = json.loads(done.stdout)["files"]
    assert (file["status"], file["n_delivered"], file["n_landed"], file["n_quarantined"]) == counts
    assert (file["n_superseded"], done.returncode) == (0, code)
