"""The data types of HL7 v2 as elements of FHIR resources, as HL7's v2-to-FHIR guide maps them (hl7.org/fhir/uv/v2mappings, STU1).

A value that is empty is left out; an element with nothing in it is None.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from typing import Any
from urllib.parse import quote

from pipelines.extract.fhir_ids import plain_id
from pipelines.extract.hl7v2.message import Composite

Element = dict[str, Any]

V2 = "http://terminology.hl7.org/CodeSystem/v2-"
NPI = "http://hl7.org/fhir/sid/us-npi"
_SYSTEMS = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "SNOMED": "http://snomed.info/sct",
    "I10": "http://hl7.org/fhir/sid/icd-10-cm",
    "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD10": "http://hl7.org/fhir/sid/icd-10-cm",
    "I9": "http://hl7.org/fhir/sid/icd-9-cm",
    "I9C": "http://hl7.org/fhir/sid/icd-9-cm",
    "C4": "http://www.ama-assn.org/go/cpt",
    "CPT": "http://www.ama-assn.org/go/cpt",
    "CVX": "http://hl7.org/fhir/sid/cvx",
    "NDC": "http://hl7.org/fhir/sid/ndc",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "UCUM": "http://unitsofmeasure.org",
    "CDCREC": "urn:oid:2.16.840.1.113883.6.238",
}
"""Table HL70396, coding systems, as URIs; others stay as they are written."""
_TABLE = re.compile(r"HL7(\d{4})\d?|(\d{4})")
_NAME_USES = {
    "L": "official",
    "D": "usual",
    "M": "maiden",
    "N": "nickname",
    "A": "anonymous",
    "S": "anonymous",
    "T": "temp",
    "BAD": "old",
}
"""Table HL70200, name type."""
_ADDRESS_USES = {"H": "home", "B": "work", "O": "work", "C": "temp", "BA": "old", "BI": "billing"}
"""Table HL70190, address type."""
_EQUIPMENT = {"PH": "phone", "CP": "phone", "SAT": "phone", "FX": "fax", "BP": "pager", "INTERNET": "email", "X.400": "email"}
"""Table HL70202, telecommunication equipment type."""
_TELECOM_USES = {"PRN": "home", "ORN": "home", "VHN": "home", "WPN": "work", "PRS": "mobile"}
"""Table HL70201, telecommunication use."""


_MOST_REMEMBERED = 20_000


def remembered(read: Callable[..., Element | None]) -> Callable[..., Element | None]:
    """The function, which reads a field that was written alike before only once: people, places and codes return in each message.

    Nobody may change what it gives.
    """
    known: dict[tuple[Any, ...], Element | None] = {}

    @wraps(read)
    def reading(one: Composite, *rest: Any) -> Element | None:
        if not one.raw:
            return None
        key = (one.raw, one.of, *rest)
        if key not in known:
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            known[key] = read(one, *rest)
        return known[key]

    return reading


def filled(**elements: Any) -> Element | None:
    """The elements that are there; None if there is none."""
    return {name: value for name, value in elements.items() if value} or None


def listed(values: Iterable[Any]) -> list[Any] | None:
    """The values that are there; None if there is none."""
    return [value for value in values if value] or None


def key_of(*parts: str | None) -> str | None:
    """An id made of parts, such as `12345^CLINIC`; None without the first. What would end an id in a reference is escaped."""
    return "^".join(_escaped(part) for part in parts if part) if parts[0] else None


@lru_cache(maxsize=10_000)
def _escaped(part: str) -> str:
    return quote(plain_id(part).strip(), safe=" ()+,")


def reference(resource: str, key: str | None) -> Element | None:
    return {"reference": f"{resource}/{key}"} if key else None


def entity_key(one: Composite) -> str | None:
    """The key of an `EI`: its identifier, and who gave it."""
    return key_of(one.value(1), one.value(2) or one.value(3))


def identifier_key(one: Composite) -> str | None:
    """The key of a `CX`: its identifier, and who assigned it."""
    return key_of(one.value(1), one.value(4, 1) or one.value(4, 2))


@remembered
def identifier(one: Composite) -> Element | None:
    """An `Identifier` of a `CX`."""
    value, kind, oid = one.value(1), one.value(5), one.value(4, 2)
    if not value:
        return None
    system = f"urn:oid:{oid}" if oid and re.fullmatch(r"[\d.]+", oid) else one.value(4, 1)
    return filled(type=kind and {"coding": [{"system": f"{V2}0203", "code": kind}]}, system=system, value=value)


@remembered
def entity_identifier(one: Composite) -> Element | None:
    """An `Identifier` of an `EI`."""
    return filled(system=one.value(3) or one.value(2), value=one.value(1)) if one.value(1) else None


def code_system(name: str | None) -> str | None:
    """The URI of a coding system as HL7 v2 names it."""
    if not name:
        return None
    table = _TABLE.fullmatch(name)
    return f"{V2}{table[1] or table[2]}" if table else _SYSTEMS.get(name.upper(), name)


@remembered
def concept(one: Composite, system: str | None = None) -> Element | None:
    """A `CodeableConcept` of a `CWE`, `CE` or `CNE`, with its alternate coding; `system`: where the message names none."""
    codings = [
        filled(
            system=code_system(one.value(at + 2)) or (system if at == 1 else None), code=one.value(at), display=one.value(at + 1)
        )
        for at in (1, 4)
        if one.value(at)
    ]
    text = one.value(9) or (None if codings else one.value(2))
    return filled(coding=codings, text=text)


@remembered
def human_name(one: Composite) -> Element | None:
    """A `HumanName` of an `XPN`."""
    given = listed((one.value(2), *(one.value(3) or "").split()))
    name = filled(
        family=one.value(1, 1), given=given, prefix=listed((one.value(5),)), suffix=listed((one.value(4), one.value(6)))
    )
    return name and name | (filled(use=_NAME_USES.get(one.value(7) or "")) or {})


@remembered
def telecom(one: Composite, use: str) -> Element | None:
    """A `ContactPoint` of an `XTN`; `use` where the message says none. A number may stand in XTN-1 or in its parts."""
    kind, given = (one.value(3) or "").upper(), (one.value(2) or "").upper()
    email = one.value(4) if "@" in (one.value(4) or "") else None
    number = one.value(12) or one.value(1) or "".join(part for part in (one.value(6), one.value(7)) if part)
    if given == "NET" or kind in ("INTERNET", "X.400"):
        email = email or number
    if email:
        return {"system": "email", "value": email}
    if not number:
        return None
    if one.value(5) and one.value(6) and not one.value(1) and not one.value(12):
        number = f"+{one.value(5)}{number}"
    used = "mobile" if kind == "CP" else _TELECOM_USES.get(given, use)
    return {"system": _EQUIPMENT.get(kind, "phone"), "value": number, "use": used}


@remembered
def address(one: Composite) -> Element | None:
    """An `Address` of an `XAD`."""
    place = filled(
        line=listed((one.value(1, 1), one.value(2))),
        city=one.value(3),
        state=one.value(4),
        postalCode=one.value(5),
        country=one.value(6),
    )
    return place and place | (filled(use=_ADDRESS_USES.get(one.value(7) or "")) or {})


@remembered
def practitioner(one: Composite) -> Element | None:
    """The row of a `Practitioner` of an `XCN`; its `id` is the person's number, and who assigned it."""
    number = one.value(1)
    key = key_of(number, one.value(9, 1) or one.value(9, 2))
    if not key:
        return None
    is_npi = (
        one.value(13) == "NPI"
        or (one.value(9, 1) or "").upper() in ("NPI", "NPIID")
        or one.value(9, 2) == "2.16.840.1.113883.4.6"
    )
    return {
        "id": key,
        "identifier": [filled(system=NPI if is_npi else one.value(9, 1), value=number)],
        "name": listed((filled(family=one.value(2, 1), given=listed((one.value(3), one.value(4)))),)),
    }


@remembered
def location(one: Composite) -> Element | None:
    """The row of a `Location` of a `PL`: the clinic (point of care) at its facility, without room and bed, which are no sites."""
    clinic, facility = one.value(1), one.value(4, 1)
    key = key_of(clinic, facility) or key_of(facility) or key_of(one.value(2))
    if not key:
        return None
    named = " ".join(part for part in (facility, clinic) if part)
    return {"id": key, "name": one.value(9) or named or one.value(2)}
