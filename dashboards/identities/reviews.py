"""The pairs of records for a steward to decide: as published, with the decisions made since."""

from typing import Any

import polars as pl

from dashboards.figures.wording import RECORD_NAMES
from dashboards.identities.decisions import PAIR, decided
from dashboards.store.journal import journal_folder
from dashboards.store.published import Publication, ask
from models.sources import source_title
from models.wording import days_in

REASONS = {
    "two_charts_of_one_person": "Two charts look like one person.",
    "two_charts_fit": "The record fits two charts about equally well.",
    "mrn_of_somebody_else": "The record has the record number of a chart that looks like another person's.",
    "another_sex": "Most fields agree, but the sex differs.",
    "near_name": "Most fields agree, but the names are only similar: twins and sisters have such names too.",
    "near_birth_date": "Names and contact agree, but the birth dates are only similar.",
    "birth_date_unknown": "No birth date, or a placeholder: it may be father or son.",
    "common_name": "Name and birth date agree, but the name is common and nothing else agrees.",
    "not_enough_evidence": "Too few fields are filled in to decide.",
}
FIELDS = {
    "source": "Record",
    "source_id": "Its id",
    "mrn": "Record number",
    "first_name": "Given name",
    "last_name": "Family name",
    "birth_date": "Born",
    "sex": "Sex",
    "phone": "Telephone",
    "email": "E-mail",
    "address_line": "Street",
    "city": "City",
    "postal_code": "ZIP code",
    "updated_on": "Changed last",
}
_PAIR = ", ".join(PAIR)
_KEYS = "review_key, left_patient_key, right_patient_key"
_PAIRS = f"""
    select {_KEYS}, {_PAIR}, reviews.reason, reviews.evidence, reviews.confidence, decisions.decision, decisions.decided_at,
        decisions.decided_by, reviews.reason is not null as is_open
    from marts.fct_identity_reviews as reviews
    full join marts.fct_identity_decisions as decisions using ({_KEYS}, {_PAIR})
    order by reviews.confidence desc nulls last, review_key
"""
_RECORDS = """
    select
        source_system, source_record_type, source_id, mrn, first_name, last_name, cast(birth_date as varchar) as birth_date, sex,
        phone, email, address_line, city, postal_code, cast(cast(timezone($4, updated_at) as date) as varchar) as updated_on
    from marts.dim_identity_records
    where (source_system = $1 and source_record_type = $2 and source_id = $3)
"""


def pairs(publication: Publication) -> pl.DataFrame:
    """Every pair in review or decided, the likeliest first, with its latest `decision` (null: none), `decided_at`, `decided_by`,
    and `is_applied`: the publication includes the decision."""
    here = decided(journal_folder(publication)).select(
        *PAIR, new="decision", new_at="decided_at", new_by="decided_by", is_here=pl.lit(True)
    )
    pairs = ask(publication, _PAIRS).with_columns(pl.col("decided_at").dt.convert_time_zone("UTC"))
    pairs = pairs.join(here, on=PAIR, how="left", maintain_order="left")
    is_newer = pl.col("is_here").fill_null(False) & (pl.col("decided_at").is_null() | (pl.col("new_at") > pl.col("decided_at")))
    return pairs.with_columns(
        decision=pl.when(is_newer).then("new").otherwise("decision"),
        decided_at=pl.when(is_newer).then("new_at").otherwise("decided_at"),
        decided_by=pl.when(is_newer).then("new_by").otherwise("decided_by"),
        is_applied=~is_newer,
    ).drop("new", "new_at", "new_by", "is_here")


def side_by_side(publication: Publication, pair: dict[str, Any]) -> pl.DataFrame:
    """One row per field of the two records: `field`, `one`, `other`, and whether they `agree` (null: one does not say)."""
    one, other = (_record(publication, pair, side) for side in ("left", "right"))
    rows = [(words, _shown(one.get(name)), _shown(other.get(name))) for name, words in FIELDS.items()]
    compared = pl.DataFrame(rows, schema={"field": pl.String, "one": pl.String, "other": pl.String}, orient="row")
    return compared.with_columns(agree=pl.col("one").str.to_lowercase() == pl.col("other").str.to_lowercase())


def _record(publication: Publication, pair: dict[str, Any], side: str) -> dict[str, Any]:
    key = (pair[f"{side}_source_system"], pair[f"{side}_record_type"], pair[f"{side}_id"], publication.time_zone)
    found = ask(publication, _RECORDS, key)
    record = found.row(0, named=True) if len(found) else {}
    kind = RECORD_NAMES.get(record.get("source_record_type", ""))
    return record | {"source": f"{kind.capitalize()} of {source_title(record['source_system'])}" if kind else None}


def _shown(value: str | None) -> str | None:
    """A value as people read it: a day written out."""
    return value and days_in(value)
