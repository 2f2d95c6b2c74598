"""A number that SQL and Python share has one home, from which the other is given it."""

import re

from jinja2 import Template

from ml.risk.no_show import EMBARGO_DAYS
from models import disengagement, fhir_reference, no_show
from models.campaigns import NEVER_HELD_OUT
from models.few_cases import is_few
from pipelines.home import CHECKOUT
from pipelines.raw.as_of import NEWEST_VISIT
from pipelines.warehouse.dbt_project import default_settings

MACROS = CHECKOUT / "dbt_project" / "macros"
MODELS = CHECKOUT / "dbt_project" / "models"


def test_sql_has_the_numbers_of_the_predictions_from_python():
    text = (MACROS / "shared_constants__generated.sql").read_text(encoding="utf-8")
    assert dict(re.findall(r"macro (\w+)\(\) -%}{{ return\(([\d.]+)\) }}", text)) == {
        "disengagement_horizon_days": "180",
        "disengagement_recording_days": "30",
        "disengagement_grace": "1.5",
        "disengagement_seen_months": "24",
        "disengagement_known_days": "90",
        "no_show_reminder_hours": "48",
        "no_show_outcome_days": "7",
        "plausible_years_first_year": "1800",
        "plausible_years_last_year": "2200",
    }
    assert (disengagement.HORIZON_DAYS, disengagement.RECORDING_DAYS, disengagement.GRACE) == (180, 30, 1.5)
    assert (no_show.REMINDER_HOURS, no_show.OUTCOME_DAYS, EMBARGO_DAYS) == (48, 7, 14)


def test_the_day_that_a_run_looks_back_from_and_staging_know_a_finished_visit_by_the_same_words():
    words = "'complete', 'completed', 'closed', 'checkedout', 'discharged'"
    generated = (MACROS / "shared_constants__generated.sql").read_text(encoding="utf-8")
    assert f"macro finished_visit_words() -%}}{{{{ return(({words})) }}}}" in generated
    assert f"in ('finished', {words})" in NEWEST_VISIT


def test_the_list_and_what_is_kept_of_it_agree_whom_nobody_holds_out():
    assert NEVER_HELD_OUT == ("discharge", "visit")
    drawn = (MODELS / "delivery" / "outreach" / "out_campaign_patients.sql").read_text(encoding="utf-8")
    assert f"when campaigns.audience in {NEVER_HELD_OUT} then null" in drawn


def test_dbt_reads_a_reference_by_the_words_that_landing_reads_it_by():
    """`{{ id_of(x) }}` is the text of `id_of("x")`, and no other macro has the name."""
    generated = (MACROS / "fhir_reference__generated.sql").read_text(encoding="utf-8")
    template = Template(generated).module
    for name in ("id_of", "type_of", "identifier_of"):
        assert getattr(template, name)("asked").strip() == getattr(fhir_reference, name)("asked")
    stated = re.compile(r"{% macro (id_of|type_of|identifier_of|identifier)\(")
    assert [path.name for path in MACROS.glob("*.sql") if stated.search(path.read_text(encoding="utf-8"))] == [
        "fhir_reference__generated.sql"
    ]


def test_no_other_macro_or_module_states_them_again():
    names = "grace|horizon_days|recording_days|seen_months|known_for_days|reminder_hours|outcome_days|no_show_\\w+_days"
    stated = re.compile(rf"(?im)^\s*(?:{{#-?.*|{{% macro )?({names})\b(?:\(\) -%}}| = )")
    paths = [*MACROS.glob("*.sql"), *(CHECKOUT / "ml").rglob("*.py"), *(CHECKOUT / "pipelines").rglob("*.py")]
    again = [path.name for path in paths if "generated" not in path.name and stated.search(path.read_text(encoding="utf-8"))]
    assert again == []


def test_the_sql_of_a_prediction_states_none_of_them():
    """`- 90`, `interval 24 month` or a setting of the same name beside the shared number would be a second home."""
    stated = re.compile(r"interval \d+ (?:day|hour)s? as is_|index_on - \d|index_at - interval \d|var\('(?:reminder|no_show)_")
    paths = [*(MODELS / "intermediate").glob("disengagement/*.sql"), *(MODELS / "intermediate").glob("no_show/*.sql")]
    assert [path.name for path in paths if stated.search(path.read_text(encoding="utf-8"))] == []


def test_python_has_the_defaults_of_the_practices_settings_from_the_dbt_project():
    settings = default_settings()
    worth = ("contact_effect", "retained_margin_usd", "contact_cost_usd", "outreach_capacity", "holdout_share")
    assert [settings[name] for name in worth] == [0.15, 250, 5, 10, 0.2]
    assert not {"as_of_on", "time_zone"} & settings.keys()


def test_pages_and_tables_mark_few_cases_by_the_same_numbers():
    settings = default_settings()
    assert (settings["small_denominator"], settings["small_numerator"]) == (30, 10)
    assert [is_few(10, 30), is_few(9, 30), is_few(10, 29)] == [False, True, True]
    assert [is_few(900, 4, "ratio", n_records) for n_records in (None, 30, 29, 0)] == [False, False, True, True]
