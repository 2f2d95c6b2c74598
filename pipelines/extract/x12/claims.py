"""Reads the claims of 837 transactions as they are written (005010X222 professional, X223 institutional; 004010X098, X096).

A claim belongs to the patient of the last HL: the subscriber (2000B), or a dependent (2000C). Within a claim, an SBR begins
another payer (2320), whose names and amounts are not the claim's own, and an LX a service line (2400).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.extract.x12.composites import Composites, Procedure
from pipelines.extract.x12.transactions import Transaction, Unreadable, at

Date = tuple[str, str, str]
"""Qualifier, format (`D8`, `RD8`, `DT`) and value of a DTP."""


@dataclass(slots=True)
class Person:
    """A subscriber or patient: NM103 to NM109, N3, N4, DMG."""

    family: str = ""
    given: str = ""
    id: str = ""
    birth_date: str = ""
    sex: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""

    def read_name(self, nm1: list[str]) -> None:
        self.family, self.given, self.id = at(nm1, 3), at(nm1, 4), at(nm1, 9)


@dataclass(slots=True)
class Subscriber(Person):
    """With SBR01 (the payer's place: P, S, T), SBR09 (claim filing indicator) and the payer, NM1*PR."""

    responsibility: str = ""
    filing_indicator: str = ""
    payer_id: str = ""
    payer_name: str = ""


@dataclass(slots=True)
class Line:
    """A service line: LX01, SV1 or SV2 or SV3, DTP, REF*6R, NM1*82."""

    lx: str
    procedure: Procedure | None = None
    revenue_code: str = ""
    charge: str = ""
    unit_basis: str = ""
    units: str = ""
    dates: list[Date] = field(default_factory=list)
    control_number: str = ""
    rendering_id: str = ""


@dataclass(slots=True)
class Claim:
    """One CLM with its loops. `number`: its place in the transaction, from 1; `patient` is None where it is the subscriber."""

    number: int
    control_number: str
    charge: str
    facility: str
    facility_qualifier: str
    frequency: str
    billing_id: str
    subscriber: Subscriber
    patient: Person | None
    dates: list[Date] = field(default_factory=list)
    diagnoses: list[tuple[str, str]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    other_payers: list[tuple[str, str]] = field(default_factory=list)
    """SBR01 and SBR09 of each other payer."""
    payer_control_number: str = ""
    medical_record_number: str = ""
    rendering_id: str = ""
    facility_id: str = ""


class Claims:
    """The body of an 837: calls `take` with every claim, once it is whole, and the BHT."""

    known = frozenset(
        re.findall(
            r"\w+",
            "REF PER PRV CUR HL PAT N2 CL1 PWK CN1 AMT K3 NTE CR1 CR2 CR3 CRC HCP OI MIA MOA MEA PS1 SVD CAS LIN CTP LQ FRM "
            "SV5 SV4 SV6 SV7 CR4 CR5 CR6 CR7 CR8 DN1 DN2 QTY TOO DSB UR HSD IMM DMG N3 N4 DTP HI NM1 SBR LX",
        )
    )

    def __init__(self, transaction: Transaction, take: Callable[[Claim, list[str]], None]):
        self._transaction, self._take = transaction, take
        self._composites = Composites(transaction)
        self.bht: list[str] = []
        self.n_claims = 0
        self._billing_id = ""
        self._subscriber: Subscriber | None = None
        self._patient: Person | None = None
        self._person: Person | None = None
        self._claim: Claim | None = None
        self._line: Line | None = None
        self._is_other_payer = False
        self.handlers: dict[str, Callable[[list[str]], None]] = {
            "BHT": self._bht,
            "HL": self._hl,
            "SBR": self._sbr,
            "NM1": self._nm1,
            "N3": self._n3,
            "N4": self._n4,
            "DMG": self._dmg,
            "CLM": self._clm,
            "DTP": self._dtp,
            "REF": self._ref,
            "HI": self._hi,
            "LX": self._lx,
            "SV1": self._sv1,
            "SV2": self._sv2,
            "SV3": self._sv3,
        }

    def end(self) -> None:
        self._give()

    def _give(self) -> None:
        claim, self._claim, self._line, self._is_other_payer = self._claim, None, None, False
        if claim is not None:
            self._take(claim, self.bht)

    def _bht(self, elements: list[str]) -> None:
        self.bht = elements

    def _hl(self, elements: list[str]) -> None:
        self._give()
        level = at(elements, 3)
        self._person = None
        if level == "20":
            self._billing_id, self._subscriber, self._patient = "", None, None
        elif level == "22":
            self._subscriber, self._patient = Subscriber(), None
        elif level == "23":
            self._patient = self._person = Person()

    def _sbr(self, elements: list[str]) -> None:
        if self._claim is not None:
            self._is_other_payer, self._line, self._person = True, None, None
            self._claim.other_payers.append((at(elements, 1), at(elements, 9)))
            return
        if self._subscriber is None:
            self._subscriber, self._patient = Subscriber(), None
        self._subscriber.responsibility, self._subscriber.filing_indicator = at(elements, 1), at(elements, 9)

    def _nm1(self, elements: list[str]) -> None:
        entity = elements[1] if len(elements) > 1 else ""
        if self._claim is not None:
            if self._line is not None:
                if entity == "82":
                    self._line.rendering_id = at(elements, 9)
            elif not self._is_other_payer:
                if entity == "82":
                    self._claim.rendering_id = at(elements, 9)
                elif entity == "77":
                    self._claim.facility_id = at(elements, 9)
            return
        self._person = None
        if entity == "85":
            self._billing_id = at(elements, 9)
        elif entity == "IL" and self._subscriber is not None:
            self._person = self._subscriber
            self._person.read_name(elements)
        elif entity == "QC":
            self._patient = self._person = self._patient or Person()
            self._person.read_name(elements)
        elif entity == "PR" and self._subscriber is not None:
            self._subscriber.payer_name, self._subscriber.payer_id = at(elements, 3), at(elements, 9)

    def _n3(self, elements: list[str]) -> None:
        if self._person is not None and self._claim is None:
            self._person.street = at(elements, 1)

    def _n4(self, elements: list[str]) -> None:
        if self._person is not None and self._claim is None:
            self._person.city, self._person.state = at(elements, 1), at(elements, 2)
            self._person.postal_code = at(elements, 3)

    def _dmg(self, elements: list[str]) -> None:
        if self._person is not None and self._claim is None:
            self._person.birth_date, self._person.sex = at(elements, 2), at(elements, 3)

    def _clm(self, elements: list[str]) -> None:
        self._give()
        if self._subscriber is None:
            raise Unreadable("CLM", "comes before any subscriber (HL with 22 in HL03, SBR)")
        place = self._composites.parts(at(elements, 5), "CLM05")
        facility, qualifier, frequency = (*place, "", "")[:3]
        self.n_claims += 1
        self._claim = Claim(
            self.n_claims,
            at(elements, 1),
            at(elements, 2),
            facility,
            qualifier,
            frequency,
            self._billing_id,
            self._subscriber,
            self._patient,
        )

    def _dtp(self, elements: list[str]) -> None:
        owner = self._line or (None if self._is_other_payer else self._claim)
        if owner is not None:
            owner.dates.append((at(elements, 1), at(elements, 2), at(elements, 3)))

    def _ref(self, elements: list[str]) -> None:
        if self._claim is None or self._is_other_payer:
            return
        qualifier = at(elements, 1)
        if self._line is not None:
            if qualifier == "6R":
                self._line.control_number = at(elements, 2)
        elif qualifier == "F8":
            self._claim.payer_control_number = at(elements, 2)
        elif qualifier == "EA":
            self._claim.medical_record_number = at(elements, 2)

    def _hi(self, elements: list[str]) -> None:
        if self._claim is not None and self._line is None:
            for element in elements[1:]:
                if element:
                    parts = self._composites.parts(element, "HI01")
                    self._claim.diagnoses.append((parts[0], parts[1] if len(parts) > 1 else ""))

    def _lx(self, elements: list[str]) -> None:
        if self._claim is not None:
            self._is_other_payer = False
            self._line = Line(at(elements, 1))
            self._claim.lines.append(self._line)

    def _service(self) -> Line:
        if self._line is None:
            raise Unreadable("SV", "comes before the LX of its line")
        return self._line

    def _sv1(self, elements: list[str]) -> None:
        line = self._service()
        line.procedure = self._composites.procedure(at(elements, 1), "SV101")
        line.charge, line.unit_basis, line.units = at(elements, 2), at(elements, 3), at(elements, 4)

    def _sv2(self, elements: list[str]) -> None:
        line = self._service()
        line.revenue_code = at(elements, 1)
        line.procedure = self._composites.procedure(at(elements, 2), "SV202")
        line.charge, line.unit_basis, line.units = at(elements, 3), at(elements, 4), at(elements, 5)

    def _sv3(self, elements: list[str]) -> None:
        line = self._service()
        line.procedure = self._composites.procedure(at(elements, 1), "SV301")
        line.charge, line.units = at(elements, 2), at(elements, 6)
