"""Deletions of rows that CSV files brought: `deleted.csv`, as what a bulk export lists as deleted is to FHIR resources."""

import polars as pl

from models.contract import INSTANT, Contract, field
from models.phi import Phi
from pipelines.extract.bundles import DELETED

DELETED_ROWS = Contract(
    DELETED,
    "row that the source has deleted",
    (),
    {
        "extract": field(pl.String, "The table that the row was in: `contacts`."),
        "row_id": field(
            pl.String, "Its key in that table; the parts of a key of several fields are joined by `/`.", phi=Phi.DIRECT
        ),
        "deleted_at": field(INSTANT, "When it was deleted; a version that changed later is there again."),
    },
)
