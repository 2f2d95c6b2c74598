"""The outreach list of the published sample practice: whom it names, in which order, and whom it must not."""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dashboards.outreach.outcomes import Outcome, record
from pipelines.audit_log import log_of
from pipelines.exports.outreach_lists import write_outreach_anew
from pipelines.home import Home
from pipelines.publications.store import current
from pipelines.sql.connection import open_file

LIST, LEFT_OUT = "delivery.out_outreach_list", "delivery.out_outreach_suppressions"


@pytest.fixture(scope="module")
def ask(sample_warehouse):
    with open_file(sample_warehouse, read_only=True) as connection:
        yield lambda query: connection.execute(query).fetchall()


def test_the_list_and_those_left_out_are_there_and_share_nobody(ask):
    assert ask(f"select count(*) > 0 from {LIST}") == ask(f"select count(*) > 0 from {LEFT_OUT}") == [(True,)]
    assert ask(f"select count(*) from {LIST} inner join {LEFT_OUT} using (patient_key)") == [(0,)]


def test_nobody_is_listed_who_is_deceased_a_minor_or_asked_not_to_be_contacted(ask):
    barred = f"""
        select count(*) from {LIST} inner join marts.dim_patients using (patient_key)
        where is_deceased or is_do_not_contact is not false or birth_date is null
            or birth_date + interval 18 year > listed_on
    """
    assert ask(barred) == [(0,)]


def test_everybody_is_contacted_on_a_channel_with_a_granted_consent(ask):
    """The newest decision on the channel, from the published consents of `dim_patients`."""
    granted = " or ".join(
        f"(recommended_channel = '{channel}' and may_{channel})" for channel in ("sms", "email", "phone", "mail", "portal")
    )
    assert ask(
        f"select count(*) from {LIST} inner join marts.dim_patients using (patient_key) where ({granted}) is not true"
    ) == [(0,)]


def test_every_row_has_a_contact_point_and_a_consent_of_before_the_list(ask):
    assert ask(f"select count(*) from {LIST} where contact_point = '' or consent_recorded_on > listed_on") == [(0,)]


def test_no_reason_on_the_list_is_a_gap_that_no_later_service_can_close(ask):
    """The sample's year has gaps whose days are past, and treatment that did not begin in time."""
    lost = "gap_status = 'open' and not is_closable"
    [(n_late, n_final)] = ask(
        f"select count(*) filter (close_by_on < listed.day), count(*) filter (reason like 'Treatment not begun from %') "
        f"from marts.fct_care_gaps cross join (select max(listed_on) as day from {LIST}) as listed where {lost}"
    )
    assert n_late > 0 and n_final > 0
    named = f"select patient_key, split_part(unnest(string_split(open_gaps, '; ')), ' ', 1) as measure_code from {LIST}"
    hopeless = "select patient_key, measure_code from marts.fct_care_gaps group by all having not bool_or(is_closable)"
    assert ask(f"select count(*) from ({named}) inner join ({hopeless}) using (patient_key, measure_code)") == [(0,)]
    assert ask(f"select count(*) from {LIST} where not is_clinically_urgent and next_action like '%can no longer be met%'") == [
        (0,)
    ]


def test_a_drug_that_was_ordered_is_no_gap_to_close_now(ask):
    """CMS156 counts the order of a high-risk drug; stopping it takes nothing back within the period. The sample has some."""
    open_gaps = "select {} from marts.fct_care_gaps where measure_code = 'CMS156' and gap_status = 'open'"
    [(n, n_to_close)] = ask(open_gaps.format("count(*), count(*) filter (is_closable or is_actionable_today)"))
    assert n > 0 and n_to_close == 0
    assert ask(open_gaps.format("count(*)") + " and next_action is null") == [(0,)]  # it is still to be tapered


def test_nobody_is_listed_who_was_tried_in_the_last_two_weeks_unless_urgent(ask):
    assert ask(f"select count(*) from {LIST} where last_contacted_on + 14 > listed_on and not is_clinically_urgent") == [(0,)]


def test_three_attempts_in_a_month_are_enough(ask):
    assert ask(f"select count(*) from {LIST} where n_attempts_30_days >= 3 and not is_clinically_urgent") == [(0,)]


def test_urgent_patients_are_first_at_their_site(ask):
    late = f"""
        select count(*) from {LIST} as urgent inner join {LIST} as other
            on urgent.location_key is not distinct from other.location_key and urgent.priority_rank > other.priority_rank
        where urgent.is_clinically_urgent and not other.is_clinically_urgent
    """
    assert ask(late) == [(0,)]


def test_urgent_patients_are_left_out_for_no_reason_but_one_that_forbids_contact(ask):
    convenient = "('held_out', 'attempt_cap', 'recently_contacted')"
    assert ask(f"select count(*) from {LEFT_OUT} where is_clinically_urgent and suppress_reason in {convenient}") == [(0,)]


def test_the_others_follow_in_the_order_of_expected_benefit(ask):
    wrong = f"""
        select count(*) from {LIST} as first inner join {LIST} as second
            on first.location_key is not distinct from second.location_key and first.priority_rank + 1 = second.priority_rank
        where not first.is_clinically_urgent and first.expected_benefit_usd < second.expected_benefit_usd - 1e-9
    """
    assert ask(wrong) == [(0,)]


def test_calls_are_for_hours_between_8_and_21_where_the_patient_lives(ask):
    assert ask(f"select count(*) from {LIST} where not_after_at - not_before_at > interval 13 hour") == [(0,)]
    outside = f"select count(*) from {LIST} where not (recommended_hour between 8 and 20)"
    assert ask(outside) == [(0,)]


def test_every_row_says_why_by_when_and_what_to_do(ask):
    assert ask(f"select count(*) from {LIST} where reason_1 = '' or next_action = '' or due_on < listed_on") == [(0,)]


def test_everybody_left_out_has_a_reason_and_only_the_held_out_are_held_out(ask):
    assert ask(f"select count(*) from {LEFT_OUT} where is_held_out <> (suppress_reason = 'held_out')") == [(0,)]


def test_a_fifth_is_held_out_of_those_who_could_be_contacted(ask):
    """Each drawn independently: within four standard deviations of a binomial share, in all and in each tier."""
    drawn = f"""
        select tier, count(*) as n, sum(is_held_out) as n_held_out
        from (
            select tier, 0 as is_held_out from {LIST} where not is_clinically_urgent
            union all select tier, 1 from {LEFT_OUT} where is_held_out
        )
        group by rollup (tier)
    """
    rows = ask(drawn)
    assert max(n for _, n, _ in rows) > 100
    assert [(tier, n, held) for tier, n, held in rows if abs(held - 0.2 * n) > 4 * (0.16 * n) ** 0.5] == []


def test_list_and_profile_agree_on_assignments_and_a_site_with_a_team_assigns_every_patient(ask):
    profiles = "delivery.out_patient_profiles"
    differ = f"select count(*) from {LIST} as listed inner join {profiles} as profiles using (patient_key) where "
    assert ask(differ + "listed.assigned_to is distinct from profiles.assigned_to") == [(0,)]
    team = "select location_key from marts.fct_outreach_tasks where created_on >= listed_on - 365 and assigned_to is not null"
    assert ask(f"select count(*) from {LIST} where assigned_to is null and location_key in ({team})") == [(0,)]
    assert ask(f"select count(assigned_to) > 0 from {LIST}") == [(True,)]


def test_whoever_calls_is_of_the_sites_team(ask):
    foreign = f"""
        select count(*) from {LIST} as listed where assigned_to is not null and not exists (
            select 1 from marts.fct_outreach_tasks as tasks
            where tasks.location_key = listed.location_key and tasks.assigned_to = listed.assigned_to
        )
    """
    assert ask(foreign) == [(0,)]


def test_urgent_patients_are_there_say_what_was_found_and_are_within_every_capacity(ask):
    said = "regexp_matches(reason_1, '^(HbA1c|blood|depression)')"
    urgent = f"select count(*), bool_and(is_within_capacity), bool_and({said}) from {LIST} where is_clinically_urgent"
    n, is_within, is_said = ask(urgent)[0]
    assert n > 0 and is_within and is_said


def test_lists_count_the_same_gaps_as_they_name(ask):
    wrong = f"select count(*) from {LIST} where n_open_gaps <> coalesce(len(string_split(open_gaps, '; ')), 0)"
    assert ask(wrong) == [(0,)]


def test_nobody_is_left_out_without_a_check(ask):
    assert ask(f"select count(*) from {LEFT_OUT} where suppress_reason = 'not_checked'") == [(0,)]


def test_the_lift_the_contact_outcomes_and_the_trials_count_the_same_people_and_the_same_visits(ask: duckdb.DuckDBPyConnection):
    """Campaigns with fewer than two people in an arm cannot be compared, and are left out of the lift."""
    lift = ask(
        "select n_contacted, round(contacted_rate * n_contacted), n_held_out, round(held_out_rate * n_held_out) "
        "from ml.outreach_lift where month = 'all' and tier = 'all'"
    )
    counted = """
        select count(*) filter (where not is_held_out), count(*) filter (where not is_held_out and {visited}),
            count(*) filter (where is_held_out), count(*) filter (where is_held_out and {visited})
        from (
            from {table} where {mature}
            window campaign as (partition by source_system, campaign_id)
            qualify least(
                count(*) filter (where is_held_out) over campaign, count(*) filter (where not is_held_out) over campaign
            ) >= 2
        )
    """
    visited = "has_visited_90_days"
    outcomes = counted.format(table="delivery.out_contact_outcomes", visited=visited, mature=f"{visited} is not null")
    trials = counted.format(table="marts.fct_outreach_trials", visited="has_visit_90_days", mature="is_mature")
    assert lift == ask(outcomes) == ask(trials)
    assert all(n > 0 for n in lift[0])


def test_the_lift_is_the_effect_of_the_program_on_visits(ask: duckdb.DuckDBPyConnection):
    """One estimate, on the page of the model as in the program's value: it said +12.2 points there, and +19.0 here."""
    of_visits = "outcome_code = 'visit_within_90_days' and design = 'randomised'"
    [effect] = ask(f"select n, estimate, interval_low, interval_high from delivery.fct_program_effects where {of_visits}")
    [lift] = ask("select n_contacted + n_held_out, lift, low, high from ml.outreach_lift where month = 'all' and tier = 'all'")
    assert effect == pytest.approx(lift)


def test_every_appointment_ahead_has_a_no_show_score_of_today(ask):
    missing = """
        select count(*) from marts.fct_appointments left join ml.no_show_scores using (appointment_key)
        where final_status = 'booked' and fct_appointments.starts_at > (select max(listed_on) + 3 from delivery.out_outreach_list)
            and fct_appointments.patient_key is not null and booked_at < fct_appointments.starts_at and score is null
    """
    assert ask(missing) == [(0,)]
    assert ask("select count(*) > 0 and max(score) <= 1 from ml.no_show_scores") == [(True,)]


@pytest.fixture(scope="module")
def files(sample_home: Home) -> dict[str, pl.DataFrame]:
    """The files of the publication, every cell as text."""
    folder = sample_home.published / "current"
    return {path.stem: pl.read_csv(path, infer_schema=False) for path in folder.glob("outreach_*.csv")}


def test_a_task_for_the_crm_says_whom_when_and_how_and_nothing_clinical(ask, files):
    tasks = files["outreach_tasks"]
    assert set(tasks.columns) == {
        *("external_id", "contact_source_system", "contact_id", "location_id", "site_capacity", "reason", "is_urgent"),
        *("priority_rank", "channel", "created_on", "due_on", "contact_from", "contact_until", "assigned_to", "link"),
    }
    assert tasks["external_id"].str.contains("^task-[0-9a-f]{24}$").all() and tasks["external_id"].is_unique().all()
    assert tasks["contact_from"].str.contains("^[0-2][0-9]:[0-5][0-9]$").all()
    words = ask("select unnest(string_split(lower(title), ' ')) from marts.dim_measures")
    text = tasks.drop("external_id", "contact_id").write_csv().lower()
    clinical = {word for (word,) in words if len(word) > 5} - {"engagement"} | {"hba1c", "blood", "depression"}
    assert [word for word in clinical if word in text] == []


def test_tasks_are_those_of_the_list_within_capacity_and_nobody_held_out_is_among_them(ask, files):
    [(n,)] = ask(f"select count(*) from {LIST} where is_within_capacity and contact_id is not null")
    tasks, held_out = files["outreach_tasks"], files["outreach_held_out"]
    assert len(tasks) == n > 20
    who = ["contact_source_system", "contact_id"]
    assert len(held_out) > 10 and tasks.join(held_out, on=who).is_empty()


def test_the_most_urgent_of_all_sites_come_first_in_the_file(files):
    listed = files["outreach_list"]
    places = listed.with_row_index().group_by("is_clinically_urgent").agg(pl.col("index").min(), last=pl.col("index").max())
    by_urgency = {row["is_clinically_urgent"]: row for row in places.to_dicts()}
    assert by_urgency["true"]["last"] < by_urgency["false"]["index"] and listed["location_name"].n_unique() > 1


def test_times_in_the_file_are_those_of_the_practices_clock(files):
    """The sample's patients live in New York's time zone, where 8 o'clock is 12 or 13 o'clock UTC."""
    hours = files["outreach_list"]["not_before_at"].str.slice(11, 2)
    assert hours.mode().to_list() == ["08"]


def test_nobody_may_be_contacted_again_who_died_or_asked_not_to_be_and_the_held_out_wait_for_the_next_half_year(ask):
    days = f"select suppress_reason, min(next_eligible_on), max(next_eligible_on) from {LEFT_OUT} group by all"
    again = {reason: (first, last) for reason, first, last in ask(days)}
    for reason in ("deceased", "do_not_contact", "left_practice"):
        assert again.get(reason, (None, None)) == (None, None)
    assert again["held_out"] == (date(2027, 1, 1), date(2027, 1, 1))
    eighteen = f"""
        select bool_and(next_eligible_on = birth_date + interval 18 year)
        from {LEFT_OUT} inner join marts.dim_patients using (patient_key) where suppress_reason = 'minor'
    """
    assert ask(eighteen) in ([(True,)], [(None,)])


def test_whoever_was_contacted_since_the_publication_is_in_no_file_written_now(ask, sample_home: Home, tmp_path: Path):
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    home.published.symlink_to(sample_home.published)
    publication = current(home)
    before = write_outreach_anew(home, publication, tmp_path / "before")
    [(contact, system, kind, record_id)] = ask(
        f"select contact_id, patient_source_system, patient_record_type, patient_source_id from {LIST} "
        "inner join delivery.out_patient_profiles using (patient_key) where contact_id is not null and is_within_capacity "
        "order by patient_key limit 1"
    )
    told = Outcome(system, kind, record_id, channel="phone", outcome="opted_out", recorded_by="kim@example.org")
    record(home.outcomes(publication.practice_id), told)
    after = write_outreach_anew(home, publication, tmp_path / "after")
    assert [before[tmp_path / "before" / path.name] - n for path, n in after.items()] == [1, 1, 0, 1, 0]
    assert contact in (tmp_path / "before" / "outreach_tasks.csv").read_text()
    assert f'"{contact}"' not in (tmp_path / "after" / "outreach_tasks.csv").read_text()
    assert (tmp_path / "after").stat().st_mode & 0o777 == 0o700


def test_the_file_of_the_held_out_has_every_contact_of_theirs_so_more_rows_than_the_run_says_patients(ask, sample_home: Home):
    """The CRM of the sample has eight of them twice: either contact, if it were not named, could be called."""
    in_file = pl.read_csv(sample_home.published / "current" / "outreach_held_out.csv")["contact_id"]
    of_people = ask(
        f"select count(*) from {LEFT_OUT} inner join marts.dim_patient_links using (patient_key) "
        "where is_held_out and source_record_type = 'crm_contact' group by patient_key"
    )
    [(n_patients,)] = ask(f"select count(*) from {LEFT_OUT} where suppress_reason = 'held_out'")
    assert len(of_people) == n_patients and sorted({n for (n,) in of_people}) == [1, 2]
    assert in_file.n_unique() == len(in_file) == sum(n for (n,) in of_people) == n_patients + 8


def test_the_audit_log_names_everybody_whom_the_files_name(ask, sample_home: Home, tmp_path: Path):
    """The held-out contacts and those for a clinician too: their files are handed out like the list."""
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    home.published.symlink_to(sample_home.published)
    write_outreach_anew(home, current(home), tmp_path / "lists")
    apart = f"select patient_key from {LEFT_OUT} where is_held_out or is_for_clinician"
    named = ask(f"select patient_key from {LIST} union {apart} order by all")
    [line] = [entry for entry in log_of(home).entries() if entry["event"] == "exported"]
    assert line["patients"] == [key for (key,) in named]
    assert line["n_rows"] == len(named) > ask(f"select count(*) from {LIST}")[0][0]
