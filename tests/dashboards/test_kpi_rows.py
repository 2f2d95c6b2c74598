"""The rows that a page shows behind a KPI are those that it was counted from: they add up to it, in every slice."""

import pytest

from dashboards.kpis.rows import ROWS, WITHOUT_ROWS
from pipelines.sql.connection import open_file


@pytest.fixture(scope="module")
def warehouse(sample_home):
    with open_file(sample_home.published / "current" / "warehouse.duckdb", read_only=True) as connection:
        yield connection


def test_every_kpi_has_its_rows_or_says_why_it_has_none(warehouse):
    codes = {code for (code,) in warehouse.sql("select kpi_code from marts.dim_kpis").fetchall()}
    assert not ROWS.keys() & WITHOUT_ROWS.keys()
    assert codes == ROWS.keys() | WITHOUT_ROWS.keys()


@pytest.mark.parametrize("code", ROWS)
def test_the_rows_of_a_month_add_up_to_the_month_in_every_slice(warehouse, code: str):
    rows = ROWS[code]
    differing = warehouse.execute(
        f"""
        with counted as (
            select cast(date_trunc('month', {rows.day}) as date) as month_on, location_key, provider_key, payer_class,
                patient_segment, cast(sum({rows.numerator}) as double) as numerator,
                cast(sum({rows.denominator}) as double) as denominator
            from {rows.table}
            where {rows.condition}
            group by all
        ),
        published as (select * from marts.fct_kpis where kpi_code = ? and is_mature and is_complete_month)
        select count(*), (select count(*) from published)
        from published
        left join counted
            on published.month_on = counted.month_on
            and published.location_key is not distinct from counted.location_key
            and published.provider_key is not distinct from counted.provider_key
            and published.payer_class = counted.payer_class
            and published.patient_segment = counted.patient_segment
        where abs(published.numerator - coalesce(counted.numerator, 0)) > 0.01
            or abs(published.denominator - coalesce(counted.denominator, 0)) > 0.01
        """,
        [code],
    ).fetchone()
    assert differing[0] == 0 < differing[1]
