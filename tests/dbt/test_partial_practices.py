"""A practice that delivers some of its sources gets every table that these can fill, and a reason for what is missing."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.home import Home
from pipelines.practice import Practice, read_practice
from pipelines.warehouse.build import build_warehouse

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent / "golden_practice"
Built = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture(
    scope="module", params=["ehr", pytest.param("crm", marks=pytest.mark.slow), pytest.param("billing", marks=pytest.mark.slow)]
)
def only(request: pytest.FixtureRequest, built: Built) -> tuple[str, duckdb.DuckDBPyConnection]:
    """The golden practice without the other two sources."""
    practice = read_practice(GOLDEN)
    return request.param, built(practice.with_sources({request.param: practice.sources[request.param]}))


def test_a_kpi_has_rows_or_a_reason(only: tuple[str, duckdb.DuckDBPyConnection]):
    _, connection = only
    wrong = connection.execute(
        "select kpi_code, is_available, unavailable_reason, count(f.kpi_code) "
        "from marts.dim_kpis left join marts.fct_kpis f using (kpi_code) "
        "group by all having is_available != (count(f.kpi_code) > 0) or is_available = (unavailable_reason is not null)"
    ).fetchall()
    assert wrong == []


def test_a_kpi_whose_source_is_absent_names_the_extracts_that_it_needs(only: tuple[str, duckdb.DuckDBPyConnection]):
    source, connection = only
    reasons = dict(connection.execute("select kpi_code, coalesce(unavailable_reason, '') from marts.dim_kpis").fetchall())
    missing = {
        "ehr": {
            "no_show_rate": "",
            "revenue_per_patient": "Not delivered: charges (billing), patient_payments (billing), remittances (billing).",
            "new_patient_acquisition_cost": "Not delivered: marketing_spend (crm).",
        },
        "crm": {
            "no_show_rate": "Not delivered: Appointment (ehr).",
            "new_patient_acquisition_cost": "Not delivered: Encounter (ehr).",
        },
        "billing": {"net_collection_rate": "", "revenue_per_patient": "Not delivered: Encounter (ehr)."},
    }[source]
    assert {code: reasons[code] for code in missing} == missing


def test_what_is_there_counts_as_if_all_sources_were(
    only: tuple[str, duckdb.DuckDBPyConnection], golden: duckdb.DuckDBPyConnection
):
    """The sums of every KPI that is available are those of the whole practice; only their slices may be less well known."""
    _, connection = only
    sums = "select kpi_code, month_on, round(sum(numerator), 6), round(sum(denominator), 6) from marts.fct_kpis group by all"
    whole = set(golden.execute(sums).fetchall())
    part = set(connection.execute(sums).fetchall())
    assert part
    assert part <= whole


def test_payments_of_no_charge_that_was_delivered_are_built_with_all_checks(new_home: Callable[[], Home], tmp_path: Path):
    """Remittances alone, as a clearinghouse delivers them: no charge, claim or account."""
    columns = (
        "remittance_id,claim_id,posted_on,payment_usd,contractual_adjustment_usd,other_adjustment_usd,"
        "patient_responsibility_usd,is_reversal,updated_at"
    )
    (tmp_path / "remittances.csv").write_text(f"{columns}\nR1,K1,2026-04-01,70,20,0,10,false,2026-10-05\n")
    practice = Practice("p", "P", "America/New_York", {"billing": tmp_path}, as_of=date(2026, 11, 1))
    connection = duckdb.connect(str(build_warehouse(new_home(), practice)), read_only=True)
    assert connection.sql(
        "select sum(amount_usd)::varchar from marts.fct_payments where movement_type = 'payer_payment'"
    ).fetchall() == [("70.00",)]
