"""The shape of the dbt project: one way through the layers, every table described, tested and under contract."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from models.published import PUBLISHED
from pipelines.dbt_properties import MODELS, outdated
from pipelines.home import CHECKOUT

LAYERS = ("staging", "intermediate", "marts", "delivery")
GRAIN_TESTS = {"unique", "unique_combination"}


@cache
def _sql() -> dict[str, Path]:
    return {path.stem: path for path in MODELS.rglob("*.sql")}


def _layer(path: Path) -> str:
    return path.relative_to(MODELS).parts[0]


@cache
def _properties() -> dict[str, dict]:
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in MODELS.rglob("_*.yml")]
    return {model["name"]: model for document in documents for model in document.get("models") or []}


def _tests(node: dict) -> set[str]:
    named = [test if isinstance(test, str) else next(iter(test)) for test in node.get("data_tests", [])]
    return set(named).union(*(_tests(column) for column in node.get("columns", [])))


MODEL_NAMES = sorted(_sql())


def test_the_generated_properties_say_what_the_contracts_say():
    assert outdated() == [], "run `make contracts`"


def test_every_published_table_has_a_contract_and_every_contract_a_table():
    built = {f"{_layer(path)}.{name}" for name, path in _sql().items() if _layer(path) in ("marts", "delivery")}
    promised = {table for table in PUBLISHED if not table.startswith("ml.")}
    assert built == promised


def test_every_model_lies_in_a_layer():
    assert {_layer(path) for path in _sql().values()} <= set(LAYERS)


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_every_model_says_and_tests_what_one_row_is(name):
    model = _properties().get(name)
    assert model, f"{name} has no properties"
    assert model["description"].startswith("One row per ")
    assert _tests(model) & GRAIN_TESTS, f"nothing tests the grain of {name}"


def test_properties_describe_only_models_that_exist():
    assert set(_properties()) - set(_sql()) == set()


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_only_staging_reads_raw_and_only_delivery_reads_ml(name):
    path = _sql()[name]
    sources = set(re.findall(r"source\(\s*'(\w+)'", path.read_text(encoding="utf-8")))
    assert sources <= {"staging": {"raw"}, "delivery": {"ml"}}.get(_layer(path), set())


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_a_model_reads_its_own_layer_or_an_earlier_one(name):
    layers = {model: LAYERS.index(_layer(path)) for model, path in _sql().items()}
    seeds = {path.stem for path in (CHECKOUT / "dbt_project" / "seeds").rglob("*.csv")}
    read = set(re.findall(r"ref\(\s*'(\w+)'", _sql()[name].read_text(encoding="utf-8"))) - seeds
    assert read <= set(layers), f"{name} reads what is not there"
    assert all(layers[other] <= layers[name] for other in read)
