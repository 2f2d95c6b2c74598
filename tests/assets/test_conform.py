"""`caregap conform`: on a deck made here, and on the official one where it lies beside the checkout."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.cli.conform import command
from pipelines.errors import ChecksFailed, UsageError
from pipelines.home import CHECKOUT, Home
from pipelines.proof.measure_decks import conform
from pipelines.raw.value_sets import SHIPPED, known_value_sets

OFFICIAL = CHECKOUT.parent / "shared" / "ecqm"
MORE = CHECKOUT.parent / "shared" / "ecqm_more"
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
# Its title speaks of a retinopathy after the period; its data hold one in the period, and an exam that suits it.
CONTRADICTS_ITSELF = {"52d1f4f3-14a0-4eed-a0c2-334b8146b117"}
# Answers of an engine, not of the logic: it does not follow a reference to a medication (CMS135), and does not see
# a visit that claims no profile (CMS177).
ANSWERS_OF_AN_ENGINE = {"ec508dbb-76f6-4878-b8a2-114ea8e82297", "85e6225c-a9bb-4338-a228-297564e38c4d"}


def case(name: str, birth_date: str, *, screened_on: str | None) -> dict[str, list[dict]]:
    """A patient with one office visit in 2026 and at most one fall-risk screening. Ids are the same in every case."""
    tag = {"tag": [{"system": "urn:ecqm:case", "code": f"Falls/{name}"}]}
    subject = {"subject": {"reference": f"Patient/{name}"}}
    visit = {"start": "2026-05-04T09:00:00Z", "end": "2026-05-04T09:30:00Z"}
    kind = [{"coding": [{"system": SNOMED, "code": "185349003"}]}]
    encounter = {"resourceType": "Encounter", "id": "visit", "meta": tag, "status": "finished", "type": kind, "period": visit}
    screening = {"code": {"coding": [{"system": LOINC, "code": "73830-2"}]}, "effectiveDateTime": f"{screened_on}T09:10:00Z"}
    return {
        "Patient": [{"resourceType": "Patient", "id": name, "meta": tag, "birthDate": birth_date}],
        "Encounter": [encounter | subject],
        "Observation": [{"resourceType": "Observation", "id": "fall", "meta": tag, "status": "final", **screening, **subject}]
        if screened_on
        else [],
    }


@pytest.fixture(scope="session")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fall-risk screening (CMS139) with three cases, the last of which expects the wrong; HIV screening (CMS349), a value set
    of which is missing; and a measure that nobody knows."""
    folder = tmp_path_factory.mktemp("deck")
    cases = {
        "screened": (case("screened", "1950-01-01", screened_on="2026-05-04"), 1, 1),
        "too young": (case("too-young", "1961-01-02", screened_on="2026-05-04"), 0, 0),
        "wrong": (case("wrong", "1950-01-01", screened_on="2025-12-31"), 1, 1),
    }
    for resources, *_ in cases.values():
        (folder / "fhir" / "Falls").mkdir(parents=True, exist_ok=True)
        for kind, rows in resources.items():
            with (folder / "fhir" / "Falls" / f"{kind}.ndjson").open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
    for name in ("Hiv", "Unheard"):
        (folder / "fhir" / name).mkdir()
        patient = {"resourceType": "Patient", "id": "p", "birthDate": "1990-01-01"}
        (folder / "fhir" / name / "Patient.ndjson").write_text(json.dumps(patient) + "\n")
    columns = ["measure", "cms_id", "case_id", "patient_id", "case_title", "group_id", "stratifier_id", "population_code"]
    with (folder / "expected.csv").open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file).writerow
        write([*columns, "expected", "period_start"])
        for title, (resources, population, numerator) in cases.items():
            patient_id = resources["Patient"][0]["id"]
            for code, expected in {"initial-population": population, "numerator": numerator}.items():
                write(["Falls", "CMS139", patient_id, patient_id, title, "Group_1", "", code, expected, "2026-01-01"])
        for name, code in {"Hiv": "CMS349", "Unheard": "CMS999"}.items():
            write([name, code, "p", "p", "", "Group_1", "", "initial-population", 0, "2026-01-01"])
    with (SHIPPED / "codes.csv").open(encoding="utf-8") as file, (folder / "valuesets.csv").open("w", newline="") as target:
        write = csv.writer(target).writerow
        write(["url", "version", "system", "code"])
        shipped = list(csv.DictReader(file))
        for row in shipped:
            if row["title"] != "HIV Lab Tests":
                write([row["value_set_url"], row["version"], row["system"], row["code"]])
        for value_set in known_value_sets():
            if value_set["value_set_url"] not in {row["value_set_url"] for row in shipped}:
                write([value_set["value_set_url"], value_set["version"], "urn:none", "none"])
    return folder


@pytest.fixture(scope="session")
def result(deck: Path, new_home: Callable[[], Home]) -> Result:
    return CliRunner(env={"CAREGAP_HOME": str(new_home().root)}).invoke(command, [str(deck), "--json"])


@pytest.fixture(scope="session")
def measures(result: Result) -> dict[str, dict]:
    return {one["measure"]: one for one in json.loads(result.stdout)["measures"]}


def test_cases_are_counted_one_by_one_though_their_resources_have_the_same_ids(measures: dict):
    falls = measures["CMS139"]
    assert (falls["known"], falls["n_cases"], falls["n_agree"]) == (True, 3, 2)
    assert (falls["n_populations"], falls["n_populations_agree"]) == (6, 5)


def test_a_disagreement_shows_the_population_and_what_the_patient_has(measures: dict):
    (wrong,) = measures["CMS139"]["disagreements"]
    assert (wrong["case"], wrong["population"], wrong["expected"], wrong["actual"]) == ("wrong", "numerator", 1, 0)
    assert any("office_visit 2026-05-04" in event for event in wrong["events"])
    assert any("falls_screening 2025-12-31" in event for event in wrong["events"])


def test_a_measure_without_its_value_sets_is_switched_off_by_name(measures: dict):
    assert measures["CMS349"]["missing_value_sets"] == ["HIV Lab Tests"]
    assert measures["CMS349"]["n_agree"] == 0


def test_a_measure_without_a_model_is_listed_as_unknown(measures: dict):
    assert (measures["CMS999"]["known"], measures["CMS999"]["n_cases"]) == (False, 1)


def test_the_command_fails_where_a_known_measure_disagrees(result: Result):
    assert isinstance(result.exception, ChecksFailed)
    assert "CMS139" in str(result.exception) and "CMS999" not in str(result.exception)


@pytest.mark.spark
@pytest.mark.timeout(7200)
def test_both_engines_answer_alike(deck: Path, new_home: Callable[[], Home]):
    assert conform([deck], new_home(), engine="spark") == conform([deck], new_home())


@pytest.mark.spark
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official deck is not part of the repository")
def test_spark_answers_every_official_case_as_duckdb_does(new_home: Callable[[], Home]):
    assert conform([OFFICIAL], new_home(), engine="spark") == conform([OFFICIAL], new_home())


def test_a_folder_that_is_no_deck_is_a_mistake(tmp_path: Path, new_home: Callable[[], Home]):
    with pytest.raises(UsageError, match="not a test deck"):
        conform([tmp_path], new_home())


@pytest.mark.skipif(not (OFFICIAL / "expected.csv").is_file(), reason=f"the official deck is not at {OFFICIAL}")
def test_every_official_case_agrees_but_the_one_whose_data_say_the_opposite_of_its_title(new_home: Callable[[], Home]):
    agreements = conform([OFFICIAL], new_home())
    assert all(agreement.known for agreement in agreements)
    assert {wrong.case for agreement in agreements for wrong in agreement.disagreements} == CONTRADICTS_ITSELF
    assert sum(agreement.n_cases for agreement in agreements) == 500


@pytest.mark.slow
@pytest.mark.skipif(not (MORE / "expected.csv").is_file(), reason=f"the second official deck is not at {MORE}")
def test_every_case_of_both_official_decks_agrees_but_those_whose_page_argues_otherwise(new_home: Callable[[], Home]):
    agreements = conform([OFFICIAL, MORE], new_home())
    wrong = {wrong.case for agreement in agreements for wrong in agreement.disagreements}
    assert CONTRADICTS_ITSELF <= wrong <= CONTRADICTS_ITSELF | ANSWERS_OF_AN_ENGINE
    assert sum(agreement.n_cases for agreement in agreements) == 882
