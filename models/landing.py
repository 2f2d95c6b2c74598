"""The columns that landing adds to every delivered row, and the tables that account for deliveries.

The schema `raw` holds one table for every extract (`models/extracts/`), each with the columns of `METADATA` besides its own,
and the tables of `LANDING`.
"""

import re

import pandera.polars as pa
import polars as pl

from models.contract import INSTANT, Contract, field
from models.sources import SourceKind

STATUSES = ("landed", "ignored", "unknown", "refused")

_SOURCE_SYSTEM = field(pl.String, "The source as the practice names it: `ehr`, `crm`, `billing`, `ehr:<name>`.")
_EXTRACT = field(pl.String, "The kind of file: `Patient`, `contacts` …")
_FILE_KEY = field(pl.String, "First 32 hex digits of the SHA-256 of the file's bytes.")
_FILE_NAME = field(pl.String, "The file's name as it was delivered.")
_EXPORTED_AT = field(INSTANT, "When the source wrote the file, where that is known.", nullable=True)

METADATA = {
    "source_system": _SOURCE_SYSTEM,
    "_file_key": _FILE_KEY,
    "_row_number": field(pl.Int64, "Line or row of the file, from 1."),
    "_exported_at": _EXPORTED_AT,
}


def metadata_of(kind: SourceKind) -> dict[str, pa.Column]:
    """The columns that landing adds to each row of a kind of source."""
    changed_at = field(INSTANT, "When the source last changed it; in FHIR `meta.lastUpdated`.", nullable=True)
    return METADATA | ({kind.changed_at: changed_at} if kind.changed_at.startswith("_") else {})


_CONTRACTS = (
    Contract(
        "deliveries",
        "delivered file and kind of row in it",
        ("source_system", "extract", "file_key"),
        {
            "source_system": _SOURCE_SYSTEM,
            "extract": field(pl.String, "The kind of file; empty: none that is known.", nullable=True),
            "file_key": _FILE_KEY,
            "file_name": _FILE_NAME,
            "exported_at": _EXPORTED_AT,
            "n_bytes": field(pl.Int64, "Size of the file as delivered.", at_least=0),
            "n_delivered": field(pl.Int64, "Rows in the file.", at_least=0),
            "n_landed": field(pl.Int64, "Rows that are the current version of their key.", at_least=0),
            "n_quarantined": field(
                pl.Int64, "Rows that could not be read, broke their contract or are of test patients.", at_least=0
            ),
            "n_superseded": field(pl.Int64, "Rows of which a newer version, or a deletion, was delivered.", at_least=0),
            "n_erased": field(pl.Int64, "Rows of people who were erased, or that were kept long enough.", at_least=0),
            "n_contradicted": field(
                pl.Int64, "Superseded rows that differ from the row preferred though key and times are equal.", at_least=0
            ),
            "status": field(pl.String, "Status of the file.", values=STATUSES),
            "reason": field(pl.String, "Why it was not read, in words; empty: it was.", nullable=True),
            "read_as": field(
                pl.String,
                "How it was read, where that is not plain: by which layout, in which encoding, from which row or sheet.",
                nullable=True,
            ),
        },
    ),
    Contract(
        "quarantined_rows",
        "row that was kept out, and reason",
        ("source_system", "file_key", "row_number", "field", "reason"),
        {
            "source_system": _SOURCE_SYSTEM,
            "extract": _EXTRACT,
            "file_key": _FILE_KEY,
            "file_name": _FILE_NAME,
            "row_number": field(pl.Int64, "Line or row of the file, from 1."),
            "field": field(pl.String, "The field that is wrong; empty: the row as a whole.", nullable=True),
            "reason": field(pl.String, "What is wrong, in words; never the value."),
        },
    ),
    Contract(
        "doubtful_cells",
        "cell of a current row that may be damaged, and is used as it is",
        ("source_system", "extract", "file_key", "row_number", "field"),
        {
            "source_system": _SOURCE_SYSTEM,
            "extract": _EXTRACT,
            "file_key": _FILE_KEY,
            "row_number": field(pl.Int64, "Line or row of the file, from 1."),
            "field": field(pl.String, "The field."),
            "finding": field(pl.String, "What is doubtful, in words; never the value."),
        },
    ),
    Contract(
        "extracts",
        "source and kind of file that it can deliver",
        ("source_system", "extract"),
        {
            "source_system": _SOURCE_SYSTEM,
            "extract": _EXTRACT,
            "is_delivered": field(pl.Boolean, "At least one file was landed."),
            "n_files": field(pl.Int64, "Files landed.", at_least=0),
            "n_rows": field(pl.Int64, "Rows after deduplication and deletions.", at_least=0),
            "newest_exported_at": _EXPORTED_AT,
        },
    ),
    Contract(
        "value_set_codes",
        "value set, version, code system and code",
        ("value_set_url", "version", "system", "code"),
        {
            "value_set_url": field(pl.String, "Canonical URL of the value set."),
            "value_set_oid": field(pl.String, "Its OID, if it has one.", nullable=True),
            "version": field(pl.String, "Version of the value set.", nullable=True),
            "system": field(pl.String, "URI of the code system."),
            "code": field(pl.String, "The code."),
        },
        "Codes that a measure names without a value set are value sets too: `urn:caregap:direct:<name>`.",
    ),
    Contract(
        "value_sets",
        "value set that a measure refers to",
        ("value_set",),
        {
            "value_set": field(pl.String, "The name that SQL uses."),
            "value_set_url": field(pl.String, "Canonical URL of the value set."),
            "value_set_oid": field(pl.String, "Its OID, if it has one.", nullable=True),
            "version": field(pl.String, "Version in use.", nullable=True),
            "title": field(pl.String, "Its title."),
            "status": field(
                pl.String, "Where its codes come from.", values=("loaded", "shipped", "sample", "withheld", "missing")
            ),
            "n_codes": field(pl.Int64, "Codes in use.", at_least=0),
        },
        "`shipped`: complete. `sample`: some codes, for synthetic practices. `withheld`: licensed codes only, none loaded.",
    ),
    Contract(
        "published_gap_months",
        "measure, group, patient and month end, as it was first published",
        ("measure_code", "group_id", "patient_key", "month_end_on"),
        {
            "measure_code": field(pl.String, "CMS number of the measure."),
            "group_id": field(pl.String, "Group (rate) of the measure."),
            "patient_key": field(pl.Int64, "The person."),
            "month_end_on": field(pl.Date, "Last day of the month."),
            "gap_status": field(pl.String, "Where the patient stood then, as it was published."),
            "measure_version": field(pl.String, "Version of the measure then."),
            "publication_id": field(pl.String, "The publication that showed it first."),
            "published_at": field(INSTANT, "When it was published."),
        },
        "Kept by publishing, not delivered.",
    ),
    Contract(
        "published_campaign_members",
        "campaign and person who was on its list, or held out from it, as it was first published",
        ("campaign_code", "patient_key"),
        {
            "campaign_code": field(pl.String, "The campaign, or the standing list."),
            "title": field(pl.String, "What the team called it then."),
            "audience": field(pl.String, "Whom it was for."),
            "measure_code": field(pl.String, "The measure whose open gap it was for; empty: none in particular.", nullable=True),
            "patient_key": field(pl.Int64, "The person."),
            "added_on": field(pl.Date, "The day of the list that showed the person first."),
            "is_held_out": field(pl.Boolean, "Drawn at random not to be contacted."),
            "publication_id": field(pl.String, "The publication that showed it first."),
            "published_at": field(INSTANT, "When it was published."),
        },
        "Kept by publishing, not delivered.",
    ),
    Contract(
        "published_baselines",
        "program at a site and KPI, as its baseline was first published",
        ("program_key", "kpi_code"),
        {
            "program_key": field(pl.Int64, "The program at the site."),
            "program_name": field(pl.String, "The engagement program."),
            "location_key": field(pl.Int64, "The site."),
            "kpi_code": field(pl.String, "The KPI."),
            "go_live_on": field(pl.Date, "First day of the program at the site, as it was known then."),
            "first_month_on": field(pl.Date, "First month of the baseline."),
            "last_month_on": field(pl.Date, "Last month of the baseline."),
            "n_months": field(pl.Int32, "Months of it that had a value."),
            "numerator": field(pl.Float64, "Sum of the numerators."),
            "denominator": field(pl.Float64, "Sum of the denominators."),
            "data_cut_on": field(pl.Date, "The day that the build looked back from."),
            "data_hash": field(pl.String, "Hash of the months' numerators and denominators."),
            "definition_hash": field(pl.String, "Hash of the KPI's definition then."),
            "publication_id": field(pl.String, "The publication that showed it as final first."),
            "published_at": field(INSTANT, "When it was published."),
        },
        "Kept by publishing, not delivered.",
    ),
)

LANDING: dict[str, Contract] = {contract.name: contract for contract in _CONTRACTS}


def raw_table(source: str, extract: str) -> str:
    """The table of schema `raw` that holds an extract: `ehr_medication_request`, `crm_contacts`."""
    return f"{source}_{re.sub(r'(?<=[a-z])(?=[A-Z])', '_', extract).lower()}"
