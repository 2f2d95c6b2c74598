"""Patients: the unified profile, its sources, and the pairs to decide."""

import pandera.polars as pa
import polars as pl

from models.contract import INSTANT, Contract, field, optional
from models.deidentification import ABSENT, only
from models.extracts.caregap import IDENTITY_DECISIONS
from models.extracts.crm import CHANNELS, RECORD_TYPES
from models.phi import Phi
from models.published.facts import PATIENT_SEGMENTS, PAYER_CLASSES, SOURCE_SYSTEM

SEXES = ("female", "male", "other", "unknown")
RACES = (
    "american_indian_or_alaska_native",
    "asian",
    "black_or_african_american",
    "native_hawaiian_or_other_pacific_islander",
    "white",
    "other",
    "multiple",
)
ETHNICITIES = ("hispanic_or_latino", "not_hispanic_or_latino", "multiple")
LINK_RULES = (
    "own_record",
    "steward",
    "patient_link",
    "mrn",
    "birth_date_name_and_contact_point",
    "birth_date_and_name",
    "birth_date_and_similar_name",
    "name_and_contact_point",
    "weight_of_evidence",
)
REVIEW_REASONS = (
    "two_charts_of_one_person",
    "two_charts_fit",
    "mrn_of_somebody_else",
    "another_sex",
    "near_name",
    "near_birth_date",
    "birth_date_unknown",
    "common_name",
    "not_enough_evidence",
)

_CONFIDENCE = field(pl.Float64, "Probability that it is one person, 0 to 1 (Fellegi and Sunter 1969).", at_least=0, at_most=1)


def _may(what: str) -> pa.Column:
    return field(pl.Boolean, f"{what} Never where the person asked not to be contacted, or has died.")


def _reviewed(side: str) -> dict[str, pa.Column]:
    return {
        f"{side}_source_system": SOURCE_SYSTEM,
        f"{side}_record_type": field(pl.String, "Kind of the record.", values=RECORD_TYPES),
        f"{side}_id": field(pl.String, "The source's own id of the record.", phi=Phi.DIRECT),
        f"{side}_patient_key": field(
            pl.Int64, "The person that it belongs to now.", phi=Phi.QUASI, refers_to="dim_patients.patient_key"
        ),
    }


_CONTRACTS = (
    Contract(
        "dim_patients",
        "person, resolved from EHR patients, CRM contacts and billing accounts",
        ("patient_key",),
        {
            "patient_key": field(pl.Int64, "The person; that of the EHR's record if there is one.", phi=Phi.QUASI),
            "mrn": optional(pl.String, "Medical record number.", Phi.DIRECT),
            "first_name": optional(pl.String, "Given name.", Phi.DIRECT),
            "last_name": optional(pl.String, "Family name.", Phi.DIRECT),
            "birth_date": optional(pl.Date, "Date of birth; empty: not known to the day.", Phi.QUASI),
            "age_years": optional(pl.Int32, "Completed years, on the day that the run looks back from or of death.", Phi.QUASI),
            "sex": optional(pl.String, "Administrative sex.", Phi.QUASI, values=SEXES),
            "race": optional(pl.String, "OMB race category.", Phi.QUASI, values=RACES),
            "ethnicity": optional(pl.String, "OMB ethnicity category.", Phi.QUASI, values=ETHNICITIES),
            "language": optional(pl.String, "Preferred language, ISO 639-1.", Phi.QUASI),
            "phone": optional(pl.String, "Telephone number, ten digits, from the record that was changed last.", Phi.DIRECT),
            "email": optional(pl.String, "E-mail address, from the record that was changed last.", Phi.DIRECT),
            "address_line": optional(pl.String, "Street and number, from the record that was changed last.", Phi.DIRECT),
            "city": optional(pl.String, "City.", Phi.QUASI),
            "state": optional(pl.String, "State, as the source writes it.", Phi.QUASI),
            "postal_code": optional(pl.String, "ZIP code, five digits.", Phi.QUASI),
            "is_deceased": field(
                pl.Boolean, "By a chart, a contact, a discharge as deceased, or what a call found out.", phi=Phi.QUASI
            ),
            "deceased_on": optional(pl.Date, "Day of death, if known.", Phi.QUASI),
            "primary_provider_key": optional(
                pl.Int64, "The provider named in the chart, otherwise the one seen most.", refers_to="dim_providers.provider_key"
            ),
            "home_location_key": optional(
                pl.Int64,
                "The site visited most in 24 months, or before if not since, otherwise the provider's.",
                refers_to="dim_locations.location_key",
            ),
            "payer_class": field(pl.String, "Class of the payer that is billed first.", values=PAYER_CLASSES),
            "payer_name": optional(pl.String, "That payer's name."),
            "preferred_channel": optional(pl.String, "The channel that the person asked for.", values=CHANNELS),
            "may_sms": _may("Consented to text messages; without a decision, no."),
            "may_email": _may("Consented to e-mail; without a decision, no."),
            "may_phone": _may("Did not refuse calls."),
            "may_mail": _may("Did not refuse letters."),
            "may_portal": _may("Did not refuse portal messages."),
            "is_do_not_contact": field(pl.Boolean, "The person asked not to be contacted at all."),
            "first_visit_on": optional(pl.Date, "Day of the first completed visit.", Phi.QUASI),
            "last_visit_on": optional(pl.Date, "Day of the last completed visit.", Phi.QUASI),
            "next_appointment_at": optional(INSTANT, "Start of the next booked appointment.", Phi.QUASI),
            "n_visits_24_months": field(pl.Int64, "Completed visits in the last 24 months.", at_least=0),
            "has_portal_account": field(pl.Boolean, "Activated the patient portal."),
            "last_portal_login_on": optional(pl.Date, "Day of the last login to the portal.", Phi.QUASI),
            "last_contacted_on": optional(pl.Date, "Day of the last message or call to the person.", Phi.QUASI),
            "last_responded_on": optional(pl.Date, "Day of the last message, reply or booking by the person.", Phi.QUASI),
            "n_chronic_conditions": field(
                pl.Int64,
                "Chronic conditions, of the 20 of Goodman et al. 2013.",
                phi=Phi.QUASI,
                at_least=0,
            ),
            "patient_segment": field(pl.String, "Age group, and whether there is a chronic condition.", values=PATIENT_SEGMENTS),
            "is_active": field(
                pl.Boolean, "Alive, with a completed visit in the `active_months` months up to today, the first day included."
            ),
            "n_open_gaps": field(pl.Int64, "Measures of the reporting year with an open gap.", phi=Phi.QUASI, at_least=0),
            "has_ehr_record": field(pl.Boolean, "The EHR knows the person."),
            "has_crm_record": field(pl.Boolean, "The CRM knows the person."),
            "has_billing_record": field(pl.Boolean, "Billing knows the person."),
        },
        notes="The unified profile, as of the day that the run looks back from.",
        owner="practice manager",
        site="home_location_key",
        deidentified=only(
            "patient_key",
            "birth_date",
            "sex",
            "race",
            "ethnicity",
            "language",
            "state",
            "postal_code",
        ),
    ),
    Contract(
        "dim_patient_links",
        "source record of a person",
        ("source_system", "source_record_type", "source_id"),
        {
            "source_system": SOURCE_SYSTEM,
            "source_record_type": field(pl.String, "Kind of the record.", values=RECORD_TYPES),
            "source_id": field(pl.String, "The source's own id of the record.", phi=Phi.DIRECT),
            "patient_key": field(pl.Int64, "The person.", phi=Phi.QUASI, refers_to="dim_patients.patient_key"),
            "link_rule": field(pl.String, "Why the record belongs to the person.", values=LINK_RULES),
            "confidence": _CONFIDENCE,
        },
        notes="`own_record` is the one that gave the person the key.",
        owner="practice manager",
        site="patient_key",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_identity_reviews",
        "two people who may be one, represented by their strongest pair of records",
        ("review_key",),
        {
            "review_key": field(pl.Int64, "Surrogate of the two records."),
            **_reviewed("left"),
            **_reviewed("right"),
            "reason": field(pl.String, "Why a person must decide.", values=REVIEW_REASONS),
            "evidence": field(pl.String, "How the two records compare, field by field; no values."),
            "confidence": _CONFIDENCE,
        },
        notes="Nothing is merged until a steward decides, on the Identities page or in the CRM (`identity_decisions`).",
        owner="practice manager",
        site="left_patient_key",
        deidentified=ABSENT,
    ),
    Contract(
        "fct_identity_decisions",
        "pair of records that a steward has decided on",
        ("review_key",),
        {
            "review_key": field(pl.Int64, "Surrogate of the two records."),
            **_reviewed("left"),
            **_reviewed("right"),
            "decision": field(pl.String, "One person, two, or not decided.", values=IDENTITY_DECISIONS),
            "decided_at": field(INSTANT, "When it was decided; the latest decision on a pair holds.", phi=Phi.QUASI),
            "decided_by": optional(pl.String, "Who decided; empty where the CRM delivered it.", Phi.DIRECT),
            "decided_in": field(pl.String, "Source system that delivered the decision."),
        },
        notes="A later decision on the same pair undoes it.",
        owner="practice manager",
        site="left_patient_key",
        deidentified=ABSENT,
    ),
    Contract(
        "dim_identity_records",
        "record of a person that stands in an open review or a decision",
        ("source_system", "source_record_type", "source_id"),
        {
            "source_system": SOURCE_SYSTEM,
            "source_record_type": field(pl.String, "Kind of the record.", values=RECORD_TYPES),
            "source_id": field(pl.String, "The source's own id of the record.", phi=Phi.DIRECT),
            "patient_key": field(
                pl.Int64, "The person that it belongs to now.", phi=Phi.QUASI, refers_to="dim_patients.patient_key"
            ),
            "mrn": optional(pl.String, "Medical record number, as the source has it.", Phi.DIRECT),
            "first_name": optional(pl.String, "Given name.", Phi.DIRECT),
            "last_name": optional(pl.String, "Family name.", Phi.DIRECT),
            "birth_date": optional(pl.Date, "Date of birth; empty: not known, or filled in.", Phi.QUASI),
            "sex": optional(pl.String, "Administrative sex.", Phi.QUASI, values=SEXES),
            "phone": optional(pl.String, "Telephone number, ten digits.", Phi.DIRECT),
            "email": optional(pl.String, "E-mail address.", Phi.DIRECT),
            "address_line": optional(pl.String, "Street and number.", Phi.DIRECT),
            "city": optional(pl.String, "City.", Phi.QUASI),
            "postal_code": optional(pl.String, "ZIP code, five digits.", Phi.QUASI),
            "updated_at": optional(INSTANT, "When the source changed the record last.", Phi.QUASI),
        },
        notes="What a steward compares, side by side.",
        owner="practice manager",
        site="patient_key",
        deidentified=ABSENT,
    ),
)

PATIENTS = "marts.dim_patients"
"""The table of people, to which all rows about persons refer."""

PEOPLE: dict[str, Contract] = {f"marts.{contract.name}": contract for contract in _CONTRACTS}
