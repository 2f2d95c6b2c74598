"""The sites' values before their program began, and the improvements that vendors claim."""

import polars as pl

from models.contract import INSTANT, Contract, field, optional
from models.deidentification import ABSENT

RESTATEMENT_REASONS = ("late data", "definition", "program changed")
CHANGE_TYPES = ("relative", "absolute")
VERDICTS = ("within", "above", "below", "opposite")

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
    "marts.fct_program_claims": Contract(
        "fct_program_claims",
        "vendor claim about engagement programs",
        ("claim_code",),
        {
            "claim_code": field(pl.String, "Short name of the claim."),
            "claim_name": field(pl.String, "What is claimed, in words."),
            "kpi_code": _KPI_CODE,
            "change_type": field(
                pl.String, "Of what the change is: a share of the value before, or the KPI's own unit.", values=CHANGE_TYPES
            ),
            "claimed_low": field(pl.Float64, "Lower end of the claim; a fall is negative."),
            "claimed_high": field(pl.Float64, "Upper end of the claim."),
            "display_order": field(pl.Int32, "Place in lists.", at_least=1),
            "n_sites": field(pl.Int32, "Sites with a final baseline and mature months since go-live.", at_least=0),
            "first_month_on": optional(pl.Date, "First month since go-live that counts, at any site."),
            "last_month_on": optional(pl.Date, "The last one."),
            "n_months": optional(pl.Int32, "Months since go-live, at the site with the fewest; at most 12.", at_least=1),
            "is_wholly_after": optional(
                pl.Boolean, "No month reaches back to before go-live (`lookback_months`); otherwise the change is diluted."
            ),
            "value_before": optional(pl.Float64, "The sites' baselines, weighted by their denominators since go-live."),
            "value_after": optional(pl.Float64, "The newest twelve mature months since go-live, or as many as there are."),
            "change": optional(
                pl.Float64, "Change from before to after, in the form of `change_type`. A description, not an effect."
            ),
            "verdict": optional(
                pl.String,
                "The change against the claim: within it, more than it (`above`), less (`below`), or the other way.",
                values=VERDICTS,
            ),
            "not_shown_reason": optional(pl.String, "Why there is no change to show, in words."),
        },
        notes="Before and after, site by site: what else changed is in it too. What the program caused: `fct_program_effects`.",
        owner="practice manager",
        deidentified=ABSENT,
    ),
}
