"""The quality measures on the sample practice, whose simulator wrote down which care gaps it made."""

from pathlib import Path

import duckdb
import pytest

from pipelines.practice import SAMPLE

TRUTH = SAMPLE / "truth" / "care_gaps.parquet"


@pytest.fixture(scope="session")
def published(sample_warehouse: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(sample_warehouse), read_only=True)


def test_the_sample_has_just_the_care_gaps_that_were_simulated(published: duckdb.DuckDBPyConnection):
    """Seventeen measures with all groups, this year and the last: who has a gap and who has none, and the day that closed it."""
    wrong = published.execute(
        """
        with truth as (
            select truth.*, links.patient_key
            from read_parquet($truth) as truth
            left join marts.dim_patient_links as links
                on links.source_record_type = 'ehr_patient' and links.source_id = truth.patient_id
        ), results as (
            select *, year(period_start_on) as period_year
            from marts.fct_measure_results
            where period_type = 'year' and is_denominator and measure_code in (select measure_code from truth)
                and year(period_start_on) in (select period_year from truth)
        )
        select measure_code, group_id, period_year, truth.status, results.gap_status, count(*)
        from truth
        full join results using (measure_code, group_id, period_year, patient_key)
        where results.gap_status is distinct from truth.status
            or (truth.status = 'closed' and results.evidence_on is distinct from truth.evidence_on)
        group by all
        """,
        {"truth": str(TRUTH)},
    ).fetchall()
    assert wrong == []
    assert published.execute("select count(distinct measure_code) from read_parquet(?)", [str(TRUTH)]).fetchall() == [(17,)]


def test_every_measure_is_evaluated_on_the_sample_and_says_that_its_value_sets_are_a_sample(published: duckdb.DuckDBPyConnection):
    rows = published.execute("select measure_code, is_available, caution from marts.dim_measures").fetchall()
    assert len(rows) == 37
    assert all(is_available for _, is_available, _ in rows)
    assert all(caution.startswith("Incomplete value sets: ") for *_, caution in rows)


def test_only_who_is_in_the_denominator_and_not_excluded_has_a_gap(
    published: duckdb.DuckDBPyConnection,
):
    wrong = published.execute(
        """
        select count(*) from marts.fct_measure_results
        where (gap_status in ('open', 'closed')) and (n_denominator <= n_denominator_exclusion + n_denominator_exception)
            and measure_code != 'CMS22'
        """
    ).fetchall()
    assert wrong == [(0,)]
