"""How the published tables came about: what each is made from, and the checks that they passed (schema `catalog`)."""

import polars as pl

from models.contract import ALL_SITES, INSTANT, Contract, field, optional
from models.deidentification import ABSENT

LAYERS = ("raw", "seeds", "staging", "intermediate", "marts", "ml", "delivery", "catalog")
CHECK_STATUSES = ("passed", "warned", "failed")

_SCHEMA = field(pl.String, "The layer that the table belongs to, which is its schema.", values=LAYERS)
_TABLE = field(pl.String, "The table, as a query names it: `marts.dim_patients`.")


_CONTRACTS = (
    Contract(
        "lineage_tables",
        "table of any layer",
        ("table_name",),
        {
            "table_name": _TABLE,
            "schema_name": _SCHEMA,
            "description": field(pl.String, "What one row is, and what to know of it."),
            "is_published": field(pl.Boolean, "It is in the published file; else it is a step on the way."),
            "sources": optional(pl.String, "The delivered extracts that it is made from, with commas between."),
            "newest_exported_at": optional(INSTANT, "The newest export among those extracts."),
        },
        notes="`catalog.tables` and `catalog.columns` describe what is in the file itself.",
        owner="practice manager",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    Contract(
        "lineage",
        "table and table that it is made from",
        ("to_table", "from_table"),
        {
            "to_table": field(pl.String, "`schema.table` that is made."),
            "from_table": field(pl.String, "`schema.table` that it reads."),
        },
        owner="practice manager",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    Contract(
        "checks",
        "check that the build of this publication was put to",
        ("check_id",),
        {
            "check_id": field(pl.String, "Name of the check, unique."),
            "table_name": _TABLE,
            "schema_name": _SCHEMA,
            "column_name": optional(pl.String, "The column that it looks at; empty: the whole row or table."),
            "rule": field(pl.String, "What must be so, in words."),
            "status": field(
                pl.String,
                "How it ended. A check that fails keeps the build from being published, so that here it is one that only warns.",
                values=CHECK_STATUSES,
            ),
            "n_rows": field(pl.Int64, "Rows, files or sources that break the rule.", at_least=0),
            "finding": optional(pl.String, "What was found, in words; empty: nothing."),
        },
        owner="practice manager",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
)

CATALOG: dict[str, Contract] = {f"catalog.{contract.name}": contract for contract in _CONTRACTS}
