"""Frees the ids of resources, and the references to them, of characters that nobody sees.

A space of width 0 or a byte-order mark in an id, as copies from web pages leave them, makes two of one record: it looks the same,
and what refers to it finds nothing. FHIR allows letters, digits, `-` and `.` (https://hl7.org/fhir/R4/datatypes.html#id).
"""

import re
from collections import defaultdict
from typing import Any

import numpy as np

from pipelines.extract.unseen import OF_NO_WIDTH

_NO_BREAK_SPACE = "\u00a0"
_DROPPED = str.maketrans(dict.fromkeys(OF_NO_WIDTH) | {_NO_BREAK_SPACE: " "})
_NAMES = ("id", "reference")
_BEFORE = re.compile(rb'"(?:id|reference|value)"\s*:\s*$')
"""What stands before the text of an id, a reference or an identifier's value."""


def _forms() -> dict[int, dict[int, frozenset[bytes]]]:
    """The characters as UTF-8 and escaped, by their first two bytes: what follows these."""
    found: defaultdict[int, defaultdict[int, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for one in _NO_BREAK_SPACE + OF_NO_WIDTH:
        for form in (one.encode(), *(f"\\u{ord(one):{digits}}".encode() for digits in ("04x", "04X"))):
            found[form[0]][form[1]].add(form[2:])
    return {first: {second: frozenset(rest) for second, rest in after.items()} for first, after in found.items()}


_FORMS = _forms()


def unseen_at(text: bytes) -> list[int]:
    """Where such characters stand in a text of JSON, in an id, a reference or a value, in order.

    At memory speed: looking for each form took half of landing. Elsewhere they are nobody's business: in 40 MB of reports, 680
    have them in what a doctor wrote.
    """
    codes = np.frombuffer(text, np.uint8)
    found = []
    for first, after in _FORMS.items():
        if first.to_bytes() not in text:
            continue
        places = np.flatnonzero(codes[:-1] == first)
        for second, rests in after.items():
            longest = max(map(len, rests))
            found += [
                place for place in places[codes[places + 1] == second].tolist() if text[place + 2 : place + 2 + longest] in rests
            ]
    return sorted(place for place in found if _is_in_id(text, place))


def _is_in_id(text: bytes, place: int) -> bool:
    begin = text.rfind(b'"', 0, place)
    return bool(_BEFORE.search(text, max(begin - 64, 0), max(begin, 0)))


def plain_id(text: str) -> str:
    """The text without characters of no width, and without blanks around it."""
    return text.translate(_DROPPED).strip(" ")


def free_ids(value: Any) -> bool:
    """Free, in place and at any depth, each `id`, each `reference` and the value of each `identifier`; whether one changed."""
    is_freed = False
    if isinstance(value, dict):
        is_freed = any([_free(value, name) for name in _NAMES])
        identifiers = value.get("identifier")
        for one in identifiers if isinstance(identifiers, list) else [identifiers]:
            if isinstance(one, dict):
                is_freed |= _free(one, "value")
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, (dict, list)):
            is_freed |= free_ids(part)
    return is_freed


def _free(element: dict[str, Any], name: str) -> bool:
    if not isinstance(text := element.get(name), str) or (plain := plain_id(text)) == text:
        return False
    element[name] = plain
    return True
