"""Whose data is kept from use (`caregap person restrict`), from the moment that it is recorded."""

import polars as pl

from dashboards.store.journal import Journal, journal_folder
from dashboards.store.published import Publication, ask
from models.extracts.caregap import EXTRACTS

_RECORDED = Journal(EXTRACTS["restrictions"])
_NAMES = {"source_system": "source_system", "record_type": "source_record_type", "source_id": "source_id"}
_LINKS = """
    select patient_key, source_system, source_record_type, source_id from marts.dim_patient_links
    where source_id in (select unnest($1::varchar[]))
"""


def restricted(publication: Publication) -> frozenset[int]:
    """The keys of the persons of the viewer's scope whose data is restricted now."""
    held = _RECORDED.entries(journal_folder(publication)).filter(~pl.col("is_lifted"))
    if held.is_empty():
        return frozenset()
    records = held.select(pl.col(f"patient_{name}").alias(alias) for name, alias in _NAMES.items()).unique()
    links = ask(publication, _LINKS, (sorted(records["source_id"]),))
    return frozenset(links.join(records, on=list(_NAMES.values()))["patient_key"])
