"""The care team's list: whom it shows, what is recorded on it, and what it keeps to itself."""

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.figures.wording import as_read
from dashboards.outreach.outcomes import Outcome, record, recorded
from dashboards.outreach.patient_drawer import OPEN
from models.audit_log.store import audit_log
from pipelines.home import Home
from pipelines.practice import SAMPLE, read_practice
from pipelines.rights.person import find_person
from pipelines.rights.restrict import restrict

ATTACKS = [
    "' or 1=1 --",
    "%",
    "_",
    "<img src=x onerror=alert(1)>",
    "{{7*7}}",
    "\\",
    "$1",
    '"; drop table marts.dim_patients',
    "=1+1",
]


@pytest.fixture
def outreach(app) -> AppTest:
    return app("outreach", role="care_team")


@pytest.fixture
def somebody(outreach: AppTest, sample_warehouse) -> tuple[int, str]:
    """Key and name of the first patient on the list."""
    name = outreach.dataframe[0].value["patient_name"].iloc[0]
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        query = "select patient_key from delivery.out_patient_profiles where patient_name = ?"
        return connection.execute(query, [name]).fetchall()[0][0], name


def tile(page: AppTest, label: str) -> str:
    return next(one.value for one in page.metric if one.label == label)


def opened(page: AppTest, patient_key: int) -> AppTest:
    page.session_state[OPEN] = patient_key
    return page.run()


def record_outcome(page: AppTest, outcome: str) -> AppTest:
    page.button_group[-1].set_value(outcome)
    next(button for button in page.button if button.label == "Record").click()
    return page.run()


def test_the_list_has_the_patients_of_the_teams_own_site_alone(outreach: AppTest):
    assert not outreach.exception
    [site] = outreach.sidebar.multiselect[0].value
    shown = outreach.dataframe[0].value
    assert len(shown) and shown["location_name"].nunique() == 1
    assert site


def test_an_open_profile_says_how_to_reach_the_patient_what_is_open_and_why_there_is_a_risk(outreach: AppTest, somebody):
    page = opened(outreach, somebody[0])
    assert not page.exception
    words = " ".join(text.value for text in page.markdown)
    assert all(part in words for part in ("How to reach them", "Open care gaps", "Risk of drifting away", "Contacts so far"))
    assert {"Last visit", "Next visit"} <= {metric.label for metric in page.metric}


def test_a_profile_that_was_opened_is_audited_by_key_and_never_by_name(outreach: AppTest, somebody, shown_home):
    patient_key, name = somebody
    opened(outreach, patient_key)
    lines = [line for line in audit_log(shown_home).entries() if line["event"] == "patient_viewed"]
    assert [(line["subject"], line["n_rows"]) for line in lines] == [
        ("outreach_list", len(outreach.dataframe[0].value)), (str(patient_key), 1)
    ]  # fmt: skip
    family = name.partition(",")[0]
    assert family not in (shown_home / "audit" / "audit.jsonl").read_text()


def test_an_outcome_takes_the_patient_off_the_list_at_once_and_lies_in_the_journal(outreach: AppTest, somebody, shown_home):
    n_before = len(outreach.dataframe[0].value)
    page = record_outcome(opened(outreach, somebody[0]), "no_answer")
    assert not page.exception
    assert tile(page, "Worked since the last run") == "1"
    assert somebody[1] not in set(page.dataframe[0].value["patient_name"])
    assert len(page.dataframe[0].value) in (n_before - 1, n_before)
    [folder] = (shown_home / "outcomes").iterdir()
    assert recorded(folder)["outcome"].to_list() == ["no_answer"]


def test_who_is_restricted_leaves_the_list_at_once_and_the_profile_says_so_without_a_score(outreach, somebody, shown_home, app):
    home, practice = Home(shown_home), read_practice(SAMPLE)
    assert "Risk of drifting away" in " ".join(text.value for text in opened(outreach, somebody[0]).markdown)
    restrict(home, practice, find_person(home, practice, str(somebody[0])), "requested")
    page = app("outreach", role="care_team")
    assert somebody[1] not in set(page.dataframe[0].value["patient_name"])
    shown = opened(page, somebody[0])
    assert "for their treatment alone" in shown.error[0].value
    words = " ".join(text.value for text in shown.markdown)
    assert "How to reach them" in words and "Risk of drifting away" not in words


def test_who_recorded_an_outcome_can_take_it_back(outreach: AppTest, somebody, shown_home):
    page = opened(record_outcome(opened(outreach, somebody[0]), "reached"), somebody[0])
    next(button for button in page.button if button.label == "Take back").click()
    page.run()
    assert tile(page, "Worked since the last run") == "0"
    [folder] = (shown_home / "outcomes").iterdir()
    assert recorded(folder)["is_withdrawn"].to_list() == [True]


def test_an_outcome_that_ends_contact_permanently_needs_confirmation(outreach: AppTest, somebody, shown_home):
    page = record_outcome(opened(outreach, somebody[0]), "deceased")
    assert "sure" in page.error[0].value
    assert not (shown_home / "outcomes").exists()


@pytest.mark.parametrize(
    "other", [{"patient_source_system": "ehr:north"}, {"patient_record_type": "crm_contact"}, {"patient_source_id": "another"}]
)
def test_an_outcome_of_a_record_that_shares_the_id_is_another_patients(outreach: AppTest, somebody, shown_home, other):
    record_outcome(opened(outreach, somebody[0]), "no_answer")
    [folder] = (shown_home / "outcomes").iterdir()
    [own] = recorded(folder).select("patient_source_system", "patient_record_type", "patient_source_id").to_dicts()
    [journal] = folder.glob(".*.csv")
    journal.unlink()
    record(folder, Outcome(**own | other, channel="phone", outcome="wrong_number", recorded_by="somebody-else"))
    page = opened(outreach, somebody[0])
    assert not [said.value for said in page.success]
    record(folder, Outcome(**own, channel="phone", outcome="left_message", recorded_by="somebody-else"))
    assert len(opened(outreach, somebody[0]).success) == 1


def test_who_recorded_an_outcome_is_named_as_text_and_never_by_a_link(outreach: AppTest, somebody, shown_home):
    record_outcome(opened(outreach, somebody[0]), "no_answer")
    [folder] = (shown_home / "outcomes").iterdir()
    [own] = recorded(folder).select("patient_source_system", "patient_record_type", "patient_source_id").to_dicts()
    name = "[click](http://e.org) ann@e.org www.e.org"
    record(folder, Outcome(**own, channel="phone", outcome="left_message", recorded_by=name))
    said = next(text.value for text in opened(outreach, somebody[0]).success if "click" in text.value)
    assert "](" not in said.replace("\\]", "") and "ann@e" not in said and "www.e" not in said and "http\\:" not in said
    assert name in as_read(said)


def test_a_patient_of_another_site_cannot_be_opened(outreach: AppTest, sample_warehouse):
    site = outreach.dataframe[0].value["location_name"].iloc[0]
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        query = "select min(patient_key) from delivery.out_patient_profiles where location_name <> ?"
        elsewhere = connection.execute(query, [site]).fetchall()[0][0]
    page = opened(outreach, elsewhere)
    assert not page.exception
    assert "How to reach them" not in " ".join(text.value for text in page.markdown)


def test_whatever_is_typed_into_a_search_is_text(outreach: AppTest):
    for attack in ATTACKS:
        outreach.text_input(key="outreach_words").set_value(attack).run()
        assert not outreach.exception
        assert not outreach.dataframe


def test_any_patient_of_the_site_can_be_found_and_attacks_find_nobody(app):
    page = app("outreach", role="care_team")
    page.session_state["view"] = "Find a patient"
    page.run()
    for attack in ATTACKS:
        page.text_input(key="find_words").set_value(attack).run()
        assert not page.exception
        assert not page.dataframe or attack == "_"
    page.text_input(key="find_words").set_value("a").run()
    assert len(page.dataframe[0].value)


def test_patients_left_out_are_shown_with_the_reason_in_words(app):
    page = app("outreach", role="care_team")
    page.session_state["view"] = "Left out"
    page.run()
    reasons = set(page.dataframe[0].value["left_out_because"])
    assert reasons and not any("_" in reason for reason in reasons)


def test_a_link_in_the_crm_opens_its_patient_for_the_site_that_has_the_task_alone(app, sample_warehouse):
    own_site = app("outreach", role="care_team").dataframe[0].value["location_name"].iloc[0]
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        query = """
            select min(external_id) from delivery.out_outreach_tasks inner join marts.dim_locations using (location_key)
            where (location_name = ?) = ?
        """
        own, elsewhere = (connection.execute(query, [own_site, is_own]).fetchall()[0][0] for is_own in (True, False))
    followed = app("outreach", role="care_team", address={"task": own})
    assert "How to reach them" in " ".join(text.value for text in followed.markdown)
    for task in (elsewhere, "task-000000000000000000000000", "' or 1=1 --"):
        refused = app("outreach", role="care_team", address={"task": task})
        assert "How to reach them" not in " ".join(text.value for text in refused.markdown)
        assert "not on today's list" in refused.info[0].value
