"""PID, PD1 and MRG as FHIR `Patient` (guide: segment maps PID[Patient], PD1[Patient])."""

from collections.abc import Iterator
from typing import Any

from pipelines.extract.hl7v2.datatypes import (
    V2,
    Element,
    address,
    concept,
    filled,
    human_name,
    identifier,
    identifier_key,
    listed,
    practitioner,
    reference,
    telecom,
)
from pipelines.extract.hl7v2.message import Composite, Message, Segment, Unreadable
from pipelines.extract.hl7v2.times import Clock

MERGES = frozenset(("A18", "A30", "A34", "A36", "A39", "A40", "A46", "A47"))
"""Events whose MRG names a former record of the patient in the PID before it."""
_LEAVES = frozenset(("A29",))
"""Delete person information."""
_RECORD_NUMBERS = ("MR", "MRN", "PI", "PT", "PN")
"""Types of identifier (table HL70203) that are a patient's record number, the first that there is before the others."""
_SEXES = {"F": "female", "M": "male", "O": "other", "A": "other", "N": "other", "U": "unknown"}
"""Table HL70001, administrative sex."""
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_CDC = "urn:oid:2.16.840.1.113883.6.238"
_ETHNICITIES = {"H": "2135-2", "N": "2186-5"}
"""Table HL70189, ethnic group, in CDC's codes."""


def patient_key(pid: Segment) -> str:
    """The id of the patient: the record number in PID-3, its first identifier otherwise, or that in PID-2 or PID-4.

    Raises `Unreadable` if there is none.
    """
    key = (pid.of, *pid.fields[2:5])
    if key not in _keys:
        found = _key(pid.repetitions(3)) or _key(pid.repetitions(2)) or _key(pid.repetitions(4))
        if not found:
            raise Unreadable("PID-3", "names no patient")
        if len(_keys) >= _MOST_REMEMBERED:
            _keys.clear()
        _keys[key] = found
    return _keys[key]


def patients(message: Message, clock: Clock) -> Iterator[tuple[str, int, Element]]:
    """What the message says on patients: extract, line and row of each. A record merged into another has a link to it."""
    pid: Segment | None = None
    for segment in message.each("PID", "MRG"):
        if segment.name == "PID":
            pid = segment
            yield "Patient", segment.line, _remembered(segment, message, clock)
        elif pid and message.event in MERGES:
            yield from _former(segment, patient_key(pid))
    if (pd1 := message.segment("PD1")) and (seen := practitioner(pd1.first(4))):
        yield "Practitioner", pd1.line, seen


_MOST_REMEMBERED = 20_000
_known: dict[tuple[Any, ...], Element] = {}
_keys: dict[tuple[Any, ...], str] = {}


def _remembered(pid: Segment, message: Message, clock: Clock) -> Element:
    """The row of a PID. The next message on a patient often has the same PID, which is read once."""
    pd1 = message.segment("PD1")
    key = (message.delimiters, pid.text, pd1.text if pd1 else None, message.event in _LEAVES, clock.offset, clock.zone)
    if key not in _known:
        if len(_known) >= _MOST_REMEMBERED:
            _known.clear()
        _known[key] = _patient(pid, message, clock)
    return _known[key]


def _patient(pid: Segment, message: Message, clock: Clock) -> Element:
    pd1 = message.segment("PD1")
    provider = practitioner(pd1.first(4)) if pd1 else None
    died = clock.date_time(pid.value(29))
    row = {
        "id": patient_key(pid),
        "identifier": _repeated(pid, (3, 2, 4), identifier) or None,
        "active": False if message.event in _LEAVES else None,
        "name": _repeated(pid, (5, 9), human_name),
        "telecom": _telecoms(pid),
        "gender": _SEXES.get((pid.value(8) or "").upper(), pid.value(8)),
        "birthDate": clock.date(pid.value(7)),
        "deceasedBoolean": None if died else {"Y": True, "N": False}.get(pid.value(30) or ""),
        "deceasedDateTime": died,
        "address": _repeated(pid, (11,), address),
        "communication": listed((filled(language=concept(pid.first(15), f"{V2}0296")),)) if pid.value(15) else None,
        "generalPractitioner": provider and [reference("Practitioner", provider["id"])],
        "extension": listed((_race(pid), _ethnicity(pid))),
    }
    return row


def _former(mrg: Segment, survivor: str) -> Iterator[tuple[str, int, Element]]:
    """The rows of the records that MRG-1 says were merged into the survivor."""
    listed_there = mrg.repetitions(1)
    kind = _preferred(listed_there)
    for one in listed_there:
        key = identifier_key(one)
        if key and key != survivor and one.value(5) == kind:
            link = {"other": reference("Patient", survivor), "type": "replaced-by"}
            yield "Patient", mrg.line, {"id": key, "identifier": listed((identifier(one),)), "active": False, "link": [link]}


def _key(listed_there: list[Composite]) -> str | None:
    kind = _preferred(listed_there)
    return next((key for one in listed_there if (key := identifier_key(one)) and one.value(5) == kind), None)


def _preferred(listed_there: list[Composite]) -> str | None:
    """The type of identifier that names the record."""
    kinds = [one.value(5) for one in listed_there if one.value(1)]
    return next((kind for kind in _RECORD_NUMBERS if kind in kinds), kinds[0] if kinds else None)


def _repeated(pid: Segment, numbers: tuple[int, ...], read: Any) -> list[Any] | None:
    """The repetitions of fields as a list; an empty one if the sender deletes the first field."""
    if pid.first(numbers[0]).is_deleted:
        return []
    return listed(read(one) for number in numbers for one in pid.repetitions(number))


def _telecoms(pid: Segment) -> list[Any] | None:
    if pid.first(13).is_deleted:
        return []
    return listed(
        telecom(one, use) for number, use in ((13, "home"), (14, "work"), (40, "home")) for one in pid.repetitions(number)
    )


def _race(pid: Segment) -> Element | None:
    """The US Core extension of PID-10, of the codes that are CDC's."""
    races = [one for one in pid.repetitions(10) if one.value(1)]
    return _us_core("race", [(one.value(1), one.value(2)) for one in races if (one.value(1) or "")[4:5] == "-"])


def _ethnicity(pid: Segment) -> Element | None:
    groups = [(_ETHNICITIES.get(one.value(1) or "", one.value(1)), one.value(2)) for one in pid.repetitions(22)]
    return _us_core("ethnicity", [(code, shown) for code, shown in groups if (code or "")[4:5] == "-"])


def _us_core(name: str, codes: list[tuple[str | None, str | None]]) -> Element | None:
    categories = [
        {"url": "ombCategory", "valueCoding": filled(system=_CDC, code=code, display=shown)} for code, shown in codes if code
    ]
    return {"url": f"{_US_CORE}{name}", "extension": categories} if categories else None
