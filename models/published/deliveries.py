"""Delivered files, with the status of every row."""

import polars as pl

from models.contract import ALL_SITES, Contract, field
from models.deidentification import ABSENT
from models.landing import LANDING

FINDING_KINDS = ("mapped", "unknown", "doubtful", "unmatched", "passed_over", "unused")

DELIVERIES: dict[str, Contract] = {
    "marts.fct_deliveries": Contract(
        "fct_deliveries",
        "delivered file and kind of row in it",
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
    "marts.fct_data_findings": Contract(
        "fct_data_findings",
        "source, kind of file, field and finding",
        ("source_system", "extract", "field", "finding"),
        {
            "source_system": LANDING["deliveries"].fields["source_system"],
            "extract": LANDING["quarantined_rows"].fields["extract"],
            "field": field(pl.String, "The field, as the source names it."),
            "kind": field(
                pl.String,
                "What became of it. `mapped`: read as what it means. `unknown`: taken for unknown. `doubtful`: used as it is. "
                "`unmatched`: it names a record that was not delivered, or a code system that nothing knows. "
                "`passed_over`: measures ask for another form of it. `unused`: no measure asks for it, as is so of most codes.",
                values=FINDING_KINDS,
            ),
            "finding": field(pl.String, "What was found, in words; never the value."),
            "n_rows": field(pl.Int64, "Rows of which this is so.", at_least=1),
            "example_file_name": field(pl.String, "The file of one of them.", nullable=True),
            "example_row_number": field(pl.Int64, "Its line or row there, from 1."),
        },
        "Rows in use, beside those in `fct_quarantined_rows`, which are not.",
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
