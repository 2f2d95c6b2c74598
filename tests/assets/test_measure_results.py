"""The quality measures on the sample practice, whose simulator wrote down which care gaps it made."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from data_samples.simulator.simulate import Simulation, simulate
from pipelines.home import Home
from pipelines.practice import SAMPLE, read_practice
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import build_warehouse

# Status of a gap that was simulated and the one that was found, where they or the days that closed it differ.
DIFFERENCES = """
    with truth as (select * from simulated inner join patients using (patient_id)),

    results as (
        select *, year(period_start_on) as period_year
        from evaluated
        where period_type = 'year' and is_denominator and measure_code in (select measure_code from truth)
            and year(period_start_on) in (select period_year from truth)
    )

    select measure_code, group_id, period_year, truth.status, results.gap_status, count(*)
    from truth
    full join results using (measure_code, group_id, period_year, patient_key)
    where results.gap_status is distinct from truth.status
        or (truth.status = 'closed' and results.evidence_on is distinct from truth.evidence_on)
    group by all
"""


@pytest.fixture(scope="session")
def published(sample_warehouse: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(sample_warehouse), read_only=True)


def _differences(connection: duckdb.DuckDBPyConnection, practice: Path, patients: str, evaluated: str) -> list[tuple]:
    connection.execute("create temp view patients as " + patients)
    connection.execute("create temp view evaluated as select * from " + evaluated)
    truth = practice / "truth" / "care_gaps.parquet"
    connection.execute(f"create temp view simulated as select * from read_parquet('{truth}')")
    return connection.execute(DIFFERENCES).fetchall()


def test_the_sample_has_just_the_care_gaps_that_were_simulated(published: duckdb.DuckDBPyConnection):
    """36 measures with all groups, this year and the last: who has a gap and who has none, and the day that closed it."""
    linked = "select source_id as patient_id, patient_key from marts.dim_patient_links where source_record_type = 'ehr_patient'"
    assert _differences(published, SAMPLE, linked, "marts.fct_measure_results") == []
    assert published.execute("select count(distinct measure_code) from simulated").fetchall() == [(36,)]


def test_each_rate_of_the_37_measures_is_met_by_a_patient_of_the_sample_in_its_year_and_missed_by_another(
    published: duckdb.DuckDBPyConnection,
):
    """49 rates: CMS138, CMS155, CMS156 and CMS347 have three each, CMS128, CMS136, CMS137 and CMS145 two, 29 measures one."""
    rates = published.execute(
        """
        select measure_code, group_id from marts.fct_measure_results
        where period_type = 'year' and year(period_start_on) = 2026 and gap_status in ('open', 'closed')
        group by measure_code, group_id having count(distinct gap_status) = 2
        """
    ).fetchall()
    assert (len({measure_code for measure_code, _ in rates}), len(rates)) == (37, 49)


@pytest.mark.slow
def test_rare_conditions_have_just_the_care_gaps_that_were_simulated(new_home: Callable[[], Home], tmp_path: Path):
    """36 measures, each with an open gap and a closed one: heart failure, HIV, attention deficit, substance use and others."""
    simulate(Simulation(n_patients=500, n_months=30, seed=2, rare_share=1.0), tmp_path)
    practice = read_practice(tmp_path)
    settings = practice.variables | {"rolling_month_ends": 0, "resolve_identity": False}
    home = new_home()
    warehouse = build_warehouse(home, replace(practice, variables=settings), select=["+int_measures__gaps"])
    with open_file(warehouse, read_only=True) as connection:
        records = "select patient_id, patient_key from intermediate.int_clinical__patient_records"
        assert _differences(connection, tmp_path, records, "intermediate.int_measures__gaps") == []
        with_both = """
            select measure_code, group_id from simulated where status in ('open', 'closed')
            group by measure_code, group_id having count(distinct status) = 2
        """
        counted = f"select count(distinct measure_code), count(*) from ({with_both})"
        assert connection.execute(counted).fetchall() == [(36, 36 + 2 + 2 + 1 + 1 + 1 + 1 + 2)]


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
