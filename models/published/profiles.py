"""The unified profile of a patient, as a care team opens it: who, how to reach them, and what happened (schema `delivery`)."""

import polars as pl

from models.contract import INSTANT, Contract, field, optional
from models.deidentification import ABSENT
from models.extracts.crm import CHANNELS, RECORD_TYPES
from models.phi import Phi
from models.published.facts import SLICES
from models.published.people import SEXES
from models.published.risk import TIERS

CONSENTS = ("granted", "revoked", "none")
CONTACT_KINDS = ("message", "task", "recorded_here")


_PATIENT_KEY = field(pl.Int64, "The person.", phi=Phi.QUASI, refers_to="dim_patients.patient_key")

_CONTRACTS = (
    Contract(
        "out_patient_profiles",
        "patient",
        ("patient_key",),
        {
            "patient_key": _PATIENT_KEY,
            "location_key": SLICES["location_key"],
            "patient_source_system": field(pl.String, "Source of the record that represents the person."),
            "patient_record_type": field(pl.String, "Kind of that record.", values=RECORD_TYPES),
            "patient_source_id": field(pl.String, "The source's own id of that record.", phi=Phi.DIRECT),
            "mrn": optional(pl.String, "Medical record number.", Phi.DIRECT),
            "patient_name": field(pl.String, "Family name, given name.", phi=Phi.DIRECT),
            "birth_date": optional(pl.Date, "Date of birth.", Phi.QUASI),
            "age_years": optional(pl.Int32, "Completed years.", Phi.QUASI),
            "sex": optional(pl.String, "Administrative sex.", Phi.QUASI, values=SEXES),
            "language": optional(pl.String, "Preferred language, ISO 639-1.", Phi.QUASI),
            "needs_interpreter": field(pl.Boolean, "No staff speaks the language, or the team noted it.", phi=Phi.QUASI),
            "payer_name": optional(pl.String, "Payer that is billed first."),
            "provider_name": optional(pl.String, "Primary provider."),
            "location_name": optional(pl.String, "Home site."),
            "assigned_to": optional(
                pl.String,
                "The team member with the person's last task, otherwise the site's team in turns; empty: no team.",
            ),
            "is_deceased": field(pl.Boolean, "One of the sources has recorded the person's death.", phi=Phi.QUASI),
            "is_do_not_contact": field(pl.Boolean, "The person asked not to be contacted at all."),
            "preferred_channel": optional(pl.String, "The channel that the person asked for.", values=CHANNELS),
            "last_visit_on": optional(pl.Date, "Day of the last completed visit.", Phi.QUASI),
            "n_visits_24_months": field(pl.Int64, "Completed visits in the last 24 months.", at_least=0),
            "next_appointment_at": optional(INSTANT, "Start of the next booked appointment.", Phi.QUASI),
            "last_portal_login_on": optional(pl.Date, "Day of the last login to the portal.", Phi.QUASI),
            "n_chronic_conditions": field(pl.Int64, "Chronic conditions on record.", phi=Phi.QUASI, at_least=0),
            "n_open_gaps": field(pl.Int64, "Measures of the reporting year with an open gap.", phi=Phi.QUASI, at_least=0),
            "score": optional(pl.Float64, "The disengagement score, where eligible for one.", at_least=0, at_most=1),
            "tier": optional(pl.String, "Its tier.", values=TIERS),
            "reason_1": optional(pl.String, "The strongest association that raises the score: not a cause.", Phi.QUASI),
            "reason_2": optional(pl.String, "The second strongest.", Phi.QUASI),
            "reason_3": optional(pl.String, "The third strongest.", Phi.QUASI),
        },
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "out_patient_channels",
        "patient and channel",
        ("patient_key", "channel"),
        {
            "patient_key": _PATIENT_KEY,
            "location_key": SLICES["location_key"],
            "channel": field(pl.String, "The channel.", values=CHANNELS),
            "contact_point": optional(pl.String, "Number or address on that channel.", Phi.DIRECT),
            "consent": field(pl.String, "The latest decision on record.", values=CONSENTS),
            "consent_recorded_on": optional(pl.Date, "Day on which it was recorded.", Phi.QUASI),
            "may_contact": field(pl.Boolean, "Usable: not refused, with consent where needed, and with a working contact point."),
        },
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "out_patient_contacts",
        "contact with a patient, of the newest thirty",
        ("patient_key", "contact_number"),
        {
            "patient_key": _PATIENT_KEY,
            "location_key": SLICES["location_key"],
            "contact_number": field(pl.Int32, "Its number, from the newest.", at_least=1, at_most=30),
            "contacted_at": field(INSTANT, "When.", phi=Phi.QUASI),
            "contacted_on": field(pl.Date, "On which day.", phi=Phi.QUASI),
            "kind": field(
                pl.String, "A message or call of the CRM, a task of it, or recorded in the dashboards.", values=CONTACT_KINDS
            ),
            "direction": field(pl.String, "From or to the practice.", values=("outbound", "inbound")),
            "channel": field(pl.String, "The channel used.", values=CHANNELS),
            "purpose": optional(pl.String, "What it was about."),
            "outcome": optional(pl.String, "What became of it."),
        },
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
)

PROFILES: dict[str, Contract] = {f"delivery.{contract.name}": contract for contract in _CONTRACTS}
