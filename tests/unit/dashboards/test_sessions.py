"""A sign-in counts while its owner is active, for a day at most, and never again after signing out."""

import pytest

from dashboards.access.sessions import Sessions

ISSUED = 1_000_000.0
CLAIMS = {"iss": "https://id.example.org", "sub": "ann", "iat": ISSUED, "nonce": "n1"}


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(idle_seconds=900, absolute_seconds=12 * 3600)


def test_a_sign_in_counts_while_its_owner_is_active(sessions):
    for minutes in range(0, 120, 10):
        assert sessions.ended_because(CLAIMS, ISSUED + minutes * 60) == ""
        sessions.touch(CLAIMS, ISSUED + minutes * 60)


def test_it_ends_after_a_quarter_of_an_hour_in_which_nothing_was_done(sessions):
    sessions.touch(CLAIMS, ISSUED + 60)
    assert sessions.ended_because(CLAIMS, ISSUED + 60 + 899) == ""
    assert sessions.ended_because(CLAIMS, ISSUED + 60 + 901) == "it was idle"
    assert sessions.seconds_left(CLAIMS, ISSUED + 60 + 300) == 600


def test_it_ends_with_its_age_however_active_its_owner_is(sessions):
    sessions.touch(CLAIMS, ISSUED + 12 * 3600 - 1)
    assert sessions.ended_because(CLAIMS, ISSUED + 12 * 3600 + 1) == "it is too old"


def test_a_copied_cookie_is_worth_nothing_after_its_owner_signed_out(sessions):
    sessions.touch(CLAIMS, ISSUED)
    assert sessions.end(CLAIMS, ISSUED + 10)
    assert not sessions.end(CLAIMS, ISSUED + 11)
    sessions.touch(CLAIMS, ISSUED + 12)
    assert sessions.ended_because(dict(CLAIMS), ISSUED + 13) == "it was signed out"


def test_who_signs_in_again_is_let_in_again(sessions):
    sessions.end(CLAIMS, ISSUED + 10)
    again = CLAIMS | {"iat": ISSUED + 20, "nonce": "n2"}
    assert sessions.ended_because(again, ISSUED + 21) == ""


def test_a_cookie_that_nobody_has_seen_active_is_as_old_as_its_issue(sessions):
    assert sessions.ended_because(CLAIMS, ISSUED + 901) == "it was idle"


@pytest.mark.parametrize("issued_at", [None, "yesterday", ISSUED + 3600])
def test_a_sign_in_without_a_time_or_from_the_future_does_not_count(sessions, issued_at):
    assert sessions.ended_because(CLAIMS | {"iat": issued_at}, ISSUED)


def test_an_ended_sign_in_is_remembered_until_its_age_refuses_it(sessions):
    sessions.end(CLAIMS, ISSUED + 10)
    other = CLAIMS | {"nonce": "other"}
    for hours in range(13):
        sessions.touch(other, ISSUED + hours * 3600)
        assert sessions.ended_because(CLAIMS, ISSUED + hours * 3600)


def test_the_providers_claims_hold_for_a_quarter_of_an_hour_and_are_then_asked_again(sessions):
    sessions.recheck_seconds = 900
    claims = CLAIMS | {"groups": ["admins"]}
    assert not sessions.is_to_be_confirmed(claims, ISSUED + 899)
    assert sessions.is_to_be_confirmed(claims, ISSUED + 901)
    sessions.confirm(claims, {"groups": []}, ISSUED + 901)
    assert sessions.claims_now(claims)["groups"] == []
    assert not sessions.is_to_be_confirmed(claims, ISSUED + 1800)
    assert sessions.is_to_be_confirmed(claims, ISSUED + 1802)


def test_activity_revives_no_sign_in_that_was_idle(sessions):
    sessions.touch(CLAIMS, ISSUED + 60)
    sessions.touch(CLAIMS, ISSUED + 60 + 901)
    assert sessions.ended_because(CLAIMS, ISSUED + 60 + 902) == "it was idle"


def test_a_sign_in_begins_once(sessions):
    assert sessions.begin(CLAIMS, ISSUED)
    assert not sessions.begin(CLAIMS, ISSUED + 1)
