"""Who is one person: a practice of people who are easily mistaken for one another, and a simulated one whose truth is known."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from models.sources import SOURCE_KINDS
from pipelines.home import Home
from pipelines.practice import Practice, read_practice
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import build_warehouse

TABLES = ["+int_identity__reviews"]
NOON = "2026-01-05T12:00:00Z"
MAIN_STREET = ("12 North Main Street", "43004")
ELM_STREET = ("7 Elm Avenue, Apartment 2", "43110")

CHARTS = [
    # id, record number, given, family, birth date, telephone, address, anything else
    ("anna", "M1", "Anna", "Rivera", "1980-05-04", "614-555-2101", MAIN_STREET, {}),
    ("lena", "M2", "Lena", "Fox", "1990-01-02", "614-555-2102", ELM_STREET, {}),
    ("mara", "M3", "Mara", "Fox", "1990-01-02", "614-555-2102", ELM_STREET, {}),
    ("father", "M4", "Robert", "Hale", "1950-03-02", "614-555-2104", MAIN_STREET, {}),
    ("son", "M5", "Robert", "Hale", "1980-03-02", "614-555-2104", MAIN_STREET, {}),
    ("kept", "M6", "Nora", "Blum", "1975-07-07", "614-555-2106", ELM_STREET, {}),
    (
        "replaced",
        "M7",
        "Eleonora",
        "Blume",
        "1975-07-08",
        None,
        ELM_STREET,
        {"link": [{"other": {"reference": "Patient/kept"}, "type": "replaced-by"}]},
    ),
    ("twice_1", "M8", "Ida", "Novak", "1966-09-09", "614-555-2108", ELM_STREET, {}),
    ("twice_2", "M9", "Ida", "Novak", "1966-09-09", "614-555-2108", ELM_STREET, {}),
    ("apart", "M11", "Paul", "Adler", "1970-02-03", "614-555-2111", MAIN_STREET, {}),
    ("joined", "M12", "Tom", "Okoro", "1971-02-03", None, MAIN_STREET, {}),
]
CONTACTS = [
    # id, record number, given, family, birth date, telephone, address
    ("annie", None, "Annie", "RIVERA", "1980-05-04", "(614) 555-9999", ("12 N. Main St", "43004")),
    ("lena", None, "Lena", "Fox", "1990-01-02", "6145552102", ELM_STREET),
    ("mara", None, "Mara", "Fox", "1990-01-02", "6145552102", ELM_STREET),
    ("father", None, "Robert", "Hale Sr.", "1950-03-02", "6145552104", MAIN_STREET),
    ("son", None, "Bob", "Hale", "1980-03-02", "6145552104", MAIN_STREET),
    ("either", None, "Robert", "Hale", None, "6145552104", (None, "43004")),
    ("maiden", None, "Nora", "Petrov", "1975-07-07", "6145552106", ELM_STREET),
    ("ida", None, "Ida", "Novak", "1966-09-09", "6145552108", ELM_STREET),
    ("wrong_number", "M1", "Zoe", "Quint", "2001-12-12", "614-555-7777", (None, "43999")),
    ("lead", None, "Mia", "Sand", "1999-09-19", "614-555-3333", (None, "43004")),
    ("lead_again", None, "Mia", "Sand", None, "614-555-3333", (None, "43004")),
    ("apart", None, "Paul", "Adler", "1970-02-03", "6145552111", MAIN_STREET),
    ("joined", None, "T.", None, None, None, (None, None)),
    *((f"lobby{n}", None, f"Visitor{n}", f"Surname{n}", None, "614-555-1000", (None, None)) for n in range(50)),
]
DECISIONS = [
    ("d1", "apart", "apart", "link", "2026-02-01T12:00:00Z"),
    ("d2", "apart", "apart", "separate", "2026-02-02T12:00:00Z"),
    ("d3", "joined", "joined", "link", "2026-02-03T12:00:00Z"),
]


def _chart(id_: str, mrn: str, given: str, family: str, born: str, phone: str | None, address: tuple, more: dict) -> dict:
    return {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"type": {"coding": [{"code": "MR"}]}, "system": "urn:practice", "value": mrn}],
        "name": [{"use": "official", "family": family, "given": [given]}],
        "telecom": [{"system": "phone", "value": phone}] if phone else [],
        "birthDate": born,
        "address": [{"line": [address[0]], "postalCode": address[1]}],
        **more,
    }


def _csv(path: Path, source: str, extract: str, rows: list[dict]) -> None:
    schema = {column: pl.String for column in SOURCE_KINDS[source].extracts[extract].fields}
    path.parent.mkdir(exist_ok=True)
    pl.DataFrame([{"updated_at": NOON, **row} for row in rows], schema=schema).write_csv(path)


@pytest.fixture(scope="module")
def look_alikes(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    folder = tmp_path_factory.mktemp("look_alikes")
    (folder / "ehr").mkdir()
    (folder / "ehr" / "Patient.ndjson").write_text(
        "".join(json.dumps(_chart(*chart)) + "\n" for chart in CHARTS), encoding="utf-8"
    )
    contacts = [
        {
            "contact_id": id_,
            "mrn": mrn,
            "first_name": given,
            "last_name": family,
            "birth_date": born,
            "phone": phone,
            "address_line": address[0],
            "postal_code": address[1],
            "is_do_not_contact": "false",
            "is_deceased": "false",
            "created_at": NOON,
        }
        for id_, mrn, given, family, born, phone, address in CONTACTS
    ]
    _csv(folder / "crm" / "contacts.csv", "crm", "contacts", contacts)
    decisions = [
        {
            "decision_id": id_,
            "left_source_system": "crm",
            "left_record_type": "crm_contact",
            "left_id": contact,
            "right_source_system": "ehr",
            "right_record_type": "ehr_patient",
            "right_id": chart,
            "decision": decision,
            "decided_at": at,
        }
        for id_, contact, chart, decision, at in DECISIONS
    ]
    _csv(folder / "crm" / "identity_decisions.csv", "crm", "identity_decisions", decisions)
    _csv(folder / "billing" / "accounts.csv", "billing", "accounts", [{"account_id": "nameless", "mrn": "m1 "}])
    sources = {source: folder / source for source in ("ehr", "crm", "billing")}
    return Practice("look_alikes", "Look-alikes", "America/New_York", sources, as_of=date(2026, 11, 1))


def _links(warehouse: Path) -> dict[tuple[str, str], tuple[int, str]]:
    """(kind of record, its id) -> (person, rule)."""
    with open_file(warehouse, read_only=True) as connection:
        rows = connection.execute(
            "select source_record_type, source_id, patient_key, link_rule from intermediate.int_identity__patient_links"
        ).fetchall()
    return {(kind.split("_")[1], id_): (key, rule) for kind, id_, key, rule in rows}


@pytest.fixture(scope="module")
def resolved(look_alikes: Practice, new_home: Callable[[], Home]) -> Path:
    return build_warehouse(new_home(), look_alikes, select=TABLES)


@pytest.fixture(scope="module")
def links(resolved: Path) -> dict[tuple[str, str], tuple[int, str]]:
    return _links(resolved)


def _person(links: dict, kind: str, id_: str) -> int:
    return links[kind, id_][0]


@pytest.mark.parametrize("contact", ["lena", "mara", "father", "son"])
def test_twins_and_namesakes_of_one_household_keep_apart(links: dict, contact: str):
    assert _person(links, "contact", contact) == _person(links, "patient", contact)
    everybody = [_person(links, "patient", chart) for chart in ("lena", "mara", "father", "son")]
    assert len(set(everybody)) == 4


def test_a_nickname_an_abbreviated_street_and_a_new_telephone_are_still_the_same_person(links: dict):
    assert _person(links, "contact", "annie") == _person(links, "patient", "anna")


def test_a_married_name_is_the_same_person(links: dict):
    assert _person(links, "contact", "maiden") == _person(links, "patient", "kept")


def test_a_record_number_links_an_account_that_says_nothing_else(links: dict):
    assert links["account", "nameless"] == (_person(links, "patient", "anna"), "mrn")


def test_a_record_number_typed_into_the_wrong_contact_links_nothing_and_is_reviewed(links: dict, reviews: set):
    assert links["contact", "wrong_number"][1] == "own_record"
    assert ("anna", "wrong_number", "mrn_of_somebody_else") in reviews


def test_a_contact_that_fits_two_people_is_linked_to_neither_and_is_reviewed(links: dict, reviews: set):
    assert links["contact", "either"][1] == "own_record"
    assert {("either", "father", "two_charts_fit"), ("either", "son", "two_charts_fit")} <= reviews


def test_charts_that_the_ehr_merged_are_one_person_under_the_key_of_the_one_that_is_kept(links: dict):
    assert links["patient", "kept"] == (_person(links, "patient", "replaced"), "own_record")
    assert links["patient", "replaced"][1] == "patient_link"


def test_charts_that_only_look_alike_are_reviewed_and_never_merged(links: dict, reviews: set):
    assert _person(links, "patient", "twice_1") != _person(links, "patient", "twice_2")
    assert ("twice_1", "twice_2", "two_charts_of_one_person") in reviews


def test_charts_that_look_alike_do_not_cost_their_person_the_contact(links: dict):
    charts = {_person(links, "patient", "twice_1"), _person(links, "patient", "twice_2")}
    assert _person(links, "contact", "ida") in charts


def test_contacts_without_a_chart_are_one_person_too(links: dict):
    assert _person(links, "contact", "lead") == _person(links, "contact", "lead_again")


def test_the_latest_decision_of_a_steward_undoes_or_forces_a_link(links: dict):
    assert _person(links, "contact", "apart") != _person(links, "patient", "apart")
    assert links["contact", "joined"] == (_person(links, "patient", "joined"), "steward")


def test_a_telephone_of_many_people_is_no_reason_to_compare_them(resolved: Path):
    with open_file(resolved, read_only=True) as connection:
        blocks = "select count(*) from intermediate.int_identity__blocks where block_value = '6145551000'"
        assert connection.execute(blocks).fetchall() == [(0,)]


@pytest.mark.slow
def test_without_resolution_every_record_is_its_own_person_and_charts_keep_their_keys(
    look_alikes: Practice, links: dict, new_home: Callable[[], Home]
):
    alone = _links(build_warehouse(new_home(), look_alikes, select=TABLES, variables={"resolve_identity": False}))
    assert len({key for key, _ in alone.values()}) == len(alone) == len(CHARTS) + len(CONTACTS) + 1
    charts = {chart for kind, chart in alone if kind == "patient" and chart != "replaced"}
    assert {chart: _person(alone, "patient", chart) for chart in charts} == {
        chart: _person(links, "patient", chart) for chart in charts
    }


@pytest.fixture(scope="module")
def reviews(resolved: Path) -> set[tuple[str, str, str]]:
    """(one id, the other id, reason), ids in alphabetical order."""
    with open_file(resolved, read_only=True) as connection:
        rows = connection.execute("select left_id, right_id, reason from intermediate.int_identity__reviews").fetchall()
    return {(*sorted((left, right)), reason) for left, right, reason in rows}


@pytest.fixture(
    scope="module", params=[True, pytest.param(False, marks=pytest.mark.slow)], ids=["record numbers", "no record numbers"]
)
def compared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_home: Callable[[], Home]
) -> pl.DataFrame:
    """Every record of a simulated practice, with the person it was given (`patient_key`) and the true one (`person_id`)."""
    from data_samples.simulator.simulate import Simulation, simulate

    folder = tmp_path_factory.mktemp("simulated")
    simulate(Simulation(n_patients=800, n_months=6, seed=3, has_dirt=False), folder)
    if not request.param:
        for path in [*folder.glob("crm/**/contacts.csv"), *folder.glob("billing/**/accounts.csv")]:
            pl.read_csv(path, infer_schema=False).with_columns(mrn=pl.lit(None, pl.String)).write_csv(path)
    practice = read_practice(folder)
    for path in [path for path in folder.rglob("*/*/*.*") if path.stem.split(".")[0] not in ("Patient", "contacts", "accounts")]:
        path.unlink()
    warehouse = build_warehouse(new_home(), practice, select=TABLES)
    with open_file(warehouse, read_only=True) as connection:
        links = connection.sql(
            "select source_record_type, source_id, patient_key from intermediate.int_identity__patient_links"
        ).pl()
    truth = pl.read_parquet(folder / "truth" / "identities.parquet")
    return links.join(truth, on=["source_record_type", "source_id"], how="left", validate="1:1")


def _pairs(records: pl.DataFrame, *by: str) -> int:
    """Pairs of records that agree in the columns `by`."""
    n = pl.col("len")
    return records.group_by(by).len().select((n * (n - 1) // 2).sum()).item()


def test_links_are_right_and_complete_against_the_simulated_truth(compared: pl.DataFrame):
    """A wrong merge shows one person's chart to another: precision first. Without record numbers, recall is 0.97."""
    assert compared["person_id"].null_count() == 0
    right = _pairs(compared, "patient_key", "person_id")
    assert right / _pairs(compared, "patient_key") >= 0.9999
    assert right / _pairs(compared, "person_id") >= 0.97
