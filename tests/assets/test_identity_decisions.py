"""What a steward decides in the dashboards holds from the next run on, and a later decision undoes it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dashboards.identities.decisions import decide
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import build_warehouse
from tests.assets.father_or_son import PAIR, write_practice

STEWARD = "sam@example.org"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    return write_practice(tmp_path_factory.mktemp("decided"))


@pytest.fixture(scope="module")
def home(new_home: Callable[[], Home]) -> Home:
    return new_home()


def built(home: Home, practice: Practice) -> dict:
    """After a run: how many people there are, the rule of the contact's link, the reviews that are open, the decision."""
    warehouse = build_warehouse(home, practice, select=["+fct_identity_decisions", "+fct_identity_reviews"])
    with open_file(warehouse, read_only=True) as connection:

        def values(query: str) -> list:
            return [value for (value,) in connection.execute(query).fetchall()]

        links = "from intermediate.int_identity__patient_links"
        return {
            "n_people": values(f"select count(distinct patient_key) {links}")[0],
            "chart_key": values(f"select patient_key {links} where source_id = 'robert'")[0],
            "contact": values(f"select link_rule {links} where source_id = 'bob'")[0],
            "reviews": values("select reason from marts.fct_identity_reviews"),
            "decisions": values("select decision || ' by ' || decided_by from marts.fct_identity_decisions"),
        }


def test_a_decision_holds_at_the_next_run_and_a_later_one_undoes_it(home: Home, practice: Practice):
    journal: Path = home.outcomes(practice.id)
    undecided = built(home, practice)
    assert (undecided["n_people"], undecided["reviews"], undecided["decisions"]) == (2, ["birth_date_unknown"], [])

    decide(journal, PAIR, "link", STEWARD)
    one = built(home, practice)
    assert (one["n_people"], one["contact"], one["reviews"]) == (1, "steward", [])
    assert one["decisions"] == [f"link by {STEWARD}"]

    decide(journal, PAIR, "separate", STEWARD)
    two = built(home, practice)
    assert (two["n_people"], two["contact"], two["reviews"]) == (2, "own_record", [])

    decide(journal, PAIR, "later", STEWARD)
    open_again = built(home, practice)
    assert (open_again["n_people"], open_again["reviews"]) == (2, ["birth_date_unknown"])
    assert open_again["decisions"] == [f"later by {STEWARD}"]

    keys = {run["chart_key"] for run in (undecided, one, two, open_again)}
    assert len(keys) == 1
