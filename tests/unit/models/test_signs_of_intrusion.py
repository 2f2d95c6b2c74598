"""What in the audit log is a sign of intrusion: numbers on each side of every limit."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.audit_log.chain import Break, Verdict
from models.audit_log.record import EVENTS
from models.audit_log.signs import signs
from models.settings.alerts import AlertLimits

NOW = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)
WHOLE = Verdict(0, "")


def line(event: str, at: datetime, who: str = "ann", **more: object) -> dict:
    return {"at": at.isoformat(), "who": who, "role": "leadership", "event": event, "subject": "", "address": "10.1.2.3", **more}


def every(minutes: float, n: int, event: str, **more: object) -> list[dict]:
    """`n` lines, the last of them now, so many minutes apart."""
    return [line(event, NOW - timedelta(minutes=minutes * (n - 1 - number)), **more) for number in range(n)]


def found(entries: list[dict], verdict: Verdict = WHOLE, n_lost: int = 0, **limits: object) -> list[tuple[str, str, int, int]]:
    told = signs(entries, verdict, AlertLimits(**limits), NOW, n_lost)
    return [(sign.kind, sign.who, sign.n, sign.limit) for sign in told]


@pytest.mark.parametrize(
    ("n", "minutes", "is_sign"), [(5, 1, False), (6, 1, True), (6, 12, True), (6, 12.1, False), (30, 61, False)]
)
def test_more_than_five_refused_sign_ins_within_an_hour_are_a_sign(n, minutes, is_sign):
    """Six at 12 minutes apart span exactly an hour."""
    assert found(every(minutes, n, "refused")) == ([("refused_sign_ins", "ann", 6, 5)] if is_sign else [])


def test_an_address_from_which_many_persons_are_refused_is_a_sign_though_each_is_refused_once():
    """Seven persons, seven minutes, one address: nobody alone is over five."""
    entries = [line("refused", NOW - timedelta(minutes=number), who=f"p{number}") for number in range(7)]
    assert found(entries) == [("refused_sign_ins", "10.1.2.3", 7, 5)]


@pytest.mark.parametrize(("n", "is_sign"), [(10, False), (11, True)])
def test_more_than_ten_forbidden_queries_within_an_hour_are_a_sign_and_mistakes_are_none(n, is_sign):
    forbidden = every(1, n, "query_refused", subject="0123456789abcdef forbidden")
    mistakes = every(1, 50, "query_refused", who="bo", subject="0123456789abcdef")
    assert found(forbidden + mistakes) == ([("refused_queries", "ann", 11, 10)] if is_sign else [])


@pytest.mark.parametrize(
    ("before", "today", "limit"),
    [
        ([], 5000, None),  # nothing is usual yet: the limit alone
        ([], 5001, 5000),
        ([2000] * 4, 5001, 5000),  # four days are too few to be usual
        ([2000] * 5, 10_000, None),  # five times 2,000
        ([2000] * 5, 10_001, 10_000),
        ([100] * 5, 5000, None),  # five times 100, but not over 5,000
        ([2000] * 5 + [90_000], 10_001, 10_000),  # the median: one large day raises nothing
    ],
)
def test_an_export_is_a_sign_above_5000_rows_and_five_times_what_is_usual_for_the_person(before, today, limit):
    """The days before are the days from yesterday back; another person's large exports are not theirs."""
    of_ann = [line("exported", NOW - timedelta(days=day), n_rows=n) for day, n in enumerate(before, start=1) if n < 90_000]
    large = [line("exported", NOW - timedelta(days=40), n_rows=n) for n in before if n == 90_000]
    of_bo = [line("exported", NOW - timedelta(days=day), who="bo", n_rows=4999) for day in range(20)]
    half = [line("exported", NOW, n_rows=today // 2), line("exported", NOW, n_rows=today - today // 2)]
    expected = [("unusual_exports", "ann", today, limit)] if limit else []
    assert found([*of_bo, *large, *of_ann, *half]) == expected


@pytest.mark.parametrize(("n", "is_sign"), [(150, False), (151, True)])
def test_more_than_150_different_patients_opened_in_a_day_are_a_sign_and_a_list_is_none(n, is_sign):
    opened = [line("patient_viewed", NOW, subject=f"{key}") for key in range(n)] * 2
    listed = [line("patient_viewed", NOW, who="bo", subject="outreach_list", patients=list(range(400)))]
    assert found(opened + listed) == ([("unusual_viewing", "ann", 151, 150)] if is_sign else [])


@pytest.mark.parametrize(
    ("at", "role", "is_sign"),
    [
        (datetime(2026, 7, 15, 10, 59, tzinfo=UTC), "leadership", True),  # 05:59 in Chicago
        (datetime(2026, 7, 15, 11, 0, tzinfo=UTC), "leadership", False),  # 06:00
        (datetime(2026, 7, 15, 2, 59, tzinfo=UTC), "leadership", False),  # 21:59
        (datetime(2026, 7, 15, 3, 0, tzinfo=UTC), "leadership", True),  # 22:00
        (datetime(2026, 7, 15, 8, 0, tzinfo=UTC), "operator", False),  # the nightly run
    ],
)
def test_use_of_the_dashboards_outside_the_working_hours_is_a_sign_where_they_are_set(at, role, is_sign):
    entries = [line("patient_viewed", at, role=role, subject="7"), line("logged_off", at, role=role)]
    assert found(entries) == []
    hours = {"working_hours": "06:00-22:00", "time_zone": "America/Chicago"}
    assert found(entries, **hours) == ([("use_outside_hours", "ann", 1, 0)] if is_sign else [])


def test_working_hours_may_go_past_midnight():
    night = [line("exported", datetime(2026, 7, 15, hour, 0, tzinfo=UTC)) for hour in (1, 5, 12)]
    assert found(night, working_hours="20:00-05:00") == [("use_outside_hours", "ann", 2, 0)]


def test_a_broken_log_is_a_sign_each_day_until_it_is_recorded_and_then_of_the_day_of_its_record():
    broken = Verdict(9, "", problems=("line 3 is not what was written",), breaks=(Break(7, "2026-07-01T08:00:00+00:00", "x"),))
    told = signs([], broken, AlertLimits(), NOW)
    assert [(sign.on, sign.n) for sign in told] == [(date(2026, 7, 15), 1), (date(2026, 7, 1), 1)]
    assert found([], n_lost=12) == [("broken_log", "", 1, 0)]


def test_a_sign_is_shown_for_thirty_days():
    entries = [line("exported", NOW - timedelta(days=days), n_rows=9000, who=f"{days}") for days in (30, 31)]
    assert found(entries) == [("unusual_exports", "30", 9000, 5000)]


def test_the_limits_are_the_practices_own():
    assert found(every(1, 3, "refused"), refused_sign_ins=2, within_minutes=2) == [("refused_sign_ins", "ann", 3, 2)]
    assert found(every(1, 3, "refused"), refused_sign_ins=2, within_minutes=1) == []


def test_a_sign_names_no_patient_and_nothing_that_a_line_says_of_its_object():
    """A key, a query's text, a file and a display name stand in the lines, and in none of the signs."""
    secrets = {"subject": "4711 Quenby", "name": "Quenby", "sealed": "Quenby", "patients": [4711]}
    entries = [line(event, NOW, n_rows=4000, **secrets) for event in EVENTS for _ in range(200)]
    told = signs(entries, Verdict(0, "", problems=("line 4711 Quenby",)), AlertLimits(opened_patients=1), NOW)
    said = " ".join(sign.text + sign.id for sign in told)
    assert {sign.kind for sign in told} == {"refused_sign_ins", "unusual_exports", "broken_log"}
    assert "4711" not in said and "Quenby" not in said


def test_what_a_person_is_called_writes_no_second_line_into_a_log():
    (told,) = signs(every(1, 6, "refused", who="x\nERROR root: all clear"), WHOLE, AlertLimits(), NOW)
    assert "\n" not in told.text and "x?ERROR" in told.text


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["at", "who", "role", "event", "subject", "address", "n_rows", "patients"]),
            st.one_of(
                st.none(),
                st.integers(),
                st.text(max_size=9),
                st.lists(st.integers(), max_size=2),
                st.sampled_from([*EVENTS, "2026-07-15T12:00:00+00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]),
            ),
        ),
        max_size=20,
    )
)
def test_whatever_stands_in_a_forged_line_nothing_stops_the_search(entries):
    signs(entries, WHOLE, AlertLimits(working_hours="06:00-22:00", time_zone="Asia/Tokyo"), NOW)


def test_two_patients_opened_by_break_glass_in_one_second_are_two_signs():
    """Each is told to the administrator once, by its own id."""
    opened = [line("glass_broken", NOW, subject=f"{key} {id} emergency {NOW.isoformat()}") for key, id in ((7, "a1"), (8, "b2"))]

    ids = [sign.id for sign in signs(opened, WHOLE, AlertLimits(), NOW, 0) if sign.kind == "break_glass"]

    assert len(set(ids)) == 2
