"""What closes a gap follows from its finding: nobody is told to screen whom a screening has found."""

import csv
import re
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from pipelines.home import CHECKOUT
from pipelines.sql.connection import open_file

DBT = CHECKOUT / "dbt_project"
THE_USUAL = {
    "CMS50": ["Referred on *"],
    "CMS68": ["Medications not reviewed at the visit of *"],
    "CMS90": ["No functional assessment in the 14 days up to a visit"],
    "CMS117": ["Incomplete by the second birthday on *"],
    "CMS124": ["Last *", "HPV test *"],
    "CMS125": ["Last *"],
    "CMS128": ["Antidepressant covers *"],
    "CMS130": ["Last *"],
    "CMS131": ["With retinopathy the exam of the year before is not enough"],
    "CMS136": ["No visit from *"],
    "CMS137": ["Treatment not begun since *"],
    "CMS139": ["Last *"],
    "CMS142": ["Findings of the macular exam of *"],
    "CMS149": ["No cognitive assessment on record", "Last cognitive assessment of *"],
    "CMS153": ["Last chlamydia test *"],
    "CMS347": ["No statin in the period, with *", "LDL of *"],
    "CMS349": ["HIV test outside the ages of 15 to 65"],
    "CMS1154": ["Last glucose or HbA1c test *"],
    "CMS1188": ["Not tested in the period for *"],
    "CMS951": ["eGFR and urine albumin-creatinine ratio missing"],
}
"""Findings that the measure's own action closes: what was done is too old, or nothing was done."""


def _actions() -> dict[str, list[tuple[str, str]]]:
    """The findings of `measure_actions` as shell patterns, with their actions, by measure."""
    found = defaultdict(list)
    with (DBT / "seeds" / "measure_actions.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            pattern = row["finding"].replace("!%", "\0").replace("%", "*").replace("\0", "%")
            found[row["measure_code"]].append((pattern, row["next_action"]))
    return found


ACTIONS = _actions()
MEASURES = {
    re.match(r"cms\d+", path.name)[0].upper(): path for path in sorted((DBT / "models/intermediate/measures").glob("cms*.sql"))
}


def _findings(path: Path) -> list[str]:
    """The beginnings of the reasons that a measure's SQL gives in its findings, each with the * of what follows."""
    block = path.read_text(encoding="utf-8").rpartition("findings as (")[2].partition("{{ measure_results")[0]
    texts = re.findall(r"(?:then|else|\n\s+|when 'Group_\d' then) ?'([A-Ze][^']{8,})'( \|\|)?", block)
    return [text + ("*" if goes_on else "") for text, goes_on in texts]


@pytest.mark.parametrize("measure", MEASURES)
def test_every_finding_of_a_measure_has_its_own_action_or_is_known_to_need_the_usual_one(measure: str):
    for finding in _findings(MEASURES[measure]):
        known = [pattern for pattern, _ in ACTIONS[measure]] + THE_USUAL.get(measure, [])
        fitting = [pattern for pattern in known if fnmatchcase(finding, pattern) or fnmatchcase(pattern, finding)]
        assert fitting, f"{measure}: what closes a gap with the finding '{finding}'?"


LACKING = {
    ("CMS2", "Positive screening on 2026-03-01 without a follow-up plan"): "Assess the positive screening and plan its follow-up",
    ("CMS2", "The screening of 2026-03-01 has no coded result"): "Code the result of the screening",
    ("CMS22", "Blood pressure 150/95 on 2026-03-01 without the follow-up that it asks for"): "Order the follow-up",
    ("CMS69", "BMI 17 on 2026-03-01 is below normal, without a follow-up for that reason"): "Order diet, referral or medication",
    ("CMS122", "The last value is above 9 %"): "Review the treatment against the goal agreed with the patient",
    ("CMS138", "Tobacco user on 2026-03-01, no counseling or medication since"): "Counsel on quitting",
    ("CMS153", "Chlamydia test of 2026-03-01 has no result"): "Obtain the result",
    ("CMS165", "The last blood pressure is not below 140/90"): "Measure blood pressure again; if it stays high, review",
    ("CMS951", "eGFR missing"): "Order an eGFR",
}


@pytest.mark.parametrize(("measure", "reason"), LACKING)
def test_a_finding_asks_for_what_it_lacks(measure: str, reason: str):
    [found] = [text for pattern, text in ACTIONS[measure] if fnmatchcase(reason, pattern)]
    assert found.startswith(LACKING[measure, reason])


def test_no_action_treats_to_a_threshold_of_a_measure():
    """9 % and 140/90 decide whether a patient counts; the goal is agreed with the patient."""
    with (DBT / "seeds" / "measure_catalog.csv").open(encoding="utf-8", newline="") as file:
        usual = [row["next_action"] for row in csv.DictReader(file)]
    texts = usual + [action for actions in ACTIONS.values() for _, action in actions]
    assert not [text for text in texts if re.search(r"treat\w* to|140|\b9 % or less", text)]


def test_the_gaps_of_the_sample_say_what_their_finding_asks_for(sample_warehouse: Path):
    """Every open gap with a positive screening, a high value, an abnormal BMI or a tobacco user."""
    with open_file(sample_warehouse, read_only=True) as connection:
        rows = connection.execute(
            "select measure_code, reason, next_action from marts.fct_care_gaps "
            "where gap_status = 'open' and next_action is not null and next_action not like 'Too late%'"
        ).fetchall()
    asked = 0
    for measure, reason, action in rows:
        fitting = [text for pattern, text in ACTIONS[measure] if fnmatchcase(reason.partition("; ")[0], pattern)]
        assert len(fitting) <= 1, reason
        if fitting:
            asked += 1
            assert action.endswith(fitting[0]), (reason, action)
    assert asked > 100
    positive = [action for measure, reason, action in rows if reason.startswith("Positive screening")]
    assert positive and not any("Screen for depression" in action for action in positive)
