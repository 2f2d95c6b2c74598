"""Reads the claims of 277CA transactions as they are written (005010X214): what a clearinghouse or payer says on receipt."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.extract.x12.composites import Composites
from pipelines.extract.x12.transactions import Transaction, at

_PATIENT = "PT"


@dataclass(slots=True)
class Status:
    """An STC: the composites STC01, STC10 and STC11 (category, status, entity) and the action (WQ accepted, U rejected)."""

    codes: list[list[str]]
    action: str
    charge: str


@dataclass(slots=True)
class Acknowledgment:
    """One acknowledged claim (2200D). `number`: its place in the transaction, from 1; `batch`: BHT03 of the claims' 837."""

    number: int
    batch: str
    control_number: str
    patient_family: str
    patient_given: str
    patient_id: str
    received_on: str
    statuses: list[Status] = field(default_factory=list)
    payer_control_number: str = ""
    service_date: str = ""

    @property
    def is_accepted(self) -> bool:
        """By the action, otherwise by the category: A0 forwarded, A1 received, A2 accepted, A5 split."""
        actions = {one.action for one in self.statuses}
        if actions & {"U", "WQ"}:
            return "U" not in actions
        return all(code[0] in ("A0", "A1", "A2", "A5") for one in self.statuses for code in one.codes)


class Acknowledgments:
    """The body of a 277CA: calls `take` for every claim once it is whole."""

    known = frozenset(re.findall(r"\w+", "REF QTY AMT SVC PER NM1 HL TRN STC DTP"))

    def __init__(self, transaction: Transaction, take: Callable[[Acknowledgment], None]):
        self._take = take
        self._composites = Composites(transaction)
        self.n_claims = 0
        self._level = self._batch = self._received_on = ""
        self._patient = ("", "", "")
        self._claim: Acknowledgment | None = None
        self._is_line = False
        self.handlers: dict[str, Callable[[list[str]], None]] = {
            "HL": self._hl,
            "NM1": self._nm1,
            "TRN": self._trn,
            "STC": self._stc,
            "REF": self._ref,
            "DTP": self._dtp,
            "SVC": self._svc,
        }

    def end(self) -> None:
        self._give()

    def _give(self) -> None:
        claim, self._claim, self._is_line = self._claim, None, False
        if claim is not None:
            self._take(claim)

    def _hl(self, elements: list[str]) -> None:
        self._give()
        self._level = at(elements, 3)

    def _nm1(self, elements: list[str]) -> None:
        if at(elements, 1) == "QC":
            self._patient = (at(elements, 3), at(elements, 4), at(elements, 9))

    def _trn(self, elements: list[str]) -> None:
        if self._level == "21":
            self._batch = at(elements, 2)
        elif self._level == _PATIENT:
            self._give()
            self.n_claims += 1
            self._claim = Acknowledgment(self.n_claims, self._batch, at(elements, 2), *self._patient, self._received_on)

    def _stc(self, elements: list[str]) -> None:
        if self._claim is not None:
            given = [at(elements, i) for i in (1, 10, 11)]
            codes = [self._composites.parts(one, "STC01") for one in given if one]
            self._claim.statuses.append(Status(codes, at(elements, 3), at(elements, 4) if not self._is_line else ""))

    def _ref(self, elements: list[str]) -> None:
        if self._claim is not None and at(elements, 1) == "1K":
            self._claim.payer_control_number = at(elements, 2)

    def _dtp(self, elements: list[str]) -> None:
        if self._claim is not None:
            if at(elements, 1) == "472" and not self._claim.service_date:
                self._claim.service_date = at(elements, 3)
        elif at(elements, 1) == "050":
            self._received_on = at(elements, 3)

    def _svc(self, elements: list[str]) -> None:
        self._is_line = self._claim is not None
