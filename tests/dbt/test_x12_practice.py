"""A practice whose clearinghouse sends X12, worked out by hand: claims, acknowledgments and payments become the same KPIs as CSV.

    claim  patient  service   charge  first answer, 2 February        20 February
    A1     John     5 Jan.    100     60 paid, 40 written down        taken back; 70 paid, 30 written down
    A1     John     8 Jan.    150     (not yet answered)              90 paid, 40 written down, 20 for the patient
    B2     Tim      6 Jan.    100     70 paid, 30 written down
                              50      denied: CARC 16, RARC N382
    C3     Edna     7 Jan.    200     denied: CARC 197

Both claims of John have the number A1; Tim is a dependent of Mary; Edna's second payer stands behind her claim. B2 was rejected
on 13 January, and accepted when it was sent again.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice, read_practice
from pipelines.raw.views import build_raw

PRACTICE = Path(__file__).parent / "x12_practice"
JANUARY, FEBRUARY = "2026-01-01", "2026-02-01"


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """What landed, in schema `raw`."""
    home, practice = Home(tmp_path_factory.mktemp("home")), read_practice(PRACTICE)
    connection = duckdb.connect()
    build_raw(connection, practice, home, land(practice, home).ledger)
    return connection


def test_every_transaction_lands_in_the_extracts_of_billing(raw: duckdb.DuckDBPyConnection):
    """Four claims with five lines, and B2 with its two lines again: the later version counts. Seven answers of payers to lines,
    that to C3 being to the claim; eight triplets of CAS; two denials; five acknowledgments."""
    counts = raw.execute(
        "select extract, sum(n_delivered), sum(n_landed), sum(n_superseded), sum(n_quarantined) from raw.deliveries "
        "where file_name not like '%.csv' group by extract order by extract"
    ).fetchall()
    assert counts == [
        ("accounts", 4, 3, 1, 0),
        ("charges", 7, 5, 2, 0),
        ("claim_denials", 2, 2, 0, 0),
        ("claim_lines", 7, 5, 2, 0),
        ("claim_submissions", 5, 5, 0, 0),
        ("claims", 5, 4, 1, 0),
        ("provider_adjustments", 1, 1, 0, 0),
        ("remittance_adjustments", 8, 8, 0, 0),
        ("remittances", 7, 7, 0, 0),
        ("x12_transactions", 6, 6, 0, 0),
    ]


def test_who_the_patient_is_and_who_pays_are_read_from_the_loops(raw: duckdb.DuckDBPyConnection):
    claims = raw.execute(
        "select patient_control_number, first_name, service_on, billed_usd, payer_class, payer_name, provider_npi "
        "from raw.billing_claims join raw.billing_accounts using (source_system, account_id) order by service_on"
    ).fetchall()
    assert claims == [
        ("A1", "JOHN", date(2026, 1, 5), Decimal(100), "commercial", "ACME HEALTH", "1999996666"),
        ("B2", "TIM", date(2026, 1, 6), Decimal(150), "commercial", "ACME HEALTH", "1999996666"),
        ("C3", "EDNA", date(2026, 1, 7), Decimal(200), "medicare", "MEDICARE", "1999996666"),
        ("A1", "JOHN", date(2026, 1, 8), Decimal(150), "commercial", "ACME HEALTH", "1999996666"),
    ]


def test_denials_have_their_reason_and_remark_codes_and_a_reversal_takes_back(raw: duckdb.DuckDBPyConnection):
    denials = raw.execute(
        "select patient_control_number, reason_code, reason_category, remark_codes, denied_usd "
        "from raw.billing_claim_denials order by 1"
    ).fetchall()
    assert denials == [
        ("B2", "16", "coding", "N382", Decimal(50)),
        ("C3", "197", "authorization", None, Decimal(200)),
    ]
    posted = raw.execute(
        "select patient_control_number, service_code, is_reversal, payment_usd, contractual_adjustment_usd, "
        "other_adjustment_usd, patient_responsibility_usd from raw.billing_remittances where posted_on = '2026-02-20' "
        "order by payment_usd"
    ).fetchall()
    assert posted == [
        ("A1", "99213", True, -60, -40, 0, 0),
        ("A1", "99213", False, 70, 30, 0, 0),
        ("A1", "99214", False, 90, 40, 0, 20),
    ]


def test_the_payments_balance(raw: duckdb.DuckDBPyConnection):
    """60 + 70 + 0 less 10 that the payer recovered = 120; -60 + 70 + 90 = 100."""
    sums = raw.execute(
        "select paid_usd, claims_paid_usd, provider_adjusted_usd, faults from raw.billing_x12_transactions "
        "where transaction_type = '835' order by paid_on"
    ).fetchall()
    assert sums == [(120, 130, 10, None), (100, 100, 0, None)]


@pytest.fixture(scope="module")
def built_x12(built: Callable[[Practice], duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
    return built(read_practice(PRACTICE))


@pytest.mark.slow
def test_answers_find_their_claims_though_two_have_one_number(built_x12: duckdb.DuckDBPyConnection):
    """A1 of 5 January: -60 + 70 + 60 = 70 paid, nothing open. A1 of 8 January: 20 open, for the patient. B2: 50, C3: 200 open."""
    claims = built_x12.execute(
        "select service_on, payer_paid_usd, contractual_adjustment_usd, patient_responsibility_usd, balance_usd, has_reversal, "
        "is_initially_denied, initial_denial_reason_code, n_submissions, is_clean_claim from marts.fct_claims order by service_on"
    ).fetchall()
    assert claims == [
        (date(2026, 1, 5), 70, 30, 0, 0, True, False, None, 1, True),
        (date(2026, 1, 6), 70, 30, 0, 50, False, True, "16", 2, False),
        (date(2026, 1, 7), 0, 0, 0, 200, False, True, "197", 1, True),
        (date(2026, 1, 8), 90, 40, 20, 20, False, False, None, 1, True),
    ]


@pytest.mark.slow
def test_kpis_are_those_of_the_payments(built_x12: duckdb.DuckDBPyConnection):
    """Clean claims: three of four, not B2. Settled at first pass: A1 of 8 January alone. Collected for January: 70 + 90 + 70 =
    230 of 600 charged, less 30 + 40 + 30 = 100 written down. The patient's 20 are of no known visit, and count in February."""
    found = {
        (code, str(month)): (numerator, denominator)
        for code, month, numerator, denominator in built_x12.execute(
            "select kpi_code, month_on, round(sum(numerator), 2), round(sum(denominator), 2) from marts.fct_kpis group by all"
        ).fetchall()
    }
    assert found["clean_claim_rate", JANUARY] == (3, 4)
    assert found["first_pass_resolution_rate", JANUARY] == (1, 4)
    assert found["gross_collection_rate", JANUARY] == (230, 600)
    assert found["net_collection_rate", JANUARY] == (230, 500)
    assert found["gross_collection_rate", FEBRUARY] == (20, 0)


@pytest.mark.slow
def test_what_is_denied_and_owed_is_that_of_the_payments(built_x12: duckdb.DuckDBPyConnection):
    """Denial rates and days in A/R are not shown for a practice known since January alone. What they are made of: B2 and C3
    denied of four claims answered in February, 50 + 200 dollars of 600; owed at the end of March 600 - 230 - 100 - 20 = 250,
    on 600 charged in the quarter, which is 37.5 of 90 days."""
    denied = built_x12.execute(
        "select count(*) filter (where is_initially_denied), count(*), sum(initially_denied_usd), sum(billed_usd) "
        "from intermediate.int_money__claims where date_trunc('month', first_answered_on) = date '2026-02-01'"
    ).fetchall()
    assert denied == [(2, 4, 250, 600)]
    owed = built_x12.execute(
        "select sum(balance_usd), sum(quarter_charge_usd) from intermediate.int_money__receivables "
        "where month_on = date '2026-03-01'"
    ).fetchall()
    assert owed == [(250, 600)]
