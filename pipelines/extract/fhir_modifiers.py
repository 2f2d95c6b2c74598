"""Finds modifier extensions that are not understood (https://hl7.org/fhir/R4/extensibility.html#modifierExtension).

Such an extension may turn what an element says into its opposite. The specification has whoever reads an element check for them,
and not go on with one that it does not know; in elements that are not read they may be anything.
"""

from typing import Any

import polars as pl

from models.contract import Contract, Dtype

MODIFIER = "modifierExtension"
MODIFIER_MARK = b'"modifierExtension"'
"""What a line with modifier extensions has in it."""
REASON = (
    "changes the meaning of the record in a way that is not known, so that it cannot be read as if this were not there. "
    "If it changes nothing that is counted, name its url in modifier_extensions of practice.toml"
)
_READ = {"DeviceRequest": frozenset(("http://hl7.org/fhir/5.0/StructureDefinition/extension-DeviceRequest.doNotPerform",))}
"""By type, the extensions of the resource itself that a measure reads."""


def unknown_modifier(resource: dict[str, Any], contract: Contract, known: frozenset[str] = frozenset()) -> str | None:
    """The path of a modifier extension that is not understood, of the resource or of an element of its contract; None without.

    `known`: the addresses of those that the practice knows to change nothing that is read.
    """
    elements = {name: column.dtype.type for name, column in contract.fields.items() if name != MODIFIER}
    return _in_object(resource, elements, "", known, known | _READ.get(contract.name, frozenset()))


def _in_object(
    found: dict[str, Any], elements: dict[str, Dtype], place: str, known: frozenset[str], understood: frozenset[str]
) -> str | None:
    if given := found.get(MODIFIER):
        extensions = given if isinstance(given, list) else [given]
        if not all(isinstance(one, dict) and one.get("url") in understood for one in extensions):
            return place + MODIFIER
    return next(
        (
            path
            for name, dtype in elements.items()
            if (value := found.get(name)) and (path := _in_value(value, dtype, f"{place}{name}.", known))
        ),
        None,
    )


def _in_value(value: Any, dtype: Dtype, place: str, known: frozenset[str]) -> str | None:
    if isinstance(dtype, pl.List) and isinstance(value, list):
        return next((path for one in value if (path := _in_value(one, dtype.inner, place, known))), None)
    if isinstance(dtype, pl.Struct) and isinstance(value, dict):
        return _in_object(value, {field.name: field.dtype for field in dtype.fields}, place, known, known)
    return None
