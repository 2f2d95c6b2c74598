"""A page says where its address names what it does not have."""

import pytest


@pytest.mark.parametrize(
    ("page", "role", "address"),
    [
        ("overview", "leadership", {"site": "Nowhere"}),
        ("kpi_explorer", "leadership", {"kpi": "zzz"}),
        ("catalog", "analyst", {"kpi": "zzz"}),
        ("outreach", "care_team", {"list": "No such list"}),
    ],
)
def test_a_name_that_is_not_known_is_said_once_and_changes_nothing(app, page: str, role: str, address: dict[str, str]):
    [key] = address
    shown = app(page, role=role, address=address)
    assert not shown.exception
    assert [one.value for one in shown.info if "the address" in one.value] == [
        f"What the address asks for with “{key}” is not known here, and changes nothing."
    ]
    assert not [one.value for one in shown.run().info if "the address" in one.value]


def test_a_name_that_is_known_is_not_remarked_on(app):
    shown = app("outreach", role="care_team", address={"list": "Re-engagement", "state": "Worked"})
    assert not [one.value for one in shown.info if "the address" in one.value]
