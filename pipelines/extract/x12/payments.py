"""Reads the claim payments of 835 transactions as they are written (005010X221, 004010X091), and checks that they balance.

X12N 005010X221, 1.10.2.1: a service's charge less its adjustments is its payment (SVC02, CAS, SVC03); a claim's charge less all
adjustments in it is its payment (CLP03, CAS, CLP04); the payments of claims less the provider adjustments are BPR02.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from pipelines.extract.x12.composites import Composites, Procedure
from pipelines.extract.x12.transactions import Transaction, Unreadable, at

_ZERO = Decimal(0)
_LARGEST = Decimal(10) ** 12


@dataclass(slots=True)
class Adjustment:
    """One triplet of a CAS: group (CO, OA, PI, PR, CR), reason (CARC), amount, quantity."""

    group: str
    reason: str
    amount: Decimal
    quantity: str


@dataclass(slots=True)
class Service:
    """An SVC with its CAS, DTM, REF*6R and LQ*HE (remark codes, RARC)."""

    procedure: Procedure | None
    charge: Decimal
    paid: Decimal
    revenue_code: str
    units_paid: str
    original: Procedure | None
    units_original: str
    adjustments: list[Adjustment] = field(default_factory=list)
    dates: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    control_number: str = ""

    @property
    def balances(self) -> bool:
        return self.charge - sum((one.amount for one in self.adjustments), _ZERO) == self.paid


@dataclass(slots=True)
class Payment:
    """A CLP with its loops. `number`: its place in the transaction, from 1."""

    number: int
    control_number: str
    status: str
    charge: Decimal
    paid: Decimal
    patient_responsibility: str
    filing_indicator: str
    payer_control_number: str
    facility: str
    frequency: str
    adjustments: list[Adjustment] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    dates: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    patient_family: str = ""
    patient_given: str = ""
    patient_id: str = ""
    subscriber_id: str = ""

    @property
    def balances(self) -> bool:
        adjusted = sum((one.amount for one in self.adjustments), _ZERO)
        adjusted += sum((one.amount for service in self.services for one in service.adjustments), _ZERO)
        return self.charge - adjusted == self.paid


@dataclass(slots=True)
class ProviderAdjustment:
    """One pair of a PLB: what the payer keeps (above 0) or adds (below 0) that belongs to no claim of this payment."""

    provider_id: str
    fiscal_period: str
    reason: str
    reference: str
    amount: Decimal


@dataclass(slots=True)
class Header:
    """BPR, TRN, DTM*405, N1*PR and N1*PE."""

    handling: str = ""
    amount: Decimal | None = None
    credit_or_debit: str = ""
    method: str = ""
    effective_on: str = ""
    trace_number: str = ""
    originator: str = ""
    production_date: str = ""
    payer: str = ""
    payer_id: str = ""
    payee: str = ""
    payee_id: str = ""


class Payments:
    """The body of an 835: names what does not balance.

    Calls `take` for every claim payment once it is whole, and `adjust` for every provider adjustment.
    """

    known = frozenset(re.findall(r"\w+", "CUR REF DTM N1 N2 N3 N4 PER RDM LX TS3 TS2 CAS NM1 MIA MOA AMT QTY LQ PLB NTE TRN BPR"))

    def __init__(
        self,
        transaction: Transaction,
        take: Callable[[Payment, Header], None],
        adjust: Callable[[ProviderAdjustment, Header], None],
    ):
        self._transaction, self._take, self._adjust = transaction, take, adjust
        self._composites = Composites(transaction)
        self.header = Header()
        self.provider_adjustments: list[ProviderAdjustment] = []
        self.claims_paid = _ZERO
        self.n_claims = 0
        self.out_of_balance: list[tuple[int, int | None]] = []
        """Claims, and services in them, that do not balance: places from 0."""
        self._claim: Payment | None = None
        self._service: Service | None = None
        self.handlers: dict[str, Callable[[list[str]], None]] = {
            "BPR": self._bpr,
            "TRN": self._trn,
            "DTM": self._dtm,
            "N1": self._n1_party,
            "REF": self._ref,
            "CLP": self._clp,
            "NM1": self._nm1,
            "CAS": self._cas,
            "SVC": self._svc,
            "LQ": self._lq,
            "MOA": self._moa,
            "MIA": self._mia,
            "PLB": self._plb,
        }

    @property
    def provider_adjusted(self) -> Decimal:
        return sum((one.amount for one in self.provider_adjustments), _ZERO)

    @property
    def difference(self) -> Decimal | None:
        """BPR02 less (claim payments less provider adjustments): 0 where the transaction balances; None without a BPR02."""
        return None if self.header.amount is None else self.header.amount - (self.claims_paid - self.provider_adjusted)

    def end(self) -> None:
        self._give()
        faults = self._transaction.faults
        if self.header.amount is None:
            faults.append("BPR02 is missing: nobody can say whether the payments balance")
        elif self.difference:
            faults.append(
                f"does not balance: BPR02 is {self.header.amount}, but claim payments less provider adjustments are "
                f"{self.claims_paid - self.provider_adjusted}"
            )
        if n_claims := sum(service is None for _, service in self.out_of_balance):
            faults.append(f"{n_claims} claims do not balance: CLP03 less adjustments is not CLP04")
        if n_services := sum(service is not None for _, service in self.out_of_balance):
            faults.append(f"{n_services} services do not balance: SVC02 less adjustments is not SVC03")

    def _give(self) -> None:
        claim, self._claim, self._service = self._claim, None, None
        if claim is None:
            return
        self.n_claims += 1
        self.claims_paid += claim.paid
        if not claim.balances:
            self.out_of_balance.append((claim.number - 1, None))
        self.out_of_balance += [(claim.number - 1, i) for i, service in enumerate(claim.services) if not service.balances]
        self._take(claim, self.header)

    def _bpr(self, elements: list[str]) -> None:
        header = self.header
        header.handling, header.credit_or_debit = at(elements, 1), at(elements, 3)
        header.amount = amount(elements, 2, "BPR") if at(elements, 2) else None
        header.method, header.effective_on = at(elements, 4), at(elements, 16)

    def _trn(self, elements: list[str]) -> None:
        if self._claim is None and not self.header.trace_number:
            self.header.trace_number, self.header.originator = at(elements, 2), at(elements, 3)

    def _dtm(self, elements: list[str]) -> None:
        owner = self._service or self._claim
        if owner is not None:
            owner.dates.append((at(elements, 1), at(elements, 2)))
        elif at(elements, 1) == "405":
            self.header.production_date = at(elements, 2)

    def _n1_party(self, elements: list[str]) -> None:
        party = at(elements, 1)
        if self._claim is None and party == "PR":
            self.header.payer, self.header.payer_id = at(elements, 2), at(elements, 4)
        elif self._claim is None and party == "PE":
            self.header.payee, self.header.payee_id = at(elements, 2), at(elements, 4)

    def _ref(self, elements: list[str]) -> None:
        if self._service is not None and at(elements, 1) == "6R":
            self._service.control_number = at(elements, 2)

    def _clp(self, elements: list[str]) -> None:
        self._give()
        self._claim = Payment(
            self.n_claims + 1,
            at(elements, 1),
            at(elements, 2),
            amount(elements, 3, "CLP"),
            amount(elements, 4, "CLP"),
            at(elements, 5),
            at(elements, 6),
            at(elements, 7),
            at(elements, 8),
            at(elements, 9),
        )

    def _nm1(self, elements: list[str]) -> None:
        claim = self._claim
        if claim is None or self._service is not None:
            return
        entity = at(elements, 1)
        if entity == "QC":
            claim.patient_family, claim.patient_given, claim.patient_id = (at(elements, i) for i in (3, 4, 9))
        elif entity == "IL":
            claim.subscriber_id = at(elements, 9)

    def _cas(self, elements: list[str]) -> None:
        owner = self._service or self._claim
        if owner is None:
            raise Unreadable("CAS", "comes before any claim (CLP)")
        group = at(elements, 1)
        for i in range(2, len(elements), 3):
            reason = at(elements, i)
            if reason or at(elements, i + 1):
                owner.adjustments.append(Adjustment(group, reason, amount(elements, i + 1, "CAS"), at(elements, i + 2)))

    def _svc(self, elements: list[str]) -> None:
        if self._claim is None:
            raise Unreadable("SVC", "comes before any claim (CLP)")
        self._service = Service(
            self._composites.procedure(at(elements, 1), "SVC01"),
            amount(elements, 2, "SVC"),
            amount(elements, 3, "SVC"),
            at(elements, 4),
            at(elements, 5),
            self._composites.procedure(at(elements, 6), "SVC06"),
            at(elements, 7),
        )
        self._claim.services.append(self._service)

    def _lq(self, elements: list[str]) -> None:
        if self._service is not None and at(elements, 1) == "HE" and at(elements, 2):
            self._service.remarks.append(at(elements, 2))

    def _moa(self, elements: list[str]) -> None:
        if self._claim is not None:
            self._claim.remarks += [one for i in range(3, 8) if (one := at(elements, i))]

    def _mia(self, elements: list[str]) -> None:
        if self._claim is not None:
            self._claim.remarks += [one for i in (5, 20, 21, 22, 23) if (one := at(elements, i))]

    def _plb(self, elements: list[str]) -> None:
        self._give()
        for i in range(3, len(elements), 2):
            if at(elements, i) or at(elements, i + 1):
                reason, *rest = self._composites.parts(at(elements, i), "PLB03")
                reference = rest[0] if rest else ""
                adjustment = ProviderAdjustment(
                    at(elements, 1), at(elements, 2), reason, reference, amount(elements, i + 1, "PLB")
                )
                self.provider_adjustments.append(adjustment)
                self._adjust(adjustment, self.header)


def amount(elements: list[str], i: int, segment: str) -> Decimal:
    """Element `i` as dollars; 0 where it is empty. Raises `Unreadable`."""
    given = at(elements, i)
    if not given:
        return _ZERO
    try:
        read = Decimal(given)
    except InvalidOperation:
        raise Unreadable(f"{segment}{i:02}", "is no amount") from None
    if not read.is_finite() or abs(read) >= _LARGEST:
        raise Unreadable(f"{segment}{i:02}", "is no amount")
    return read
