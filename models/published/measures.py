"""The quality measures and their results."""

import pandera.polars as pa
import polars as pl

from models.contract import ALL_SITES, Contract, field, optional
from models.deidentification import ABSENT, REFERENCE, only
from models.phi import Phi

GAP_STATUSES = ("closed", "open", "excluded", "not_applicable", "not_assessable")

TOPICS = (
    "Cancer screening",
    "Diabetes and kidneys",
    "Heart and blood pressure",
    "Infections and HIV",
    "Medicines and referrals",
    "Mental health and substance use",
    "Prevention",
)

AGES_AT_BOUNDS = (1, 3, 6, 7, 12, 13, 14, 15, 17, 18, 20, 30, 35, 40, 65, 66, 71, 76, 86)
"""Ages at a year's end whose results give a birthday away. Of those who turn 18 in the year, a measure that begins at 18 on
1 January has whoever was born on that day alone; one that begins at 18 on a visit has whoever came after the birthday. CMS154
begins at three months on 1 January, CMS159 at 12 on a day up to 14 months before it, and CMS136 at 6 ten months before it: 1, 7,
13 and 14 are such ages too."""


def _flag(description: str) -> pa.Column:
    return field(pl.Boolean, description)


def _count(description: str) -> pa.Column:
    return field(pl.Int32, description, at_least=0)


_MEASURE_CODE = field(pl.String, "CMS number of the measure: `CMS125`.")

MEASURES: dict[str, Contract] = {
    "marts.fct_measure_results": Contract(
        "fct_measure_results",
        "measure, group, measurement period and patient in the initial population, or not assessable",
        ("measure_code", "group_id", "period_start_on", "patient_key"),
        {
            "measure_code": field(pl.String, "CMS number of the measure: `CMS125`.", refers_to="dim_measures.measure_code"),
            "group_id": field(pl.String, "Group (rate) of the measure: `Group_1` …"),
            "period_type": field(pl.String, "Calendar year, or twelve months to a month end.", values=("year", "rolling")),
            "period_start_on": field(pl.Date, "First day of the measurement period."),
            "period_end_on": field(pl.Date, "Last day of the measurement period."),
            "patient_key": field(pl.Int64, "The person.", phi=Phi.QUASI, refers_to="dim_patients.patient_key"),
            "stratum": optional(pl.Int32, "Stratum of the measure's specification: 1, 2. Empty: it has none."),
            "stratum_name": optional(pl.String, "The stratum's condition: `Age 42 to 51`, at the end of the period."),
            "is_initial_population": _flag("In the initial population. False only with `not_assessable`."),
            "is_denominator": _flag("In the denominator."),
            "is_denominator_exclusion": _flag("In the denominator, and excluded."),
            "is_denominator_exception": _flag("In the denominator, not excluded, not in the numerator, and excepted."),
            "is_numerator": _flag("In the denominator, not excluded, and in the numerator."),
            "n_initial_population": _count("Units in the initial population: 1, or visits where the measure counts visits."),
            "n_denominator": _count("Units in the denominator."),
            "n_denominator_exclusion": _count("Units excluded."),
            "n_denominator_exception": _count("Units excepted."),
            "n_numerator": _count("Units in the numerator. Rate: the sum of these over `n_denominator` less the two before."),
            "gap_status": field(
                pl.String,
                "`closed` and `open` turn round for inverse measures; `not_assessable`: no data of that kind, never a gap. "
                "Of a measure that counts visits: that of the latest visit.",
                values=GAP_STATUSES,
            ),
            "evidence_on": optional(pl.Date, "Day of what closed the gap, excluded the patient, or came nearest.", Phi.QUASI),
            "evidence_value": optional(pl.String, "What it was: result with unit, or name of the service.", Phi.QUASI),
            "reason": field(pl.String, "Why it has this status, in plain words.", phi=Phi.QUASI),
            "measure_version": field(pl.String, "Version of the measure."),
        },
        "A patient outside a measure's initial population has no row.",
        owner="quality lead",
        site="patient_key",
        deidentified=only(
            "measure_code",
            "group_id",
            "period_start_on",
            "patient_key",
            "stratum",
            "is_initial_population",
            "is_denominator",
            "is_denominator_exclusion",
            "is_denominator_exception",
            "is_numerator",
            "gap_status",
            "measure_version",
            # A rolling year that a person enters or leaves by age gives the month of birth.
            where="period_type = 'year' and patient_key not in (select patient_key from build.marts.dim_patients "
            f"where year(period_start_on) - year(birth_date) in {AGES_AT_BOUNDS}) "
            "and measure_code not in (select measure_code from build.marts.dim_measures where is_restricted)",
            note="Calendar years alone, without people of an age at which a measure begins or ends at a birthday, and without "
            "restricted measures.",
        ),
    ),
    "marts.fct_measure_evidence": Contract(
        "fct_measure_evidence",
        "measure, group, calendar year, patient and resource that is the evidence of the result",
        ("measure_code", "group_id", "period_start_on", "patient_key", "resource_type", "source_system", "resource_id"),
        {
            "measure_code": field(pl.String, "CMS number of the measure: `CMS125`.", refers_to="dim_measures.measure_code"),
            "group_id": field(pl.String, "Group (rate) of the measure: `Group_1` …"),
            "period_start_on": field(pl.Date, "First day of the calendar year."),
            "patient_key": field(pl.Int64, "The person.", phi=Phi.QUASI, refers_to="dim_patients.patient_key"),
            "resource_type": field(pl.String, "Type of the FHIR resource: `Observation`."),
            "source_system": field(pl.String, "The EHR that delivered it."),
            "resource_id": field(pl.String, "Its id there.", phi=Phi.DIRECT),
        },
        "What lies on the day of the evidence (`fct_measure_results.evidence_on`) and is of a kind that the measure names.",
        owner="quality lead",
        site="patient_key",
        deidentified=ABSENT,
    ),
    "marts.dim_measures": Contract(
        "dim_measures",
        "quality measure",
        ("measure_code",),
        {
            "measure_code": _MEASURE_CODE,
            "title": field(pl.String, "Title of the measure."),
            "topic": field(pl.String, "What it is about.", values=TOPICS),
            "is_chosen": _flag(
                "The practice chose to report it (`chosen_measures` in practice.toml); it chose none: every measure."
            ),
            "steward": field(pl.String, "Organization that owns the measure."),
            "measure_version": field(pl.String, "Version of the measure."),
            "scoring": field(pl.String, "How it is scored.", values=("proportion",)),
            "basis": field(pl.String, "What is counted.", values=("patient", "encounter")),
            "is_inverse": _flag("A lower rate is better: the numerator is the gap."),
            "is_preventive": _flag(
                "Screening, counselling or immunisation: counts as preventive care. The others watch over a disease."
            ),
            "is_restricted": _flag(
                "It tells of HIV, substance use or the risk of suicide (42 CFR part 2, and state law): only roles allowed see "
                "whose result it is, and it is in no list, message or push to a CRM."
            ),
            "is_for_outreach": _flag(
                "Its open gaps count in patients' numbers of gaps, lists, pushes and the rates of closed gaps. Not those of a "
                "restricted measure, nor of one that no contact mends: what a past visit left out stays left out."
            ),
            "min_age": optional(pl.Int32, "Youngest age in the initial population, in years."),
            "max_age": optional(pl.Int32, "Oldest age in the initial population, in years."),
            "next_action": field(pl.String, "What closes a gap."),
            "closes_at": field(
                pl.String,
                "Where a gap can be closed; `elsewhere`: by a report from outside the practice.",
                values=("any_visit", "visit_in_person", "elsewhere"),
            ),
            "has_exclusions": _flag("It has denominator exclusions."),
            "has_exceptions": _flag("It has denominator exceptions."),
            "canonical_url": field(pl.String, "Canonical URL of its FHIR Measure, without version."),
            "licence_terms": field(pl.String, "The steward's terms of use."),
            "is_available": _flag("It was evaluated: all its value sets are there."),
            "unavailable_reason": optional(pl.String, "The value sets that are missing, by name."),
            "n_value_sets": _count("Value sets that it refers to."),
            "n_incomplete_value_sets": _count("Value sets of which only the shipped sample, or no licensed code, is there."),
            "caution": optional(pl.String, "Incomplete value sets, by name: patients whose codes they lack are not seen."),
        },
        owner="quality lead",
        site=ALL_SITES,
        restricting="is_restricted",
        deidentified=REFERENCE,
    ),
}
