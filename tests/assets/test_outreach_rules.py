"""Each rule of the outreach list on a person made for it, through a whole run (`outreach_practice.py`)."""

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.home import Home
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import Build, newest_build
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import parsed_project
from tests.assets.outreach_practice import Person, write_practice
from tests.conftest import caregap

pytestmark = pytest.mark.slow

EARLIER = "2026-06-25T15:00:00Z"
"""Twenty days before the list: long enough to try again, and within the 30 days that attempts are counted in."""

PEOPLE = [
    Person("ok"),
    Person("unasked", consents=()),
    Person("not-in-crm", is_in_crm=False),
    Person("refused", refused=(("phone", "2026-01-05T15:00:00Z"),)),
    Person("revoked-today", refused=(("phone", "2026-07-15T13:00:00Z"),)),
    Person("stopped-texts", consents=("sms", "phone"), touches=(("2026-05-01T15:00:00Z", "sms", "opted_out"),)),
    Person("do-not-contact", is_do_not_contact=True),
    Person("dead", is_deceased=True),
    Person("no-birth-date", birth=""),
    Person("eighteen-tomorrow", birth="2008-07-16"),
    Person("eighteen-today", birth="2008-07-15"),
    Person("no-number", phone=""),
    Person("half-a-number", phone="555-01"),
    Person("bounced", consents=("email",), touches=(("2026-05-01T15:00:00Z", "email", "bounced"),)),
    Person("hawaii", state="HI"),
    Person("no-state", state=""),
    Person("tried-13-days-ago", tasks=(("2026-07-02T15:00:00Z", "phone", "no_answer"),)),
    Person("tried-14-days-ago", tasks=(("2026-07-01T15:00:00Z", "phone", "no_answer"),), worker="staff-s2"),
    Person("tried-thrice", tasks=tuple((f"2026-06-{day}T15:00:00Z", "phone", "left_message") for day in (17, 20, 29))),
    Person("asked-in-task-to-stop", consents=("phone", "email"), tasks=(("2026-05-01T15:00:00Z", "phone", "opted_out"),)),
    Person("of-another-team", worker="staff-n", task_site="north", tasks=(("2026-05-01T15:00:00Z", "phone", "reached"),)),
    Person(
        "reported-twice",
        tasks=((EARLIER, "phone", "left_message"),),
        outcomes=(("2026-06-25T17:00:00Z", "phone", "left_message"),),
    ),
    # The ten outcomes that are recorded in the dashboards.
    *(
        Person(outcome, consents=("phone", "email"), outcomes=((EARLIER, "phone", outcome),))
        for outcome in ("scheduled", "reached", "left_message", "no_answer", "declined", "done_elsewhere", "opted_out")
    ),
    *(Person(outcome, outcomes=((EARLIER, "phone", outcome),)) for outcome in ("moved", "deceased")),
    Person("wrong_number", consents=("phone", "sms", "email"), outcomes=((EARLIER, "phone", "wrong_number"),)),
    Person("wrong-number-alone", consents=("phone", "sms"), outcomes=((EARLIER, "phone", "wrong_number"),)),
    Person(
        "wrong-number-texted-since",
        consents=("sms",),
        outcomes=((EARLIER, "phone", "wrong_number"),),
        touches=(("2026-07-01T15:00:00Z", "sms", "delivered"),),
    ),
    Person(
        "right-number-after-all",
        outcomes=(("2026-06-20T15:00:00Z", "phone", "wrong_number"), (EARLIER, "phone", "reached")),
    ),
    Person("recorded-yesterday", outcomes=(("2026-07-14T15:00:00Z", "phone", "no_answer"),)),
    # Diabetes, HbA1c above 9 %.
    Person("urgent", a1c=(("2026-03-02", 10.2),)),
    Person(
        "urgent-tried",
        a1c=(("2026-03-02", 11.0),),
        worker="staff-n",
        tasks=tuple((f"2026-07-{day}T15:00:00Z", "phone", outcome) for day, outcome in ((10, "no_answer"), (13, "declined"))),
        outcomes=(("2026-07-14T15:00:00Z", "phone", "no_answer"),),
    ),
    Person("urgent-booked-late", a1c=(("2026-03-02", 9.1),), next_visit="2026-08-15"),
    Person("booked-in-30-days", a1c=(("2026-03-02", 9.1),), next_visit="2026-08-14"),
    Person("in-control", a1c=(("2026-03-02", 9.0),)),
    Person("better-since", a1c=(("2026-03-02", 12.0), ("2026-06-01", 7.5))),
    Person("urgent-dead", a1c=(("2026-03-02", 10.0),), is_deceased=True),
    Person("urgent-do-not-contact", a1c=(("2026-03-02", 10.0),), is_do_not_contact=True),
    Person("urgent-unasked", a1c=(("2026-03-02", 10.0),), consents=()),
    Person("urgent-refused", a1c=(("2026-03-02", 10.0),), refused=(("phone", "2026-01-05T15:00:00Z"),)),
    Person("urgent-no-number", a1c=(("2026-03-02", 10.0),), phone=""),
    # Drawn on 10 January 2026 at 14:00: the 90 days end with 9 April.
    Person("seen-that-morning", members=(("rc", "2026-01-10T19:00:00Z", True),), seen=("2026-01-10T09:00:00-05:00",)),
    Person("seen-on-day-90", members=(("rc", "2026-01-10T19:00:00Z", False),), seen=("2026-04-09T23:30:00-04:00",)),
    Person("seen-on-day-91", members=(("rc", "2026-01-10T19:00:00Z", True),), seen=("2026-04-10T00:10:00-04:00",)),
    Person("seen-the-eve", members=(("rc", "2026-01-10T19:00:00Z", False),), seen=("2026-01-09T23:50:00-05:00",)),
    Person("drawn-in-april", members=(("rc", "2026-04-01T15:00:00Z", True),), seen=("2026-04-02T09:00:00-04:00",)),
    Person("left-on-8-july", left_hospital="2026-07-08"),
    Person("left-on-friday", left_hospital="2026-07-10", tasks=(("2026-07-13T15:00:00Z", "phone", "no_answer"),)),
    Person("left-31-days-ago", left_hospital="2026-06-14"),
    Person("left-and-seen", left_hospital="2026-07-06", seen=("2026-07-13T10:00:00-04:00",)),
    Person("left-and-booked", left_hospital="2026-07-08", next_visit="2026-07-22"),
    Person("left-unasked", left_hospital="2026-07-08", consents=()),
    Person("asked-back", asked_back=("2026-03-10", "2026-06-30")),
    Person("asked-back-and-came", asked_back=("2026-03-10", "2026-06-30"), seen=("2026-05-31T10:00:00-04:00",)),
    Person("asked-back-came-early", asked_back=("2026-03-10", "2026-06-30"), seen=("2026-05-30T10:00:00-04:00",)),
    Person("asked-for-later", asked_back=("2026-03-10", "2026-07-30")),
    Person("not-reminded", members=(("rm", "2026-01-10T19:00:00Z", True), ("all", "2026-01-10T19:00:00Z", False))),
    Person("reminded", members=(("rm", "2026-01-10T19:00:00Z", False),)),
]


@pytest.fixture(scope="module")
def build(new_home: Callable[[], Home], tmp_path_factory: pytest.TempPathFactory) -> Build:
    home, folder = new_home(), tmp_path_factory.mktemp("outreach-rules")
    write_practice(folder, home.outcomes("outreach-rules"), PEOPLE)
    done = caregap(home, "run", folder)
    assert done.returncode == 0, done.stderr
    return newest_build(home)


@pytest.fixture(scope="module")
def ask(build: Build) -> Callable[[str], list[tuple]]:
    with open_file(build.warehouse, read_only=True) as connection:
        connection.execute("set TimeZone = 'America/New_York'")
        yield lambda query: connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def barriers(ask) -> dict[str, str | None]:
    return dict(
        ask(
            "select patient_source_id, barrier from intermediate.int_outreach__guard_rails "
            "inner join delivery.out_patient_profiles using (patient_key)"
        )
    )


def _by_id(ask, table: str) -> dict[str, dict]:
    names = [name for (name,) in ask(f"select column_name from (describe {table})")]
    rows = ask(
        f"select patient_source_id, listed.* from {table} as listed inner join delivery.out_patient_profiles using (patient_key)"
    )
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}


@pytest.fixture(scope="module")
def listed(ask) -> dict[str, dict]:
    return _by_id(ask, "delivery.out_outreach_list")


@pytest.fixture(scope="module")
def left_out(ask) -> dict[str, dict]:
    return _by_id(ask, "delivery.out_outreach_suppressions")


@pytest.mark.parametrize(
    ("person", "barrier"),
    [
        ("ok", None),
        ("unasked", "no_consent_on_record"),
        ("not-in-crm", "no_consent_on_record"),
        ("refused", "opted_out"),
        ("revoked-today", "opted_out"),
        ("stopped-texts", None),
        ("asked-in-task-to-stop", "opted_out"),
        ("do-not-contact", "do_not_contact"),
        ("dead", "deceased"),
        ("no-birth-date", "age_unknown"),
        ("eighteen-tomorrow", "minor"),
        ("eighteen-today", None),
        ("no-number", "no_valid_contact_point"),
        ("half-a-number", "no_valid_contact_point"),
        ("bounced", "no_valid_contact_point"),
        ("opted_out", "opted_out"),
        ("moved", "left_practice"),
        ("deceased", "deceased"),
        ("wrong_number", None),
        ("wrong-number-alone", "no_valid_contact_point"),
        ("wrong-number-texted-since", "no_valid_contact_point"),
        ("right-number-after-all", None),
    ],
)
def test_what_is_not_known_or_not_wanted_bars_contact(barriers, listed, person, barrier):
    assert barriers[person] == barrier
    assert barrier is None or person not in listed


def test_whoever_nothing_bars_is_listed_or_left_out_for_a_reason(listed, left_out):
    assert {"ok", "stopped-texts", "hawaii", "no-state", "tried-14-days-ago", "of-another-team"} <= set(listed)
    assert not set(listed) & set(left_out)


def test_a_stop_to_texts_leaves_the_telephone(listed):
    assert listed["stopped-texts"]["recommended_channel"] == "phone"


def test_calls_are_for_8_to_21_where_the_person_lives_and_where_that_is_not_known_in_the_whole_country(ask):
    """New York 8:00 to 21:00; Honolulu, six hours behind in summer, 14:00 to 3:00; unknown: Honolulu's 8 to San Juan's 21."""
    hours = ask(
        "select patient_source_id, strftime(not_before_at, '%d %H:%M'), strftime(not_after_at, '%d %H:%M'), recommended_hour "
        "from delivery.out_outreach_list inner join delivery.out_patient_profiles using (patient_key) "
        "where patient_source_id in ('ok', 'hawaii', 'no-state') order by all"
    )
    assert [row[:3] for row in hours] == [
        ("hawaii", "15 14:00", "16 03:00"),
        ("no-state", "15 14:00", "15 21:00"),
        ("ok", "15 08:00", "15 21:00"),
    ]
    assert {person: 14 <= hour <= 20 for person, _, _, hour in hours if person != "ok"} == {"hawaii": True, "no-state": True}


def test_after_an_attempt_two_weeks_pass_and_after_three_in_a_month_a_month(listed, left_out):
    assert left_out["tried-13-days-ago"]["suppress_reason"] == "recently_contacted"
    assert left_out["tried-13-days-ago"]["next_eligible_on"] == date(2026, 7, 16)
    assert listed["tried-14-days-ago"]["n_attempts_30_days"] == 1
    assert left_out["tried-thrice"]["suppress_reason"] == "attempt_cap"
    assert left_out["tried-thrice"]["next_eligible_on"] == date(2026, 7, 29)


def test_a_call_recorded_in_the_crm_and_the_dashboards_is_one_attempt(listed):
    assert listed["reported-twice"]["n_attempts_30_days"] == 1


@pytest.mark.parametrize("outcome", ["scheduled", "reached", "left_message", "no_answer"])
def test_a_recorded_outcome_is_an_attempt_like_one_of_the_crm(listed, outcome):
    row = listed[outcome]
    assert (row["last_contact_outcome"], row["last_contact_channel"]) == (outcome, "phone")
    assert (row["last_contacted_on"], row["n_attempts_30_days"]) == (date(2026, 6, 25), 1)


def test_a_recorded_outcome_keeps_the_person_off_the_next_list_for_two_weeks(left_out):
    assert left_out["recorded-yesterday"]["suppress_reason"] == "recently_contacted"
    assert left_out["recorded-yesterday"]["next_eligible_on"] == date(2026, 7, 28)


@pytest.mark.parametrize("outcome", ["declined", "done_elsewhere"])
def test_a_no_and_a_result_to_come_from_elsewhere_keep_the_person_off_the_list_for_90_days(left_out, outcome):
    assert left_out[outcome]["suppress_reason"] == "recently_contacted"
    assert left_out[outcome]["next_eligible_on"] == date(2026, 9, 23)


def test_a_wrong_number_is_neither_called_nor_texted_until_the_person_answers_on_it(listed):
    assert listed["wrong_number"]["recommended_channel"] == "email"
    assert listed["right-number-after-all"]["recommended_channel"] == "phone"


def test_the_profile_says_of_a_wrong_number_that_it_may_not_be_used(ask):
    usable = ask(
        "select channel, may_contact from delivery.out_patient_channels "
        "inner join delivery.out_patient_profiles using (patient_key) "
        "where patient_source_id = 'wrong_number' and channel in ('email', 'phone', 'sms') order by all"
    )
    assert usable == [("email", True), ("phone", False), ("sms", False)]


def test_an_opt_out_is_a_refusal_of_every_channel_in_the_profile_too(ask):
    refused = ask(
        "select channel, consent, may_contact from delivery.out_patient_channels "
        "inner join delivery.out_patient_profiles using (patient_key) where patient_source_id = 'opted_out' order by all"
    )
    assert refused == [(channel, "revoked", False) for channel in ("email", "mail", "phone", "portal", "sms")]


def test_recorded_outcomes_are_contacts_for_the_risk_model_too(ask):
    """As of 1 July: one attempt, which reached the person or did not."""
    counts = ask(
        "select patient_source_id, n_reached_contacts_6_months, n_unreached_contacts_6_months "
        "from intermediate.int_disengagement__features inner join delivery.out_patient_profiles using (patient_key) "
        "where index_on = '2026-07-01' and patient_source_id in ('reached', 'no_answer', 'wrong_number', 'ok') order by all"
    )
    assert counts == [("no_answer", 0, 1), ("ok", 0, 0), ("reached", 1, 0), ("wrong_number", 0, 1)]


def test_urgent_is_a_finding_out_of_control_that_nobody_will_look_at_within_30_days(listed, left_out):
    everybody = listed | left_out
    urgent = {person for person, row in everybody.items() if row["is_clinically_urgent"]}
    assert urgent == {person.id for person in PEOPLE if person.id.startswith("urgent")}
    assert listed["urgent"]["reason_1"] == "HbA1c 10.2 % on 2026-03-02, no visit booked"
    assert listed["urgent-booked-late"]["reason_1"] == "HbA1c 9.1 % on 2026-03-02, no visit before 2026-08-15"
    action = listed["urgent-booked-late"]["next_action"]
    assert action.startswith(
        "Reach the patient today and offer an earlier visit. For the clinician: Review the treatment against the goal"
    )


def test_nothing_but_a_bar_keeps_urgent_patients_from_the_team(listed, left_out):
    """Three are listed where the team can contact two, one of them although it was tried three times and declined this week."""
    urgent = {person: row for person, row in listed.items() if row["is_clinically_urgent"]}
    assert set(urgent) == {"urgent", "urgent-tried", "urgent-booked-late"}
    assert {row["priority_rank"] for row in urgent.values()} == {1, 2, 3}
    assert all(row["is_within_capacity"] and row["due_on"] == date(2026, 7, 16) for row in urgent.values())
    assert {person: row["suppress_reason"] for person, row in left_out.items() if row["is_clinically_urgent"]} == {
        "urgent-dead": "deceased",
        "urgent-do-not-contact": "do_not_contact",
        "urgent-unasked": "no_consent_on_record",
        "urgent-refused": "opted_out",
        "urgent-no-number": "no_valid_contact_point",
    }


def test_each_site_has_the_capacity_of_its_own(listed):
    """South's team can contact 60, which are more than it has: whoever is scored there is of the high tier. North's can two."""
    south = [row for row in listed.values() if row["location_name"] == "South"]
    assert all(row["is_within_capacity"] and row["tier"] in ("high", "none") for row in south)
    others = [row for row in listed.values() if row["location_name"] == "North" and not row["is_clinically_urgent"]]
    assert not any(row["is_within_capacity"] for row in others)


def test_the_member_with_the_last_task_keeps_the_patient_and_every_patient_has_a_member(ask, listed):
    assert listed["tried-14-days-ago"]["assigned_to"] == "staff-s2"
    assert listed["urgent-tried"]["assigned_to"] == "staff-n"
    south = {row["assigned_to"] for row in listed.values() if row["location_name"] == "South"}
    assert south == {"staff-s1", "staff-s2"}
    assert all(row["assigned_to"] for row in listed.values())


def test_a_trial_counts_days_from_the_day_of_the_draw(ask):
    """The morning before the draw is of its first day; 9 April is the 90th. Who was drawn in April cannot be judged yet. A
    campaign of reminders, and one in which nobody was held out, are no trials."""
    trials = ask(
        "select patient_source_id, campaign_id, is_held_out, has_visited_90_days from delivery.out_contact_outcomes "
        "inner join delivery.out_patient_profiles using (patient_key) order by all"
    )
    assert trials == [
        ("drawn-in-april", "rc", True, None),
        ("seen-on-day-90", "rc", False, True),
        ("seen-on-day-91", "rc", True, False),
        ("seen-that-morning", "rc", True, True),
        ("seen-the-eve", "rc", False, False),
    ]


@pytest.fixture(scope="module")
def drawn(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, bool]]:
    """`drawn(without=…, **variables)`: who is held out (or not) when the list is made again, without some of the patients."""

    def draw(without: str = "false", **variables: object) -> dict[str, bool]:
        copy = Path(shutil.copy(build.warehouse, tmp_path_factory.mktemp("draw") / "warehouse.duckdb"))
        with duckdb.connect(str(copy)) as connection:
            gone = "select patient_key from delivery.out_patient_profiles where " + without
            connection.execute(f"delete from marts.dim_patients where patient_key in ({gone})")
        parsed = parsed_project(Home(build.folder.parent.parent))
        select = ["out_outreach_list", "out_outreach_suppressions"]
        for _ in run_dbt(parsed, copy, build.variables | variables, select, "run"):
            pass
        with duckdb.connect(str(copy), read_only=True) as connection:
            return dict(
                connection.execute(
                    "select patient_source_id, is_held_out from delivery.out_outreach_suppressions "
                    "inner join delivery.out_patient_profiles using (patient_key) where is_held_out union all "
                    "select patient_source_id, false from delivery.out_outreach_list "
                    "inner join delivery.out_patient_profiles using (patient_key)"
                ).fetchall()
            )

    return draw


def test_a_hold_out_assignment_depends_on_nobody_else_and_lasts_for_the_half_year(drawn):
    whole = drawn(holdout_share=0.5)
    assert set(whole.values()) == {True, False}
    half = drawn(without="patient_source_id > 'o'", holdout_share=0.5)
    assert 0 < len(half) < len(whole)
    assert half == {person: whole[person] for person in half}
    later = drawn(holdout_share=0.5, as_of_on="2026-12-31")
    assert later and {person: assignment for person, assignment in later.items() if person in whole} == {
        person: whole[person] for person in later if person in whole
    }
    next_year = drawn(holdout_share=0.5, as_of_on="2027-01-01")
    assert any(whole[person] != assignment for person, assignment in next_year.items() if person in whole)


def test_urgent_patients_are_listed_even_where_everybody_is_held_out(drawn):
    lots = drawn(holdout_share=1.0)
    assert {person for person, is_held_out in lots.items() if not is_held_out} == {"urgent", "urgent-tried", "urgent-booked-late"}


@pytest.fixture(scope="module")
def fitting(ask) -> dict[str, dict[str, tuple]]:
    """By campaign and person: why, the day by which to reach them, why left out, within capacity or not."""
    rows = ask(
        "select campaign_code, patient_source_id, why, due_on, suppress_reason, is_within_capacity "
        "from delivery.out_campaign_patients inner join delivery.out_patient_profiles using (patient_key)"
    )
    return {code: {person: tuple(said) for one, person, *said in rows if one == code} for code in {row[0] for row in rows}}


def test_who_left_hospital_within_30_days_is_called_within_two_business_days_unless_seen_or_booked_within_14(fitting):
    """15 June is the first of the 30 days. The call is due on 10 July, for Friday the 10th on Tuesday the 14th: both are over, so
    tomorrow. A visit on 22 July is the 14th day. An attempt two days ago puts nothing off; a missing consent does."""
    tomorrow = date(2026, 7, 16)
    assert fitting["discharge"] == {
        "left-on-8-july": ("left hospital on 2026-07-08, no visit booked", tomorrow, None, True),
        "left-on-friday": ("left hospital on 2026-07-10, no visit booked", tomorrow, None, True),
        "left-unasked": ("left hospital on 2026-07-08, no visit booked", tomorrow, "no_consent_on_record", False),
    }


def test_who_was_asked_back_is_called_from_14_days_before_and_a_visit_within_30_days_before_counts(fitting):
    """For 30 June: a visit on 31 May is 30 days before and counts, one on 30 May does not. 30 July is 15 days away."""
    assert set(fitting["visit"]) == {"asked-back", "asked-back-came-early"}
    assert fitting["visit"]["asked-back"][0] == "follow-up visit ordered on 2026-03-10 for 2026-06-30, no visit booked"


def test_a_defined_campaign_runs_on_its_days_for_whom_its_rule_fits_within_its_own_capacity(ask, fitting):
    """Diabetics without a booked visit, last seen on 2 March: four months are over, five are not. North may contact one."""
    assert {code for (code,) in ask("select campaign_code from delivery.out_campaigns where starts_on is not null")} == {
        "c-runs", "c-five-months", "c-held-out",
    }  # fmt: skip
    assert "c-five-months" not in fitting
    diabetics = {person.id for person in PEOPLE if person.a1c and not person.next_visit and not person.is_deceased}
    assert set(fitting["c-runs"]) == diabetics
    assert sum(said[3] for said in fitting["c-runs"].values()) == 1
    assert fitting["c-runs"]["urgent"][2:] == (None, True)
    assert fitting["c-runs"]["in-control"][0].startswith("diabetes, last seen on 2026-03-02; care gaps: ")
    assert fitting["c-runs"]["urgent-refused"][2] == "opted_out"


def test_a_campaign_holds_out_at_random_and_nobody_urgent(fitting):
    """Of two who could be held out, each is with a chance of nine in ten; the draw is that of the campaign and the person."""
    held_out = {person for person, said in fitting["c-held-out"].items() if said[2] == "held_out"}
    assert held_out <= {"in-control", "better-since"}
    assert held_out


def test_a_campaign_counts_what_was_recorded_on_its_list(ask):
    counted = "select sum(n_contacted), sum(n_reached), sum(n_scheduled) from delivery.out_campaigns where campaign_code = "
    assert ask(counted + "'visit'") == [(1, 1, 0)]
    assert ask(counted + "'discharge'") == [(0, 0, 0)]


def test_whoever_is_urgent_and_barred_is_for_a_clinician_unless_they_have_died(left_out):
    assert {person for person, row in left_out.items() if row["is_for_clinician"]} == {
        "urgent-do-not-contact", "urgent-unasked", "urgent-refused", "urgent-no-number",
    }  # fmt: skip
    assert left_out["urgent-unasked"]["why"] == "HbA1c 10.0 % on 2026-03-02, no visit booked"


def test_every_row_says_why_in_one_sentence(listed):
    assert listed["urgent-booked-late"]["why"] == "HbA1c 9.1 % on 2026-03-02, no visit before 2026-08-15"
    assert re.match(r"risk of drifting away \d+ % within 180 days \(no\. [1-9]\d* at the site\)", listed["ok"]["why"])
