"""OBR and OBX of ORU messages as FHIR `Observation` (guide: segment maps OBX[Observation], OBX[Observation-Component])."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipelines.extract.hl7v2.datatypes import (
    Element,
    code_system,
    concept,
    entity_key,
    filled,
    key_of,
    reference,
)
from pipelines.extract.hl7v2.message import Composite, Message, Segment, Unreadable
from pipelines.extract.hl7v2.patient import patient_key
from pipelines.extract.hl7v2.times import Clock
from pipelines.extract.hl7v2.visit import visit_key

_STATUSES = {
    "A": "amended",
    "B": "final",
    "C": "corrected",
    "D": "entered-in-error",
    "F": "final",
    "I": "registered",
    "N": "cancelled",
    "O": "registered",
    "P": "preliminary",
    "R": "preliminary",
    "S": "preliminary",
    "U": "final",
    "V": "final",
    "W": "entered-in-error",
    "X": "cancelled",
}
"""Table HL70085, observation result status, as the guide maps it; B, I, N, O, R, S, U and V, which it leaves open, by meaning."""
_IMAGING = frozenset(("CT", "CTH", "CUS", "IMG", "MAM", "NMR", "NMS", "OUS", "RAD", "RUS", "RX", "VUS", "XRC"))
_EXAMS = frozenset(("EC", "EN", "PF", "PHY", "PAR", "RC", "RT", "VR", "CG"))
"""Sections of table HL70074 (OBR-24) that are no laboratory."""
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_CODED = frozenset(("CE", "CF", "CNE", "CWE", "IS", "ID"))
_DATES = frozenset(("DT", "DTM", "TS"))
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_COMPARATORS = frozenset(("<", "<=", ">=", ">"))


def observations(message: Message, clock: Clock) -> Iterator[tuple[str, int, Element]]:
    """The results of an ORU message: extract, line and row of each. Raises `Unreadable` for results of no patient."""
    pid: Segment | None = None
    pv1: Segment | None = None
    obr: Segment | None = None
    seen: Counter[tuple[str | None, ...]] = Counter()
    for segment in message.each("PID", "PV1", "OBR", "OBX"):
        if segment.name == "PID":
            pid, pv1, obr = segment, None, None
        elif segment.name == "PV1":
            pv1 = segment
        elif segment.name == "OBR":
            obr = segment
        elif pid is None:
            raise Unreadable(None, "has no PID segment before its results")
        elif segment.value(3):
            visit = visit_key(pv1, pid) if pv1 else None
            yield "Observation", segment.line, _observation(segment, obr, pid, visit, seen, clock)


def _observation(
    obx: Segment, obr: Segment | None, pid: Segment, visit: str | None, seen: Counter[tuple[str | None, ...]], clock: Clock
) -> Element:
    patient, code = patient_key(pid), concept(obx.first(3))
    effective = clock.date_time(obx.value(14) or (obr.value(7) if obr else None))
    row: Element = {
        "id": _key(obx, obr, patient, effective, seen),
        "status": _STATUSES.get(obx.value(11) or "", obx.value(11)),
        "category": _category(obr),
        "code": code,
        "subject": reference("Patient", patient),
        "encounter": reference("Encounter", visit),
        "effectiveDateTime": effective,
        "issued": clock.date_time(obr.value(22)) if obr else None,
    }
    values = obx.repetitions(5)
    if len(values) > 1 and obx.value(2) != "NA":
        row["component"] = [{"code": code} | _value(obx, one, clock, is_part=True) for one in values]
    elif values:
        row |= _value(obx, values[0], clock)
    return row


def _key(
    obx: Segment, obr: Segment | None, patient: str, effective: str | None, seen: Counter[tuple[str | None, ...]]
) -> str | None:
    """OBX-21, otherwise the order's number (OBR-3, or OBR-2), the code and its sub-id: a correction bears the same.

    Without a number: patient and time. The second result of the same key within one order has its place as well.
    """
    if own := entity_key(obx.first(21)):
        return own
    order = (entity_key(obr.first(3)) or entity_key(obr.first(2))) if obr else None
    of = obr.value(4) if obr and order else effective
    parts = (order or patient, of, obx.value(3), obx.whole(4))
    seen[parts] += 1
    place = f"^#{seen[parts]}" if seen[parts] > 1 else ""
    return f"{parts[0]}^{key_of(obx.value(3), of, obx.whole(4))}{place}"


def _category(obr: Segment | None) -> list[Element]:
    """By the section that did it (OBR-24); `laboratory` where the message says none, since R01 is what laboratories send."""
    section = (obr.value(24) if obr else None) or "LAB"
    code = "imaging" if section in _IMAGING else "exam" if section in _EXAMS else "laboratory"
    return [{"coding": [{"system": _CATEGORY, "code": code}]}]


def _value(obx: Segment, one: Composite, clock: Clock, *, is_part: bool = False) -> Element:
    """The element that holds the value of a type (OBX-2); text where it is none of that type."""
    kind, text = obx.value(2) or "ST", one.value(1)
    found: dict[str, Any] | None = None
    if kind == "NM" and (number := _number(text)) is not None:
        found = {"valueQuantity": {"value": number} | _unit(obx)}
    elif kind == "SN":
        found = _structured(obx, one)
    elif kind in _CODED:
        found = filled(valueCodeableConcept=concept(one))
    elif not is_part and kind in _DATES:
        found = filled(valueDateTime=clock.date_time(text))
    elif not is_part and kind == "TM":
        found = filled(valueTime=text)
    elif not is_part and kind == "DR":
        found = filled(valuePeriod=filled(start=clock.date_time(text), end=clock.date_time(one.value(2))))
    return found or filled(valueString=one.whole()) or {}


def _structured(obx: Segment, one: Composite) -> Element | None:
    """`SN`: comparator, number, separator, number."""
    comparator, low, separator, high = (one.value(at) for at in (1, 2, 3, 4))
    number = _number(low)
    if comparator in (None, *_COMPARATORS) and number is not None and not separator:
        return {"valueQuantity": {"value": number, "comparator": comparator} | _unit(obx)}
    parts = [part for part in (comparator, low, separator, high, obx.value(6)) if part]
    return filled(valueString=" ".join(parts))


def _number(text: str | None) -> float | None:
    number = float(text) if text and _NUMBER.fullmatch(text.strip()) else math.inf
    return number if math.isfinite(number) else None


def _unit(obx: Segment) -> Element:
    """OBX-6: the code, and its system where the message names it."""
    unit = obx.first(6)
    return filled(unit=unit.value(2) or unit.value(1), system=code_system(unit.value(3)), code=unit.value(1)) or {}
