"""The sites' values before their program began."""

import polars as pl

from models.contract import INSTANT, Contract, field, optional
from models.deidentification import ABSENT

RESTATEMENT_REASONS = ("late data", "definition", "program changed")

_KPI_CODE = field(pl.String, "The KPI.", refers_to="dim_kpis.kpi_code")


BASELINES: dict[str, Contract] = {
    "marts.fct_baselines": Contract(
        "fct_baselines",
        "program at a site and KPI",
        ("program_key", "kpi_code"),
        {
            "program_key": field(pl.Int64, "The program at the site (`dim_programs`)."),
            "program_name": field(pl.String, "The engagement program."),
            "location_key": optional(pl.Int64, "The site; empty: no longer known.", refers_to="dim_locations.location_key"),
            "kpi_code": _KPI_CODE,
            "go_live_on": field(pl.Date, "First day of the program at the site."),
            "first_month_on": field(pl.Date, "First month of the baseline."),
            "last_month_on": field(pl.Date, "Its last month: the newest that was mature on the day of go-live."),
            "n_months": field(pl.Int32, "Months of it that have a value: fewer where the history is shorter.", at_least=1),
            "numerator": field(pl.Float64, "The baseline: sum of the numerators."),
            "denominator": field(pl.Float64, "The baseline: sum of the denominators."),
            "value": optional(pl.Float64, "The one over the other, in the KPI's unit. Empty: no case."),
            "interval_low": optional(pl.Float64, "Of a `proportion`: lower end of the 95 % interval (Wilson 1927)."),
            "interval_high": optional(pl.Float64, "Of a `proportion`: its upper end."),
            "is_small": field(pl.Boolean, "Few cases, as in `fct_kpi_periods`."),
            "data_cut_on": field(pl.Date, "The day up to which the data went from which it was taken."),
            "data_hash": field(pl.String, "MD5 of its months, numerators and denominators."),
            "definition_hash": field(pl.String, "MD5 of the KPI's formula, exclusions and maturity."),
            "is_final": field(pl.Boolean, "Its last month was mature at that data cut; from then on it is frozen."),
            "publication_id": optional(pl.String, "The publication that froze it; empty: this one, or none yet."),
            "frozen_at": optional(INSTANT, "When it was frozen."),
            "current_numerator": optional(pl.Float64, "What today's data give for it."),
            "current_denominator": optional(pl.Float64, "What today's data give for it."),
            "current_data_hash": optional(pl.String, "MD5 of that."),
            "is_restated": field(pl.Boolean, "Today's data, definition or rollout give another value than was frozen."),
            "restatement_reason": optional(
                pl.String,
                "Why: the months' data changed, the KPI is defined anew, or the site's day of go-live did.",
                values=RESTATEMENT_REASONS,
            ),
        },
        notes="Twelve months, wholly known before go-live. Over sites and programs a baseline is sum over sum.",
        owner="practice manager",
        site="location_key",
        deidentified=ABSENT,
    ),
}
