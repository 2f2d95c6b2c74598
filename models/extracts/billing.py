"""The CSV files that a billing system delivers. Money is US dollars with two decimals; days are `YYYY-MM-DD`."""

import polars as pl

from models.contract import INSTANT, USD, Contract, Rule, field
from models.phi import Phi

PAYER_CLASSES = ("commercial", "medicare", "medicaid", "self_pay", "other")

_UPDATED_AT = field(INSTANT, "When billing last changed this row; the latest version of a row wins.")
_ACCOUNT_ID = field(pl.String, "The billing account.", phi=Phi.DIRECT, refers_to="accounts.account_id")
_CLAIM_ID = field(pl.String, "The claim.", phi=Phi.DIRECT, refers_to="claims.claim_id")
_ENCOUNTER_ID = field(pl.String, "The EHR's id of the visit, where billing knows it.", phi=Phi.DIRECT, nullable=True)
_SERVICE_ON = field(pl.Date, "Day of service.", phi=Phi.QUASI)

_CONTRACTS = (
    Contract(
        "accounts",
        "billing account; a person may have several",
        ("account_id",),
        {
            "account_id": field(pl.String, "Billing's own id of the account.", phi=Phi.DIRECT),
            "mrn": field(pl.String, "Medical record number, if billing has it.", phi=Phi.DIRECT, nullable=True),
            "first_name": field(pl.String, "Given name as billing spells it.", phi=Phi.DIRECT, nullable=True),
            "last_name": field(pl.String, "Family name as billing spells it.", phi=Phi.DIRECT, nullable=True),
            "birth_date": field(pl.Date, "Date of birth.", phi=Phi.QUASI, nullable=True),
            "sex": field(
                pl.String, "Administrative sex.", phi=Phi.QUASI, nullable=True, values=("female", "male", "other", "unknown")
            ),
            "phone": field(pl.String, "Telephone number, as typed.", phi=Phi.DIRECT, nullable=True),
            "address_line": field(pl.String, "Street and number.", phi=Phi.DIRECT, nullable=True),
            "city": field(pl.String, "City.", phi=Phi.QUASI, nullable=True),
            "state": field(pl.String, "State, two letters.", phi=Phi.QUASI, nullable=True),
            "postal_code": field(pl.String, "ZIP code, five digits.", phi=Phi.QUASI, nullable=True),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "charges",
        "charge line",
        ("charge_id",),
        {
            "charge_id": field(pl.String, "Billing's own id of the charge."),
            "account_id": _ACCOUNT_ID,
            "encounter_id": _ENCOUNTER_ID,
            "location_id": field(pl.String, "The EHR's id of the site."),
            "provider_npi": field(pl.String, "NPI of the rendering provider."),
            "payer_class": field(pl.String, "Class of the payer that is billed first.", values=PAYER_CLASSES),
            "service_code": field(pl.String, "The practice's own code of the service."),
            "service_on": _SERVICE_ON,
            "posted_on": field(pl.Date, "Day on which the charge was entered."),
            "units": field(pl.Int32, "Number of units; negative in a reversal."),
            "charge_usd": field(USD, "Gross charge of the line; negative in a reversal."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "claims",
        "claim",
        ("claim_id",),
        {
            "claim_id": field(pl.String, "Billing's own id of the claim.", phi=Phi.DIRECT),
            "account_id": _ACCOUNT_ID,
            "encounter_id": _ENCOUNTER_ID,
            "location_id": field(pl.String, "The EHR's id of the site."),
            "provider_npi": field(pl.String, "NPI of the billing provider."),
            "payer_id": field(pl.String, "Billing's own id of the payer."),
            "payer_name": field(pl.String, "Its name."),
            "payer_class": field(pl.String, "Its class.", values=PAYER_CLASSES),
            "service_on": _SERVICE_ON,
            "created_on": field(pl.Date, "Day on which the claim was made."),
            "billed_usd": field(USD, "Gross charges on the claim."),
            "status": field(pl.String, "Where it stands.", values=("open", "paid", "denied", "partially_paid", "void")),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "claim_lines",
        "claim line",
        ("claim_id", "line_number"),
        {
            "claim_id": _CLAIM_ID,
            "line_number": field(pl.Int32, "Number of the line within the claim.", at_least=1),
            "charge_id": field(pl.String, "The charge that is claimed.", refers_to="charges.charge_id"),
            "billed_usd": field(USD, "Gross charge on the line."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "claim_submissions",
        "submission of a claim",
        ("submission_id",),
        {
            "submission_id": field(pl.String, "Billing's own id of the submission."),
            "claim_id": _CLAIM_ID,
            "submitted_at": field(INSTANT, "When it was sent."),
            "is_resubmission": field(pl.Boolean, "The claim had been sent before."),
            "result": field(pl.String, "The clearinghouse's answer.", values=("accepted", "rejected")),
            "rejection_reason": field(pl.String, "Why it was rejected.", nullable=True),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "claim_denials",
        "denial of a claim or of one of its lines",
        ("denial_id",),
        {
            "denial_id": field(pl.String, "Billing's own id of the denial."),
            "claim_id": _CLAIM_ID,
            "line_number": field(pl.Int32, "The line that was denied; empty: the whole claim.", nullable=True),
            "denied_on": field(pl.Date, "Day of the denial."),
            "is_initial": field(pl.Boolean, "The first answer of the payer to this claim."),
            "reason_code": field(pl.String, "Claim adjustment reason code (CARC)."),
            "reason_category": field(
                pl.String,
                "Kind of reason.",
                values=("eligibility", "authorization", "coding", "duplicate", "timely_filing", "medical_necessity", "other"),
            ),
            "denied_usd": field(USD, "Billed amount that was denied.", at_least=0),
            "overturned_on": field(pl.Date, "Day on which the denial was overturned.", nullable=True),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "remittances",
        "posting of a payer's answer to a claim line",
        ("remittance_id",),
        {
            "remittance_id": field(pl.String, "Billing's own id of the posting."),
            "claim_id": _CLAIM_ID,
            "line_number": field(pl.Int32, "The line that it answers; empty: the whole claim.", nullable=True),
            "posted_on": field(pl.Date, "Day of posting."),
            "payment_usd": field(USD, "Paid by the payer; negative in a reversal."),
            "contractual_adjustment_usd": field(USD, "Written down by contract; negative in a reversal."),
            "other_adjustment_usd": field(USD, "Any other write-down by the payer."),
            "patient_responsibility_usd": field(USD, "Left for the patient to pay."),
            "is_reversal": field(pl.Boolean, "Takes back an earlier posting."),
            "updated_at": _UPDATED_AT,
        },
        # Added instead of taken back, a reversal of $70 made a claim of $100 paid with $140.
        rules=(
            Rule(
                "payment_usd",
                ~(pl.col("is_reversal") & (pl.col("payment_usd") > 0)),
                "is above 0 in a reversal: write what is taken back as a negative amount",
            ),
        ),
    ),
    Contract(
        "patient_payments",
        "payment by a patient",
        ("payment_id",),
        {
            "payment_id": field(pl.String, "Billing's own id of the payment."),
            "account_id": _ACCOUNT_ID,
            "encounter_id": _ENCOUNTER_ID,
            "charge_id": field(pl.String, "The charge that it pays; empty: on account.", nullable=True),
            "paid_on": field(pl.Date, "Day of payment."),
            "amount_usd": field(USD, "Amount; negative in a refund."),
            "method": field(pl.String, "How it was paid.", values=("card", "cash", "check", "portal")),
            "is_at_service": field(pl.Boolean, "Taken at the point of service."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "write_offs",
        "write-off",
        ("write_off_id",),
        {
            "write_off_id": field(pl.String, "Billing's own id of the write-off."),
            "account_id": _ACCOUNT_ID,
            "claim_id": field(pl.String, "The claim that it belongs to; empty: self-pay.", phi=Phi.DIRECT, nullable=True),
            "charge_id": field(pl.String, "The charge that it belongs to.", nullable=True),
            "written_off_on": field(pl.Date, "Day of the write-off."),
            "amount_usd": field(USD, "Amount given up.", at_least=0),
            "reason": field(pl.String, "Why.", values=("bad_debt", "charity", "denial", "small_balance", "timely_filing")),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "collection_costs",
        "cost line of billing and collecting",
        ("cost_id",),
        {
            "cost_id": field(pl.String, "Billing's own id of the line."),
            "location_id": field(pl.String, "The EHR's id of the site that bears it; empty: the whole practice.", nullable=True),
            "category": field(pl.String, "Kind of cost.", values=("staff", "vendor", "software", "other")),
            "month_on": field(pl.Date, "A day of the month that it falls in."),
            "amount_usd": field(USD, "The cost.", at_least=0),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "eligibility_checks",
        "check of a patient's coverage",
        ("check_id",),
        {
            "check_id": field(pl.String, "Billing's own id of the check."),
            "account_id": _ACCOUNT_ID,
            "appointment_id": field(pl.String, "The EHR's id of the appointment that it was made for.", nullable=True),
            "payer_id": field(pl.String, "Billing's own id of the payer."),
            "checked_at": field(INSTANT, "When it was made."),
            "result": field(pl.String, "The payer's answer.", values=("active", "inactive", "error")),
            "updated_at": _UPDATED_AT,
        },
    ),
)

EXTRACTS: dict[str, Contract] = {contract.name: contract for contract in _CONTRACTS}
