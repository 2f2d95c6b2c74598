"""Whom a person's data was shown or handed to is told for six years, and what is exempt is marked (45 CFR 164.528)."""

from datetime import timedelta

import pytest

from pipelines.audit_log import log_of, record
from pipelines.clock import now
from pipelines.exports.outreach_lists import write_outreach_anew
from pipelines.publications.store import current
from pipelines.rights.disclosures import disclosures
from pipelines.rights.person import Person
from tests.rights.conftest import KEYS, RECORDS

PERSON = Person(RECORDS[1], KEYS[1])


def line(event: str, days_ago: int = 1, **said) -> dict:
    return {"at": (now() - timedelta(days=days_ago)).isoformat(), "who": "kim", "event": event, "subject": "x", **said}


@pytest.mark.parametrize(
    ("entry", "purpose", "exempt"),
    [
        (line("patient_viewed", patients=[KEYS[1]]), "operations", "treatment, payment or operations"),
        (line("patient_viewed", subject=f"{KEYS[1]}"), "operations", "treatment, payment or operations"),
        (line("exported", patients=[7, KEYS[1]]), "operations", "treatment, payment or operations"),
        (line("exported", patients="all", purpose="payment", to="a payer"), "payment", "treatment, payment or operations"),
        (line("exported", patients="all", purpose="public_health", to="a registry"), "public_health", ""),
        (line("pushed", patients=[KEYS[1]]), "operations", "treatment, payment or operations"),
        (line("person_exported", patients=[KEYS[1]]), "individual", "to the person"),
    ],
)
def test_a_line_that_names_the_person_is_there_with_its_purpose(home, entry, purpose, exempt):
    [found] = disclosures(home, PERSON, [entry])
    assert (found.purpose, found.exempt) == (purpose, exempt)


def test_data_is_not_handed_out_without_saying_for_what_and_to_whom(home):
    with pytest.raises(ValueError, match="to whom"):
        record(home, "exported", subject="a list", patients=[KEYS[1]])
    with pytest.raises(ValueError, match="no purpose"):
        record(home, "exported", subject="a list", patients=[KEYS[1]], purpose="fun", to="a friend")
    record(home, "exported", subject="a list", patients=[KEYS[1]], purpose="public_health", to="Registry of the State")
    assert [(one.to, one.purpose, one.exempt) for one in disclosures(home, PERSON)] == [
        ("Registry of the State", "public_health", "")
    ]


@pytest.mark.parametrize("which", ["all"])
def test_what_lists_and_pushes_hand_out_says_so_of_itself(home, tmp_path):
    write_outreach_anew(home, current(home), tmp_path, to="Mailing house", purpose="other")
    said = [(one["to"], one["purpose"]) for one in log_of(home).entries() if one["event"] == "exported"]
    assert said == [("Mailing house", "other")]


@pytest.mark.parametrize(
    "entry",
    [
        line("exported", patients=[KEYS[2]]),
        line("exported"),
        line("signed_in", subject=f"{KEYS[1]}"),
        line("exported", days_ago=6 * 366 + 2, patients=[KEYS[1]]),
        {},
    ],
)
def test_a_line_about_others_or_of_before_six_years_is_not(home, entry):
    assert disclosures(home, PERSON, [entry]) == []


def test_what_was_handed_out_under_an_earlier_key_is_there_too(home):
    earlier = RECORDS[1][1].key
    assert len(disclosures(home, PERSON, [line("exported", patients=[earlier])])) == 1


def test_the_newest_comes_first(home):
    lines = [line("exported", days_ago=days, patients=[KEYS[1]]) for days in (9, 2, 5)]
    found = [one.at for one in disclosures(home, PERSON, lines)]
    assert found == sorted(found, reverse=True) and len(found) == 3
