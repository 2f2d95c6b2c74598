"""PV1 and PV2 as FHIR `Encounter` (guide: segment maps PV1[Encounter], PV2[Encounter], MSH[Encounter])."""

from collections.abc import Iterator

from pipelines.extract.hl7v2.datatypes import (
    V2,
    Element,
    concept,
    filled,
    identifier_key,
    key_of,
    listed,
    location,
    practitioner,
    reference,
)
from pipelines.extract.hl7v2.message import DELETED, Message, Segment
from pipelines.extract.hl7v2.patient import MERGES, patient_key
from pipelines.extract.hl7v2.times import Clock

_OF_PERSONS = MERGES | {"A24", "A28", "A29", "A31", "A37", "A60"}
"""Events about a person; their PV1 only fills its place."""
_STATUSES = {
    "A01": "in-progress",
    "A02": "in-progress",
    "A03": "finished",
    "A04": "in-progress",
    "A05": "planned",
    "A06": "in-progress",
    "A07": "in-progress",
    "A11": "cancelled",
    "A12": "in-progress",
    "A13": "in-progress",
    "A14": "planned",
    "A23": "entered-in-error",
    "A27": "cancelled",
    "A38": "cancelled",
}
"""The guide's map of events, completed by what the standard says of those that it leaves out. It calls A04 `planned`; by the
standard (chapter 3), A04 says that the patient has arrived, and the guide's map of PV1-2 says `in-progress`."""
_CLASSES = {"E": "EMER", "I": "IMP", "O": "AMB", "P": "PRENC"}
"""Table HL70004, patient class, in v3 ActCode."""
_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_BEGINS = frozenset(("A01", "A04"))
_WHO = (7, 17, 9, 52)
"""Attending, admitting, consulting and other; who referred the patient did not take part."""


def visit_key(pv1: Segment, pid: Segment | None) -> str | None:
    """The id of the visit: PV1-19, otherwise PV1-50, otherwise the account in PID-18; otherwise patient and PV1-44; or None."""
    found = identifier_key(pv1.first(19)) or identifier_key(pv1.first(50)) or (pid and identifier_key(pid.first(18)))
    return found or (key_of(patient_key(pid), pv1.value(44)) if pid and pv1.value(44) else None)


def visits(message: Message, clock: Clock) -> Iterator[tuple[str, int, Element]]:
    """What an ADT message says on visits, and on who and where: extract, line and row of each."""
    if message.event in _OF_PERSONS:
        return
    pid: Segment | None = None
    for segment in message.each("PID", "PV1"):
        if segment.name == "PID":
            pid = segment
        elif pid and (key := visit_key(segment, pid)):
            yield "Encounter", segment.line, _visit(key, segment, pid, message, clock)
            yield from people_and_places(segment)


def people_and_places(pv1: Segment) -> Iterator[tuple[str, int, Element]]:
    """The practitioners and the location that a PV1 names."""
    for number in _WHO:
        for one in pv1.repetitions(number):
            if who := practitioner(one):
                yield "Practitioner", pv1.line, who
    if where := location(pv1.first(3)):
        yield "Location", pv1.line, where


def _visit(key: str, pv1: Segment, pid: Segment, message: Message, clock: Clock) -> Element:
    pv2, where = message.segment("PV2"), location(pv1.first(3))
    kind = pv1.value(2)
    who = [seen for number in _WHO for one in pv1.repetitions(number) if (seen := practitioner(one))]
    disposition = concept(pv1.first(36), f"{V2}0112")
    return {
        "id": key,
        "status": _status(message.event, pv1),
        "class": _class(kind),
        "type": listed((concept(pv1.first(4), f"{V2}0007"),)),
        "subject": reference("Patient", patient_key(pid)),
        "participant": listed({"individual": reference("Practitioner", seen["id"])} for seen in who),
        "period": _period(pv1, message, clock),
        "reasonCode": listed((concept(pv2.first(3)),)) if pv2 else None,
        "hospitalization": filled(dischargeDisposition=disposition),
        "location": where and [{"location": reference("Location", where["id"])}],
    }


def _status(event: str | None, pv1: Segment) -> str | None:
    """None where the event says nothing of it, as A08 does: the status stays what it was."""
    told = _STATUSES.get(event or "")
    if told in ("cancelled", "entered-in-error") or event == "A13":
        return told
    if pv1.value(45):
        return "finished"
    return "planned" if told == "in-progress" and pv1.value(2) == "P" else told


def _class(kind: str | None) -> Element | None:
    if not kind:
        return None
    known = _CLASSES.get(kind.upper())
    return {"system": _ACT_CODE, "code": known} if known else {"system": f"{V2}0004", "code": kind}


def _period(pv1: Segment, message: Message, clock: Clock) -> Element | None:
    """PV1-44 and PV1-45; where an admission or a discharge leaves them out, when it happened, or was recorded or sent."""
    evn = message.segment("EVN")
    happened = (evn and (evn.value(6) or evn.value(2))) or message.msh.value(7)
    start = pv1.value(44) or (happened if message.event in _BEGINS else None)
    end = DELETED if message.event == "A13" else pv1.value(45) or (happened if message.event == "A03" else None)
    period = {name: clock.date_time(at) for name, at in (("start", start), ("end", end)) if at is not None}
    return period or None
