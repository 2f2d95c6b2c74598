"""Delivered files, with the status of every row."""

import polars as pl

from models.contract import ALL_SITES, INSTANT, Contract, field, optional
from models.deidentification import ABSENT
from models.extracts.crm import CHANNELS, OUTREACH_OUTCOMES
from models.landing import LANDING
from models.phi import Phi
from models.pushing import FATES, MARKS, WITHDRAWN_BECAUSE

FINDING_KINDS = ("mapped", "unknown", "doubtful", "unmatched", "passed_over", "unused")

DELIVERIES: dict[str, Contract] = {
    "marts.fct_deliveries": Contract(
        "fct_deliveries",
        "delivered file and kind of row in it",
        ("source_system", "extract", "file_key"),
        {
            **LANDING["deliveries"].fields,
            "is_reconciled": field(pl.Boolean, "Every delivered row was landed, quarantined, superseded or erased."),
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
    "marts.fct_sync_rows": Contract(
        "fct_sync_rows",
        "task and connected system that it was to be pushed to",
        ("connector", "external_id"),
        {
            "connector": field(pl.String, "The connected system, as connectors.toml calls it."),
            "external_id": field(pl.String, "Opaque id of the task; `delivery.out_outreach_tasks` has today's.", phi=Phi.QUASI),
            "contact_source_system": field(pl.String, "The source whose contact or patient the task is for."),
            "reason": optional(pl.String, "Why, as the CRM's tasks say it."),
            "channel": optional(pl.String, "Channel to use.", values=CHANNELS),
            "location_id": optional(pl.String, "The EHR's id of the site."),
            "mark": field(pl.String, "How the task stands.", values=tuple(MARKS)),
            "fate": field(pl.String, "What became of it when it was last sent or looked at.", values=FATES),
            "code": optional(pl.String, "The system's error code, where it refused."),
            "because": optional(pl.String, "Why it was held back or withdrawn.", Phi.QUASI, values=tuple(WITHDRAWN_BECAUSE)),
            "outcome": optional(pl.String, "What came of it there.", Phi.QUASI, values=OUTREACH_OUTCOMES),
            "n_attempts": field(pl.Int64, "How often it was sent.", at_least=0),
            "first_sent_at": optional(INSTANT, "When it was first sent.", Phi.QUASI),
            "last_sent_at": optional(INSTANT, "When it was last sent.", Phi.QUASI),
            "updated_at": field(INSTANT, "When this was noted.", phi=Phi.QUASI),
        },
        notes="As of the last push before the run; the page Connections shows it as of now.",
        owner="data steward",
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
