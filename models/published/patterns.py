"""Facts summed up for the pages that leadership opens: appointments, cohorts, lead sources, receivables, claims.

A page reads these and never the facts behind them, so that it opens as fast on a hundred thousand patients as on a hundred.
"""

import pandera.polars as pa
import polars as pl

from models.contract import USD, Contract, field, optional
from models.deidentification import ABSENT
from models.published.facts import PAYER_CLASSES
from models.published.money import MOVEMENT_TYPES

LEAD_TIME_BANDS = ("same_day", "1_to_7_days", "8_to_14_days", "15_to_30_days", "over_30_days", "unknown")
REMINDER_CHANNELS = ("sms", "email", "phone", "portal", "mail", "not_reached", "none")
AGE_BANDS = ("0_to_30_days", "31_to_60_days", "61_to_90_days", "91_to_120_days", "over_120_days")
GAP_AGE_BANDS = ("0_to_30_days", "31_to_90_days", "91_to_180_days", "181_to_365_days", "over_365_days", "unknown")
MONEY_FLOWS = ("charge", *MOVEMENT_TYPES)

_MONTH_ON = field(pl.Date, "First day of the month.")
_LOCATION_KEY = field(pl.Int64, "The site; empty: not known.", nullable=True, refers_to="dim_locations.location_key")
_PAYER_CLASS = field(pl.String, "Class of the payer.", values=PAYER_CLASSES)


def _count(description: str) -> pa.Column:
    return field(pl.Int64, description, at_least=0)


def _usd(description: str) -> pa.Column:
    return field(USD, description)


_CONTRACTS = (
    Contract(
        "fct_appointment_patterns",
        "month, site, weekday, hour, lead-time band and channel of reminder",
        ("month_on", "location_key", "day_of_week", "hour_of_day", "lead_time_band", "reminder_channel"),
        {
            "month_on": _MONTH_ON,
            "location_key": _LOCATION_KEY,
            "day_of_week": field(pl.Int32, "Weekday of the booked start: Monday 1 to Sunday 7.", at_least=1, at_most=7),
            "hour_of_day": optional(
                pl.Int32, "Hour of the booked start in the practice's zone; empty: only the day is known.", at_least=0, at_most=23
            ),
            "lead_time_band": field(pl.String, "Days from booking to the start.", values=LEAD_TIME_BANDS),
            "reminder_channel": field(
                pl.String,
                "Channel of the last reminder that arrived before the start; `not_reached`: none arrived; `none`: none was sent.",
                values=REMINDER_CHANNELS,
            ),
            "n_due": _count("Appointments due, as in the no-show rate."),
            "n_no_shows": _count("Of these, missed without a word."),
            "n_late_cancellations": _count("Of these, cancelled by the patient inside the notice window."),
            "is_mature": field(pl.Boolean, "The month is over, and the outcomes of its appointments are in."),
        },
        "Appointments due only.",
        owner="practice manager",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_open_gap_ages",
        "measure, site, provider and age band of open gaps",
        ("measure_code", "location_key", "provider_key", "age_band"),
        {
            "measure_code": field(pl.String, "CMS number of the measure.", refers_to="dim_measures.measure_code"),
            "location_key": _LOCATION_KEY,
            "provider_key": field(
                pl.Int64, "The primary provider; empty: not known.", nullable=True, refers_to="dim_providers.provider_key"
            ),
            "age_band": field(pl.String, "Days since the gap opened; `unknown`: never seen opening.", values=GAP_AGE_BANDS),
            "n_open_gaps": _count("Open gaps of the reporting year."),
            "n_actionable": _count("Of these, actionable today: no order, no booked visit, still in time."),
        },
        "As of the day that the run looks back from.",
        owner="quality lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_patient_cohorts",
        "quarter of the first visit, site, and quarter since",
        ("cohort_on", "location_key", "quarters_since"),
        {
            "cohort_on": field(pl.Date, "First day of the quarter in which the patients were new."),
            "location_key": _LOCATION_KEY,
            "quarters_since": field(
                pl.Int32, "Whole quarters since the first visit; 0: the three months that begin with it.", at_least=0
            ),
            "n_patients": _count("New patients for whom this quarter is over and who were alive at its end."),
            "n_visited": _count("Of these, with a further visit in the quarter."),
            "n_at_risk": _count("New patients still active and under observation when the quarter begins."),
            "n_lapsed": _count("Of these, who went inactive in it: no visit for the length of an active patient's pause."),
        },
        "New is who has a first visit after the history is as long as an active patient's pause. A death ends the observation "
        "and is no lapse. Share still active after k quarters: product of 1 - lapsed / at risk (Kaplan and Meier, 1958).",
        owner="practice manager",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_lead_sources",
        "month, site and lead source",
        ("month_on", "location_key", "lead_source"),
        {
            "month_on": field(pl.Date, "Month in which the leads came and the money was spent."),
            "location_key": _LOCATION_KEY,
            "lead_source": field(pl.String, "Where the leads came from."),
            "n_leads": _count("Leads that came."),
            "n_converted": _count("Of these, who became a contact."),
            "n_new_patients": _count("Of these, with a first completed visit on or after the day of the lead."),
            "spend_usd": _usd("Marketing money spent on the source."),
            "collected_usd": _usd("Paid so far, by payers and patients, for the services of these new patients."),
        },
        "What is spent for the whole practice has no site.",
        owner="marketing lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_revenue_flows",
        "basis, month, site, payer class and kind of money",
        ("basis", "month_on", "location_key", "payer_class", "flow"),
        {
            "basis": field(pl.String, "By which day: of the service, or of posting.", values=("service", "posting")),
            "month_on": _MONTH_ON,
            "location_key": _LOCATION_KEY,
            "payer_class": _PAYER_CLASS,
            "flow": field(pl.String, "Charged amount, or its outcome.", values=MONEY_FLOWS),
            "amount_usd": _usd("Sum; reversals and refunds are taken off."),
        },
        "Charges less all other flows of a service month are what is still owed for it.",
        owner="finance lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_receivable_ages",
        "month end, site, payer class and age band",
        ("month_on", "location_key", "payer_class", "age_band"),
        {
            "month_on": field(pl.Date, "First day of the month; of the running month, the balance is today's."),
            "location_key": _LOCATION_KEY,
            "payer_class": _PAYER_CLASS,
            "age_band": field(pl.String, "Days from service to the month's end.", values=AGE_BANDS),
            "balance_usd": _usd("Owed at the month's end; credit balances are taken off."),
        },
        owner="finance lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_claim_answers",
        "month of the payer's first answer, site, payer and reason of denial",
        ("month_on", "location_key", "payer_class", "payer_name", "denial_reason"),
        {
            "month_on": _MONTH_ON,
            "location_key": _LOCATION_KEY,
            "payer_class": _PAYER_CLASS,
            "payer_name": field(pl.String, "The payer."),
            "denial_reason": field(pl.String, "Kind of reason of the first denial; `none`: not denied."),
            "n_claims": _count("Claims first answered in the month."),
            "n_recovered": _count("Denied at first, and paid since."),
            "billed_usd": _usd("Billed on these claims."),
            "denied_usd": _usd("Of it denied by the first answer."),
            "recovered_usd": _usd("Paid by the payer on the claims that were denied at first."),
            "written_off_usd": _usd("Given up since the payer denied it."),
        },
        "Void claims are left out.",
        owner="finance lead",
        site="location_key",
        deidentified=ABSENT,
    ),
)

PATTERNS: dict[str, Contract] = {f"marts.{contract.name}": contract for contract in _CONTRACTS}
