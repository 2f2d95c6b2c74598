"""A number that SQL and Python share has one home, from which the other is given it."""

import re

from models import disengagement
from pipelines.home import CHECKOUT
from pipelines.warehouse.dbt import default_settings

MACROS = CHECKOUT / "dbt_project" / "macros"


def test_sql_has_the_numbers_of_disengagement_from_python():
    text = (MACROS / "disengagement__generated.sql").read_text(encoding="utf-8")
    assert dict(re.findall(r"macro (\w+)\(\) -%}{{ return\(([\d.]+)\) }}", text)) == {
        "horizon_days": "180",
        "recording_days": "30",
        "grace": "1.5",
    }
    assert (disengagement.HORIZON_DAYS, disengagement.RECORDING_DAYS, disengagement.GRACE) == (180, 30, 1.5)


def test_no_other_macro_or_module_states_them_again():
    stated = re.compile(r"(?im)^\s*(?:{#-?.*|{% macro )?(grace|horizon_days|recording_days)\b(?:\(\) -%}| = )")
    paths = [*MACROS.glob("*.sql"), *(CHECKOUT / "ml").rglob("*.py"), *(CHECKOUT / "pipelines").rglob("*.py")]
    again = [path.name for path in paths if "generated" not in path.name and stated.search(path.read_text(encoding="utf-8"))]
    assert again == []


def test_python_has_the_defaults_of_the_practices_settings_from_the_dbt_project():
    settings = default_settings()
    worth = ("contact_effect", "retained_margin_usd", "contact_cost_usd", "outreach_capacity", "holdout_share")
    assert [settings[name] for name in worth] == [0.15, 250, 5, 10, 0.2]
    assert not {"as_of_on", "time_zone"} & settings.keys()
