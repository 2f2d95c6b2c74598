"""`caregap audit`: whether the log is whole, and who saw a patient; what the command line does is in the log itself."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dashboards.access.audit_log import record as record_in_dashboards
from dashboards.access.roles import Viewer
from models.audit_log.store import audit_log
from pipelines.audit_log import note_settings, record
from pipelines.cli import caregap
from pipelines.errors import ChecksFailed, EnvironmentNotReady
from pipelines.home import Home

ANN = Viewer("ann", "analyst_phi", name="ann@example.org", address="10.1.2.3", session="s-1")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CAREGAP_AUDIT_KEY", "0123456789abcdef" * 4)
    return Home.from_environment()


def audit(*arguments: str) -> Result:
    return CliRunner().invoke(caregap, ["audit", *arguments], standalone_mode=False)


def test_the_pages_and_the_command_line_write_one_chain(home):
    record_in_dashboards(
        "exported", subject="care_gaps.csv", n_rows=2, patients=[7, 8], purpose="operations", to="us", viewer=ANN
    )
    record(home, "published", subject="20260715T120000-abcd", n_rows=9)
    record_in_dashboards("signed_out", viewer=ANN)
    assert audit_log(home.root).verify().is_whole
    first, second, _ = audit_log(home.root).entries()
    assert (first["who"], first["name"], first["address"], first["session"]) == ("ann", "ann@example.org", "10.1.2.3", "s-1")
    assert second["role"] == "operator" and second["who"] and second["address"]
    assert audit("verify").exit_code == 0


def test_who_saw_a_patient_is_answered_from_drawers_lists_exports_and_queries_and_the_question_is_recorded(home):
    record_in_dashboards("patient_viewed", subject="7", n_rows=1, viewer=ANN)
    record_in_dashboards("patient_viewed", subject="outreach_list", n_rows=2, patients=[7, 8], viewer=ANN)
    record_in_dashboards("patient_viewed", subject="8", n_rows=1, viewer=ANN)
    record(home, "exported", subject="FHIR 2026", patients="all", purpose="payment", to="a payer")
    text = "select last_name from marts.dim_patients"
    record_in_dashboards("queried", subject="full 0123 p-1", text=text, viewer=ANN)
    record_in_dashboards("query_answered", subject="0123 marts.dim_patients", n_rows=40, viewer=ANN)
    record_in_dashboards("queried", subject="deidentified 4567 p-1", text="select 1", viewer=ANN)
    record_in_dashboards("query_answered", subject="4567 marts.dim_kpis", n_rows=1, viewer=ANN)
    assert text not in (home.root / "audit" / "audit.jsonl").read_text()
    answer = json.loads(audit("who", "--patient", "7", "--json").output)
    assert [line["subject"] for line in answer["seen"]] == ["7", "outreach_list", "FHIR 2026", "7"]
    assert answer["seen"][-1]["event"] == "audit_read"
    assert [line["text"] for line in answer["perhaps"]] == [text]


def test_a_break_ends_with_an_error_until_repair_records_it_for_good(home):
    for number in range(3):
        record(home, "published", subject=str(number))
    path = home.root / "audit" / "audit.jsonl"
    path.write_text(path.read_text().replace('"subject": "1"', '"subject": "2"'))
    assert isinstance(audit("verify").exception, ChecksFailed)
    assert "line 2" in audit("repair").output
    verified = audit("verify")
    assert verified.exit_code == 0 and "BREAK at line 4" in verified.output


def test_nothing_is_done_that_cannot_be_recorded(home, monkeypatch):
    monkeypatch.setenv("CAREGAP_AUDIT_COPY", str(home.root / "absent" / "copy.jsonl"))
    with pytest.raises(EnvironmentNotReady, match="Nothing was done"):
        record(home, "published", subject="x")


def test_settings_are_recorded_when_they_are_others_than_before(home):
    for n_days in (1, 1, 2):
        note_settings(home, "practice hill", {"n_days": n_days})
    assert [line["event"] for line in audit_log(home.root).entries()] == ["settings_changed", "settings_changed"]


@pytest.mark.parametrize(("is_synthetic", "is_optional"), [("true", True), ("false", False)])
def test_doctor_says_loudly_that_no_key_vouches_for_the_log_of_real_patients(home, monkeypatch, is_synthetic, is_optional):
    from pipelines.cli.diagnosis import diagnose

    (home.root / "practice.toml").write_text(
        f'id = "p"\nname = "P"\ntime_zone = "America/New_York"\nis_synthetic = {is_synthetic}\n[sources]\nehr = "."\n'
    )
    monkeypatch.delenv("CAREGAP_AUDIT_KEY")
    [key] = [one for one in diagnose(home) if one.what == "Audit key"]
    assert (key.is_well, key.is_optional) == (False, is_optional)
    assert ("REAL PATIENTS" in key.state) is not is_optional


def test_a_sign_of_intrusion_ends_with_an_error_once_and_is_known_from_then_on(home, monkeypatch, caplog, tmp_path):
    """An export of 5,001 rows by somebody for whom nothing is usual yet; the second copy, of the log, has the alert as well."""
    monkeypatch.setenv("CAREGAP_AUDIT_COPY", str(tmp_path / "copy.jsonl"))
    record_in_dashboards("exported", subject="care_gaps.csv", n_rows=5000, viewer=ANN)
    assert audit("alerts").exit_code == 0
    record_in_dashboards("exported", subject="care_gaps.csv", n_rows=1, viewer=ANN)
    first = audit("alerts")
    assert isinstance(first.exception, ChecksFailed) and first.exception.exit_code == 11
    assert "NEW\tunusual_exports" in first.output and "ann exported 5,001 rows in a day (limit 5,000)" in first.output
    assert [one.name for one in caplog.records] == ["caregap.alerts"] and "5,001 rows" in caplog.text
    again = audit("alerts")
    assert again.exit_code == 0 and "known\tunusual_exports" in again.output
    assert [one["is_new"] for one in json.loads(audit("alerts", "--json").output)] == [False]
    last = json.loads((tmp_path / "copy.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["subject"].split()[0], last["n_rows"]) == ("alerted", "unusual_exports", 5001)


def test_the_limits_of_signs_are_those_of_the_access_file_and_a_mistake_there_is_named(home):
    access = (
        '[sign_in]\nissuer = "https://id.example.org"\nclient_id = "c"\nredirect_uri = "https://c.example.org/oauth2callback"\n'
    )
    record_in_dashboards("exported", subject="care_gaps.csv", n_rows=101, viewer=ANN)
    (home.root / "access.toml").write_text(f"{access}[alerts]\nexported_rows = 100\n")
    assert isinstance(audit("alerts").exception, ChecksFailed)
    (home.root / "access.toml").write_text(f"{access}[alerts]\nexported_rows = 0\n")
    with pytest.raises(EnvironmentNotReady, match=r"access.toml:6: alerts.exported_rows .*1 or more"):
        raise audit("alerts").exception


def test_dagsters_checks_say_how_many_signs_of_each_kind_there_are_and_not_who(home):
    import dagster as dg

    from pipelines.defs.signs_of_intrusion import signs_of_intrusion

    record_in_dashboards("exported", subject="care_gaps.csv", n_rows=9000, viewer=ANN)
    said = {one.check_name: one for one in signs_of_intrusion(home)}
    assert {name for name, one in said.items() if not one.passed} == {"unusual_exports"}
    assert len(said) == 7 and all(one.severity == dg.AssetCheckSeverity.WARN for one in said.values())
    assert "1 sign of intrusion" in said["unusual_exports"].description and "ann" not in said["unusual_exports"].description
    assert [line["event"] for line in audit_log(home.root).entries()] == ["exported", "alerted"]
