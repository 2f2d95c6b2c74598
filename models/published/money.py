"""What was charged, claimed and paid."""

import polars as pl

from models.contract import INSTANT, USD, Contract, field, optional
from models.deidentification import only
from models.phi import Phi
from models.published.facts import PATIENT_KEY, SLICES, SOURCE_SYSTEM

MOVEMENT_TYPES = ("payer_payment", "contractual_adjustment", "other_adjustment", "patient_payment", "write_off")
WRITE_OFF_REASONS = ("bad_debt", "charity", "denial", "small_balance", "timely_filing")


_ENCOUNTER_ID = optional(pl.String, "The EHR's id of the visit, where billing knows it.", Phi.DIRECT)
_CHARGE_ID = field(pl.String, "Billing's id of the charge.", phi=Phi.DIRECT)

MONEY: dict[str, Contract] = {
    "marts.fct_charges": Contract(
        "fct_charges",
        "charge line",
        ("charge_key",),
        {
            "charge_key": field(pl.Int64, "The charge: surrogate of its source and its id there.", phi=Phi.QUASI),
            "source_system": SOURCE_SYSTEM,
            "charge_id": _CHARGE_ID,
            "patient_key": PATIENT_KEY,
            **SLICES,
            "encounter_id": _ENCOUNTER_ID,
            "service_code": field(pl.String, "The practice's own code of the service."),
            "service_on": field(pl.Date, "Day of service.", phi=Phi.QUASI),
            "posted_on": field(pl.Date, "Day on which the charge was entered.", phi=Phi.QUASI),
            "units": field(pl.Int32, "Number of units; negative in a reversal."),
            "charge_usd": field(USD, "Gross charge of the line; negative in a reversal."),
        },
        owner="finance lead",
        site="location_key",
        deidentified=only("charge_key", "patient_key", "payer_class", "service_on", "charge_usd"),
    ),
    "marts.fct_claims": Contract(
        "fct_claims",
        "claim",
        ("claim_key",),
        {
            "claim_key": field(pl.Int64, "The claim: surrogate of its source and its id there.", phi=Phi.QUASI),
            "source_system": SOURCE_SYSTEM,
            "claim_id": field(pl.String, "Billing's id of the claim.", phi=Phi.DIRECT),
            "patient_key": PATIENT_KEY,
            **SLICES,
            "encounter_id": _ENCOUNTER_ID,
            "payer_id": field(pl.String, "Billing's id of the payer."),
            "payer_name": field(pl.String, "Its name."),
            "claim_status": field(pl.String, "Where it stands.", values=("open", "paid", "denied", "partially_paid", "void")),
            "service_on": field(pl.Date, "Day of service.", phi=Phi.QUASI),
            "created_on": field(pl.Date, "Day on which the claim was made.", phi=Phi.QUASI),
            "first_submitted_at": optional(INSTANT, "When it was first sent; empty: not yet.", Phi.QUASI),
            "first_submitted_on": optional(pl.Date, "The day on which it was first sent.", Phi.QUASI),
            "first_submission_result": optional(pl.String, "The clearinghouse's first answer.", values=("accepted", "rejected")),
            "n_submissions": field(pl.Int64, "Times that it was sent.", at_least=0),
            "is_clean_claim": field(pl.Boolean, "The clearinghouse accepted it as it was first sent."),
            "is_initially_denied": field(pl.Boolean, "The payer's first answer denied it, or a line of it."),
            "initially_denied_on": optional(pl.Date, "Day of that denial.", Phi.QUASI),
            "initially_denied_usd": field(USD, "Billed amount that the first answer denied.", at_least=0),
            "initial_denial_reason": optional(pl.String, "Kind of reason; of the largest amount where there are several."),
            "initial_denial_reason_code": optional(pl.String, "Claim adjustment reason code (CARC) of that denial."),
            "n_denials": field(pl.Int64, "Denials, first and later ones.", at_least=0),
            "first_remitted_on": optional(pl.Date, "Day of the payer's first posting.", Phi.QUASI),
            "first_paid_on": optional(pl.Date, "Day of the payer's first payment.", Phi.QUASI),
            "has_reversal": field(pl.Boolean, "The payer took a posting back."),
            "is_resolved_at_first_pass": field(
                pl.Boolean, "The payer settled it after one submission, without denial and without a posting taken back."
            ),
            "billed_usd": field(USD, "Gross charges on the claim."),
            "payer_paid_usd": field(USD, "Paid by the payer, reversals taken off."),
            "contractual_adjustment_usd": field(USD, "Written down by contract, reversals taken off."),
            "other_adjustment_usd": field(USD, "Any other write-down by the payer."),
            "patient_responsibility_usd": field(USD, "Left for the patient to pay."),
            "patient_paid_usd": field(USD, "Paid by the patient towards the claim's charges, refunds taken off."),
            "written_off_usd": field(USD, "Given up."),
            "denial_written_off_usd": field(USD, "Given up since the payer denied it."),
            "balance_usd": field(USD, "Still owed; negative: a credit balance."),
        },
        notes="A void claim stays a row and counts in no KPI.",
        owner="finance lead",
        site="location_key",
        deidentified=only(
            "claim_key",
            "patient_key",
            "payer_class",
            "claim_status",
            "service_on",
            "first_submission_result",
            "n_submissions",
            "is_clean_claim",
            "is_initially_denied",
            "initially_denied_usd",
            "n_denials",
            "has_reversal",
            "is_resolved_at_first_pass",
            "billed_usd",
            "payer_paid_usd",
            "contractual_adjustment_usd",
            "other_adjustment_usd",
            "patient_responsibility_usd",
            "patient_paid_usd",
            "written_off_usd",
            "denial_written_off_usd",
            "balance_usd",
        ),
    ),
    "marts.fct_payments": Contract(
        "fct_payments",
        "movement of money: payment, adjustment or write-off",
        ("payment_key",),
        {
            "payment_key": field(pl.Int64, "The movement: surrogate of its source, type and id there.", phi=Phi.QUASI),
            "source_system": SOURCE_SYSTEM,
            "movement_id": field(
                pl.String, "Billing's id of the remittance, payment or write-off that it comes from.", phi=Phi.DIRECT
            ),
            "movement_type": field(
                pl.String,
                "What moved. A remittance gives a row for its payment and for each adjustment that is not zero.",
                values=MOVEMENT_TYPES,
            ),
            "write_off_reason": optional(pl.String, "Why it was given up.", values=WRITE_OFF_REASONS),
            "patient_key": PATIENT_KEY,
            **SLICES,
            "claim_key": optional(pl.Int64, "The claim; empty: none, or not delivered.", refers_to="fct_claims.claim_key"),
            "charge_key": optional(
                pl.Int64, "The charge; empty: the whole claim, or on account.", refers_to="fct_charges.charge_key"
            ),
            "encounter_id": _ENCOUNTER_ID,
            "service_on": optional(pl.Date, "Day of the service that it is for; empty: on account.", Phi.QUASI),
            "posted_on": field(pl.Date, "Day of posting.", phi=Phi.QUASI),
            "amount_usd": field(USD, "Amount by which the balance falls; negative for a reversal or refund."),
            "is_reversal": field(pl.Boolean, "Takes back an earlier movement."),
            "is_at_service": field(pl.Boolean, "Taken at the point of service."),
            "payment_method": optional(pl.String, "How a patient paid.", values=("card", "cash", "check", "portal")),
        },
        notes="Together with `fct_charges` it is the receivables ledger: charges less movements is what is owed.",
        owner="finance lead",
        site="location_key",
        deidentified=only(
            "payment_key",
            "movement_type",
            "write_off_reason",
            "patient_key",
            "payer_class",
            "claim_key",
            "charge_key",
            "service_on",
            "amount_usd",
            "is_reversal",
            "is_at_service",
            "payment_method",
        ),
    ),
}
