"""What a steward decides in the dashboards holds from the next run on, and a later decision undoes it."""

from collections.abc import Callable
from pathlib import Path

from dashboards.identities.decisions import decide
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.rights.person import Record
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import build_warehouse
from tests.assets.father_or_son import FAMILIES, pair, write_practice

STEWARD = "sam@example.org"
DECISIONS = {"Hale": (), "Moss": ("link",), "Reed": ("link", "separate"), "Voss": ("link", "separate", "later")}
"""What is decided on the pair of each family, one after the other."""


def built(home: Home, practice: Practice) -> dict[str, tuple]:
    """After a run, of each family: how many people there are, the rule of the contact's link, the open review, the decision."""
    warehouse = build_warehouse(home, practice, select=["+fct_identity_decisions", "+fct_identity_reviews"])
    with open_file(warehouse, read_only=True) as connection:

        def of(family: str, value: str, table: str, column: str) -> list:
            """The values on the family's chart or contact."""
            condition = f"{column} in ('bob-{family}', 'robert-{family}')"
            return [value for (value,) in connection.execute(f"select {value} from {table} where {condition}").fetchall()]

        links = "intermediate.int_identity__patient_links"
        return {
            family: (
                len(set(of(family, "patient_key", links, "source_id"))),
                *of(family, "link_rule", f"(from {links} where source_record_type = 'crm_contact')", "source_id"),
                *(of(family, "reason", "marts.fct_identity_reviews", "left_id") or [None]),
                *(of(family, "decision || ' by ' || decided_by", "marts.fct_identity_decisions", "left_id") or [None]),
                of(family, "patient_key", f"(from {links} where source_record_type = 'ehr_patient')", "source_id"),
            )
            for family in FAMILIES
        }


def test_a_decision_holds_at_the_next_run_and_a_later_one_undoes_it(new_home: Callable[[], Home], tmp_path: Path):
    """Landed before the decisions. Of the families Hale has none; a chart keeps its key whatever is decided."""
    home, practice = new_home(), write_practice(tmp_path, FAMILIES)
    journal = home.outcomes(practice.id)
    land(practice, home)
    for family, decisions in DECISIONS.items():
        for decision in decisions:
            decide(journal, pair(family), decision, STEWARD)
    after = built(home, practice)
    assert {family: state[:4] for family, state in after.items()} == {
        "Hale": (2, "own_record", "birth_date_unknown", None),
        "Moss": (1, "steward", None, f"link by {STEWARD}"),
        "Reed": (2, "own_record", None, f"separate by {STEWARD}"),
        "Voss": (2, "own_record", "birth_date_unknown", f"later by {STEWARD}"),
    }
    charts = {family: [Record("ehr", "ehr_patient", f"robert-{family}").key] for family in FAMILIES}
    assert {family: state[4] for family, state in after.items()} == charts
