"""What a billing system delivers as CSV, and a clearinghouse as X12. Money is US dollars and cents; days are `YYYY-MM-DD`.

An answer of a payer or clearinghouse names its claim by billing's own id, or, as X12 does, by what was submitted.
"""

import polars as pl

from models.contract import INSTANT, USD, Contract, Rule, field, optional
from models.phi import Phi

PAYER_CLASSES = ("commercial", "medicare", "medicaid", "self_pay", "other")

_UPDATED_AT = field(INSTANT, "When billing last changed this row; the latest version of a row wins.")
_ACCOUNT_ID = field(pl.String, "The billing account.", phi=Phi.DIRECT, refers_to="accounts.account_id")
_CLAIM_ID = field(pl.String, "The claim.", phi=Phi.DIRECT, refers_to="claims.claim_id")
_ENCOUNTER_ID = field(pl.String, "The EHR's id of the visit, where billing knows it.", phi=Phi.DIRECT, nullable=True)
_SERVICE_ON = field(pl.Date, "Day of service.", phi=Phi.QUASI)
_RESPONSIBILITIES = ("primary", "secondary", "tertiary")
_PATIENT_CONTROL_NUMBER = optional(pl.String, "The number that the claim was submitted under (CLM01, CLP01).", Phi.DIRECT)
_PAYER_CONTROL_NUMBER = optional(pl.String, "The payer's number of the claim (CLP07; REF*F8 of a claim).", Phi.DIRECT)
_MEMBER_ID = optional(pl.String, "The payer's number of the insured.", Phi.DIRECT)
_RESPONSIBILITY = optional(pl.String, "The payer's turn: who pays first is primary.", values=_RESPONSIBILITIES)
_REMARK_CODES = optional(pl.String, "Remittance advice remark codes (RARC), separated by blanks.")

_ANSWERED_CLAIM = {
    "claim_id": field(
        pl.String, "Billing's own id of the claim; empty: it is found by the next columns.", phi=Phi.DIRECT, nullable=True
    ),
    "patient_control_number": _PATIENT_CONTROL_NUMBER,
    "payer_control_number": _PAYER_CONTROL_NUMBER,
    "member_id": _MEMBER_ID,
    "patient_first_name": optional(pl.String, "Given name of the patient.", Phi.DIRECT),
    "claim_service_on": optional(pl.Date, "First day of service of the claim.", Phi.QUASI),
    "claim_billed_usd": optional(USD, "Gross charges on the claim."),
    "payer_responsibility": _RESPONSIBILITY,
}
"""Which claim an answer is about."""
_NAMES_A_CLAIM = Rule(
    "claim_id",
    pl.col("claim_id").is_not_null() | pl.col("patient_control_number").is_not_null(),
    "is empty, but must have a value, unless patient_control_number has one",
)

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
            "patient_control_number": _PATIENT_CONTROL_NUMBER,
            "payer_control_number": _PAYER_CONTROL_NUMBER,
            "member_id": _MEMBER_ID,
            "payer_responsibility": _RESPONSIBILITY,
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
            **_ANSWERED_CLAIM,
            "submitted_at": field(INSTANT, "When it was sent."),
            "is_resubmission": optional(pl.Boolean, "The claim had been sent before; empty: by the order of submissions."),
            "result": field(pl.String, "The clearinghouse's answer.", values=("accepted", "rejected")),
            "rejection_reason": field(pl.String, "Why it was rejected.", nullable=True),
            "updated_at": _UPDATED_AT,
        },
        rules=(_NAMES_A_CLAIM,),
    ),
    Contract(
        "claim_denials",
        "denial of a claim or of one of its lines",
        ("denial_id",),
        {
            "denial_id": field(pl.String, "Billing's own id of the denial."),
            **_ANSWERED_CLAIM,
            "line_number": field(pl.Int32, "The line that was denied; empty: the whole claim.", nullable=True),
            "denied_on": field(pl.Date, "Day of the denial."),
            "is_initial": optional(pl.Boolean, "The first answer of the payer to this claim; empty: by the order of answers."),
            "reason_code": field(pl.String, "Claim adjustment reason code (CARC)."),
            "reason_category": field(
                pl.String,
                "Kind of reason.",
                values=("eligibility", "authorization", "coding", "duplicate", "timely_filing", "medical_necessity", "other"),
            ),
            "remark_codes": _REMARK_CODES,
            "denied_usd": field(USD, "Billed amount that was denied.", at_least=0),
            "overturned_on": field(pl.Date, "Day on which the denial was overturned.", nullable=True),
            "updated_at": _UPDATED_AT,
        },
        rules=(_NAMES_A_CLAIM,),
    ),
    Contract(
        "remittances",
        "posting of a payer's answer to a claim line",
        ("remittance_id",),
        {
            "remittance_id": field(pl.String, "Billing's own id of the posting."),
            **_ANSWERED_CLAIM,
            "line_number": field(pl.Int32, "The line that it answers; empty: the whole claim.", nullable=True),
            "service_code": optional(pl.String, "The service that it answers, where the line's number is not known."),
            "line_billed_usd": optional(USD, "Gross charge on the line that it answers."),
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
            _NAMES_A_CLAIM,
            Rule(
                "payment_usd",
                ~(pl.col("is_reversal") & (pl.col("payment_usd") > 0)),
                "is above 0 in a reversal: write what is taken back as a negative amount",
            ),
        ),
    ),
    Contract(
        "remittance_adjustments",
        "adjustment of a payment to a claim or claim line",
        ("adjustment_id",),
        {
            "adjustment_id": field(pl.String, "Billing's own id of the adjustment."),
            "remittance_id": field(pl.String, "The posting that it belongs to.", refers_to="remittances.remittance_id"),
            "group_code": field(pl.String, "Claim adjustment group code: CO, OA, PI, PR, CR."),
            "reason_code": field(pl.String, "Claim adjustment reason code (CARC)."),
            "remark_codes": _REMARK_CODES,
            "amount_usd": field(USD, "What the payer pays less; below 0: more."),
            "quantity": optional(pl.Float64, "Units that it concerns."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "provider_adjustments",
        "adjustment of a payment that belongs to no claim in it",
        ("adjustment_id",),
        {
            "adjustment_id": field(pl.String, "Billing's own id of the adjustment."),
            "provider_id": optional(pl.String, "NPI of the provider, or the payer's number of them (PLB01)."),
            "fiscal_period_on": optional(pl.Date, "End of the provider's fiscal period (PLB02)."),
            "reason_code": field(pl.String, "Reason (PLB03-1): WO overpayment recovery, FB forwarded balance, L6 interest …"),
            "reference": optional(pl.String, "What it refers to (PLB03-2).", Phi.DIRECT),
            "amount_usd": field(USD, "What the payer keeps; below 0: what it adds."),
            "posted_on": field(pl.Date, "Day of the payment."),
            "trace_number": optional(pl.String, "Number of the cheque or transfer (TRN02)."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "x12_transactions",
        "transaction of an X12 file",
        ("transaction_id",),
        {
            "transaction_id": field(pl.String, "Made of sender and control numbers."),
            "transaction_type": field(pl.String, "837P, 837I, 835, 277CA; any other is not read."),
            "sender_id": optional(pl.String, "Who sent the interchange (ISA06)."),
            "receiver_id": optional(pl.String, "Whom it was sent to (ISA08)."),
            "interchange_control_number": optional(pl.String, "ISA13."),
            "group_control_number": optional(pl.String, "GS06."),
            "transaction_control_number": optional(pl.String, "ST02."),
            "is_test": field(pl.Boolean, "ISA15 calls it a test."),
            "n_segments": field(pl.Int64, "Segments from ST to SE, as found."),
            "n_unknown_segments": field(pl.Int64, "Segments of no kind that it may have."),
            "n_claims": field(pl.Int64, "Claims, payments of claims or acknowledged claims in it."),
            "payer_name": optional(pl.String, "Who pays, in an 835."),
            "trace_number": optional(pl.String, "Number of the cheque or transfer (TRN02)."),
            "paid_on": optional(pl.Date, "Day of the payment (BPR16)."),
            "paid_usd": optional(USD, "What was paid (BPR02)."),
            "claims_paid_usd": optional(USD, "Sum of its payments of claims (CLP04)."),
            "provider_adjusted_usd": optional(USD, "Sum of its provider adjustments (PLB)."),
            "faults": optional(pl.String, "What is wrong though it was read, one fault a line."),
            "updated_at": _UPDATED_AT,
        },
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
