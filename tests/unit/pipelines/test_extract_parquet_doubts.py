"""What DuckDB reads from JSON though it does not fit is found in the Parquet that it wrote."""

from pathlib import Path

import duckdb
import pytest

from pipelines.extract.parquet_doubts import has_doubts
from pipelines.sql.literals import literal

_WHOLE = "[{'code': 'c' || row // 2048, 'text': '{score}'}]"


def _written(folder: Path, value: str) -> Path:
    """Ten row groups of one nested column; every row group has a dictionary of its own."""
    path = folder / "rows.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select {value} as category from range(20480) as rows (row)) to {literal(str(path))} "
            "(format parquet, row_group_size 2048)"
        )
    return path


def test_nested_text_whose_dictionary_changes_within_a_file_is_read(tmp_path: Path):
    """An export of 2,000 patients ended with "Nested data conversions not implemented for chunked array outputs"."""
    assert not has_doubts(_written(tmp_path, _WHOLE))


@pytest.mark.parametrize("unit", ["[pH]", "[IU]/L", "[nmi_i]", "[ft_i]", "[tsp_us]", "{score}"])
def test_a_unit_of_ucum_in_brackets_is_no_list(tmp_path: Path, unit: str):
    """Laboratory results are full of them; while they were in doubt, each file of observations was read three times."""
    assert not has_doubts(_written(tmp_path, f"[{{'code': {literal(unit)}, 'text': 'x'}}]"))


@pytest.mark.parametrize(
    "misfit", ['{"system":"x"}', '["x"]', "{}", "[]", "[-1.5,2]", "[null]", "[true,false]", '[{"a":1}]', "[[1]]"]
)
def test_one_object_written_down_as_text_in_the_last_row_group_is_found(tmp_path: Path, misfit: str):
    value = f"case when row = 20479 then [{{'code': {literal(misfit)}, 'text': 'x'}}] else {_WHOLE} end"
    assert has_doubts(_written(tmp_path, value))


def test_a_number_that_is_not_finite_is_found_within_a_list(tmp_path: Path):
    assert has_doubts(_written(tmp_path, "[{'value': case when row = 20479 then 'inf'::double else 1.5 end}]"))
    assert not has_doubts(_written(tmp_path, "[{'value': 1.5::double}]"))
