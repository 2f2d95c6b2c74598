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
    """CMS122 and CMS125, this year and the last: status by status, and the day of what closed a gap."""
    wrong = published.execute(
        """
        select truth.measure_code, truth.period_year, truth.status, results.gap_status, count(*)
        from read_parquet($truth) as truth
        left join marts.dim_patient_links as links
            on links.source_record_type = 'ehr_patient' and links.source_id = truth.patient_id
        left join marts.fct_measure_results as results
            on results.patient_key = links.patient_key and results.measure_code = truth.measure_code
            and results.period_type = 'year' and year(results.period_start_on) = truth.period_year
        where results.gap_status is distinct from truth.status
            or (truth.status = 'closed' and truth.evidence_on is not null and results.evidence_on != truth.evidence_on)
        group by all
        """,
        {"truth": str(TRUTH)},
    ).fetchall()
    assert wrong == []


def test_every_measure_is_evaluated_on_the_sample_and_says_that_its_value_sets_are_a_sample(published: duckdb.DuckDBPyConnection):
    rows = published.execute("select measure_code, is_available, caution from marts.dim_measures").fetchall()
    assert len(rows) == 18
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
