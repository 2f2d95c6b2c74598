"""docs/security.md names a test for each thing that it says is in place, and the test is there."""

import re

import pytest

from pipelines.home import CHECKOUT

PAGE = (CHECKOUT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))
STATES = {"in place", "partly", "absent", "you"}
SAFEGUARDS = {
    "(a)(1)", "(a)(2)(i) R", "(a)(2)(ii) R", "(a)(2)(iii) A", "(a)(2)(iv) A", "(b)", "(c)(1)", "(c)(2) A", "(d)", "(e)(1)",
    "(e)(2)(i) A", "(e)(2)(ii) A",
}  # fmt: skip
"""Every standard and every implementation specification of 45 CFR 164.312."""
ACTIVITIES = {"5.3.1": 9, "5.3.2": 5, "5.3.3": 6, "5.3.4": 3, "5.3.5": 4}
"""The number of key activities in each table of section 5.3 of NIST SP 800-66r2."""


def rows() -> list[list[str]]:
    """The rows of the tables that have a state: paragraph, what it asks for, state, how, shown by."""
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("| ")]
    return [row for row in cells if len(row) == 5 and row[2] in STATES]


@pytest.mark.parametrize("test", TESTS)
def test_a_test_that_the_page_names_exists(test: str):
    path, _, name = test.partition("::")
    assert (CHECKOUT / path).is_file()
    assert not name or re.search(rf"^ *def {name}\(", (CHECKOUT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_paragraph_of_164_312_has_a_row():
    assert {row[0] for row in rows() if row[0].startswith("(")} == SAFEGUARDS


def test_every_key_activity_of_nist_800_66r2_has_a_row():
    found = [row[0] for row in rows() if row[0].startswith("5.3.")]
    assert found == [f"{table} ({number})" for table, n in ACTIVITIES.items() for number in range(1, n + 1)]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_what_is_in_place_is_shown_by_a_test_and_what_is_absent_by_none(row: list[str]):
    assert ("`tests/" in row[4]) is (row[2] in ("in place", "partly"))


def test_what_the_page_says_is_found_by_those_who_look_for_it():
    for page in ("README.md", "SECURITY.md", "docs/operators.md"):
        assert "security.md" in (CHECKOUT / page).read_text(encoding="utf-8"), page
