"""A page says where its address names what it does not have."""

import re

import pytest

from dashboards.layout.address import KNOWN
from pipelines.home import CHECKOUT


@pytest.mark.parametrize(
    ("page", "role", "address"),
    [
        ("overview", "leadership", {"site": "Nowhere"}),
        ("kpi_explorer", "leadership", {"kpi": "zzz"}),
        ("catalog", "analyst", {"kpi": "zzz"}),
        ("outreach", "care_team", {"list": "No such list"}),
        ("outreach", "care_team", {"state": "zzz"}),
        ("outreach", "care_team", {"view": "zzz"}),
        ("outreach", "care_team", {"beyond": "zzz"}),
        ("outreach", "care_team", {"assignee": "zzz"}),
        ("kpi_explorer", "leadership", {"split": "zzz"}),
        ("kpi_explorer", "leadership", {"compare": "zzz"}),
        ("kpi_explorer", "analyst_phi", {"rows": "zzz"}),
        ("roi", "leadership", {"scenario": "zzz"}),
        ("model", "leadership", {"part": "zzz"}),
        ("care_gaps", "care_team", {"measure": "CMS0"}),
        ("data_health", "leadership", {"view": "zzz"}),
        ("identities", "steward", {"view": "zzz"}),
        ("catalog", "analyst", {"kind": "zzz"}),
    ],
)
def test_a_name_that_is_not_known_is_said_once_and_changes_nothing(app, page: str, role: str, address: dict[str, str]):
    [key] = address
    shown = app(page, role=role, address=address)
    assert not shown.exception
    assert [one.value for one in shown.info if "the address" in one.value] == [
        f"What the address asks for with “{key}” is not known here, and changes nothing."
    ]
    assert not [one.value for fold in shown.expander for one in fold.info]  # where nobody would see it
    assert not [one.value for one in shown.run().info if "the address" in one.value]


@pytest.mark.parametrize("page", ["outreach", "catalog"])
def test_what_no_page_knows_is_said_without_its_words_which_may_name_a_patient(app, page: str):
    shown = app(page, role="care_team", address={"patient": "Maria Lopez"})
    assert not shown.exception
    said = [one.value for one in shown.info if "address" in one.value]
    assert said == ["The address asks for something that no page knows; it changes nothing."]


def test_all_that_is_read_from_an_address_is_known():
    """Every widget that is bound to the address has its key in `KNOWN`, and asks `say_unknown` about it."""
    bound, asked = set(), set()
    for path in (CHECKOUT / "dashboards").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for call in re.findall(r"\w+\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*bind=\"query-params\"", text):
            bound |= set(re.findall(r"\bkey=\"(\w+)\"", call))
        asked |= set(re.findall(r"say_unknown\(\"(\w+)\"", text))
    assert len(bound) > 10
    assert bound <= KNOWN
    assert bound - {"kpi", "split", "compare"} <= asked  # these three are asked about in a loop


def test_a_name_that_is_known_is_not_remarked_on(app):
    shown = app("outreach", role="care_team", address={"list": "Re-engagement", "state": "Worked"})
    assert not [one.value for one in shown.info if "the address" in one.value]


@pytest.mark.parametrize(("language", "named"), [({}, "Excluidos"), ({"language": "Español"}, "Left out")])
def test_a_link_that_was_made_in_another_language_shows_the_same_view(app, language: dict[str, str], named: str):
    shown = app("outreach", role="care_team", address={"view": named, **language})
    assert not shown.exception and shown.session_state["view"] == "Left out"
    assert not [one.value for one in shown.info if "address" in one.value or "dirección" in one.value]
