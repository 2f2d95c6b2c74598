"""Delivered files, with the status of every row."""

import polars as pl

from models.contract import ALL_SITES, Contract, field
from models.deidentification import ABSENT
from models.landing import LANDING

DELIVERIES: dict[str, Contract] = {
    "marts.fct_deliveries": Contract(
        "fct_deliveries",
        "delivered file",
        ("source_system", "extract", "file_key"),
        {
            **LANDING["deliveries"].fields,
            "is_reconciled": field(pl.Boolean, "Every delivered row was landed, quarantined or superseded."),
        },
        owner="practice manager",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    "marts.fct_quarantined_rows": Contract(
        "fct_quarantined_rows",
        "row that was kept out, and reason",
        ("source_system", "extract", "file_key", "row_number", "field", "reason"),
        LANDING["quarantined_rows"].fields,
        owner="practice manager",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    "marts.dim_extracts": Contract(
        "dim_extracts",
        "source and kind of file that it can deliver",
        ("source_system", "extract"),
        LANDING["extracts"].fields,
        owner="practice manager",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
}
