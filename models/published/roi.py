"""An engagement program's effects, costs and value."""

import pandera.polars as pa
import polars as pl

from models.contract import USD, Contract, field, optional
from models.deidentification import ABSENT
from models.extracts.crm import CHANNELS, EXTRACTS
from models.phi import Phi
from models.published.facts import PATIENT_KEY, SLICES, SOURCE_SYSTEM

COST_CATEGORIES = EXTRACTS["program_costs"].fields["category"].metadata["values"]
BENEFIT_CATEGORIES = ("recovered_slots", "retained_patients", "incentive", "staff_hours", "days_in_ar", "collections")
DESIGNS = ("randomised", "staggered_did", "synthetic_did", "interrupted_series", "before_after")
VERDICTS = ("passed", "warned", "failed", "not_testable")
GRADES = ("A", "B", "C", "D", "none")
OWNED_CATEGORIES = (*COST_CATEGORIES, "total")
CHANGE_TYPES = ("relative", "absolute")
CLAIM_VERDICTS = (
    *("out_of_reach", "no_effect_known", "described_only", "chance", "opposite"),
    *("below", "perhaps_below", "within", "perhaps_above", "above"),
)

_PROGRAM = field(pl.String, "The engagement program, as the CRM names it.")
_SCENARIO = field(pl.String, "The set of assumptions: `base`, `cautious`, or a file of the practice's own.")
_OUTCOME = field(pl.String, "The KPI, or `visit_within_90_days`: a completed visit in the 90 days after joining a campaign.")


def _usd(description: str, *, nullable: bool = False) -> pa.Column:
    return field(pl.Float64, description, nullable=nullable)


_MARTS = (
    Contract(
        "fct_program_costs",
        "cost line of a program",
        ("source_system", "cost_id"),
        {
            "source_system": SOURCE_SYSTEM,
            "cost_id": field(pl.String, "The CRM's own id of the line."),
            "program_name": _PROGRAM,
            "location_key": SLICES["location_key"],
            "category": field(pl.String, "Kind of cost.", values=COST_CATEGORIES),
            "month_on": field(pl.Date, "First day of the month that it falls in."),
            "amount_usd": field(USD, "The cost.", at_least=0),
        },
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_program_outcomes",
        "program, outcome, site and month",
        ("program_name", "outcome_code", "location_key", "month_on"),
        {
            "program_name": _PROGRAM,
            "outcome_code": _OUTCOME,
            "location_key": field(pl.Int64, "The site.", refers_to="dim_locations.location_key"),
            "month_on": field(pl.Date, "First day of the month."),
            "go_live_month_on": optional(pl.Date, "Month in which the site joined; empty: it has not."),
            "is_live": field(pl.Boolean, "The site was on the program in the month; its first month may be a part."),
            "numerator": field(pl.Float64, "The KPI's numerator at the site."),
            "denominator": field(pl.Float64, "The KPI's denominator at the site."),
            "is_mature": field(pl.Boolean, "The month is over and its outcomes are in."),
        },
        notes="The panel that effects are estimated from.",
        owner="engagement lead",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_outreach_trials",
        "person and outreach campaign with a randomised hold-out",
        ("trial_key",),
        {
            "trial_key": field(pl.Int64, "Surrogate of source, campaign and person.", phi=Phi.QUASI),
            "source_system": SOURCE_SYSTEM,
            "campaign_id": field(pl.String, "The campaign; randomisation was within it."),
            "campaign_name": field(pl.String, "Its name."),
            "campaign_type": field(pl.String, "What it is for.", values=("recall", "care_gap", "reactivation")),
            "patient_key": PATIENT_KEY,
            "location_key": SLICES["location_key"],
            "added_on": field(pl.Date, "Day of the draw, in the practice's zone: the first of the 90 days.", phi=Phi.QUASI),
            "is_held_out": field(pl.Boolean, "Drawn at random not to be contacted."),
            "n_attempts_90_days": field(pl.Int64, "Attempts to contact in 90 days; of who is held out, breaches.", at_least=0),
            "contact_channel": optional(pl.String, "Channel of the first attempt.", values=CHANNELS),
            "contact_outcome": optional(pl.String, "Outcome of the last attempt."),
            "days_since_visit": optional(pl.Int64, "Days from the last completed visit before to joining.", phi=Phi.QUASI),
            "first_visit_on": optional(pl.Date, "First completed visit within the 90 days.", phi=Phi.QUASI),
            "has_visit_90_days": field(pl.Boolean, "There is one."),
            "is_mature": field(pl.Boolean, "90 days, and 30 more for late entries, have passed."),
        },
        notes="As assigned, regardless of contact: intention to treat. The lift and the program's effect are computed from it.",
        owner="engagement lead",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_campaign_members",
        "campaign of Caregap and person who was on its list, or held out from it",
        ("campaign_code", "patient_key"),
        {
            "campaign_code": field(pl.String, "The campaign, or the standing list; randomisation was within it."),
            "title": field(pl.String, "What the team called it then."),
            "audience": field(pl.String, "Whom it was for.", values=("prevention", "lapsed", "condition")),
            "measure_code": optional(
                pl.String,
                "The measure whose open gap it was for; empty: none in particular.",
                refers_to="dim_measures.measure_code",
            ),
            "patient_key": PATIENT_KEY,
            "location_key": SLICES["location_key"],
            "added_on": field(pl.Date, "Day of the list that showed the person first: the first of the 90 days.", phi=Phi.QUASI),
            "is_held_out": field(pl.Boolean, "Drawn at random not to be contacted."),
            "has_visit_90_days": field(pl.Boolean, "A visit was completed within the 90 days."),
            "has_closed_gap_90_days": field(
                pl.Boolean, "A care gap was closed within the 90 days: of the campaign's measure, or of any for outreach."
            ),
            "known_on": field(pl.Date, "From this day on the outcome is known: after 90 days, and 30 more for late entries."),
        },
        notes="As first published, regardless of contact: intention to treat. `ml.campaign_effects` is computed from it. Who is "
        "urgent, and what a clinician ordered, is never held out and not in it.",
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_unit_values",
        "quantity that turns an effect into money",
        ("value_code",),
        {
            "value_code": field(pl.String, "The quantity."),
            "unit_value": field(pl.Float64, "Sum of numerators by sum of denominators over the months measured."),
            "standard_error": optional(pl.Float64, "Of the ratio, months being the sample; empty: one month only.", at_least=0),
            "n_months": field(pl.Int64, "Months measured, the newest mature ones, at most twelve.", at_least=1),
            "first_month_on": field(pl.Date, "The first of them."),
            "last_month_on": field(pl.Date, "The last of them."),
            "unit": field(pl.String, "Its unit."),
            "basis": field(pl.String, "What was measured, in words."),
            "traced_by": field(pl.String, "A query on this warehouse that gives the value again."),
        },
        owner="finance lead",
        deidentified=ABSENT,
    ),
)

_CHECK = "Verdict on "
EFFECT_COLUMNS = {
    "program_name": _PROGRAM,
    "outcome_code": _OUTCOME,
    "design": field(pl.String, "How the effect was sought.", values=DESIGNS),
    "grade": field(
        pl.String,
        "A: randomised. B: staggered difference-in-differences. C: synthetic control or interrupted series. D: a description, "
        "not a cause. none: refused.",
        values=GRADES,
    ),
    "is_causal": field(pl.Boolean, "The data allow a causal number by this design, and no check of it failed."),
    "is_chosen": field(pl.Boolean, "The strongest design that gave a number for this outcome."),
    "estimate": optional(pl.Float64, "Mean effect on a treated site and month, or patient, in the outcome's unit."),
    "standard_error": optional(pl.Float64, "Its standard error.", at_least=0),
    "interval_low": optional(pl.Float64, "Lower end of the 95 % interval."),
    "interval_high": optional(pl.Float64, "Upper end of the 95 % interval."),
    "value_before": optional(pl.Float64, "The outcome among the treated before they joined, or among those held out."),
    "n": field(pl.Int64, "Sites, months of a series, or patients.", at_least=0),
    "first_month_on": optional(pl.Date, "First month used."),
    "last_month_on": optional(pl.Date, "Last month used: mature ones alone."),
    "inference": optional(pl.String, "How error and interval were made."),
    "pre_trend_verdict": field(pl.String, _CHECK + "equal trends before joining (p of 0.05 or more).", values=VERDICTS),
    "pre_trend_note": field(pl.String, "What the verdict rests on."),
    "placebo_verdict": field(pl.String, _CHECK + "no effect at a date before the real one.", values=VERDICTS),
    "placebo_note": field(pl.String, "What the verdict rests on."),
    "overlap_verdict": field(pl.String, _CHECK + "treated and controls being alike enough to compare.", values=VERDICTS),
    "overlap_note": field(pl.String, "What the verdict rests on."),
    "refused_reason": optional(pl.String, "Why this design gives no number, or none that is causal."),
}
_VALUE_COLUMNS = {
    "program_name": _PROGRAM,
    "scenario": _SCENARIO,
    "kind": field(pl.String, "Benefit or cost.", values=("benefit", "cost")),
    "category": field(pl.String, "Which.", values=(*BENEFIT_CATEGORIES, *COST_CATEGORIES)),
    "year": field(pl.Int32, "Year of the program, from 1: twelve months from its first cost or go-live.", at_least=1),
    "amount_p5_usd": _usd("5th percentile of the draws; undiscounted."),
    "amount_p50_usd": _usd("Median of the draws; undiscounted."),
    "amount_p95_usd": _usd("95th percentile of the draws; undiscounted."),
    "amount_mean_usd": _usd("Mean of the draws, in whole dollars: means add up over categories and years, percentiles do not."),
    "grade": optional(
        pl.String, "Grade of the effect that a benefit rests on; empty: a cost, or no causal effect.", values=GRADES
    ),
    "is_significant": optional(
        pl.Boolean, "That effect can be told from chance: its 95 % interval leaves out zero. Empty: a cost, or no causal effect."
    ),
    "is_counted": field(
        pl.Boolean, "The amount has a causal effect or a cost behind it; otherwise it is zero, and `basis` gives the reason."
    ),
    "is_projected": field(pl.Boolean, "The year has months beyond the data."),
    "basis": field(pl.String, "How the amount was made, in words."),
    "traced_by": optional(pl.String, "A query on this warehouse that shows the rows behind it."),
}
_RETURN_COLUMNS = {
    "program_name": _PROGRAM,
    "scenario": _SCENARIO,
    "starts_on": field(pl.Date, "First month of the cash flows."),
    "horizon_months": field(pl.Int32, "Months counted.", at_least=1),
    "observed_months": field(pl.Int32, "Of these, months that the data cover; the others are projected.", at_least=0),
    "npv_p5_usd": _usd("Net present value at the first month, 5th percentile."),
    "npv_p50_usd": _usd("Net present value, median."),
    "npv_p95_usd": _usd("Net present value, 95th percentile."),
    "roi_p5": field(pl.Float64, "Net present value by present value of costs, 5th percentile.", nullable=True),
    "roi_p50": field(pl.Float64, "The same, median.", nullable=True),
    "roi_p95": field(pl.Float64, "The same, 95th percentile.", nullable=True),
    "npv_positive_share": field(pl.Float64, "Share of draws with a net present value above zero.", at_least=0, at_most=1),
    "irr": optional(pl.Float64, "Internal rate of return a year, of the mean monthly cash flows; empty: see `irr_note`."),
    "irr_note": optional(pl.String, "Why there is no internal rate of return."),
    "payback_month": optional(
        pl.Int32, "Month, from 1, from which the money is back for good, median; empty: not in the horizon."
    ),
    "payback_share": field(pl.Float64, "Share of draws in which it comes back within the horizon.", at_least=0, at_most=1),
    "cost_of_delay_usd": _usd("Present value lost by starting a month later, the last month counted staying the same; median."),
    "one_off_release_usd": _usd("Cash freed once by fewer days in A/R, median; in no sum: timing, not income.", nullable=True),
    "staff_hours_p50": _usd("Staff hours saved over the horizon, median; money only as far as redeployed.", nullable=True),
    "benefits_missing": optional(
        pl.String, "Benefits that count as zero, separated by spaces; the `basis` in `fct_program_value` says why."
    ),
    "n_draws": field(pl.Int32, "Monte-Carlo draws.", at_least=1),
    "seed": field(pl.Int32, "Seed of the draws: a rerun gives the same values.", at_least=0),
}
_OWNERSHIP_COLUMNS = {
    "program_name": _PROGRAM,
    "scenario": _SCENARIO,
    "category": field(pl.String, "Kind of cost; `total` is the sum of all.", values=OWNED_CATEGORIES),
    "year": field(pl.Int32, "Year of the program, from 1 to 5.", at_least=1, at_most=5),
    "amount_usd": _usd("Cost of the year, in whole dollars: as delivered, and beyond the data the mean of the draws."),
    "discounted_usd": _usd("The same, discounted to the first month."),
    "amount_so_far_usd": _usd(
        "Cost from the first year to the end of this one: in year 3 and year 5 the total cost of ownership."
    ),
    "discounted_so_far_usd": _usd("The same, discounted to the first month."),
    "is_projected": field(pl.Boolean, "The year has months beyond the data."),
}
_MONTH_NUMBER = field(pl.Int32, "Month of the program, from 1.", at_least=1)
_MONTH_COLUMNS = {
    "program_name": _PROGRAM,
    "scenario": _SCENARIO,
    "month_number": _MONTH_NUMBER,
    "month_on": field(pl.Date, "First day of the month."),
    "net_mean_usd": _usd("Benefits less costs of the month, undiscounted: mean of the draws."),
    "net_so_far_p5_usd": _usd("Benefits less costs from the first month to the end of this one: 5th percentile of the draws."),
    "net_so_far_p50_usd": _usd("The same: median."),
    "net_so_far_p95_usd": _usd("The same: 95th percentile."),
    "is_projected": field(pl.Boolean, "The month lies beyond the data."),
}
_VOLUME_COLUMNS = {
    "program_name": _PROGRAM,
    "scenario": _SCENARIO,
    "series_type": field(
        pl.String,
        "`exposure`: an outcome's denominator at sites on the program. `live_share`: that over the denominator of all sites. "
        "`members`: patients whom a campaign tried to reach. `cost`: US dollars.",
        values=("exposure", "live_share", "members", "cost"),
    ),
    "series_code": field(pl.String, "The outcome, or the kind of cost; `all` of members."),
    "month_number": _MONTH_NUMBER,
    "value": field(pl.Float64, "Of the month."),
}
_SENSITIVITY_COLUMNS = {
    "program_name": _PROGRAM,
    "scenario": _SCENARIO,
    "assumption": field(pl.String, "The assumption, unit value or effect that is varied, all others held at their centre."),
    "source": field(pl.String, "Where it comes from.", values=("effect", "measured", "assumed")),
    "unit": field(pl.String, "Its unit."),
    "low": field(pl.Float64, "Its 5th percentile."),
    "central": field(pl.Float64, "Its centre."),
    "high": field(pl.Float64, "Its 95th percentile."),
    "npv_low_usd": _usd("Net present value at `low`."),
    "npv_central_usd": _usd("Net present value with everything at its centre."),
    "npv_high_usd": _usd("Net present value at `high`."),
    "swing_usd": field(pl.Float64, "Difference between the two: what it matters.", at_least=0),
    "swing_rank": field(pl.Int32, "1: matters most.", at_least=1),
    "break_even": optional(pl.Float64, "Where the net present value is zero; empty: nowhere that it can lie."),
    "basis": field(pl.String, "What it rests on."),
}

_ML = (
    Contract(
        "program_effects",
        "program, outcome and design",
        ("program_name", "outcome_code", "design"),
        EFFECT_COLUMNS,
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "program_values",
        "program, scenario, category and year",
        ("program_name", "scenario", "kind", "category", "year"),
        _VALUE_COLUMNS,
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "program_returns",
        "program and scenario",
        ("program_name", "scenario"),
        _RETURN_COLUMNS,
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "program_months",
        "program, scenario and month of the program",
        ("program_name", "scenario", "month_number"),
        _MONTH_COLUMNS,
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "program_volumes",
        "program, scenario, series and month of the program",
        ("program_name", "scenario", "series_type", "series_code", "month_number"),
        _VOLUME_COLUMNS,
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "program_ownership_costs",
        "program, scenario, category of cost and year",
        ("program_name", "scenario", "category", "year"),
        _OWNERSHIP_COLUMNS,
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "program_sensitivities",
        "program, scenario and assumption",
        ("program_name", "scenario", "assumption"),
        _SENSITIVITY_COLUMNS,
        owner="finance lead",
        deidentified=ABSENT,
    ),
)

_DELIVERY = (
    Contract(
        "fct_program_effects",
        "program, outcome and design that was tried",
        ("program_name", "outcome_code", "design"),
        {
            "program_name": _PROGRAM,
            "outcome_code": _OUTCOME,
            "outcome_name": field(pl.String, "The outcome's name."),
            "unit": field(pl.String, "Unit of estimate and interval; a share is 0 to 1."),
            "direction": field(pl.String, "Which way is better.", values=("higher", "lower")),
            **{name: column for name, column in EFFECT_COLUMNS.items() if name not in ("program_name", "outcome_code")},
            "is_significant": field(pl.Boolean, "Causal, and the interval leaves out zero."),
            "assumptions": field(pl.String, "Every check with its verdict, in words."),
            "statement": field(pl.String, "The conclusion in plain words, or the reason for the refusal."),
            "benefit_category": optional(pl.String, "The benefit through which it is valued.", values=BENEFIT_CATEGORIES),
            "data_cut_on": field(pl.Date, "The day that the run looked back from."),
        },
        notes="`is_chosen` marks the one to quote for each outcome; the others are the attempts.",
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_program_value",
        "program, scenario, kind, category and year of the program",
        ("program_name", "scenario", "kind", "category", "year"),
        _VALUE_COLUMNS,
        notes="A category that could not be valued has zero, with the reason.",
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_program_returns",
        "program and scenario",
        ("program_name", "scenario"),
        {
            **_RETURN_COLUMNS,
            "statement": field(
                pl.String, "What may be said to a board: whether the program pays, what its effects rest on, and what to do next."
            ),
            "data_cut_on": field(pl.Date, "The day that the run looked back from."),
        },
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_program_months",
        "program, scenario and month of the program",
        ("program_name", "scenario", "month_number"),
        _MONTH_COLUMNS,
        notes="The program is paid back from the month on in which `net_so_far_p50_usd` stays at or above zero.",
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_program_volumes",
        "program, scenario, series and month of the program",
        ("program_name", "scenario", "series_type", "series_code", "month_number"),
        _VOLUME_COLUMNS,
        notes="What the value is worked out from beside effects, unit values and assumptions: as delivered, then continued.",
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_program_ownership_costs",
        "program, scenario, category of cost and year",
        ("program_name", "scenario", "category", "year"),
        _OWNERSHIP_COLUMNS,
        notes="Total cost of ownership: `amount_so_far_usd` of `total` in year 3 and year 5.",
        owner="finance lead",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_program_claims",
        "program and vendor claim",
        ("program_name", "claim_code"),
        {
            "program_name": optional(pl.String, "The program; empty: the practice has none on record."),
            "claim_code": field(pl.String, "Short name of the claim."),
            "claim_name": field(pl.String, "What is claimed, in words."),
            "kpi_code": field(pl.String, "The KPI.", refers_to="dim_kpis.kpi_code"),
            "kpi_name": field(pl.String, "Its name."),
            "unit": field(pl.String, "Unit of all values; a share is 0 to 1."),
            "display_order": field(pl.Int32, "Place in lists.", at_least=1),
            "baseline_value": optional(pl.Float64, "The sites' baselines (`fct_kpi_periods`). Empty: there is none."),
            "like_for_like_value": optional(pl.Float64, "The same sites in the newest mature quarter."),
            "n_baseline_sites": field(pl.Int32, "How many sites that is.", at_least=0),
            "value": optional(pl.Float64, "The whole practice in the newest mature quarter. Empty: not available."),
            "numerator": optional(pl.Float64, "Its numerator."),
            "denominator": optional(pl.Float64, "Its denominator."),
            "scoring": field(pl.String, "What the value is (`dim_kpis`)."),
            "is_small": field(pl.Boolean, "It rests on few cases (`fct_kpi_periods`)."),
            "first_month_on": optional(pl.Date, "First month of that quarter."),
            "last_month_on": optional(pl.Date, "Its last month."),
            "target": optional(pl.Float64, "The target (`dim_kpis`)."),
            "benchmark_low": optional(pl.Float64, "Lower end of the benchmark range (`dim_kpis`)."),
            "benchmark_high": optional(pl.Float64, "Upper end of the benchmark range (`dim_kpis`)."),
            "typical_range": optional(pl.String, "Where practices are said to stand before a program, in words."),
            "change_type": field(
                pl.String, "Of what a change is: a share of the value before, or the KPI's own unit.", values=CHANGE_TYPES
            ),
            "claimed_low": field(pl.Float64, "Lower end of the claim; a fall is negative."),
            "claimed_high": field(pl.Float64, "Upper end of the claim."),
            "claim_source": field(pl.String, "Who claims it."),
            "change": optional(pl.Float64, "`like_for_like_value` against `baseline_value`, as `change_type` says. Not a cause."),
            "design": optional(pl.String, "How the effect was sought. Empty: no design gave a number.", values=DESIGNS),
            "grade": optional(pl.String, "Grade of the evidence.", values=GRADES),
            "effect": optional(
                pl.Float64, "The effect (`fct_program_effects`), as `change_type` says; a relative one not below -1."
            ),
            "effect_base": optional(
                pl.Float64,
                "What a relative effect is a share of: the sites' value over all months before they joined "
                "(`fct_program_effects.value_before`), which is another than a quarter's `baseline_value`.",
            ),
            "effect_low": optional(pl.Float64, "Lower end of its 95 % interval."),
            "effect_high": optional(pl.Float64, "Upper end of its 95 % interval."),
            "is_causal": field(pl.Boolean, "The effect is one of the program, not a description."),
            "is_significant": field(pl.Boolean, "It can be told from chance."),
            "benefit_category": optional(pl.String, "The benefit through which it is worth money.", values=BENEFIT_CATEGORIES),
            "benefit_usd": optional(
                pl.Float64,
                "That benefit over the horizon of the base scenario, undiscounted mean. Empty: it is not valued in money.",
            ),
            "is_benefit_significant": optional(pl.Boolean, "The benefit rests on an effect that can be told from chance."),
            "verdict": field(
                pl.String,
                "The effect against the claim. `out_of_reach`: it would pass the end of the scale. `no_effect_known`: no "
                "design gave a number. `described_only`: before and after, no cause. `chance`: not told from chance. Else the "
                "other way (`opposite`), less (`below`), as much (`within`) or more (`above`); where the estimate lies beside "
                "the claim and the interval reaches it, `perhaps_below` or `perhaps_above`.",
                values=CLAIM_VERDICTS,
            ),
            "verdict_reason": optional(pl.String, "Why the claim cannot be judged, in words; empty: it can."),
        },
        notes="The table that vendors show a board, with this practice's figures; quarter and baseline as in `fct_kpi_periods`.",
        owner="practice manager",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_program_sensitivity",
        "program, scenario and assumption",
        ("program_name", "scenario", "assumption"),
        _SENSITIVITY_COLUMNS,
        notes="The tornado: order by `swing_rank`.",
        owner="finance lead",
        deidentified=ABSENT,
    ),
)

ROI: dict[str, Contract] = {
    f"{schema}.{contract.name}": contract
    for schema, contracts in (("marts", _MARTS), ("ml", _ML), ("delivery", _DELIVERY))
    for contract in contracts
}
