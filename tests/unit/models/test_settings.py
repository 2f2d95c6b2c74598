"""Settings are checked like data: every mistake is named by file, line and key, with what is allowed; none is silent."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models.settings.practice import PracticeSettings, Variables
from models.settings.toml_schema import SettingsRefused, read_settings
from pipelines.errors import UsageError
from pipelines.home import CHECKOUT
from pipelines.practice import read_practice

GOOD = 'id = "p"\nname = "P"\ntime_zone = "America/Chicago"\n'
HANDED_OVER_BY_A_RUN = {"as_of_on", "time_zone", "targets"}
THE_SAME_FOR_ALL = {"small_numerator", "small_denominator", "kpi_period_months"}


def refusal(folder: Path, text: str | bytes) -> str:
    (folder / "practice.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UsageError) as refused:
        read_practice(folder)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD + 'is_synthetic = "false"\n', 4, 'is_synthetic cannot be "false": it must be true or false'),
        (GOOD.replace('"p"', '"../../up"'), 1, "id cannot be"),
        (GOOD.replace('"p"', '""'), 1, "id cannot be"),
        (GOOD.replace("America/Chicago", "America/Nowhere"), 3, "write a name of the tz database"),
        (GOOD.replace("America/Chicago", "America/Chicgo"), 3, "Did you mean America/Chicago?"),
        (
            GOOD + "[variables]\nactive_month = 18\n",
            5,
            "variables.active_month is not a setting here. Did you mean active_months?",
        ),
        (GOOD + "[variables]\nactive_months = 1.5\n", 5, "a whole number of months from 1 to 120"),
        (GOOD + "[variables]\nholdout_share = 20\n", 5, "0.2, not 20 %"),
        (GOOD + '[variables]\n\nsite_capacity = { "loc-01" = -1 }\n', 6, "patients a month"),
        (GOOD + "[variables.gap_incentives_usd]\n# agreed\nmedicar = { CMS122 = 1 }\n", 6, "Did you mean medicare?"),
        (GOOD + "[variables.gap_incentives_usd]\nmedicare = { CMS1220 = 1 }\n", 5, "is no such measure"),
        (GOOD + '[variables]\nchosen_measures = ["CMS1220"]\n', 5, "is no such measure"),
        (GOOD + '[variables.encounter_classes]\n13 = "AMB"\n5 = "OP"\n', 6, "one of AMB, EMER, FLD, HH, IMP"),
        (GOOD + "[targets]\nno_show_rte = 0.06\n", 5, "Did you mean no_show_rate?"),
        (GOOD + "[targets]\nno_show_rate = nan\n", 5, "must be a number"),
        (GOOD + "[targets]\n\nno_show_rate = true\n", 6, "0.05, not 5 %"),
        (GOOD + '[sources]\nher = "ehr"\n', 5, "Did you mean ehr?"),
        (GOOD + '[sources]\nehr = ""\n', 5, "names no folder"),
        (GOOD + '[sources]\n"ehr:../x" = "ehr"\n', 5, "is no source"),
        (GOOD + "as_of = 1066-10-14\n", 4, "a day from 1990 on"),
        (GOOD + 'as_of = "2026-11-01"\n', 4, "without quotes"),
        (GOOD + "as_of = 2026-11-01T10:00:00\n", 4, "without quotes"),
        (GOOD + 'nmae = "Q"\n', 4, "Did you mean name?"),
        ('id = "p"\nname = "P"\n', None, "time_zone is missing"),
        (GOOD + "as_of = \n", 4, "is not TOML"),
        (GOOD.encode() + b"# caf\xe9\n", 4, "UTF-8"),
        (GOOD.encode("utf-16"), 1, "UTF-16"),
    ],
)
def test_a_mistake_names_file_line_key_and_what_is_allowed(tmp_path: Path, text: str | bytes, line: int | None, words: str):
    said = refusal(tmp_path, text)
    assert said.startswith(f"{tmp_path / 'practice.toml'}{f':{line}' if line else ''}: "), said
    assert words in said


def test_every_mistake_of_a_file_is_named_at_once(tmp_path: Path):
    said = refusal(tmp_path, 'id = "/"\nname = ""\ntime_zone = "Mars"\nis_synthetic = 1\n')
    assert [word for word in ("id", "name", "time_zone", "is_synthetic") if f": {word} " in said] == [
        "id",
        "name",
        "time_zone",
        "is_synthetic",
    ]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path):
    (tmp_path / "practice.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_practice(tmp_path).id == "p"


def test_a_secret_in_the_wrong_place_is_not_shown(tmp_path: Path):
    assert "hunter2" not in refusal(tmp_path, GOOD + 'client_secret = "hunter2"\n')


def test_every_variable_of_dbt_is_a_setting_or_no_practices_choice():
    project = yaml.safe_load((CHECKOUT / "dbt_project" / "dbt_project.yml").read_text())
    assert set(project["vars"]) == set(Variables.model_fields) | HANDED_OVER_BY_A_RUN | THE_SAME_FOR_ALL


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('name = "low"\n[assumptions]\ndiscount_rat = 0.1\n', 3, "Did you mean discount_rate?"),
        ('name = "low"\n[assumptions]\n\ndiscount_rate = 8\n', 4, "must lie from 0 to 1"),
        ('name = "low"\nhorizon_months = 6\n', 2, "from 12 to 60"),
        ('name = "low"\nhorizon = 24\n', 2, "Did you mean horizon_months?"),
        ("[assumptions]\ndiscount_rate = 0.1\n", None, "name is missing"),
        ('name = "low"\n[assumptions]\ndiscount_rate = { low = 0.2, central = 0.1, high = 0.3 }\n', 3, "out of order"),
    ],
)
def test_a_scenario_file_is_checked_like_the_practice(tmp_path: Path, text: str, line: int | None, words: str):
    (tmp_path / "practice.toml").write_text(GOOD)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "own.toml").write_text(text)
    with pytest.raises(UsageError) as refused:
        read_practice(tmp_path)
    assert f"own.toml{f':{line}' if line else ''}: " in str(refused.value)
    assert words in str(refused.value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_a_file_holds_it_is_read_or_refused(content: bytes):
    try:
        read_settings(content, PracticeSettings, "practice.toml")
    except SettingsRefused as refused:
        assert str(refused).startswith("practice.toml")
