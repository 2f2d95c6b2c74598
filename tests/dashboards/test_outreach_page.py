"""The care team's list: whom it shows, what is recorded on it, and what it keeps to itself."""

import re

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.figures.wording import as_read
from dashboards.outreach import worklist
from dashboards.outreach.campaign_journal import CAMPAIGN_OUTCOMES
from dashboards.outreach.outcomes import OUTCOMES, Outcome, record
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


OF_THE_SITE = """
    select list.patient_key, profiles.patient_name, list.is_clinically_urgent, list.is_within_capacity, profiles.location_name
    from delivery.out_outreach_list as list
    inner join delivery.out_patient_profiles as profiles using (patient_key)
"""


@pytest.fixture
def ask(sample_warehouse):
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        yield lambda query, *parameters: connection.execute(query, parameters).fetchall()


@pytest.fixture
def outreach(app) -> AppTest:
    return app("outreach", role="care_team")


@pytest.fixture
def somebody(outreach: AppTest, ask) -> tuple[int, str]:
    """Key and name of the first patient on the list."""
    key = keys_of(outreach)[0]
    return key, ask("select patient_name from delivery.out_patient_profiles where patient_key = ?", key)[0][0]


def keys_of(page: AppTest) -> list[int]:
    """The patients of the rows that are drawn, in their order."""
    return [int(one.key.removeprefix("open_")) for one in page.button if (one.key or "").startswith("open_")]


def text_of(page: AppTest) -> str:
    return " ".join(one.value for one in page.markdown)


def html_of(page: AppTest) -> str:
    return " ".join(one.proto.body for one in page.get("html"))


def opened(page: AppTest, patient_key: int) -> AppTest:
    page.session_state[OPEN] = patient_key
    return page.run()


def record_outcome(page: AppTest, outcome: str) -> AppTest:
    page.button_group(key=next(one.key for one in page.button_group if (one.key or "").endswith("_what"))).set_value(outcome)
    return pressed(page, "Record")


def pressed(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click()
    return page.run()


def test_the_list_has_the_patients_of_the_teams_own_site_alone(outreach: AppTest, ask):
    assert not outreach.exception
    assert len(outreach.sidebar.multiselect[0].value) == 1
    sites = {site for key, *_, site in ask(OF_THE_SITE) if key in keys_of(outreach)}
    assert len(sites) == 1


def test_of_several_sites_the_most_urgent_stand_first_and_twenty_at_once(app, ask):
    """24 patients of all six sites are urgent: the rest comes with a button, whoever is beyond capacity with a switch."""
    page = app("outreach", role="care_team")
    page.session_state["viewer_sites"] = [site for (site,) in ask("select location_id from marts.dim_locations")]
    page.run()
    rows = {key: (urgent, within) for key, _, urgent, within, _ in ask(OF_THE_SITE)}
    drawn = keys_of(page)
    assert len(drawn) == 20
    assert all(any(rows[key]) for key in drawn)
    urgent = [rows[key][0] for key in drawn]
    assert all(urgent)
    page.button(key="show_more").click()
    more = [rows[key][0] for key in keys_of(page.run())]
    assert len(more) > 20 and more == sorted(more, reverse=True) and sum(more) == 24


def test_a_row_says_the_finding_with_value_and_day_and_its_number_dials(outreach: AppTest, ask):
    html = html_of(outreach)
    assert "no visit b" in html and 'href="tel:' in html
    assert not re.search(r"\d{4}-\d{2}-\d{2}", html)


def test_a_list_of_real_patients_older_than_its_day_says_so_in_red_and_one_of_synthetic_patients_does_not(outreach: AppTest):
    def show() -> None:
        import dataclasses
        import datetime

        from dashboards.outreach.freshness import say_if_too_old
        from dashboards.store.published import current_publication

        made = datetime.date.today() - datetime.timedelta(days=28)
        say_if_too_old(dataclasses.replace(current_publication(), is_synthetic=False, as_of_on=made.isoformat()))

    assert not outreach.error
    [said] = AppTest.from_function(show).run().error
    assert "28 days old" in said.value or "27 days old" in said.value


def test_who_is_urgent_and_may_not_be_contacted_is_for_a_clinician(app, ask):
    """Of the sample's urgent patients who are left out, one has died, one is a minor and one has left the practice."""
    query = (
        "select patient_key from delivery.out_outreach_suppressions where is_clinically_urgent and suppress_reason <> 'deceased'"
    )
    keys = {key for (key,) in ask(query)}
    page = app("outreach", role="care_team", address={"view": "For a clinician"})
    page.session_state["viewer_sites"] = [site for (site,) in ask("select location_id from marts.dim_locations")]
    page.run()
    assert not page.exception
    assert set(keys_of(page)) == keys and len(keys) == 2
    html = html_of(page)
    assert "Outreach may not: under 18" in html and "Outreach may not: left the practice" in html
    assert html.count('href="tel:') == 2


def test_who_is_beyond_capacity_is_marked_so(app, ask):
    page = app("outreach", role="care_team", address={"beyond": "true"})
    page.session_state["outreach_rows_shown"] = 1000
    page.run()
    rows = {key: urgent or within for key, _, urgent, within, _ in ask(OF_THE_SITE)}
    n_beyond = sum(not rows[key] for key in keys_of(page))
    assert n_beyond and html_of(page).count("Beyond capacity") == n_beyond


def test_the_list_of_a_campaign_says_its_rule_and_keeps_what_was_recorded_on_it(app, ask, shown_home):
    page = app("outreach", role="care_team", address={"list": "Follow-up after a visit"})
    assert not page.exception
    assert "A follow-up visit was ordered" in " ".join(one.value for one in page.caption)
    key = keys_of(page)[0]
    recorded_on = record_outcome(opened(page, key), "scheduled")
    assert not recorded_on.exception
    assert key not in keys_of(recorded_on)
    [folder] = (shown_home / "outcomes").iterdir()
    assert CAMPAIGN_OUTCOMES.entries(folder)["campaign_code"].to_list() == ["visit"]
    assert CAMPAIGN_OUTCOMES.entries(folder)["outcome_id"].to_list() == OUTCOMES.entries(folder)["outcome_id"].to_list()


def test_recording_leads_on_to_the_next_patient_and_a_key_does_so_without(outreach: AppTest):
    first, second, third = keys_of(outreach)[:3]
    page = opened(outreach, first)
    turn = next(one for one in page.button if one.key == "turn_N")
    assert turn.proto.shortcut == "n"
    page = record_outcome(page, "no_answer")
    assert page.session_state[OPEN] == second
    next(one for one in page.button if one.key == "turn_N").click()
    assert page.run().session_state[OPEN] == third


def test_an_open_profile_says_how_to_reach_the_patient_what_is_open_and_why_there_is_a_risk(outreach: AppTest, somebody):
    page = opened(outreach, somebody[0])
    assert not page.exception
    words = " ".join(text.value for text in page.markdown)
    assert all(part in words for part in ("How to reach them", "Open care gaps", "Risk of drifting away", "Contacts so far"))
    assert {"Last visit", "Next visit"} <= {metric.label for metric in page.metric}


def test_a_profile_says_why_a_channel_may_not_be_used(outreach: AppTest, ask, somebody):
    """Of whoever the site's team may open: one refused, one has no address, one was not asked for consent to a text message, and
    to one the last text message did not arrive."""
    found = """
        select min(channels.patient_key)
        from delivery.out_patient_channels as channels
        inner join delivery.out_patient_profiles as profiles using (patient_key)
        where not may_contact and not is_deceased and not is_do_not_contact and consent = $1 and (contact_point is null) = $2
            and profiles.location_key = (select location_key from delivery.out_patient_profiles where patient_key = $3)
    """
    cases = {
        ("revoked", False): "No: refused",
        ("granted", True): "No: nothing on record",
        ("none", False): "No: ask first",
        ("granted", False): "No: the last attempt did not arrive",
    }
    for case, said in cases.items():
        assert f">{said}<" in html_of(opened(outreach, ask(found, *case, somebody[0])[0][0])), case


def test_a_profile_that_was_opened_is_audited_by_key_and_never_by_name(outreach: AppTest, somebody, shown_home):
    patient_key, name = somebody
    opened(outreach, patient_key)
    lines = [line for line in audit_log(shown_home).entries() if line["event"] == "patient_viewed"]
    assert [(line["subject"], line["n_rows"]) for line in lines] == [
        ("outreach_today", len(keys_of(outreach))), (str(patient_key), 1)
    ]  # fmt: skip
    family = name.partition(",")[0]
    assert family not in (shown_home / "audit" / "audit.jsonl").read_text()


def test_an_outcome_takes_the_patient_off_the_list_at_once_and_lies_in_the_journal(outreach: AppTest, somebody, shown_home):
    n_before = len(keys_of(outreach))
    page = record_outcome(opened(outreach, somebody[0]), "no_answer")
    assert not page.exception
    assert "**1** worked since the last run" in text_of(page)
    assert somebody[0] not in keys_of(page)
    assert len(keys_of(page)) in (n_before - 1, n_before)
    [folder] = (shown_home / "outcomes").iterdir()
    assert OUTCOMES.entries(folder)["outcome"].to_list() == ["no_answer"]


def test_who_is_restricted_leaves_the_list_at_once_and_the_profile_says_so_without_a_score(outreach, somebody, shown_home, app):
    home, practice = Home(shown_home), read_practice(SAMPLE)
    assert "Risk of drifting away" in " ".join(text.value for text in opened(outreach, somebody[0]).markdown)
    restrict(home, practice, find_person(home, practice, str(somebody[0])), "requested")
    page = app("outreach", role="care_team")
    assert somebody[0] not in keys_of(page)
    shown = opened(page, somebody[0])
    assert "for their treatment alone" in shown.error[-1].value
    words = " ".join(text.value for text in shown.markdown)
    assert "How to reach them" in words and "Risk of drifting away" not in words


def test_who_recorded_an_outcome_can_take_it_back(outreach: AppTest, somebody, shown_home):
    page = opened(record_outcome(opened(outreach, somebody[0]), "reached"), somebody[0])
    next(button for button in page.button if button.label == "Take back").click()
    page.run()
    assert "**0** worked since the last run" in text_of(page)
    [folder] = (shown_home / "outcomes").iterdir()
    assert OUTCOMES.entries(folder)["is_withdrawn"].to_list() == [True]


def test_filters_in_a_closed_expander_are_named_counted_and_ended_by_one_button(outreach: AppTest):
    assert "filter is on" not in text_of(outreach)
    n_before = len(keys_of(outreach))
    outreach.button_group(key="state").set_value("Worked")
    outreach.run()
    outreach.selectbox(key="list").set_value("Re-engagement")
    outreach.run()
    assert not keys_of(outreach) and "Nobody matches" in outreach.info[0].value
    assert "**1 filter is on:** Worked" in text_of(outreach)
    outreach.toggle(key="beyond").set_value(True)
    assert "**2 filters are on:** Worked · Beyond" in text_of(outreach.run())
    outreach.button(key="unfilter").click()
    outreach.run()
    assert keys_of(outreach) and "on:**" not in text_of(outreach)
    outreach.selectbox(key="list").set_value("Today's work")
    assert len(keys_of(outreach.run())) == n_before


@pytest.mark.parametrize("is_published", [False, True])
def test_who_records_a_second_outcome_is_told_of_the_first_and_asked(
    outreach: AppTest, somebody, shown_home, monkeypatch, is_published: bool
):
    """Two people have one patient open: the second would call whom the first has just booked. A run between them, which takes
    the first outcome into the warehouse, changes nothing for the rest of the day."""
    page = opened(outreach, somebody[0])
    page.button_group(key=f"outcome_{somebody[0]}_what").set_value("reached")
    query = "select patient_source_system, patient_record_type, patient_source_id from delivery.out_patient_profiles"
    with duckdb.connect(str((shown_home / "published" / "current" / "warehouse.duckdb").resolve()), read_only=True) as connection:
        own = connection.execute(f"{query} where patient_key = ?", [somebody[0]]).fetchone()
    folder = shown_home / "outcomes" / read_practice(SAMPLE).id
    outcome_id = record(folder, Outcome(*own, channel="phone", outcome="scheduled", recorded_by="a-colleague"))
    if is_published:
        monkeypatch.setattr(worklist, "_PUBLISHED", f"select '{outcome_id}' as outcome_id")
    page = pressed(page, "Record")
    assert OUTCOMES.entries(folder)["outcome"].to_list() == ["scheduled"]
    [asked] = [one.value for one in page.warning if "Already recorded" in one.value]
    assert "Scheduled · call · " in asked and "by a-colleague" in asked
    page = pressed(page, "Record anyway")
    assert OUTCOMES.entries(folder)["outcome"].to_list() == ["scheduled", "reached"]


def test_what_was_recorded_is_named_above_the_next_patient_and_can_be_taken_back_there(outreach: AppTest, ask, shown_home):
    first, second = keys_of(outreach)[:2]
    name = ask("select patient_name from delivery.out_patient_profiles where patient_key = ?", first)[0][0]
    page = record_outcome(opened(outreach, first), "no_answer")
    assert page.session_state[OPEN] == second
    assert [as_read(one.value) for one in page.success] == [f"Recorded for {name}: No answer."]
    page = pressed(page, "Take back")
    assert page.session_state[OPEN] == first and not page.success
    [folder] = (shown_home / "outcomes").iterdir()
    assert OUTCOMES.standing(folder).is_empty()


def test_a_gap_that_no_service_can_close_is_shown_and_not_counted_as_to_close_now(app, ask):
    """A patient of the sample with a gap of CMS68 whose visit's day is past, and another that is to be closed now."""
    query = """
        select patient_key, count(distinct measure_code) filter (where is_closable and not is_due_later)
        from marts.fct_care_gaps where gap_status = 'open' group by patient_key
        having bool_or(measure_code = 'CMS68' and not is_closable) and bool_or(is_closable and not is_due_later)
        order by patient_key limit 1
    """
    [(key, n_now)] = ask(query)
    page = app("outreach", role="care_team")
    page.session_state["viewer_sites"] = [site for (site,) in ask("select location_id from marts.dim_locations")]
    words = text_of(opened(page.run(), key))
    assert f"Open care gaps: {n_now} to close now" in words
    assert re.search(r"\(CMS68\) :gray-badge\[cannot be closed any more\]", words)
    assert not re.search(r"Too late to be done[^→]*? · by ", words)


def test_a_gap_whose_booked_visit_is_on_its_last_day_names_that_day_once(app, ask):
    """A patient of the sample with a visit on 31 December, by which its gap is to be closed, by the practice's clock."""
    query = """
        select patient_key, measure_code from marts.fct_care_gaps inner join marts.dim_measures using (measure_code)
        where gap_status = 'open' and is_closable and not is_due_later and not is_restricted
            and cast(next_appointment_at at time zone 'America/New_York' as date) = close_by_on
        order by patient_key, measure_code limit 1
    """
    [(key, measure)] = ask(query)
    page = app("outreach", role="care_team")
    page.session_state["viewer_sites"] = [site for (site,) in ask("select location_id from marts.dim_locations")]
    [told] = [one.value for one in opened(page.run(), key).markdown if f"({measure})" in one.value]
    assert "; visit booked 31 Dec 2026 with " in told and "→ At the visit on 31 Dec 2026" in told
    assert "by 31 Dec 2026" not in told


@pytest.mark.parametrize(("outcome", "until"), [("opted_out", "until they consent again"), ("moved", "permanently")])
def test_an_outcome_that_ends_contact_says_for_how_long(outreach: AppTest, somebody, outcome: str, until: str):
    page = opened(outreach, somebody[0])
    page.button_group(key=f"outcome_{somebody[0]}_what").set_value(outcome)
    page.run()
    assert until in next(one.label for one in page.checkbox if one.key.endswith("_sure"))


def test_an_outcome_that_ends_contact_permanently_needs_confirmation(outreach: AppTest, somebody, shown_home):
    page = record_outcome(opened(outreach, somebody[0]), "deceased")
    assert "sure" in page.error[-1].value
    assert not (shown_home / "outcomes").exists()


@pytest.mark.parametrize(
    "other", [{"patient_source_system": "ehr:north"}, {"patient_record_type": "crm_contact"}, {"patient_source_id": "another"}]
)
def test_an_outcome_of_a_record_that_shares_the_id_is_another_patients(outreach: AppTest, somebody, shown_home, other):
    record_outcome(opened(outreach, somebody[0]), "no_answer")
    [folder] = (shown_home / "outcomes").iterdir()
    [own] = OUTCOMES.entries(folder).select("patient_source_system", "patient_record_type", "patient_source_id").to_dicts()
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
    [own] = OUTCOMES.entries(folder).select("patient_source_system", "patient_record_type", "patient_source_id").to_dicts()
    name = "[click](http://e.org) ann@e.org www.e.org"
    record(folder, Outcome(**own, channel="phone", outcome="left_message", recorded_by=name))
    said = next(text.value for text in opened(outreach, somebody[0]).success if "click" in text.value)
    assert "](" not in said.replace("\\]", "") and "ann@e" not in said and "www.e" not in said and "http\\:" not in said
    assert name in as_read(said)


def test_a_patient_of_another_site_cannot_be_opened(outreach: AppTest, ask, somebody):
    query = """
        select min(patient_key) from delivery.out_patient_profiles
        where location_name <> (select location_name from delivery.out_patient_profiles where patient_key = ?)
    """
    page = opened(outreach, ask(query, somebody[0])[0][0])
    assert not page.exception
    assert "How to reach them" not in text_of(page)


def test_whatever_is_typed_into_a_search_is_text(outreach: AppTest):
    for attack in ATTACKS:
        outreach.text_input(key="outreach_words").set_value(attack).run()
        assert not outreach.exception
        assert not keys_of(outreach)


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
    assert keys_of(page)
    shown = html_of(page)
    assert "Under 18" in shown and "Would be listed for: " in shown and "again from " in shown
    assert not re.search(r"\b[a-z]+_[a-z]+\b", re.sub(r"<(style|script)>.*?</\1>", "", shown, flags=re.S))


def test_a_link_in_the_crm_opens_its_patient_for_the_site_that_has_the_task_alone(app, ask):
    key = keys_of(app("outreach", role="care_team"))[0]
    query = """
        select min(external_id) from delivery.out_outreach_tasks
        where (location_key = (select location_key from delivery.out_patient_profiles where patient_key = ?)) = ?
    """
    own, elsewhere = (ask(query, key, is_own)[0][0] for is_own in (True, False))
    followed = app("outreach", role="care_team", address={"task": own})
    assert "How to reach them" in " ".join(text.value for text in followed.markdown)
    for task in (elsewhere, "task-000000000000000000000000", "' or 1=1 --"):
        refused = app("outreach", role="care_team", address={"task": task})
        assert "How to reach them" not in " ".join(text.value for text in refused.markdown)
        assert "not on today's list" in refused.info[0].value
