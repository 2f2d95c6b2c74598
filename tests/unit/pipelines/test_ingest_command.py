"""What `caregap ingest` says of a delivery."""

from pathlib import Path

from pipelines.home import Home
from tests.conftest import caregap

COLUMNS = "payment_id,account_id,encounter_id,charge_id,paid_on,amount_usd,method,is_at_service,updated_at"


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
