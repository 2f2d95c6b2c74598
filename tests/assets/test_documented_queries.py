"""Every query that guides and pages show runs on the published sample, and finds something."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dashboards.sandbox.examples import WITH_PATIENTS, WITHOUT_PATIENTS
from pipelines.home import CHECKOUT

MAY_BE_EMPTY = {"select rule, status, finding from catalog.checks where status <> 'passed'"}
"""Of a clean build, nothing is to be found."""


def _in_guides() -> Iterator[str]:
    for guide in sorted((CHECKOUT / "docs").glob("*.md")):
        if guide.name in ("contributors.md", "add_a_measure.md"):  # theirs are dbt's SQL, which their own tests build
            continue
        for block in re.findall(r"^\s*```sql\n(.*?)^\s*```", guide.read_text(encoding="utf-8"), re.S | re.M):
            yield from (one.strip() for one in block.split(";") if one.strip())


@pytest.fixture(scope="module")
def published(sample_warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both files of the sample, as an analyst's query finds them."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{sample_warehouse}' as whole (read_only)")
        connection.execute(f"attach '{sample_warehouse.with_name('deidentified.duckdb')}' as bare (read_only)")
        yield connection


def _rows(connection: duckdb.DuckDBPyConnection, file: str, query: str) -> int:
    schemas = ("marts", "delivery", "ml", "catalog") if file == "whole" else ("marts", "catalog")
    connection.execute(f"set search_path = '{','.join(f'{file}.{schema}' for schema in schemas)}'")
    return len(connection.execute(query).fetchall())


@pytest.mark.parametrize("query", sorted(set(_in_guides())))
def test_a_query_of_a_guide_runs_for_an_analyst_with_patient_data(published, query: str):
    n_rows = _rows(published, "whole", query)
    assert n_rows or " ".join(query.split()) in MAY_BE_EMPTY


@pytest.mark.parametrize(
    ("file", "name"), [*(("bare", name) for name in WITHOUT_PATIENTS), *(("whole", name) for name in WITH_PATIENTS)]
)
def test_an_example_of_the_sql_page_runs_on_the_file_of_its_role(published, file: str, name: str):
    assert _rows(published, file, (WITHOUT_PATIENTS if file == "bare" else WITH_PATIENTS)[name])


def test_each_role_has_five_examples_to_begin_with():
    assert (len(WITHOUT_PATIENTS), len(WITH_PATIENTS)) == (5, 5)
