"""Every sentence that SQL can write for a care team has its Spanish, whatever the data; one without is named with its file."""

import csv
import re
from collections.abc import Callable

import pytest

from dashboards.figures import languages
from ml.risk.features import FEATURES
from models.campaigns import CONDITIONS
from pipelines.home import CHECKOUT
from pipelines.proof.measure_decks import measure_models
from tests.architecture.written import DAY, NUMBER, Written

WORD = r"[^\W\d_]{2,}"
RISKS = {re.sub(r"\{\w+%?\}", NUMBER, text) for one in FEATURES for text in (one.reason, one.reason_if_not) if text}
"""Why the model says that a risk is high."""
NUMBERS = (
    "systolic", "diastolic", "value_integer", "value_text", "evidence_value", "score", "site_rank", "days_since_visit",
    "expected_interval_days", "no_visit_months", "provider_name",
)  # fmt: skip
SAMPLES = {
    # FHIR's states of an order other than active and completed
    "status": {"on-hold", "ended", "stopped", "cancelled", "entered-in-error", "draft", "unknown"},
    "condition_name": {*CONDITIONS},
    "measure_code": {"CMS2"},
    "title": {"HIV Screening", "Kidney Health Evaluation"},
    "reason": {"eGFR missing"},
    "next_action": {"Order an eGFR"},
    "reason_1": RISKS,
    "findings": {f"HbA1c {NUMBER} % on {DAY}, no visit booked"},
    "finding": {f"left hospital on {DAY}, no visit booked"},
    "next_appointment_at": {DAY},
    "rule": set(),  # those of the seed are no sentences of the warehouse: test_languages.py has them
    **{name: {NUMBER} for name in NUMBERS},
}
"""What columns of other models hold that stand in a sentence."""
LISTS = {
    "intermediate.int_outreach__urgent_findings": ("findings",),
    "intermediate.int_outreach__discharged": ("finding",),
    "intermediate.int_outreach__ordered_visits": ("finding",),
    "intermediate.int_outreach__campaigns": ("rule", "next_action"),
    "delivery.out_outreach_list": ("why", "next_action"),
    "delivery.out_outreach_suppressions": ("why",),
    "delivery.out_campaign_patients": ("why",),
}
"""The columns of a list's sentences, and of those that it takes up."""


@pytest.fixture
def english_in(monkeypatch) -> Callable[[str], list[str]]:
    """`english_in(text)`: its words as a Spanish page shows it that stand in no Spanish message; abbreviations may stay."""
    monkeypatch.setattr(languages, "chosen_language", lambda: "es")
    day = languages.sentence(DAY)
    known = {word.lower() for one in languages.catalog("es") for word in re.findall(WORD, str(one.string))}

    def words(text: str) -> list[str]:
        said = re.findall(WORD, languages.sentence(text).replace(day, ""))
        return [word for word in said if word.lower() not in known and not word.isupper()]

    return words


@pytest.fixture(scope="module")
def reasons(compiled) -> dict[str, set[str]]:
    """What each measure's SQL says of an open gap, by its model."""
    models = measure_models().values()
    return {model: Written(compiled[f"intermediate.{model}"], SAMPLES).texts("reason", "findings") for model in models}


def test_why_a_gap_is_open_is_said_in_spanish_whatever_the_measure_finds(reasons, english_in):
    """What is left over, nobody has translated: it belongs into `caregap.po`, with the context `warehouse`."""
    assert [(f"{model}.sql", text) for model, texts in reasons.items() for text in sorted(texts) if english_in(text)] == []
    assert len([text for texts in reasons.values() for text in texts]) > 200


def test_every_measure_says_why_its_gap_is_open(reasons):
    with (CHECKOUT / "dbt_project/seeds/measure_catalog.csv").open(encoding="utf-8") as file:
        always = {row["measure_code"] for row in csv.DictReader(file) if row["open_reason"]}
    assert {code for code, model in measure_models().items() if not reasons[model]} - always == set()


def test_what_is_planned_for_a_gap_and_what_closes_it_are_said_in_spanish(compiled, reasons, english_in):
    gap = Written(compiled["marts.fct_care_gaps"], SAMPLES, {"gap_status": "open"})
    said = gap.texts("reason")
    assert [text for text in sorted(said | gap.texts("next_action")) if english_in(text)] == []
    # A long sentence may fit a pattern that a part of it does not: each reason with all that can follow one.
    longest = max(said, key=len).removeprefix("eGFR missing")
    assert longest == f"; due since {DAY} or before; ordered on {DAY}; visit booked {DAY} with {NUMBER}"
    after = languages.sentence(f"eGFR missing{longest}").removeprefix("Falta el FGe")
    told = [text for texts in reasons.values() for text in texts]
    assert [text for text in told if languages.sentence(text + longest) != languages.sentence(text) + after] == []


@pytest.mark.parametrize(("model", "column"), [(model, column) for model, columns in LISTS.items() for column in columns])
def test_why_a_patient_is_on_a_list_and_what_to_do_are_said_in_spanish(compiled, english_in, model: str, column: str):
    texts = Written(compiled[model], SAMPLES).texts(column)
    assert texts and [text for text in sorted(texts) if english_in(text)] == []


def test_reasons_of_a_risk_are_said_in_spanish(english_in):
    assert [text for text in sorted(RISKS) if english_in(text)] == []


def test_a_sentence_that_nobody_translated_is_found(english_in):
    """Of a measure that says one of two things of each drug whose orders it reads."""
    sql = """
        with findings as (
            select case when is_late then 'Given too late: ' else 'No dose of ' end || value_set || ' on ' || given_on as reason
            from intermediate.int_clinical__medication_requests
            where value_set in ('digoxin', 'estrogen')
        )
        select * from findings
    """
    texts = Written(sql, {}).texts("reason", "findings")
    assert texts == {f"{way}{drug} on {DAY}" for way in ("Given too late: ", "No dose of ") for drug in ("digoxin", "estrogen")}
    assert all(english_in(text) for text in texts)


def test_a_column_of_another_model_in_a_sentence_has_to_be_named():
    with pytest.raises(LookupError, match=r"a sentence has orders\.dose: say in the samples what it may hold"):
        Written("select 'Dose of ' || orders.dose as reason from orders", {}).texts("reason")
