"""SIU messages as FHIR `Appointment` (guide: segment maps SCH, PID, AIS, AIL, AIP[Appointment]).

Where an appointment starts stands up to three times, and the guide maps SCH-11 alone. SCH-11 has been kept only for older
systems since TQ1 took its place in v2.5, and was withdrawn in v2.7; wherever public messages state the start of a resource
(AIS-4, AIL-6, AIP-6), it is that of TQ1. So TQ1-7 and TQ1-8 count, then SCH-11, then the resources.
"""

import re
from collections.abc import Iterator

from pipelines.extract.hl7v2.datatypes import (
    V2,
    Element,
    concept,
    entity_identifier,
    entity_key,
    key_of,
    listed,
    location,
    practitioner,
    reference,
)
from pipelines.extract.hl7v2.message import Message, Segment, Unreadable
from pipelines.extract.hl7v2.patient import patient_key
from pipelines.extract.hl7v2.times import Clock, instant
from pipelines.extract.hl7v2.visit import people_and_places, visit_key

EVENTS = frozenset(f"S{number}" for number in (*range(12, 23), 26))
"""New, moved, changed, cancelled, discontinued and deleted appointments, changes of their services, and no-shows. S23 and S24
block and open times of a schedule, and are no appointments."""
_BY_EVENT = {"S15": "cancelled", "S16": "cancelled", "S17": "entered-in-error", "S26": "noshow"}
"""What the event says of the whole appointment, whatever SCH-25 says."""
_BOOKS = frozenset(("S12", "S13"))
_STATUSES = {
    "pending": "pending",
    "waitlist": "waitlist",
    "waitlisted": "waitlist",
    "booked": "booked",
    "scheduled": "booked",
    "rescheduled": "booked",
    "confirmed": "booked",
    "overbook": "booked",
    "arrived": "arrived",
    "started": "checked-in",
    "checkedin": "checked-in",
    "complete": "fulfilled",
    "completed": "fulfilled",
    "checkedout": "fulfilled",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "dc": "cancelled",
    "discontinued": "cancelled",
    "deleted": "entered-in-error",
    "noshow": "noshow",
}
"""Table HL70278, filler status codes, as the guide maps them, and the words that scheduling systems use beside them."""
_MINUTES = frozenset(("m", "min", "mins", "minute", "minutes"))
_EXTENSION = "urn:caregap:fhir:extension:appointment-"


def appointments(message: Message, clock: Clock) -> Iterator[tuple[str, int, Element]]:
    """What an SIU message says on its appointment, and on who and where: extract, line and row of each.

    Raises `Unreadable` if it has no SCH or names no appointment.
    """
    sch = message.segment("SCH")
    if not sch:
        raise Unreadable(None, "has no SCH segment")
    key = _key(sch)
    if not key:
        raise Unreadable("SCH-2", "names no appointment, and neither does SCH-1")
    pid, pv1 = message.segment("PID"), message.segment("PV1")
    yield "Appointment", sch.line, _appointment(key, sch, message, clock)
    for segment in message.each("AIP"):
        for one in segment.repetitions(3):
            if who := practitioner(one):
                yield "Practitioner", segment.line, who
    for segment in message.each("AIL"):
        for one in segment.repetitions(3):
            if where := location(one):
                yield "Location", segment.line, where
    if pid and pv1:
        yield from people_and_places(pv1)
        if visit := visit_key(pv1, None):
            booked = {"appointment": [reference("Appointment", key)], "subject": reference("Patient", patient_key(pid))}
            yield "Encounter", pv1.line, {"id": visit} | booked


def _key(sch: Segment) -> str | None:
    """The filler's id, who keeps the schedule; otherwise the placer's. An occurrence of a series is an appointment of its own."""
    found = entity_key(sch.first(2)) or entity_key(sch.first(1))
    occurrence = sch.value(3)
    return f"{found}^{key_of(occurrence)}" if found and occurrence else found


def _appointment(key: str, sch: Segment, message: Message, clock: Clock) -> Element:
    start, end = _times(sch, message, clock)
    status, sent = _status(message.event, sch, message), clock.date_time(message.msh.value(7))
    minutes = sch.value(9) if (sch.value(10) or "").lower() in _MINUTES else None
    reason = concept(sch.first(6))
    services = [concept(segment.first(3)) for segment in message.each("AIS")]
    return {
        "id": key,
        "identifier": listed(entity_identifier(sch.first(number)) for number in (1, 2)),
        "status": status,
        "cancelationReason": reason if status == "cancelled" else None,
        "serviceType": listed(services),
        "appointmentType": _type(sch),
        "start": start,
        "end": end,
        "minutesDuration": int(minutes) if minutes and re.fullmatch(r"\d{1,5}", minutes) else None,
        "created": sent if message.event == "S12" and _is_before(sent, start) else None,
        "participant": _participants(message),
        "extension": _extensions(status, message.event, sent),
    }


def _times(sch: Segment, message: Message, clock: Clock) -> tuple[str | None, str | None]:
    for segment in message.each("TQ1"):
        if segment.value(7):
            return clock.date_time(segment.value(7)), clock.date_time(segment.value(8))
    timing = sch.first(11)
    if timing.value(4):
        return clock.date_time(timing.value(4)), clock.date_time(timing.value(5))
    for segment in message.each("AIS", "AIP", "AIL", "AIG"):
        if at := segment.value({"AIS": 4, "AIG": 8}.get(segment.name, 6)):
            return clock.date_time(at), None
    return None, None


def _status(event: str | None, sch: Segment, message: Message) -> str | None:
    """None where the message says nothing of it: the status stays what it was."""
    if told := _BY_EVENT.get(event or ""):
        return told
    filler = sch.value(25) or next((code for segment in message.each("AIS") if (code := segment.value(10))), None)
    if not filler:
        return "booked" if event in _BOOKS else None
    return _STATUSES.get(re.sub(r"[^a-z]", "", filler.lower()), filler)


def _type(sch: Segment) -> Element | None:
    """SCH-8; SCH-7 where it is said to be of the table of types, with which older versions confused it."""
    reason = sch.first(7)
    return concept(sch.first(8), f"{V2}0277") or (concept(reason) if reason.value(3) in ("HL70277", "0277") else None)


def _participants(message: Message) -> list[Element] | None:
    """The patients, and who and where: AIP and AIL, otherwise the attending doctor and the place of PV1."""
    pv1 = message.segment("PV1")
    who = [practitioner(one) for segment in message.each("AIP") for one in segment.repetitions(3)]
    where = [location(one) for segment in message.each("AIL") for one in segment.repetitions(3)]
    if pv1:
        who = who or [practitioner(one) for one in pv1.repetitions(7)]
        where = where or [location(pv1.first(3))]
    actors = [
        *(("Patient", patient_key(pid)) for pid in message.each("PID")),
        *(("Practitioner", one["id"]) for one in who if one),
        *(("Location", one["id"]) for one in where if one),
    ]
    return listed({"actor": reference(*actor)} for actor in dict.fromkeys(actors))


def _extensions(status: str | None, event: str | None, sent: str | None) -> list[Element] | None:
    """When it was cancelled or checked in, which is when the message was sent; a new booking takes both back."""
    name = {"cancelled": "cancelled-at", "checked-in": "checked-in-at", "arrived": "checked-in-at"}.get(status or "")
    if name and sent:
        return [{"url": f"{_EXTENSION}{name}", "valueDateTime": sent}]
    return [] if event in _BOOKS else None


def _is_before(one: str | None, other: str | None) -> bool:
    """Whether a FHIR dateTime is before another, or at the same time. Past bookings are reported after their start."""
    first, second = instant(one), instant(other)
    return bool(first and second and first <= second)
