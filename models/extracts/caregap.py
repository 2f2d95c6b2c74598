"""What the dashboards record, delivered to the next run like any other extract (source system `caregap`).

An outcome names the patient by the source record that gives the person the key (`link_rule` `own_record`), and not by the key:
identities are resolved anew by every run, and what was recorded stays with the record when two people turn out to be one, or one
two.
"""

import polars as pl

from models.campaigns import AUDIENCES, CONDITIONS, MOST_SITE_CAPACITY
from models.contract import INSTANT, Contract, Rule, field, optional
from models.extracts.crm import CHANNELS, OUTREACH_OUTCOMES, RECORD_TYPES, TWO_RECORDS
from models.phi import Phi
from models.pushing import FATES, MARKS, WITHDRAWN_BECAUSE

OUTCOME_NOTES = (
    "call_back_later",
    "asked_for_clinician",
    "needs_interpreter",
    "needs_transport",
    "cost_concern",
    "left_with_other_person",
    "goes_to_other_practice",
)
"""The only remarks there are: where words could be typed, patients' secrets would be."""

RESTRICTION_REASONS = ("requested", "accuracy_contested", "unlawful_use", "objection", "legal_claims")
"""Why a person's data is kept from use: 45 CFR 164.522(a); GDPR 18(1)(a) to (d), 21. `legal_claims` is a legal hold."""
LEGAL_HOLD = "legal_claims"

IDENTITY_DECISIONS = ("link", "separate", "later")
"""One person, two people, or later; replaces any earlier decision on the pair."""

_CONTRACTS = (
    Contract(
        "outreach_outcomes",
        "outcome of an attempt to contact a patient, as a member of the care team recorded it",
        ("outcome_id",),
        {
            "outcome_id": field(pl.String, "Random id of the entry."),
            "recorded_at": field(INSTANT, "When the outcome was recorded.", phi=Phi.QUASI),
            "updated_at": field(INSTANT, "When this version of the entry was written; the latest one wins."),
            "listed_on": field(pl.Date, "The day of the list that was worked.", nullable=True, phi=Phi.QUASI),
            "patient_source_system": field(pl.String, "Source of the record that represents the patient."),
            "patient_record_type": field(pl.String, "Kind of that record.", values=RECORD_TYPES),
            "patient_source_id": field(pl.String, "The source's own id of that record.", phi=Phi.DIRECT),
            "channel": field(pl.String, "The channel used.", values=CHANNELS),
            "outcome": field(
                pl.String,
                "What came of it; empty: a connected system told of the attempt alone.",
                nullable=True,
                values=OUTREACH_OUTCOMES,
            ),
            "note_code": field(pl.String, "A remark, out of a fixed list.", nullable=True, values=OUTCOME_NOTES),
            "recorded_by": field(pl.String, "Who recorded it, as they signed in.", phi=Phi.DIRECT),
            "is_withdrawn": field(pl.Boolean, "The entry was a mistake, and was taken back."),
        },
        notes="Written by the Outreach page into the home's journal; an entry is never changed, a later version of it is added.",
    ),
    Contract(
        "campaigns",
        "campaign that the practice has defined",
        ("campaign_code",),
        {
            "campaign_code": field(pl.String, "Random id of the campaign."),
            "title": field(pl.String, "What the team calls it; never a patient's name."),
            "audience": field(pl.String, "Whom it is for.", values=AUDIENCES),
            "condition_name": optional(pl.String, "Those with this chronic condition.", values=CONDITIONS),
            "measure_code": optional(pl.String, "Those with an open gap in this measure."),
            "no_visit_months": optional(pl.Int64, "Those not seen for so many months.", at_least=1, at_most=120),
            "why": field(pl.String, "Why the practice does it, for the team."),
            "channel": optional(pl.String, "The channel to use; empty: each patient's own.", values=CHANNELS),
            "site_capacity": optional(
                pl.Int64,
                "Patients a month that a site can contact for it; empty: as of all outreach.",
                at_least=0,
                at_most=MOST_SITE_CAPACITY,
            ),
            "holdout_share": field(pl.Float64, "Share held out at random.", at_least=0, at_most=0.9),
            "starts_on": field(pl.Date, "First day."),
            "ends_on": field(pl.Date, "Last day."),
            "defined_by": field(pl.String, "Who defined it, as they signed in.", phi=Phi.DIRECT),
            "is_withdrawn": field(pl.Boolean, "It was ended early."),
            "updated_at": field(INSTANT, "When this version was written; the latest one wins."),
        },
        notes="Written by the Campaigns page into the home's journal; the next run makes its list.",
        rules=(
            Rule("ends_on", pl.col("ends_on") >= pl.col("starts_on"), "is before the first day"),
            Rule(
                "condition_name",
                (pl.col("audience") == "condition") == pl.col("condition_name").is_not_null(),
                "must be given for a campaign for a condition, and for no other",
            ),
        ),
    ),
    Contract(
        "campaign_outcomes",
        "outcome of outreach that was recorded on the list of a campaign",
        ("outcome_id",),
        {
            "outcome_id": field(pl.String, "Random id of the outcome.", refers_to="outreach_outcomes.outcome_id"),
            "campaign_code": field(pl.String, "The campaign, or the standing list."),
            "updated_at": field(INSTANT, "When it was written."),
        },
        notes="Written by the Outreach page beside the outcome.",
    ),
    Contract(
        "identity_decisions",
        "decision of a data steward on whether two records are one person, taken in the dashboards",
        ("decision_id",),
        {
            "decision_id": field(pl.String, "Random id of the decision."),
            **TWO_RECORDS,
            "decision": field(pl.String, "One person, two, or not decided.", values=IDENTITY_DECISIONS),
            "decided_at": field(INSTANT, "When it was decided; the latest decision on a pair holds.", phi=Phi.QUASI),
            "decided_by": field(pl.String, "Who decided, as they signed in.", phi=Phi.DIRECT),
            "updated_at": field(INSTANT, "When the entry was written."),
        },
        notes="Written by the Identities page into the home's journal; a decision is undone by a later one on the same pair.",
    ),
    Contract(
        "restrictions",
        "record of a person whose data is kept from use",
        ("restriction_id",),
        {
            "restriction_id": field(pl.String, "Random id of the entry."),
            "patient_source_system": field(pl.String, "Source of the record."),
            "patient_record_type": field(pl.String, "Kind of the record.", values=RECORD_TYPES),
            "patient_source_id": field(pl.String, "The source's own id of the record.", phi=Phi.DIRECT),
            "reason": field(pl.String, "Why, out of a fixed list.", values=RESTRICTION_REASONS),
            "restricted_at": field(INSTANT, "When it was restricted.", phi=Phi.QUASI),
            "restricted_by": field(pl.String, "Who restricted or lifted it, on the machine.", phi=Phi.DIRECT),
            "is_lifted": field(pl.Boolean, "It holds no more."),
            "updated_at": field(INSTANT, "When this version of the entry was written; the latest one wins."),
        },
        notes="Written by `caregap person restrict`, an entry for each record of the person; it is lifted by a later version.",
    ),
    Contract(
        "sync_rows",
        "task that was to be pushed to a connected system",
        ("connector", "external_id"),
        {
            "connector": field(pl.String, "The connected system, as connectors.toml calls it."),
            "external_id": field(pl.String, "Opaque id of the task.", phi=Phi.QUASI),
            "contact_source_system": field(pl.String, "The source whose contact or patient the task is for."),
            "reason": field(pl.String, "Why, as the CRM's tasks say it.", nullable=True),
            "channel": field(pl.String, "Channel to use.", nullable=True, values=CHANNELS),
            "location_id": field(pl.String, "The EHR's id of the site.", nullable=True),
            "mark": field(pl.String, "How the task stands.", values=tuple(MARKS)),
            "fate": field(pl.String, "What became of it when it was last sent or looked at.", values=FATES),
            "code": field(pl.String, "The system's error code, where it refused.", nullable=True),
            "because": field(pl.String, "Why it was held back or withdrawn.", nullable=True, values=tuple(WITHDRAWN_BECAUSE)),
            "outcome": field(pl.String, "What came of it there.", nullable=True, values=OUTREACH_OUTCOMES),
            "n_attempts": field(pl.Int64, "How often it was sent.", at_least=0),
            "first_sent_at": field(INSTANT, "When it was first sent.", nullable=True),
            "last_sent_at": field(INSTANT, "When it was last sent.", nullable=True),
            "updated_at": field(INSTANT, "When this version was written; the latest one wins."),
        },
        notes="Written by a push into the home's folder of outcomes, without a contact's or patient's id.",
    ),
)

EXTRACTS: dict[str, Contract] = {contract.name: contract for contract in _CONTRACTS}
