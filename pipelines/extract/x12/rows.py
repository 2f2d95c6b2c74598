"""Turns claims, payments and acknowledgments into rows of billing's extracts (`models/extracts/billing.py`).

Values are text, which the contracts' types are read from. X12 has no keys: control numbers repeat from file to file, and a
claim's number may be the account's. So ids are digests of what stays when a claim or payment is sent again.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from zoneinfo import ZoneInfo

from pipelines.extract.x12.acknowledgments import Acknowledgment
from pipelines.extract.x12.claims import Claim, Line
from pipelines.extract.x12.payments import Adjustment, Header, Payment, ProviderAdjustment, Service
from pipelines.extract.x12.reasons import DENIAL_CATEGORIES, PRIOR_PAYER
from pipelines.extract.x12.transactions import Transaction, at

_Posting = tuple[str, Service | None, Decimal, list[tuple[Adjustment, list[str]]]]
"""Id, the service that it answers, what was paid, and the adjustments with their remark codes."""
Adders = Mapping[str, Callable[[tuple[str | None, ...]], None]]
"""By extract, what takes a row of it, in the order of `COLUMNS`."""

_ANSWERED = (
    "patient_control_number payer_control_number member_id patient_first_name claim_service_on claim_billed_usd "
    "payer_responsibility"
)
COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(columns.split())
    for name, columns in {
        "accounts": "account_id mrn first_name last_name birth_date sex address_line city state postal_code updated_at",
        "charges": "charge_id account_id location_id provider_npi payer_class service_code service_on posted_on units charge_usd "
        "updated_at",
        "claims": "claim_id account_id location_id provider_npi payer_id payer_name payer_class service_on created_on billed_usd "
        "status patient_control_number payer_control_number member_id payer_responsibility updated_at",
        "claim_lines": "claim_id line_number charge_id billed_usd updated_at",
        "claim_submissions": f"submission_id {_ANSWERED} submitted_at result rejection_reason updated_at",
        "remittances": f"remittance_id {_ANSWERED} service_code line_billed_usd posted_on payment_usd contractual_adjustment_usd "
        "other_adjustment_usd patient_responsibility_usd is_reversal updated_at",
        "claim_denials": f"denial_id {_ANSWERED} denied_on reason_code reason_category remark_codes denied_usd updated_at",
        "remittance_adjustments": "adjustment_id remittance_id group_code reason_code remark_codes amount_usd quantity "
        "updated_at",
        "provider_adjustments": "adjustment_id provider_id fiscal_period_on reason_code reference amount_usd posted_on "
        "trace_number updated_at",
    }.items()
}
"""The columns that X12 fills, by extract; the others stay empty."""

_PAYER_CLASSES = {
    "09": "self_pay",
    **dict.fromkeys(("MA", "MB", "16"), "medicare"),
    "MC": "medicaid",
    **dict.fromkeys(("11", "12", "13", "14", "15", "17", "BL", "CI", "DS", "FI", "HM"), "commercial"),
}
"""By claim filing indicator code (SBR09); all others are `other`: VA, CH, OF, WC, AM, LM, LI, TV, ZZ."""
_SEXES = {"F": "female", "M": "male", "U": "unknown"}
_RESPONSIBILITIES = {"P": "primary", "S": "secondary", "T": "tertiary"}
_ANSWERED_AS = {"1": "primary", "19": "primary", "2": "secondary", "20": "secondary", "3": "tertiary", "21": "tertiary"}
"""By claim status code (CLP02)."""
_DENIED, _REVERSED = "4", "22"
_VOID = "8"
_ZERO = Decimal(0)
_UNKNOWN = "unknown"
_MOST_REMEMBERED = 100_000
"""Claims and accounts of a transaction that are remembered, to find repetitions; the guide allows 5,000 claims."""


class ClaimRows:
    """The rows of an 837. Raises nothing; what a row lacks, its contract refuses."""

    def __init__(self, transaction: Transaction, add: Adders, time_zone: ZoneInfo):
        self._add = add
        self._is_institutional = transaction.kind[-1]
        self._changed_at = changed_at(transaction, time_zone)
        self._sent_on = day(at(transaction.gs, 4))
        self._seen: dict[str, int] = {}
        self._accounts: set[str] = set()

    def take(self, claim: Claim, bht: list[str]) -> None:
        subscriber, changed_at = claim.subscriber, self._changed_at
        patient = claim.patient or subscriber
        lines_on = [_line_on(line) for line in claim.lines]
        service_on = min(filter(None, lines_on), default=None) or _stated_on(claim)
        sent_on = day(at(bht, 4)) or self._sent_on
        account_id = digest(subscriber.id, patient.family.upper(), patient.given.upper(), patient.birth_date)
        location_id = claim.facility_id or claim.billing_id or _UNKNOWN
        payer_class = _PAYER_CLASSES.get(subscriber.filing_indicator, "other")
        first_class = payer_class
        if subscriber.responsibility != "P":
            first = (filing for place, filing in claim.other_payers if place == "P")
            first_class = _PAYER_CLASSES.get(next(first, subscriber.filing_indicator), "other")
        base = self._key(claim, patient.given, patient.birth_date, service_on)
        place = "" if subscriber.responsibility in ("P", "") else subscriber.responsibility
        claim_id = f"{claim.control_number}-{base}{place}"
        is_void = claim.frequency == _VOID

        if account_id not in self._accounts and len(self._accounts) < _MOST_REMEMBERED:
            self._accounts.add(account_id)
            self._add["accounts"](
                (
                    account_id,
                    claim.medical_record_number,
                    patient.given,
                    patient.family,
                    day(patient.birth_date),
                    _SEXES.get(patient.sex),
                    patient.street,
                    patient.city,
                    patient.state,
                    patient.postal_code[:5],
                    changed_at,
                ),
            )
        self._add["claims"](
            (
                claim_id,
                account_id,
                location_id,
                claim.billing_id or _UNKNOWN,
                subscriber.payer_id or subscriber.payer_name or _UNKNOWN,
                subscriber.payer_name or subscriber.payer_id or _UNKNOWN,
                payer_class,
                service_on,
                sent_on,
                claim.charge,
                "void" if is_void else "open",
                claim.control_number,
                claim.payer_control_number,
                subscriber.id,
                _RESPONSIBILITIES.get(subscriber.responsibility),
                changed_at,
            ),
        )
        for number, (line, line_on) in enumerate(zip(claim.lines, lines_on, strict=True), 1):
            charge_id, line_number, billed = f"{base}-{number}", str(number), line.charge
            code = line.procedure.code if line.procedure and line.procedure.code else line.revenue_code
            self._add["claim_lines"]((claim_id, line_number, charge_id, billed, changed_at))
            self._add["charges"](
                (
                    charge_id,
                    account_id,
                    location_id,
                    line.rendering_id or claim.rendering_id or claim.billing_id or _UNKNOWN,
                    first_class,
                    code or _UNKNOWN,
                    line_on or service_on,
                    sent_on,
                    "0" if is_void else _units(line.units),
                    "0" if is_void else billed,
                    changed_at,
                ),
            )

    def _key(self, claim: Claim, given: str, birth_date: str, service_on: str | None) -> str:
        """The same for a claim that is sent again, corrected, or sent to the next payer; another where it is repeated."""
        base = digest(self._is_institutional, claim.control_number, given.upper(), birth_date, service_on or "")
        again = f"{base}{claim.subscriber.responsibility}"
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[again] = n = self._seen.get(again, 0) + 1
        return base if n == 1 else f"{base}.{n}"


class PaymentRows:
    """The rows of an 835."""

    def __init__(self, transaction: Transaction, add: Adders, time_zone: ZoneInfo):
        self._add = add
        self._changed_at = changed_at(transaction, time_zone)
        self._sent_on = day(at(transaction.gs, 4))
        self._seen: dict[str, int] = {}
        self._n_provider_adjustments = 0

    def take(self, payment: Payment, header: Header) -> None:
        key = self._key(payment, header)
        is_reversal = payment.status == _REVERSED
        sign = -1 if is_reversal and payment.paid > 0 else 1
        posted_on = self._posted_on(header)
        answered = _answered(
            payment.control_number,
            payment.payer_control_number,
            payment.patient_id or payment.subscriber_id,
            payment.patient_given,
            self._service_on(payment),
            str(abs(payment.charge)),
            _ANSWERED_AS.get(payment.status),
        )
        are_lines_paid = sum((one.paid for one in payment.services), _ZERO) == payment.paid
        parts: list[_Posting] = []
        own = [(one, payment.remarks) for one in payment.adjustments]
        if payment.services and are_lines_paid:
            for i, given in enumerate(payment.services, 1):
                parts.append((f"{key}-{i}", given, given.paid, [(one, given.remarks) for one in given.adjustments]))
            if own:
                parts.append((key, None, _ZERO, own))
        else:
            of_lines = [(one, given.remarks) for given in payment.services for one in given.adjustments]
            parts.append((key, None, payment.paid, own + of_lines))
        denials = [] if is_reversal else [(part, one) for part in parts for one in part[3] if _denies(one[0])]
        if payment.status == _DENIED and not denials:
            largest = max(((part, one) for part in parts for one in part[3]), key=lambda one: one[1][0].amount, default=None)
            denials = [largest] if largest and largest[1][0].amount > 0 else []
        denying = {id(one[0]) for _, one in denials}

        for part_id, service, paid, adjustments in parts:
            sums = {"CO": _ZERO, "PR": _ZERO, "": _ZERO}
            for i, (one, remarks) in enumerate(adjustments, 1):
                if one.group == "PR":
                    sums["PR"] += one.amount
                elif id(one) not in denying and one.reason != PRIOR_PAYER and not (is_reversal and _denies(one, reversed=True)):
                    sums["CO" if one.group == "CO" else ""] += one.amount
                amount = str(sign * one.amount)
                said = (one.group, one.reason, " ".join(remarks), amount, one.quantity)
                self._add["remittance_adjustments"]((f"{part_id}:{i}", part_id, *said, self._changed_at))
            code = None
            if service is not None:
                procedure = service.original or service.procedure
                code = procedure.code if procedure and procedure.code else service.revenue_code
            self._add["remittances"](
                (
                    part_id,
                    *answered,
                    code,
                    str(abs(service.charge)) if service is not None else None,
                    posted_on,
                    str(sign * paid),
                    str(sign * sums["CO"]),
                    str(sign * sums[""]),
                    str(sign * sums["PR"]),
                    "true" if is_reversal else "false",
                    self._changed_at,
                ),
            )
        for i, ((part_id, _, _, _), (one, remarks)) in enumerate(denials, 1):
            category = DENIAL_CATEGORIES.get(one.reason, "other")
            denied = (posted_on, one.reason, category, " ".join(remarks), str(one.amount))
            self._add["claim_denials"]((f"{part_id}:{i}", *answered, *denied, self._changed_at))

    def adjust(self, adjustment: ProviderAdjustment, header: Header) -> None:
        self._n_provider_adjustments += 1
        self._add["provider_adjustments"](
            (
                digest(header.originator, header.trace_number, header.effective_on, str(self._n_provider_adjustments)),
                adjustment.provider_id,
                day(adjustment.fiscal_period),
                adjustment.reason or _UNKNOWN,
                adjustment.reference,
                str(adjustment.amount),
                self._posted_on(header),
                header.trace_number,
                self._changed_at,
            ),
        )

    def _posted_on(self, header: Header) -> str | None:
        return day(header.effective_on) or day(header.production_date) or self._sent_on

    def _key(self, payment: Payment, header: Header) -> str:
        """The same when a payment is sent again, also in another envelope or from another clearinghouse."""
        of_payer = (header.originator, header.trace_number, header.effective_on)
        base = digest(*of_payer, payment.control_number, payment.payer_control_number, payment.status, payment.patient_id)
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[base] = n = self._seen.get(base, 0) + 1
        return base if n == 1 else f"{base}.{n}"

    @staticmethod
    def _service_on(payment: Payment) -> str | None:
        """Its first service (472, 150), otherwise the first day of the statement (232)."""
        days = [
            one for service in payment.services for kind, value in service.dates if kind in ("472", "150") and (one := day(value))
        ]
        return min(days, default=None) or next((day(value) for kind, value in payment.dates if kind == "232"), None)


class SubmissionRows:
    """The rows of a 277CA."""

    def __init__(self, transaction: Transaction, add: Adders, time_zone: ZoneInfo):
        self._add, self._time_zone = add, time_zone
        self._changed_at = changed_at(transaction, time_zone)

    def take(self, claim: Acknowledgment) -> None:
        codes = [":".join(code[:3]) for one in claim.statuses for code in one.codes]
        charge = next((one.charge for one in claim.statuses if one.charge), "")
        answered = _answered(
            claim.control_number,
            claim.payer_control_number,
            claim.patient_id,
            claim.patient_given,
            day(claim.service_date),
            charge,
            None,
        )
        self._add["claim_submissions"](
            (
                digest(claim.batch, claim.received_on, claim.control_number, claim.patient_id, claim.service_date, charge),
                *answered,
                _instant(claim.received_on, "", self._time_zone) or self._changed_at,
                "accepted" if claim.is_accepted else "rejected",
                None if claim.is_accepted else ", ".join(codes),
                self._changed_at,
            ),
        )


def changed_at(transaction: Transaction, time_zone: ZoneInfo) -> str | None:
    """When a transaction's group was written (GS04, GS05), in UTC; where that is no time, its interchange (ISA09, ISA10)."""
    isa, gs = transaction.isa, transaction.gs
    return _instant(at(gs, 4), at(gs, 5), time_zone) or _instant(at(isa, 9), at(isa, 10), time_zone)


def _instant(on: str, clock: str, time_zone: ZoneInfo) -> str | None:
    """A local day and time (`HHMM`, otherwise midnight) in UTC; None where it is no day."""
    written = day(on)
    if written is None:
        return None
    hour, minute = (int(clock[:2]), int(clock[2:4])) if len(clock) >= 4 and clock[:4].isdecimal() else (0, 0)
    hour, minute = (hour, minute) if hour < 24 and minute < 60 else (0, 0)
    local = datetime.fromisoformat(written).replace(hour=hour, minute=minute, tzinfo=time_zone)
    return local.astimezone(UTC).isoformat()


@lru_cache(maxsize=4096)
def day(value: str) -> str | None:
    """`2026-03-31` of `20260331`, of a date and time, and of the first day of a period; None where it is no day."""
    value = value[:8]
    if len(value) == 6 and value.isdecimal():
        value = f"20{value}"
    if len(value) != 8 or not value.isdecimal():
        return None
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:])).isoformat()
    except ValueError:
        return None


def digest(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=10).hexdigest()


def _answered(*values: str | None) -> tuple[str | None, ...]:
    return values


def _denies(adjustment: Adjustment, *, reversed: bool = False) -> bool:
    is_denial = adjustment.reason in DENIAL_CATEGORIES
    return is_denial and (reversed or adjustment.amount > 0)


def _line_on(line: Line) -> str | None:
    for qualifier, _, value in line.dates:
        if qualifier == "472":
            return day(value)
    return None


def _stated_on(claim: Claim) -> str | None:
    """The day of service of the claim as a whole, otherwise the statement's or the admission's."""
    stated = {qualifier: value for qualifier, _, value in reversed(claim.dates)}
    return next((found for one in ("472", "434", "435") if (found := day(stated.get(one, "")))), None)


@lru_cache(maxsize=1024)
def _units(given: str) -> str | None:
    """Whole units; a part of one counts as one."""
    try:
        return str(max(round(float(given)), 1)) if given else "1"
    except (ValueError, OverflowError):
        return given
