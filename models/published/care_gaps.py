"""Care gaps: status, next action, and the published versions."""

from typing import Any

import pandera.polars as pa
import polars as pl

from models.contract import INSTANT, USD, Contract, Dtype, field, optional
from models.deidentification import ABSENT
from models.phi import Phi
from models.published.measures import GAP_STATUSES


def _of_patient(dtype: Dtype, description: str, **rest: Any) -> pa.Column:
    """A fact of one person; empty if unknown."""
    return optional(dtype, description, Phi.QUASI, **rest)


def _flag(description: str) -> pa.Column:
    return field(pl.Boolean, description)


_MEASURE_CODE = field(pl.String, "CMS number of the measure: `CMS125`.", refers_to="dim_measures.measure_code")
_GROUP_ID = field(pl.String, "Group (rate) of the measure: `Group_1` … Of CMS138 `Group_3`: screened, and helped if a user.")
_PATIENT_KEY = field(pl.Int64, "The person.", phi=Phi.QUASI, refers_to="dim_patients.patient_key")
_PROVIDER_KEY = field(
    pl.Int64, "Who is responsible: the primary provider.", nullable=True, refers_to="dim_providers.provider_key"
)
_LOCATION_KEY = field(pl.Int64, "The usual site.", nullable=True, refers_to="dim_locations.location_key")
_MEASURE_VERSION = field(pl.String, "Version of the measure.")
_N_OPENINGS = field(pl.Int32, "How often it has opened in the months that are evaluated.", at_least=0)


def _count(description: str) -> pa.Column:
    return field(pl.Int32, description, at_least=0)


CARE_GAPS: dict[str, Contract] = {
    "marts.fct_care_gaps": Contract(
        "fct_care_gaps",
        "measure, group and patient in the denominator of the reporting year, or expected in it",
        ("measure_code", "group_id", "patient_key"),
        {
            "care_gap_key": field(pl.Int64, "The gap; the same from one year to the next."),
            "measure_code": _MEASURE_CODE,
            "group_id": _GROUP_ID,
            "patient_key": _PATIENT_KEY,
            "period_start_on": field(pl.Date, "First day of the reporting year."),
            "period_end_on": field(pl.Date, "Last day of the reporting year."),
            "provider_key": _PROVIDER_KEY,
            "location_key": _LOCATION_KEY,
            "payer_class": field(pl.String, "Class of the payer."),
            "gap_status": field(
                pl.String,
                "As in `fct_measure_results`. `not_applicable`: open at the last month end, no qualifying visit yet this year.",
                values=GAP_STATUSES,
            ),
            "opened_on": _of_patient(
                pl.Date,
                "Day from which it was due: the old evidence ran out, a result was not good enough, or the patient came in. The "
                "first of its month where no day is on record. Empty: due only later, or never seen open.",
            ),
            "closed_on": _of_patient(pl.Date, "Day of what closed it."),
            "n_days_open": field(pl.Int32, "Days from opening to closing, or to today.", nullable=True, at_least=0),
            "n_openings": _N_OPENINGS,
            "evidence_on": _of_patient(pl.Date, "Day of the latest evidence."),
            "evidence_value": _of_patient(pl.String, "What it was: result with unit, or name of the service."),
            "incentive_value_usd": field(
                USD,
                "What the payer pays for closing it (`gap_incentives_usd` in practice.toml). Empty: nothing agreed, or no gap.",
                nullable=True,
                at_least=0,
            ),
            "is_closable": _flag(
                "Open, and a later service can still close it: its last day is not past, and its finding leaves a way."
            ),
            "is_actionable_today": _flag(
                "Somebody has to act: open and due, with the qualifying visit, no order, no visit booked, and still closable."
            ),
            "has_qualifying_visit": _flag("Has had the visit that brings the patient into the measure this year."),
            "due_on": _of_patient(pl.Date, "Day on which the last evidence runs out, or ran out. Empty: there is none."),
            "is_due_later": _flag("Open for the year, but the last evidence still holds."),
            "close_by_on": field(
                pl.Date,
                "Last day on which it can be closed: of the patient's own window where the measure has one (a visit's day, days "
                "after a prescription, of CMS117 the second birthday), otherwise the year's end.",
                phi=Phi.QUASI,
            ),
            "has_open_order": _flag("An active order, at most a year old, whose result would close it."),
            "ordered_on": _of_patient(pl.Date, "Day of that order."),
            "next_appointment_at": _of_patient(INSTANT, "Start of the next booked visit at which it can be closed."),
            "next_appointment_provider_key": field(
                pl.Int64, "Whom that visit is with.", nullable=True, refers_to="dim_providers.provider_key"
            ),
            "reason": field(pl.String, "The reason for the status and the plan, in one sentence.", phi=Phi.QUASI),
            "next_action": _of_patient(pl.String, "What to do next, in one sentence. Empty: nothing."),
            "measure_version": _MEASURE_VERSION,
        },
        "No data of that kind is `not_assessable`, never an open gap.",
        owner="quality lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    "marts.fct_care_gap_months": Contract(
        "fct_care_gap_months",
        "measure, group, patient and past month end",
        ("measure_code", "group_id", "patient_key", "month_end_on"),
        {
            "care_gap_month_key": field(pl.Int64, "Key of the row: of its measure, group, patient and month end."),
            "measure_code": _MEASURE_CODE,
            "group_id": _GROUP_ID,
            "patient_key": _PATIENT_KEY,
            "month_end_on": field(pl.Date, "Last day of the month; judged by the twelve months to it."),
            "gap_status": field(
                pl.String, "As known now. `not_applicable`: the gap exists in the published version only.", values=GAP_STATUSES
            ),
            "evidence_on": _of_patient(pl.Date, "Day of the latest evidence by then."),
            "opened_on": _of_patient(pl.Date, "When the open gap opened; of a closed one, when it had opened."),
            "closed_on": _of_patient(pl.Date, "When the closed gap was closed, if it was seen open before."),
            "is_newly_opened": _flag("Open, and not open at the month end before."),
            "is_newly_closed": _flag("Closed, and open at the month end before."),
            "n_openings": _N_OPENINGS,
            "published_gap_status": field(pl.String, "As first published; as now if not published before.", values=GAP_STATUSES),
            "is_restated": _flag("Differs from the first published status."),
            "restatement_reason": field(
                pl.String,
                "Why it differs: data came late (so do corrections and new value sets), or the measure has a new version.",
                nullable=True,
                values=("late data", "measure version"),
            ),
            "measure_version": _MEASURE_VERSION,
        },
        "A gap that opened, closed and opened again keeps every step.",
        owner="quality lead",
        site="patient_key",
        deidentified=ABSENT,
    ),
    "marts.fct_measure_performance": Contract(
        "fct_measure_performance",
        "measure, group, measurement period, site, provider and payer class",
        ("measure_code", "group_id", "period_type", "period_end_on", "location_key", "provider_key", "payer_class"),
        {
            "measure_code": _MEASURE_CODE,
            "group_id": field(pl.String, "Group (rate) of the measure: `Group_1` …"),
            "period_type": field(
                pl.String,
                "Calendar year, or twelve months to a past month end. A year that is over is both.",
                values=("year", "rolling"),
            ),
            "period_start_on": field(pl.Date, "First day of the measurement period."),
            "period_end_on": field(pl.Date, "Last day of the measurement period."),
            "location_key": _LOCATION_KEY,
            "provider_key": _PROVIDER_KEY,
            "payer_class": field(pl.String, "Class of the payer."),
            "n_denominator": _count("Units in the denominator: patients, or visits where the measure counts visits."),
            "n_eligible": _count("Units in the denominator, less exclusions and exceptions."),
            "n_numerator": _count("Units in the numerator. The measure's rate: `n_numerator / n_eligible`."),
            "n_met": _count("Units for which the measure is met: the numerator; of an inverse measure the rest of the eligible."),
            "n_open_gaps": _count("Patients with an open gap. Of CMS138 `Group_3` alone has gaps."),
            "n_closed_gaps": _count("Patients with a closed gap. Closure rate: closed over closed and open."),
            "n_excluded": _count("Patients excluded by an exclusion or exception."),
            "n_not_assessable": _count("Patients who cannot be assessed; in no rate."),
            "n_closures": _count(
                "Times that an open gap was closed: in the calendar year, or in the last month of a rolling period, so that "
                "months add up to the year. From the second month end on that is evaluated."
            ),
            "n_closure_days": _count("Days from opening to closing, added up. Days to closure: over `n_closures`."),
            "closure_incentive_usd": field(
                USD,
                "What the payer pays for these closures: once a gap and year, and not if it has opened again. "
                "Empty: nothing is agreed.",
                nullable=True,
                at_least=0,
            ),
            "open_incentive_usd": field(
                USD, "What it would pay for the open gaps. Empty: nothing is agreed.", nullable=True, at_least=0
            ),
        },
        "Every column adds up; a gap belongs to the patient's usual site, primary provider and payer of today.",
        owner="quality lead",
        site="location_key",
        deidentified=ABSENT,
    ),
}
