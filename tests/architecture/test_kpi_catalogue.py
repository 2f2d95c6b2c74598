"""The KPI catalogue says of every KPI where its definition comes from and where it departs from it."""

import csv

import pytest

from pipelines.home import CHECKOUT

with (CHECKOUT / "dbt_project" / "seeds" / "kpi_catalog.csv").open(encoding="utf-8", newline="") as file:
    CATALOGUE = list(csv.DictReader(file))


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi["kpi_code"])
def test_a_kpi_names_its_source_and_says_in_one_line_where_it_departs(kpi: dict[str, str]):
    assert len(kpi["source"]) > 10 or kpi["source"] == "AAFP"
    assert kpi["departs"].startswith("Departs: ") and kpi["departs"].endswith(".") and "\n" not in kpi["departs"]
    assert "epart" not in kpi["exclusions"], "what departs stands in its own column, once"


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi["kpi_code"])
def test_a_benchmark_has_a_source_and_a_year_and_belongs_to_no_definition_of_our_own(kpi: dict[str, str]):
    has_benchmark = bool(kpi["benchmark_low"] or kpi["benchmark_high"])
    assert has_benchmark == bool(kpi["benchmark_source"]) == bool(kpi["benchmark_year"])
    assert not (has_benchmark and kpi["evidence_grade"] == "own")


def test_each_kpi_has_a_place_of_its_own():
    places = [int(kpi["display_order"]) for kpi in CATALOGUE]
    assert sorted(places) == list(range(1, len(CATALOGUE) + 1))
