"""What is exported is FHIR R4 as a maintained library reads it, and its counts are those of the warehouse."""

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.composition import Composition
from fhir.resources.R4B.detectedissue import DetectedIssue
from fhir.resources.R4B.measurereport import MeasureReport
from fhir.resources.R4B.organization import Organization
from fhir.resources.R4B.patient import Patient

from pipelines.audit_log import log_of
from pipelines.errors import UsageError
from pipelines.exports.fhir.files import GAPS, INDIVIDUAL, SUMMARY, export
from pipelines.home import Home
from pipelines.practice import SAMPLE, read_practice
from pipelines.publications.store import current
from pipelines.rights.person import find_person
from pipelines.rights.restrict import restrict

KINDS = {kind.__name__: kind for kind in (Composition, DetectedIssue, MeasureReport, Organization, Patient)}
PROFILES = "https://payer.example/deqm"


@pytest.fixture(scope="module")
def folder(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything of the reporting year, with profiles at an address of the receiver's own."""
    folder = tmp_path_factory.mktemp("export") / "reports"
    written = export(sample_home, folder, profile_base=PROFILES)
    assert {name: len((folder / name).read_text().splitlines()) for name in written} == written
    return folder


def lines(folder: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def counts(populations: list[dict]) -> dict[str, int]:
    return {one["code"]["coding"][0]["code"]: one["count"] for one in populations}


def test_every_summary_is_a_measure_report_without_a_patient(folder: Path):
    reports = lines(folder, SUMMARY)
    assert len(reports) == 37
    for report in reports:
        MeasureReport.model_validate(report)
        assert report["type"] == "summary"
        assert "subject" not in report and "evaluatedResource" not in report
        assert report["meta"]["profile"] == [f"{PROFILES}/StructureDefinition/summary-measurereport-deqm"]


def test_every_individual_report_is_of_one_patient_and_names_what_was_evaluated(folder: Path):
    reports = lines(folder, INDIVIDUAL)
    for report in reports[:: len(reports) // 300]:
        MeasureReport.model_validate(report)
        assert report["type"] == "individual" and report["subject"]["reference"].startswith("Patient/")
    met = [one for one in reports if one["id"].startswith("CMS125-") and counts(one["group"][0]["population"])["numerator"]]
    references = [[resource["reference"] for resource in one["evaluatedResource"]] for one in met]
    assert met and all(any(reference.startswith("Observation/") for reference in evaluated) for evaluated in references)


def test_every_gap_document_is_a_bundle_whose_references_are_its_own_entries(folder: Path):
    documents = lines(folder, GAPS)
    for document in documents[:: len(documents) // 60]:
        Bundle.model_validate(document)
        entries = {entry["fullUrl"]: entry["resource"] for entry in document["entry"]}
        for resource in entries.values():
            KINDS[resource["resourceType"]].model_validate(resource)
        composition = document["entry"][0]["resource"]
        assert composition["resourceType"] == "Composition"
        for section in composition["section"]:
            assert entries[section["focus"]["reference"]]["resourceType"] == "MeasureReport"
            for reference in section["entry"]:
                issue = entries[reference["reference"]]
                assert issue["resourceType"] == "DetectedIssue"
                assert entries[issue["patient"]["reference"]]["resourceType"] == "Patient"
                assert entries[issue["evidence"][0]["detail"][0]["reference"]]["resourceType"] == "MeasureReport"


def test_the_counts_of_a_summary_are_those_of_the_warehouse_and_its_strata_add_up(folder: Path, sample_warehouse: Path):
    """Everybody in the initial population of CMS130 has an age of one of its two strata."""
    (report,) = (one for one in lines(folder, SUMMARY) if one["id"].startswith("CMS130-"))
    (group,) = report["group"]
    populations = counts(group["population"])
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select sum(n_initial_population), sum(n_denominator), sum(n_denominator_exclusion), sum(n_numerator) "
            "from marts.fct_measure_results where measure_code = 'CMS130' and is_initial_population "
            "and period_type = 'year' and period_end_on = (select max(period_end_on) from marts.fct_care_gaps)"
        ).fetchall()
    assert tuple(populations.values()) == rows[0] and populations.keys() == {
        "initial-population",
        "denominator",
        "denominator-exclusion",
        "numerator",
    }
    assert group["measureScore"]["value"] == round(
        populations["numerator"] / (populations["denominator"] - populations["denominator-exclusion"]), 6
    )
    assert [one["code"][0]["text"] for one in group["stratifier"]] == ["Age 46 to 49", "Age 50 to 75"]
    strata = [counts(one["stratum"][0]["population"]) for one in group["stratifier"]]
    assert {name: sum(stratum[name] for stratum in strata) for name in populations} == populations


def test_files_with_patients_are_for_their_owner_alone(folder: Path):
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {
        name: "0o600" for name in (SUMMARY, INDIVIDUAL, GAPS)
    }


def test_one_measure_of_an_earlier_year_is_reported_without_gaps(sample_home: Home, tmp_path: Path):
    written = export(sample_home, tmp_path, measures=["CMS125"], year=2025)
    assert written.keys() == {SUMMARY, INDIVIDUAL} and written[SUMMARY] == 1
    assert lines(tmp_path, SUMMARY)[0]["period"] == {"start": "2025-01-01", "end": "2025-12-31"}


def test_a_measure_or_a_year_that_was_not_evaluated_is_refused(sample_home: Home, tmp_path: Path):
    with pytest.raises(UsageError, match="CMS999: no such measure"):
        export(sample_home, tmp_path, measures=["CMS999"])
    with pytest.raises(UsageError, match="1999: not evaluated"):
        export(sample_home, tmp_path, year=1999)


def test_who_is_restricted_is_in_no_file_of_patients_and_still_in_the_counts(folder: Path, sample_home: Home, tmp_path: Path):
    home, practice = Home(tmp_path / "home"), read_practice(SAMPLE)
    home.root.mkdir()
    home.published.symlink_to(sample_home.published)
    reports = lines(folder, INDIVIDUAL)
    with duckdb.connect(str(sample_home.published / "current" / "warehouse.duckdb"), read_only=True) as connection:
        [(patient,)] = connection.execute(
            """
            select min(source_id) from marts.dim_patient_links inner join marts.fct_care_gaps using (patient_key)
            where source_record_type = 'ehr_patient' and gap_status = 'open'
            """
        ).fetchall()
    restrict(home, practice, find_person(home, practice, f"ehr/ehr_patient/{patient}"), "requested")
    export(home, tmp_path / "out", profile_base=PROFILES)
    left = lines(tmp_path / "out", INDIVIDUAL)
    n_theirs = sum(one["subject"]["reference"].rpartition("/")[2] == patient for one in reports)
    assert len(left) == len(reports) - n_theirs < len(reports)
    assert n_theirs and len(lines(tmp_path / "out", GAPS)) == len(lines(folder, GAPS)) - 1
    assert not any(patient in json.dumps(one) for one in lines(tmp_path / "out", GAPS))
    measured = [[one["group"] for one in lines(place, SUMMARY)] for place in (folder, tmp_path / "out")]
    assert measured[0] == measured[1]
    [line] = [one for one in log_of(home).entries() if one["event"] == "exported"]
    assert find_person(home, practice, f"ehr/ehr_patient/{patient}").key not in line["patients"]


def test_real_patients_reports_go_nowhere_without_saying_to_whom(sample_home: Home, tmp_path: Path, monkeypatch):
    real = replace(current(sample_home), is_synthetic=False)
    monkeypatch.setattr("pipelines.exports.fhir.files.current", lambda home: real)
    with pytest.raises(UsageError, match="to whom"):
        export(sample_home, tmp_path / "out")
    assert not (tmp_path / "out").exists()
