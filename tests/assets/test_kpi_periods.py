"""What a KPI was in a period, worked out again from the finest rows of the published sample."""

from pathlib import Path

import duckdb
import pytest
from scipy.stats import binomtest

from pipelines.sql.connection import open_file


@pytest.fixture
def published(sample_warehouse: Path):
    with open_file(sample_warehouse, read_only=True) as connection:
        yield connection


def test_a_quarter_is_held_against_the_same_sites_in_the_same_months_before_go_live(published: duckdb.DuckDBPyConnection):
    """No-shows from July to September 2026: 102 of 1,034 in the practice; at the three sites with these months before they went
    live, 51 of 520, and 66 of 432 then. The two that went live on 1 October 2024 have no baseline of September: its no-shows
    were not all in.
    """
    found = published.execute(
        "select numerator, denominator, like_for_like_value, baseline_value, n_baseline_sites, baseline_status "
        "from marts.fct_kpi_periods where kpi_code = 'no_show_rate' and slice_type = 'all' and n_months = 3 and is_newest"
    ).fetchone()
    assert found == (102, 1_034, pytest.approx(51 / 520), pytest.approx(66 / 432), 3, "better")


def test_a_site_joins_the_comparison_with_the_first_period_that_is_wholly_after_its_go_live(published: duckdb.DuckDBPyConnection):
    """Two sites went live in October 2024, the others in February, June and November 2025."""
    rows = published.execute(
        "select last_month_on::varchar, n_baseline_sites from marts.fct_kpi_periods "
        "where kpi_code = 'days_in_ar' and slice_type = 'all' and n_months = 1 and is_mature "
        "and last_month_on >= date '2024-09-01' order by 1"
    ).fetchall()
    joined = [(month[:7], n) for (month, n), (_, before) in zip(rows[1:], rows, strict=False) if n != before]
    assert joined == [("2024-11", 2), ("2025-03", 3), ("2025-07", 4), ("2025-12", 5)]


def test_every_period_is_sum_over_sum_of_its_mature_months(published: duckdb.DuckDBPyConnection):
    """Every KPI, length and month end, of the practice and each site."""
    different = published.execute(
        """
        with months as (
            select kpi_code, month_on, coalesce(location_key::varchar, 'unknown') as slice_key,
                sum(numerator) as numerator, sum(denominator) as denominator
            from marts.fct_kpis
            where is_mature
            group by all
            union all
            select kpi_code, month_on, 'all', sum(numerator), sum(denominator)
            from marts.fct_kpis
            where is_mature
            group by all
        ),
        again as (
            select periods.kpi_code, periods.n_months, periods.last_month_on, periods.slice_key, periods.value,
                sum(months.numerator) / nullif(sum(months.denominator), 0) as summed
            from marts.fct_kpi_periods as periods
            left join months on periods.kpi_code = months.kpi_code and periods.slice_key = months.slice_key
                and months.month_on between periods.first_month_on and periods.last_month_on
            where periods.slice_type in ('all', 'location')
            group by all
        )
        select * from again where abs(value - summed) > 1e-9 or (value is null) <> (summed is null)
        """
    ).fetchall()
    assert different == []


def test_the_interval_of_a_proportion_is_wilsons(published: duckdb.DuckDBPyConnection):
    rows = published.execute(
        "select numerator, denominator, interval_low, interval_high "
        "from marts.fct_kpi_periods inner join marts.dim_kpis using (kpi_code) "
        "where scoring = 'proportion' and time_basis = 'events' and slice_type = 'all' and n_months = 3 and is_newest"
    ).fetchall()
    assert len(rows) > 20
    for numerator, denominator, low, high in rows:
        expected = binomtest(round(numerator), round(denominator)).proportion_ci(method="wilson")
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_few_cases_are_fewer_than_30_or_10_in_the_numerator_and_of_a_ratio_fewer_than_30_records_added_up(
    published: duckdb.DuckDBPyConnection,
):
    rows = published.execute(
        "select scoring, numerator, denominator, n_records, is_small "
        "from marts.fct_kpi_periods inner join marts.dim_kpis using (kpi_code) where value is not null"
    ).fetchall()
    marked = {
        "proportion": lambda numerator, denominator, _: denominator < 30 or numerator < 10,
        "continuous_variable": lambda _, denominator, __: denominator < 30,
        "ratio": lambda _, __, n_records: n_records is not None and n_records < 30,
    }
    assert all(is_small == marked[scoring](*cases) for scoring, *cases, is_small in rows)
    assert {(scoring, is_small) for scoring, *_, is_small in rows} == {(one, few) for one in marked for few in (True, False)}


def test_hours_of_outreach_rest_on_contacts_and_a_balance_on_no_number_of_cases(published: duckdb.DuckDBPyConnection):
    """In September 2026 few contacts took the hours, whatever the number of patients: they are the rows of the KPI with
    hours in them. A balance sums up who knows how many charges."""
    [(n_records, is_small)] = published.execute(
        "select n_records, is_small from marts.fct_kpi_periods "
        "where kpi_code = 'outreach_staff_hours' and slice_type = 'all' and n_months = 1 and last_month_on = date '2026-09-01'"
    ).fetchall()
    [(counted,)] = published.execute(
        "select count(*) from marts.fct_kpi_rows where kpi_code = 'outreach_staff_hours' and numerator <> 0 "
        "and day_on between date '2026-09-01' and date '2026-09-30'"
    ).fetchall()
    assert (n_records, is_small) == (counted, True) and 0 < counted < 30
    known = dict(
        published.execute(
            "select kpi_code, bool_or(n_records is not null) from marts.fct_kpi_periods group by kpi_code"
        ).fetchall()
    )
    unknown = {"days_in_ar", "net_days_in_ar", "ar_over_90_days_share", "cost_to_collect", "acquisition_to_keeping_spend"}
    assert not any(known[code] for code in unknown & known.keys())
    assert known["net_collection_rate"] and known["outreach_staff_hours"]


def test_a_change_too_small_to_be_shown_is_unchanged(published: duckdb.DuckDBPyConnection):
    """Below 0.05 points of a share, 50 cents, or 0.05 of any other unit."""
    wrong = published.execute(
        """
        select unit, before_change, before_status
        from marts.fct_kpi_periods inner join marts.dim_kpis using (kpi_code)
        where before_change is not null
            and (before_status = 'unchanged')
            <> (abs(before_change) < case unit when 'share' then 0.0005 when 'usd' then 0.5 else 0.05 end)
        """
    ).fetchall()
    assert wrong == []
