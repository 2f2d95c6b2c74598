"""What a measure consists of: a model, a line in the union, a row in the catalogue, and the value sets that it names."""

import csv
import re
from pathlib import Path

import pytest

from pipelines.home import CHECKOUT
from pipelines.proof.measure_decks import MODELS, measure_models
from pipelines.raw.value_sets import SHIPPED, known_value_sets

SEEDS = CHECKOUT / "dbt_project" / "seeds"
MEASURES = measure_models()
POPULATIONS = CHECKOUT / "dbt_project" / "macros" / "populations.sql"
CLINICAL = CHECKOUT / "dbt_project" / "models" / "intermediate" / "clinical"


def _column(path: Path, column: str) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return [row[column] for row in csv.DictReader(file)]


def _named_in(sql: str) -> set[str]:
    """The texts that a value set column is compared with; not the pieces that a name is put together from."""
    compared = re.findall(r"value_sets?\s*(?:=|in|,)\s*(\(.*?\)|\[.*?\]|'\w+')", sql, flags=re.DOTALL)
    return set(re.findall(r"'([a-z0-9]\w*[a-z0-9])'", " ".join(compared)))


def _with_its_population(sql: str) -> str:
    """A model's text, and that of the macro in which it shares its initial population."""
    macro = re.search(r"macro diabetes_population.*?endmacro", POPULATIONS.read_text(encoding="utf-8"), flags=re.DOTALL)
    return sql + macro.group() if "diabetes_population(" in sql else sql


NAMES = {value_set["name"] for value_set in known_value_sets()}
DIRECT = set(_column(SHIPPED / "direct_codes.csv", "name")) | set(_column(SHIPPED / "licensed_direct_codes.csv", "name"))


def test_every_measure_model_is_in_the_union_and_in_the_catalogue():
    union = dict(re.findall(r"'(CMS\d+)': '(\w+)'", (MODELS / "int_measures__results.sql").read_text(encoding="utf-8")))
    assert union == MEASURES
    assert set(_column(SEEDS / "measure_catalog.csv", "measure_code")) == set(MEASURES)


@pytest.mark.parametrize("model", [*MEASURES.values(), *(path.stem for path in MODELS.glob("int_*.sql"))])
def test_a_model_names_only_value_sets_that_exist(model: str):
    named = _named_in((MODELS / f"{model}.sql").read_text(encoding="utf-8"))
    assert named <= NAMES | DIRECT


@pytest.mark.parametrize("code, model", MEASURES.items())
def test_a_measure_is_switched_off_by_each_value_set_that_it_names(code: str, model: str):
    with (SEEDS / "measure_value_sets.csv").open(encoding="utf-8") as file:
        declared = {row["value_set"] for row in csv.DictReader(file) if row["measure_code"] == code}
    named = _named_in(_with_its_population((MODELS / f"{model}.sql").read_text(encoding="utf-8")))
    assert named and (named & NAMES) <= declared


def test_nothing_licensed_and_no_descriptor_is_shipped():
    for path in SHIPPED.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"ama-assn\.org/go/cpt,\d{5}", text) and "ada.org" not in text
    with (SHIPPED / "codes.csv").open(encoding="utf-8") as file:
        assert next(csv.reader(file)) == ["value_set_url", "value_set_oid", "version", "title", "system", "code"]
