"""KPI values of `golden_practice/`, worked out by hand.

Eight patients; as of 15 July 2026, so that June is the last whole month. `north` is dr-a's site, `south` dr-b's.
Where a docstring gives no month, it is June.
"""

from collections.abc import Callable
from decimal import Decimal

import duckdb
import pytest

JUNE = "2026-06-01"
Kpi = Callable[..., tuple[float, float]]


@pytest.fixture(scope="session")
def kpi(golden: duckdb.DuckDBPyConnection) -> Kpi:
    """`kpi(code, month)`: sum of numerators and sum of denominators; `location="north"`, `provider="dr-a"` and `segment="adult"`
    narrow it, the last also to `adult_chronic`; `"none"` to rows of no known provider."""

    def value(
        code: str, month_on: str, location: str | None = None, provider: str | None = None, segment: str | None = None
    ) -> tuple[float, float] | None:
        rows = golden.execute(
            "select round(sum(numerator), 6), round(sum(denominator), 6) from marts.fct_kpis "
            "left join intermediate.int_reference__locations using (location_key) "
            "left join intermediate.int_reference__providers as providers using (provider_key) "
            "where kpi_code = $code and month_on = $month_on and ($location is null or location_id = $location) "
            "and ($provider is null or coalesce(practitioner_id, 'none') = $provider) "
            "and ($segment is null or split_part(patient_segment, '_', 1) = $segment) "
            "having count(*) > 0",
            {"code": code, "month_on": month_on, "location": location, "provider": provider, "segment": segment},
        ).fetchall()
        return rows[0] if rows else None

    return value


def test_a_no_show_counts_among_the_appointments_that_stood_when_the_notice_window_opened(kpi: Kpi):
    """a01, a08, a18 kept; a11 still `booked`, but its visit took place; a02 missed, and a12, which is 30 June 21:30 in New York
    and 1 July in UTC; a04 cancelled 23:59:59 before and a07 two hours before, both by the patient: 8 due, 2 missed.
    Not due: a03 (exactly 24 hours before), a05 (by the practice), a06 (days before), a09 (entered in error), a10 (nothing
    recorded), a13 (nobody says when or by whom)."""
    assert kpi("no_show_rate", JUNE) == (2, 8)


def test_a_late_cancellation_is_less_than_24_elapsed_hours_before(kpi: Kpi):
    """a04 and a07 of the 8 due; a07 is late although it was rebooked, since its slot was lost.
    March: a15 on the morning after the clocks went forward, cancelled 24.5 hours before by the clock, 23.5 elapsed: late.
    November: a16 after the clocks went back, 23.5 hours by the clock, 24.5 elapsed: in time, so nothing was due."""
    assert kpi("late_cancellation_rate", JUNE) == (2, 8)
    assert kpi("late_cancellation_rate", "2026-03-01") == (1, 1)
    assert kpi("late_cancellation_rate", "2025-11-01") is None


def test_lead_time_is_days_from_booking_to_the_day_of_each_appointment_due(kpi: Kpi):
    """a01 20 May to 10 June 21, a02 22, a04 27, a12 (30 June) 41, a07 7, a08 5, a11 10, a18 1 = 134 days of 8."""
    assert kpi("booking_lead_time", JUNE) == (134, 8)


def test_the_third_open_slot_says_how_long_one_waits(kpi: Kpi):
    """1 June: dr-a's third open slot is on 5 June, 4 days; dr-b has two. 8 June: the third is at 20:30 of the same day in New
    York. 15 July is not over."""
    assert kpi("third_next_available", JUNE) == (4, 2)
    assert kpi("third_next_available", "2026-07-01") is None


def test_a_slot_is_filled_by_the_patient_seen_in_it(kpi: Kpi):
    """Slots with a booking, without a05 (the practice cancelled) and a09 (an error): a01, a02, a03 = a18, a04, a06, a07,
    a08, a10, a11,
    a12, a13 = 11. Seen: a01, a08, a11, a18 = 4. Given up by the patient: a03, a04, a06, a07; taken again: a03's, by a18."""
    assert kpi("schedule_fill_rate", JUNE) == (4, 11)
    assert kpi("slot_refill_rate", JUNE) == (1, 4)


def test_telehealth_counts_visits_by_video_or_telephone(kpi: Kpi):
    """Visits: e08, e09, e10 (virtual), e11, e14 (30 June 22:00 in New York). Not e12 (emergency), e13 (cancelled), h7
    (inpatient)."""
    assert kpi("telehealth_share", JUNE) == (1, 5)


def test_online_booking_is_counted_by_the_day_of_booking(kpi: Kpi):
    """Booked in June: a07, a08, a14, a18 by telephone, a11 in the portal. In May: 9, of them a01 online; not a09 (an error)."""
    assert kpi("online_booking_share", JUNE) == (1, 5)
    assert kpi("online_booking_share", "2026-05-01") == (1, 9)


def test_check_in_counts_when_it_was_done_before_arrival(kpi: Kpi):
    """Kept: a01, a08, a11, a18. a11: in the portal at 13:00 for 13:45. a01: at 10:01, after the desk had checked the patient
    in."""
    assert kpi("pre_arrival_check_in_rate", JUNE) == (1, 4)


def test_the_wait_runs_from_check_in_to_the_start_of_the_visit(kpi: Kpi):
    """a01: 09:55 to 10:10, 15 minutes. a08: 11:20 to 11:30, 10 minutes."""
    assert kpi("wait_from_check_in", JUNE) == (25, 2)


def test_retention_counts_patients_back_within_18_months(kpi: Kpi):
    """Seen in January 2024: p1 (back in June 2024), p2 (back on 20 July 2025, the last day), p4 (31 January; back on 1
    August 2025,
    a day late), p5 (died in March 2025 without coming back: left out). 2 of 3, shown in July 2025.
    p1 was seen again on 5 June 2024 and not before June 2026: 0 of 1 in December 2025."""
    assert kpi("patient_retention_rate", "2025-07-01") == (2, 3)
    assert kpi("patient_retention_rate", "2025-07-01", location="north") == (2, 2)
    assert kpi("patient_retention_rate", "2025-12-01") == (0, 1)


def test_attrition_counts_the_active_patients_whose_18_months_ended(kpi: Kpi):
    """Active at the end of June 2025, 18 months of visits being known: p1, p2, p4 (p5 has died). In July 2025 p2 came and p4,
    last seen in January 2024, did not. At the end of November 2025: p1 (June 2024), p2, p4; in December p1 is lost."""
    assert kpi("patient_attrition_rate", "2025-07-01") == (1, 3)
    assert kpi("patient_attrition_rate", "2025-12-01") == (1, 3)
    assert kpi("patient_attrition_rate", "2025-06-01") is None


def test_new_and_reactivated_patients_are_shares_of_the_patients_seen(kpi: Kpi):
    """Seen: p1, p2 (twice), p3, p6. p3 and p6 for the first time; p1 for the first time since June 2024. In June 2025 the
    history,
    which begins in January 2024, was too short; in August 2025 p4 came back a day after the 18 months."""
    assert kpi("new_patient_share", JUNE) == (2, 4)
    assert kpi("reactivated_patient_share", JUNE) == (1, 4)
    assert kpi("reactivated_patient_share", "2025-08-01") == (1, 1)


def test_marketing_spend_is_borne_by_the_new_patients_of_its_site_and_of_the_practice(kpi: Kpi):
    """p3 at north and p6 at south were never seen before. North 100, south 60, the practice 50 + 40, half for each:
    100 + 45 and 60 + 45. May: 30 spent, nobody came. May 2024: 999, but new patients cannot be identified yet."""
    assert kpi("new_patient_acquisition_cost", JUNE) == (250, 2)
    assert kpi("new_patient_acquisition_cost", JUNE, location="north") == (145, 1)
    assert kpi("new_patient_acquisition_cost", JUNE, location="south") == (105, 1)
    assert kpi("new_patient_acquisition_cost", "2026-05-01") == (30, 0)
    assert kpi("new_patient_acquisition_cost", "2024-05-01") is None


def test_keeping_a_patient_costs_messages_and_the_time_of_staff(kpi: Kpi):
    """Outbound messages 0.02 + 0.02 + 0.01; 22.25 minutes of staff (see below) at 28 an hour are 10.38333: 10.43333 for five
    active patients, a twelfth of a year each. t8 of 0.05 and t9 of 6 minutes won a patient and keep none. Marketing spent 250 to
    win patients in June. Messages begin in June 2025 with one of 0.02 to p2; p1, p2 and p4 were active: that there were no tasks
    yet is no gap in the record."""
    assert kpi("patient_keeping_cost", "2025-06-01") == (0.02, 0.25)
    assert kpi("patient_keeping_cost", JUNE) == (10.433333, pytest.approx(5 / 12, abs=1e-6))
    assert kpi("acquisition_to_keeping_spend", JUNE) == (250, 10.433333)


def test_lifetime_value_is_what_was_collected_over_the_patients_lost(kpi: Kpi):
    """Collected: June 15 + 25; May 5 + 100 - 60 + 70. In neither month did the 18 months of anybody end."""
    assert kpi("patient_lifetime_value", JUNE) == (40, 0)
    assert kpi("patient_lifetime_value", "2026-05-01") == (115, 0)


def test_referrals_count_in_the_month_in_which_they_were_made(kpi: Kpi):
    """April, into the practice: f1 completed (in June), f2 lost, f3 scheduled. Out of it: f4 out of network, f5 completed."""
    assert kpi("referral_conversion_rate", "2026-04-01") == (1, 3)
    assert kpi("referral_leakage_rate", "2026-04-01") == (1, 2)


def test_portal_adoption_is_use_in_twelve_months_of_the_active_patients_who_were_offered_it(kpi: Kpi):
    """Offered to p1, p2, p4 (30 June) and p6 (activated: it must have been offered). p1 used it on 10 June, p6 on 15 June; p2 and
    p4 never did. May: p1 is not active, p2 alone was offered it. November 2025: p1 is active, and last used it in July, but the
    log does not reach back a year yet, so that who did not use it cannot be told from whose use is not on record."""
    assert kpi("portal_adoption_rate", JUNE) == (2, 4)
    assert kpi("portal_adoption_rate", "2026-05-01") == (0, 1)
    assert kpi("portal_adoption_rate", "2025-11-01") is None


def test_responses_and_opt_outs_are_shares_of_what_arrived(kpi: Kpi):
    """Outbound: t1 confirmed, t2 bounced, t3 delivered, t4 opted out, t5 booked, t7 no answer, t8 and t9 delivered. 6 arrived,
    2 were answered, 1 opted out; the system sent 4 of the 8."""
    assert kpi("response_rate", JUNE) == (2, 6)
    assert kpi("opt_out_rate", JUNE) == (1, 6)
    assert kpi("automated_touch_share", JUNE) == (4, 8)


def test_a_reminder_reaches_when_it_arrives_before_the_start(kpi: Kpi):
    """Of the 8 due: a01's arrived. a02's bounced, a08's came when the visit was over, a12's was not answered."""
    assert kpi("reminder_reach_rate", JUNE) == (1, 8)


def test_a_channel_reaches_whom_its_messages_arrive_at_and_books_by_outreach_alone(kpi: Kpi):
    """Text messages of June: t1 and t8 arrived, t2 bounced. Telephone: t3, t5 and t9 were answered, t7 was not. E-mail: t4
    arrived. Outreach among them is t5, which ended in a booking, and t4, which did not; t1, t2, t3 and t7 are reminders, t8 and
    t9 were to win a patient."""
    assert kpi("outreach_reach_sms", JUNE) == (2, 3)
    assert kpi("outreach_reach_phone", JUNE) == (3, 4)
    assert kpi("outreach_reach_email", JUNE) == (1, 1)
    assert kpi("outreach_booking_phone", JUNE) == (1, 1)
    assert kpi("outreach_booking_email", JUNE) == (0, 1)
    assert kpi("outreach_booking_sms", JUNE) is None


def test_the_engagement_score_gives_25_points_for_each_of_four_signs(kpi: Kpi, golden: duckdb.DuckDBPyConnection):
    """June, of p1, p2, p3, p4, p6: all were seen in twelve months, p1 and p6 used the portal, p1 confirmed and p6 booked on a
    call; a17 of p1 was booked on 1 July, so nobody had a visit on the books: 125 + 50 + 50 + 0 = 225 of 5. May, of p2 and p4:
    both were seen; p2 replied in June 2025, which May is the twelfth month to hold; a02 of p2, and a03 of p4, which was cancelled
    only in June, stood on the books: 50 + 25 + 50 = 125 of 2. Before, a reply could not be seen for a year."""
    assert kpi("engagement_score", JUNE) == (225, 5)
    assert kpi("engagement_score", "2026-05-01") == (125, 2)
    assert kpi("engagement_score", "2026-04-01") is None
    parts = golden.execute(
        "select month_on::varchar, sum(n_patients), sum(visit_points), sum(booking_points), sum(portal_points), "
        "sum(response_points), sum(score_points) from marts.fct_engagement_scores "
        "where month_on < '2026-07-01' group by 1 order by 1"
    ).fetchall()
    assert parts == [("2026-05-01", 2, 50, 50, 0, 25, 125), (JUNE, 5, 125, 0, 50, 50, 225)]


def test_consent_is_what_holds_at_the_end_of_the_month(kpi: Kpi):
    """Active: p1 (text messages revoked in May, e-mail granted on 30 June), p2 (revoked on 1 June), p3 (never asked), p4,
    p6: 3 of 5.
    May: p2 and p4 are active, and both agreed."""
    assert kpi("consent_coverage_rate", JUNE) == (3, 5)
    assert kpi("consent_coverage_rate", "2026-05-01") == (2, 2)


def test_the_top_box_is_the_best_answer_and_nine_or_ten_of_ten(kpi: Kpi):
    """Access: 4 and 3 of 4. Communication 4, coordination 3, office staff 4 of 4. Rating of the provider: 9 and 8 of 10."""
    assert kpi("cahps_access", JUNE) == (1, 2)
    assert kpi("cahps_communication", JUNE) == (1, 1)
    assert kpi("cahps_coordination", JUNE) == (0, 1)
    assert kpi("cahps_office_staff", JUNE) == (1, 1)
    assert kpi("cahps_provider_rating", JUNE) == (1, 2)


def test_promoters_less_detractors_and_satisfaction_stand_apart(kpi: Kpi):
    """NPS: 10 and 9 promote, 7 is neither, 6 detracts: 100 x (2 - 1) of 4 = 25. Satisfaction: 5 of 5, 4 of 5, 2 of 4 = 100 +
    80 + 50."""
    assert kpi("net_promoter_score", JUNE) == (100, 4)
    assert kpi("satisfaction_score", JUNE) == (230, 3)


def test_staff_time_of_outreach_is_set_against_contacts_bookings_and_patients(kpi: Kpi):
    """Tasks done in June: o1 6.5 minutes (scheduled), o2 4 (reached), o3 2.25 (no answer): 12.75 for 2 contacts and 1
    booking. o4 is open.
    Calls: 3.5 + 4 + 2, and 6 to win a patient. Together 28.25 minutes = 0.470833 hours; 5 active patients x 30 days / 7 / 1000 =
    0.021429 weeks."""
    assert kpi("minutes_per_contact", JUNE) == (12.75, 2)
    assert kpi("minutes_per_booking", JUNE) == (12.75, 1)
    assert kpi("outreach_staff_hours", JUNE) == (0.470833, 0.021429)


def test_follow_up_counts_visits_from_the_day_after_discharge(kpi: Kpi):
    """April: h1 (5 April) was seen on 12 April, day 7; h3 (22 April) was not, nor admitted within 14 days; h2 (14 April) was
    admitted on
    day 6 and left out; h5 went on to h6 on the same day. May: h4 and h6, not seen within 14 days; p8 died in h8. June: h7 on day
    8."""
    assert kpi("follow_up_7_days", "2026-04-01") == (1, 2)
    assert kpi("follow_up_14_days", "2026-04-01") == (1, 2)
    assert kpi("follow_up_14_days", "2026-05-01") == (0, 2)
    assert kpi("follow_up_7_days", JUNE) == (0, 1)
    assert kpi("follow_up_14_days", JUNE) == (1, 1)


def test_a_readmission_is_an_admission_on_day_1_to_30(kpi: Kpi):
    """April: h1 none; h2 on day 6; h3 on 22 May, day 30. h5 was a transfer. May: h4 and h6, none; p8 died in h8."""
    assert kpi("readmission_30_days", "2026-04-01") == (2, 3)
    assert kpi("readmission_30_days", "2026-05-01") == (0, 2)


def test_adherence_is_a_supply_on_four_days_of_five(kpi: Kpi):
    """To the end of June. p1: 1 January to 30 June, 181 days; 90 days, and 90 more that begin when these end, though filled ten
    days early: 180, adherent. p2: 90 of 181 (the fill of February was cancelled). p6: from 23 March 100 days, 40 + 40 = 80, just
    enough. p3 filled once; p4 began on 1 May, 61 days. p1's second drug, filled on 1 January and 1 May, stands by itself: 60 of
    181. p2's second drug, of which it is known alone when it was prepared: 2 months from 1 January are 2 x 30.4375 = 60.9, 61
    days; 3 months from 3 March 91.3, 91 days: 152 of 181, adherent; what 90 tablets last is not known. To the end of May: p1 151
    of 151 and 60 of 151, p2 90 of 151 and 151 of 151, p6 has 70 days so far. The first fill is p3's of June 2025, so that May is
    the first month of which a year is known."""
    assert kpi("medication_adherence", JUNE) == (3, 5)
    assert kpi("medication_adherence", "2026-05-01") == (2, 4)
    assert kpi("medication_adherence", "2026-04-01") is None


def test_a_supply_in_a_unit_that_is_no_time_is_counted(golden: duckdb.DuckDBPyConnection):
    """The 90 tablets of m16."""
    found = golden.execute("select extract, field, kind, n_rows from marts.fct_data_findings where source_system = 'ehr'")
    assert found.fetchall() == [("MedicationDispense", "daysSupply", "unknown", 1)]


def test_revenue_per_patient_is_what_was_posted_per_twelfth_of_a_patient_seen_in_a_year(kpi: Kpi):
    """15 (second part of c1's patient share) + 25 (copay) = 40. Seen from July 2025 to June 2026: p1, p2, p3, p4, p6 = 5/12.
    July, not yet over: a refund of 20."""
    assert kpi("revenue_per_patient", JUNE) == (40, pytest.approx(5 / 12, abs=1e-6))
    assert kpi("revenue_per_patient", "2026-07-01") == (-20, pytest.approx(5 / 12, abs=1e-6))


def test_revenue_per_visit_follows_the_service_and_begins_with_the_charges(kpi: Kpi):
    """Of June's services 25 is paid so far; 5 visits. Visits of 2025 stand before the first charge and say nothing of revenue."""
    assert kpi("revenue_per_visit", JUNE) == (25, 5)
    assert kpi("revenue_per_visit", "2025-07-01") is None


def test_net_collection_sets_what_was_collected_against_what_the_services_of_the_month_were_worth(kpi: Kpi):
    """Charges of April: c1 200, c2 150, c3 100, c4 50 and its reversal -50, c5 80, c6 40 (account not delivered) = 570.
    Contractual adjustments: c1 80; c2 50 - 50 + 60 = 60. 570 - 140 = 430.
    Collected: c1 100 + 5 + 15; c2 60 - 60 + 70; c3 30; c5 100 - 20 refunded; 10 on account = 310. The bad debt of 20 on c2
    was not."""
    assert kpi("net_collection_rate", "2026-04-01") == (310, 430)


def test_gross_collection_sets_what_was_collected_against_gross_charges(kpi: Kpi):
    """April, as in the net collection rate: 310 of charges of 570."""
    assert kpi("gross_collection_rate", "2026-04-01") == (310, 570)


def test_cost_to_collect_is_what_billing_cost_for_each_dollar_posted_in_the_month(kpi: Kpi):
    """12 at north and 3 of the whole practice; posted in June 15 + 25. Of May no cost is known, so nothing is said."""
    assert kpi("cost_to_collect", JUNE) == (15, 40)
    assert kpi("cost_to_collect", JUNE, location="north")[0] == 12
    assert kpi("cost_to_collect", "2026-05-01") is None


def test_days_in_ar_are_receivables_at_the_month_end_over_the_charges_of_a_day(kpi: Kpi):
    """End of June: c0 100 - 40 - 30 - 15 = 15; c1, c2, c4 settled; c3 70; c5 80 - 100 = -20, a credit balance (refunded in July);
    c6 40; c7 120; c9 125 - 25 = 100; on account -10: 315. c8, posted in July, is not in it.
    Charges posted from April to June: 570 + 120 + 125 = 815 in 91 days. 315 x 91 / 815 = 35.2 days.
    Over 90 days: c0 alone, of a service of 15 January; those of April are 90 days old on 5 July and later."""
    assert kpi("days_in_ar", JUNE) == (315 * 91, 815)
    assert kpi("ar_over_90_days_share", JUNE) == (15, 315)


def test_a_kpi_adds_up_over_clinicians_and_patient_segments(kpi: Kpi):
    """No-shows: of dr-a a01, a02, a07, a08, a12, of which a02 and a12 were missed; of dr-b a04, a11, a18. Of p2, who is 76, a02,
    a07 and a08; all others are of adults.
    Receivables: of dr-a c0 15, c5 -20, c9 100; of dr-b c3 70, c7 120 and p4's 10 on account, since p4's visits were to dr-b,
    although dr-a saw p4 in hospital; c6 40 of nobody known. Charges: dr-a 200 + 150 + 50 - 50 + 80 + 125, dr-b 100 + 120, 40.
    By segment: p2's c0 15; c6 40; all else of adults.
    Revenue: 40 of p1, whom dr-a saw last, as p2 and p3; p4 and p6 were seen by dr-b."""
    assert [kpi("no_show_rate", JUNE, provider=one) for one in ("dr-a", "dr-b")] == [(2, 5), (0, 3)]
    assert [kpi("no_show_rate", JUNE, segment=one) for one in ("adult", "senior", "child")] == [(1, 5), (1, 3), None]
    receivables = [(95 * 91, 555), (180 * 91, 220), (40 * 91, 40)]
    assert [kpi("days_in_ar", JUNE, provider=one) for one in ("dr-a", "dr-b", "none")] == receivables
    by_segment = [(260 * 91, 625), (15 * 91, 150), (40 * 91, 40)]
    assert [kpi("days_in_ar", JUNE, segment=one) for one in ("adult", "senior", "unknown")] == by_segment
    of_dr_a, of_dr_b = (kpi("revenue_per_patient", JUNE, provider=one) for one in ("dr-a", "dr-b"))
    assert (of_dr_a, of_dr_b) == ((40, pytest.approx(3 / 12, abs=1e-6)), (0, pytest.approx(2 / 12, abs=1e-6)))


def test_net_days_in_ar_take_off_what_payers_are_expected_to_take_off(kpi: Kpi):
    """315, as above. Commercial has remitted k1 alone, and took 80 of 200. Not remitted are c7 120 and c9 125 of it, the copay of
    25 included; c5 was denied and the patient has paid all of it, c4 was reversed: 0.4 x 245 = 98 are expected to be taken off.
    What is left of c0 is Medicare's no more: its adjustment is posted. 315 - 98 = 217. Charged 815, less adjustments from April
    to June of 80 + 50 - 50 + 60 = 675. 217 x 91 / 675 = 29.3 days. May: 145, as below, nothing waits for a payer. Charged from
    March to May 570, adjusted 80 + 50 - 50 + 60."""
    assert kpi("net_days_in_ar", JUNE) == (pytest.approx(217 * 91), 675)
    assert kpi("net_days_in_ar", "2026-05-01") == (145 * 92, 430)
    assert kpi("net_days_in_ar", "2026-04-01") is None


def test_days_in_ar_begin_when_the_services_of_120_days_are_known(kpi: Kpi):
    """The first service was in January 2026: May is the first month. c0 100 - 40 - 30 = 30, c1 200 - 100 - 80 - 5 = 15, c2 150 -
    70 - 60 = 20, c3 70, c5 80 - 100 = -20, c6 40, on account -10 = 145; charged from March to May 570 in 92 days. Older than 90
    days is c0."""
    assert kpi("days_in_ar", "2026-04-01") is None
    assert kpi("days_in_ar", "2026-05-01") == (145 * 92, 570)
    assert kpi("ar_over_90_days_share", "2026-04-01") is None
    assert kpi("ar_over_90_days_share", "2026-05-01") == (30, 145)


def test_a_claim_is_clean_as_first_sent_and_resolved_at_the_first_pass_without_denial_or_reversal(kpi: Kpi):
    """First sent in April: k1 (accepted, paid), k2 (rejected, sent again, paid, reversed, paid anew), k5 (accepted, denied);
    kv is void."""
    assert kpi("clean_claim_rate", "2026-04-01") == (2, 3)
    assert kpi("first_pass_resolution_rate", "2026-04-01") == (1, 3)


def test_a_denial_is_initial_when_it_is_the_first_answer(kpi: Kpi):
    """First answered in April: k1 and k2, paid (200 + 150 billed). In May: k5, 80 of 80 denied; its second denial in June is
    none."""
    assert kpi("initial_denial_rate", "2026-04-01") == (0, 2)
    assert kpi("initial_denial_dollar_rate", "2026-04-01") == (0, 350)
    assert kpi("initial_denial_rate", "2026-05-01") == (1, 1)
    assert kpi("initial_denial_dollar_rate", "2026-05-01") == (80, 80)
    assert kpi("initial_denial_rate", JUNE) is None


def test_initial_denials_add_up_over_their_reasons(kpi: Kpi, golden: duckdb.DuckDBPyConnection):
    """k5 of May was denied for eligibility, first and again. Over the reasons there are as many as in the initial denial rate."""
    assert kpi("denial_rate_eligibility", "2026-05-01") == (1, 1)
    assert kpi("denial_rate_coding", "2026-05-01") == (0, 1)
    sums = golden.execute(
        "select starts_with(kpi_code, 'denial_rate_') as is_reason, sum(numerator) from marts.fct_kpis "
        "where starts_with(kpi_code, 'denial_rate_') or kpi_code = 'initial_denial_rate' group by 1"
    ).fetchall()
    assert dict(sums)[True] == dict(sums)[False] == 1


def test_write_offs_are_shares_of_what_was_posted_in_the_month(kpi: Kpi):
    """Posted: c7 120 + c9 125, no contractual adjustment. Given up: 15 for denial (w0). 20 of bad debt (w2) are of no rate before
    a year of charges is known. May: 50 taken back and 60 posted anew: 0 charged - 10. April is too early: charges begin in
    January."""
    assert kpi("denial_write_off_rate", JUNE) == (15, 245)
    assert kpi("denial_write_off_rate", "2026-05-01") == (0, -10)
    assert kpi("denial_write_off_rate", "2026-04-01") is None
    assert kpi("bad_debt_rate", JUNE) is None


def test_point_of_service_collection_is_what_patients_paid_there_and_then(kpi: Kpi):
    """y2 15 by card later, y9 25 at the desk. May: y1 5 and y5 100, later. In April, with charges since January, bills of 120
    days before could not be paid yet."""
    assert kpi("point_of_service_collection_rate", JUNE) == (25, 40)
    assert kpi("point_of_service_collection_rate", "2026-05-01") == (0, 105)
    assert kpi("point_of_service_collection_rate", "2026-04-01") is None


def test_charge_lag_is_days_from_service_to_posting(kpi: Kpi):
    """c7 2, c9 0. April: c1 1, c2 1, c3 0, c4 1, c5 1, c6 1; the reversal c4r is no charge line of its own."""
    assert kpi("charge_lag", JUNE) == (2, 2)
    assert kpi("charge_lag", "2026-04-01") == (5, 6)


def test_eligibility_is_verified_when_the_payer_answered_before_the_start(kpi: Kpi):
    """Kept: a01 (active, the day before), a08 (after the start), a11 (inactive: an answer), a18 (none)."""
    assert kpi("eligibility_verified_rate", JUNE) == (2, 4)


def test_a_month_is_complete_when_it_is_over_and_mature_when_its_outcomes_are_in(golden: duckdb.DuckDBPyConnection):
    """As of 15 July: June's no-shows are in after 7 days; what services of June are worth takes 120; July is not over."""
    months = golden.execute(
        "select distinct kpi_code, month_on::varchar, is_complete_month, is_mature from marts.fct_kpis "
        "where kpi_code in ('no_show_rate', 'net_collection_rate') and month_on >= '2026-06-01' order by all"
    ).fetchall()
    assert months == [
        ("net_collection_rate", JUNE, True, False),
        ("no_show_rate", JUNE, True, True),
        ("no_show_rate", "2026-07-01", False, False),
    ]


def test_a_target_is_the_practices_own_before_the_catalogues(golden: duckdb.DuckDBPyConnection):
    """practice.toml says 0.06 for no-shows; of dollars denied 0.05 is an end of the benchmark range, of retention 0.8 is the
    catalogue's."""
    targets = golden.execute(
        "select kpi_code, target, target_source from marts.dim_kpis "
        "where kpi_code in ('no_show_rate', 'initial_denial_dollar_rate', 'patient_retention_rate', 'charge_lag') order by 1"
    ).fetchall()
    assert targets == [
        ("charge_lag", None, None),
        ("initial_denial_dollar_rate", 0.05, "benchmark"),
        ("no_show_rate", 0.06, "practice"),
        ("patient_retention_rate", 0.8, "catalog"),
    ]


def test_every_kpi_of_the_catalogue_is_computed_and_every_computed_kpi_is_in_the_catalogue(golden: duckdb.DuckDBPyConnection):
    """The golden practice delivers everything but care gaps, whose KPIs dbt's unit tests work out, and half a year of charges,
    too few for bad debt; it sends no letters, and nothing but what patients send through the portal."""
    available = dict(golden.execute("select kpi_code, is_available from marts.dim_kpis").fetchall())
    assert {code for code, is_available in available.items() if not is_available} == {
        "bad_debt_rate",
        "care_gap_closure_rate",
        "days_to_gap_closure",
        "outreach_booking_mail",
        "outreach_booking_portal",
        "outreach_reach_mail",
        "outreach_reach_portal",
        "preventive_care_rate",
    }
    computed = {code for (code,) in golden.execute("select distinct kpi_code from marts.fct_kpis").fetchall()}
    assert computed <= available.keys()


def test_money_ties_to_the_delivered_files_to_the_cent(golden: duckdb.DuckDBPyConnection):
    """charges.csv adds up to 1005.00 in 11 lines; patient_payments.csv to 165.00; payer payments of remittances.csv to 210.00,
    contractual adjustments to 170.00; write_offs.csv to 35.00. The charge of the account that was not delivered is among them."""
    assert golden.execute("select sum(charge_usd), count(*) from marts.fct_charges").fetchall() == [(Decimal("1005.00"), 11)]
    movements = golden.execute(
        "select movement_type, sum(amount_usd) from marts.fct_payments group by all order by all"
    ).fetchall()
    assert movements == [
        ("contractual_adjustment", Decimal("170.00")),
        ("patient_payment", Decimal("165.00")),
        ("payer_payment", Decimal("210.00")),
        ("write_off", Decimal("35.00")),
    ]
    orphan = golden.execute(
        "select patient_key, location_key, patient_segment from marts.fct_charges where charge_id = 'c6'"
    ).fetchall()
    assert orphan == [(None, None, "unknown")]
