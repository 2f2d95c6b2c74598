"""Shared cases of real extracts, landed as they are: each value that counts is there, or its row is kept out with its reason.

What a case means for the published tables is in `tests/dbt/test_records_as_servers_write_them.py`.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from models.sources import name_of_kind
from pipelines.errors import ExtractRefused
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.raw.views import build_raw

CASES = Path(__file__).parents[3] / "shared" / "cases" / "extracts"
Landed = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def landed(tmp_path: Path) -> Callable[..., Landed]:
    """Lands a folder of a case as a source; then asks raw. Skips the test where the case is not there."""

    def arrive(case: str, source: str, folder: str = "") -> Landed:
        place = CASES / case / (folder or name_of_kind(source))
        if not place.is_dir():
            pytest.skip(f"{case} is not there")
        practice, home = Practice("p", "P", "America/New_York", {source: place}), Home(tmp_path / "home")
        connection = duckdb.connect()
        build_raw(connection, practice, home, land(practice, home).ledger)
        return lambda query: connection.sql(query).fetchall()

    return arrive


KESTREL = ("p1", "female", "1966-05-05", "Kestrel", "Ann")
PATIENTS = "select id, gender, birthDate, name[1].family, name[1].given[1] from raw.ehr_patient"
COUNTS = "select extract, status, n_delivered, n_landed, n_quarantined from raw.deliveries where source_system <> 'caregap'"


def test_a_bundle_of_what_to_post_is_data(landed: Callable[..., Landed]):
    rows = landed("bundle-taken-for-deletions", "ehr")
    assert rows(PATIENTS) == [KESTREL]
    assert rows(COUNTS) == [("Patient", "landed", 1, 1, 0)]


@pytest.mark.parametrize("folder", ["mimic", "plural", "spark"])
def test_a_file_is_of_the_type_of_its_first_line_whatever_its_name(landed: Callable[..., Landed], folder: str):
    assert landed("nothing-of-it-read", "ehr", folder)(PATIENTS) == [KESTREL]


@pytest.mark.parametrize("case", ["crm-first-line-sep", "crm-sex-f-m"])
def test_a_contact_lands_with_each_of_its_values(landed: Callable[..., Landed], case: str):
    """Ten in the morning in New York is 15:00 UTC in January, and 14:00 in October."""
    rows = landed(case, "crm")
    assert rows(COUNTS) == [("contacts", "landed", 1, 1, 0)]
    assert rows(
        "select contact_id, mrn, first_name, last_name, birth_date, sex, email, phone, address_line, city, state, postal_code, "
        "language, preferred_channel, is_do_not_contact, is_deceased, timezone('UTC', created_at)::varchar, "
        "timezone('UTC', updated_at)::varchar from raw.crm_contacts"
    ) == [
        (
            *("C1", None, "Ann", "Kestrel", date(1966, 5, 5), "female", "a@example.org", "2125550101"),
            *("1 Main St", "Albany", "NY", "12207", "en", "email", False, False, "2026-01-05 15:00:00", "2026-10-05 14:00:00"),
        )
    ]


def test_an_export_of_a_known_crm_lands_by_its_layout(landed: Callable[..., Landed]):
    rows = landed("crm-foreign-columns", "crm")
    assert rows("select read_as from raw.deliveries where extract = 'contacts'") == [("by layout hubspot_contacts",)]
    assert rows("select contact_id, last_name, is_deceased, timezone('UTC', updated_at)::varchar from raw.crm_contacts") == [
        ("101", "Kestrel", False, "2026-10-05 14:00:00")
    ]


def test_a_file_whose_ids_a_spreadsheet_has_rounded_is_refused(landed: Callable[..., Landed]):
    with pytest.raises(ExtractRefused, match=r"has 50 bad rows of 50.*charge_id was rounded by a spreadsheet"):
        landed("ids-ruined-by-a-spreadsheet", "billing")


def test_a_reversal_that_is_not_negated_is_kept_out(landed: Callable[..., Landed]):
    rows = landed("reversal-not-negated", "billing")
    assert rows(COUNTS) == [("remittances", "landed", 4, 3, 1)]
    assert rows("select row_number, field from raw.quarantined_rows") == [(3, "payment_usd")]
    assert rows("select sum(payment_usd) filter (claim_id = 'K7'), count(*) from raw.billing_remittances") == [(70, 3)]
