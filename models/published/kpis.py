"""The KPIs and their catalogue."""

from typing import Any

import pandera.polars as pa
import polars as pl

from models.contract import ALL_SITES, Contract, field, optional
from models.deidentification import ABSENT, REFERENCE
from models.phi import Phi
from models.published.facts import PATIENT_KEY, SLICES

DOMAINS = ("access", "retention", "engagement", "outreach", "care", "revenue_cycle")
UNITS = ("share", "usd", "days", "minutes", "hours", "points", "times")
EVIDENCE_GRADES = ("owner", "reprint", "trade", "own")
SLICE_TYPES = ("all", "location", "provider", "payer_class", "patient_segment")
TARGET_SOURCES = ("practice", "benchmark", "catalog")
TIME_BASES = ("events", "month_end")
SCORINGS = ("proportion", "continuous_variable", "ratio")
CHANGE_STATUSES = ("better", "worse", "unchanged", "not_comparable")
TARGET_STATUSES = ("met", "missed", "no_target", "not_comparable")
RECORD_TYPES = (
    "appointment",
    "encounter",
    "touch",
    "outreach_task",
    "survey_answer",
    "care_gap_month",
    "claim",
    "charge",
    "payment",
    "patient",
    "therapy",
    "referral",
    "snapshot",
    "spend",
    "balance",
)

N_RECORDS = "Records that the numerator adds up. Empty: it adds up balances or bills, which are sums themselves."


def _text(description: str, **rest: Any) -> pa.Column:
    return field(pl.String, description, **rest)


KPIS: dict[str, Contract] = {
    "marts.fct_kpis": Contract(
        "fct_kpis",
        "KPI, month, site, provider, payer class and patient segment",
        ("kpi_code", "month_on", "location_key", "provider_key", "payer_class", "patient_segment"),
        {
            "kpi_code": _text("The KPI.", refers_to="dim_kpis.kpi_code"),
            "month_on": field(pl.Date, "First day of the month."),
            **SLICES,
            "numerator": field(pl.Float64, "Numerator: adds up over every dimension."),
            "denominator": field(pl.Float64, "Denominator: adds up over every dimension."),
            "n_records": optional(pl.Int64, N_RECORDS, at_least=0),
            "is_complete_month": field(pl.Boolean, "The month is over."),
            "is_mature": field(pl.Boolean, "The month is over and its claims or outcomes are in (`maturity_days`)."),
        },
        notes="A value is sum(numerator) / nullif(sum(denominator), 0) over any rows; show mature months only.",
        owner="practice manager",
        site="location_key",
        deidentified=ABSENT,
    ),
    "marts.fct_kpi_rows": Contract(
        "fct_kpi_rows",
        "KPI and what it counts: a record, a patient at a month's end, or a balance",
        ("kpi_code", "record_type", "record_key", "patient_key", "day_on", *SLICES),
        {
            "kpi_code": _text("The KPI.", refers_to="dim_kpis.kpi_code"),
            "day_on": field(pl.Date, "The day that puts the row into its month.", phi=Phi.QUASI),
            **SLICES,
            "patient_key": PATIENT_KEY,
            "record_type": _text(
                "What is counted: a row of the fact of that name, a `patient`, a `therapy` of one medicine, a `referral`, "
                "a `snapshot` of a clinician's open slots, an entry of `spend` on marketing or billing, a slice's `balance` at "
                "a month's end.",
                values=RECORD_TYPES,
            ),
            "record_key": optional(pl.Int64, "Key of the record; empty for a patient and for a balance."),
            "numerator": field(pl.Float64, "What the row adds to the numerator."),
            "denominator": field(pl.Float64, "What the row adds to the denominator."),
        },
        notes="`fct_kpis` before it is summed: the rows of a KPI's month and slice add up to it. The last 24 mature months.",
        owner="practice manager",
        site="location_key",
        deidentified=ABSENT,
    ),
    "marts.fct_kpi_slices": Contract(
        "fct_kpi_slices",
        "KPI, month, and member of one slice dimension",
        ("kpi_code", "month_on", "slice_type", "slice_key"),
        {
            "kpi_code": _text("The KPI.", refers_to="dim_kpis.kpi_code"),
            "month_on": field(pl.Date, "First day of the month."),
            "slice_type": _text("The dimension; `all` is the whole practice.", values=SLICE_TYPES),
            "slice_key": _text("Key of the member as text: `location_key`, `provider_key`, class or segment; or `unknown`."),
            "slice_name": _text("Its name."),
            "numerator": field(pl.Float64, "Numerator: adds up over the members of one dimension."),
            "denominator": field(pl.Float64, "Denominator: adds up over the members of one dimension."),
            "n_records": optional(pl.Int64, N_RECORDS, at_least=0),
            "is_complete_month": field(pl.Boolean, "The month is over."),
            "is_mature": field(pl.Boolean, "The month is over and its claims or outcomes are in (`maturity_days`)."),
        },
        notes="`fct_kpis` summed over all dimensions but one, for pages that must open at once. Keep to one `slice_type`.",
        owner="practice manager",
        deidentified=ABSENT,
    ),
    "marts.fct_kpi_periods": Contract(
        "fct_kpi_periods",
        "KPI, length of period, its last month, and member of one slice dimension",
        ("kpi_code", "n_months", "last_month_on", "slice_type", "slice_key"),
        {
            "kpi_code": _text("The KPI.", refers_to="dim_kpis.kpi_code"),
            "n_months": field(pl.Int32, "Months in the period: 1, 3, 6, 12 or 24.", at_least=1),
            "first_month_on": field(pl.Date, "First day of its first month."),
            "last_month_on": field(pl.Date, "First day of its last month."),
            "slice_type": _text("The dimension; `all` is the whole practice.", values=SLICE_TYPES),
            "slice_key": _text("Key of the member as text: `location_key`, `provider_key`, class or segment; or `unknown`."),
            "slice_name": _text("Its name."),
            "is_newest": field(pl.Boolean, "The newest mature period of its length: the one to show first."),
            "is_mature": field(pl.Boolean, "All its months are mature."),
            "n_mature_months": field(pl.Int32, "How many of its months are.", at_least=0),
            "mature_on": field(pl.Date, "The day on which all of them are."),
            "n_counted_months": field(pl.Int32, "How many of the mature months have cases in this slice.", at_least=0),
            "numerator": optional(
                pl.Float64, "Sum over the mature months; of a `month_end` KPI the mean of the month ends. Empty: no case."
            ),
            "denominator": optional(
                pl.Float64, "Sum over the mature months; of a `month_end` KPI the mean of the month ends. Empty: no case."
            ),
            "n_records": optional(pl.Float64, f"{N_RECORDS} Of a `month_end` KPI the mean of the month ends."),
            "value": optional(pl.Float64, "Numerator over denominator, in the KPI's unit: sum over sum, never a mean of values."),
            "interval_low": optional(pl.Float64, "Of a `proportion`: lower end of the 95 % interval (Wilson 1927)."),
            "interval_high": optional(pl.Float64, "Of a `proportion`: its upper end."),
            "is_small": field(
                pl.Boolean,
                "Few cases: fewer than 30 in the denominator, or 10 in the numerator of a `proportion`; of a `ratio` fewer than "
                "30 records in its numerator (`n_records`).",
            ),
            "before_value": optional(
                pl.Float64, "The value of the period before. Empty: it is not mature, or the record begins within it."
            ),
            "before_change": optional(pl.Float64, "The mature value less that, in the unit."),
            "before_status": _text(
                "The mature value against that; a difference below the last digit shown is none.", values=CHANGE_STATUSES
            ),
            "is_before_small": field(pl.Boolean, "The value of the period before rests on few cases."),
            "year_before_value": optional(pl.Float64, "The value of the same months a year before, on the same terms."),
            "year_before_change": optional(pl.Float64, "The mature value less that, in the unit."),
            "year_before_status": _text("The mature value against that.", values=CHANGE_STATUSES),
            "is_year_before_small": field(pl.Boolean, "The value of the same months a year before rests on few cases."),
            "baseline_value": optional(
                pl.Float64,
                "The final baselines of the sites whose program began before the period. Of events in less than twelve months "
                "the same months of the baseline's year, as known today; otherwise the frozen whole. Empty: there is none.",
            ),
            "like_for_like_numerator": optional(
                pl.Float64, "Numerator over those sites alone, on the same terms as `numerator`."
            ),
            "like_for_like_denominator": optional(pl.Float64, "Denominator over those sites alone."),
            "like_for_like_value": optional(pl.Float64, "The mature value over those sites alone: what may be held against it."),
            "baseline_change": optional(pl.Float64, "`like_for_like_value` less `baseline_value`, in the unit."),
            "baseline_status": _text("`like_for_like_value` against `baseline_value`.", values=CHANGE_STATUSES),
            "n_baseline_sites": field(pl.Int32, "How many sites that is.", at_least=0),
            "is_baseline_small": field(pl.Boolean, "The baseline or what is held against it rests on few cases."),
            "is_baseline_restated": field(pl.Boolean, "Today's data give one of these baselines another value than was frozen."),
            "target": optional(pl.Float64, "The target (`dim_kpis`), in the unit."),
            "target_status": _text(
                "The mature value against the target; on it is `met`. `not_comparable`: there is no mature value.",
                values=TARGET_STATUSES,
            ),
            "benchmark_low": optional(pl.Float64, "Lower end of the benchmark range (`dim_kpis`), in the unit."),
            "benchmark_high": optional(pl.Float64, "Upper end of the benchmark range (`dim_kpis`), in the unit."),
        },
        notes="What a KPI was in a period; pages, report and command line show no other. Keep to one `n_months` and one "
        "`slice_type`. With each month that is over ends a period of each length; a calendar quarter is one of three months that "
        "ends with March, June, September or December. Of providers, payer classes and segments there is only the newest.",
        owner="practice manager",
        # From sums over several months the months that are suppressed in `fct_kpis` could be worked out.
        deidentified=ABSENT,
    ),
    "marts.fct_engagement_scores": Contract(
        "fct_engagement_scores",
        "month, site, provider, payer class and patient segment",
        ("month_on", "location_key", "provider_key", "payer_class", "patient_segment"),
        {
            "month_on": field(pl.Date, "First day of the month."),
            **SLICES,
            "n_patients": field(pl.Int32, "Active patients at the month's end.", at_least=0),
            "visit_points": field(pl.Float64, "25 for each with a completed visit in the last twelve months.", at_least=0),
            "booking_points": field(pl.Float64, "25 for each with an appointment on the books.", at_least=0),
            "portal_points": field(pl.Float64, "25 for each who used the portal in the last twelve months.", at_least=0),
            "response_points": field(pl.Float64, "25 for each who answered or wrote in the last twelve months.", at_least=0),
            "score_points": field(pl.Float64, "Sum of the four.", at_least=0),
        },
        notes="The parts of the KPI `engagement_score`: points over `n_patients`, 0 to 25 each, 0 to 100 together.",
        owner="engagement lead",
        deidentified=ABSENT,
    ),
    "marts.dim_kpis": Contract(
        "dim_kpis",
        "KPI",
        ("kpi_code",),
        {
            "kpi_code": _text("The KPI's short name."),
            "kpi_name": _text("The KPI's name."),
            "domain": _text("What it is about.", values=DOMAINS),
            "unit": _text("Unit of numerator over denominator; a share is 0 to 1, points are of a score.", values=UNITS),
            "formula": _text("Numerator and denominator, in words."),
            "exclusions": _text("What is left out, and how the borders of the definition are drawn."),
            "direction": _text("Which way is better.", values=("higher", "lower")),
            "required_extracts": _text("Extracts without which it has no rows: `source:extract`, separated by spaces."),
            "source": _text("Where the definition comes from."),
            "evidence_grade": _text(
                "How good that source is: the owner's own text, a reprint of it, trade press, or our own definition.",
                values=EVIDENCE_GRADES,
            ),
            "departs": _text("In one line, where the definition departs from that source or from the authority on it."),
            "benchmark_low": optional(pl.Float64, "Lower end of the benchmark range, in the unit."),
            "benchmark_high": optional(pl.Float64, "Upper end of the benchmark range, in the unit."),
            "benchmark_year": optional(pl.Int32, "Year of the benchmark."),
            "benchmark_source": optional(pl.String, "Who published it."),
            "target": optional(pl.Float64, "The target, in the unit."),
            "target_source": _text(
                "Origin: the practice (`[targets]` of practice.toml), otherwise the benchmark range, otherwise the catalog. "
                "Empty: no target.",
                values=TARGET_SOURCES,
                nullable=True,
            ),
            "typical_improvement": optional(
                pl.String, "Improvement that vendors claim for programs of this kind; not a promise."
            ),
            "owner_role": _text("Who answers for it."),
            "maturity_days": field(pl.Int32, "Days after the month's end until its outcomes are in.", at_least=0),
            "scoring": _text(
                "What its value is: `proportion`, cases of the denominator that meet the numerator; `continuous_variable`, a sum "
                "over the cases of the denominator; `ratio`, of two amounts, so that no number of cases says how sure it is. "
                "The words of eCQM.",
                values=SCORINGS,
            ),
            "time_basis": _text(
                "`events`: what happened in the month, so months add up. `month_end`: how it stood at the month's end, or over "
                "the months up to it; over several months it is the mean of the month ends, weighted by denominator.",
                values=TIME_BASES,
            ),
            "lookback_months": field(pl.Int32, "Months before its own that a month's value reaches back.", at_least=0),
            "is_headline": field(pl.Boolean, "Shown on the overview."),
            "display_order": field(pl.Int32, "Place in lists.", at_least=1),
            "is_available": field(pl.Boolean, "There are rows in `fct_kpis`."),
            "unavailable_reason": optional(pl.String, "Why there are none, in words; empty: there are."),
            "caution": optional(pl.String, "What it leaves out for want of value sets, in words; empty: nothing."),
        },
        owner="practice manager",
        site=ALL_SITES,
        deidentified=REFERENCE,
    ),
}
