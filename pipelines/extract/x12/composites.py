"""Splits composite elements, also where ISA16 names another separator than the composites use.

The first composite of a known form decides for its transaction: one that has the separator of ISA16 confirms it; one that lacks
it, but goes on behind its qualifier (`HC`, `BK`) or facility code (`11`) with another mark, shows the real one.
"""

import re
from dataclasses import dataclass, field, replace

from pipelines.extract.x12.transactions import Transaction

_MARK_BEHIND = {
    "CLM05": re.compile(r"[A-Za-z0-9]{1,2}([^A-Za-z0-9 .-])[A-Za-z]?\1[A-Za-z0-9]"),
    "HI01": re.compile(r"[A-Z]{2,3}([^A-Za-z0-9 .-])[A-Za-z0-9]"),
}
_PROCEDURE = re.compile(r"(?:HC|AD|ER|HP|IV|WK|ID|N4|NU|ZZ|[A-Z]{2})([^A-Za-z0-9 .-])[A-Za-z0-9]")


@dataclass(slots=True)
class Procedure:
    """Qualifier (`HC`), code and modifiers of a medical procedure."""

    qualifier: str
    code: str = ""
    modifiers: list[str] = field(default_factory=list)


class Composites:
    """The composites of one transaction."""

    def __init__(self, transaction: Transaction):
        self._transaction = transaction
        self._separator = transaction.delimiters.component
        self._is_settled = False

    def parts(self, element: str, name: str) -> list[str]:
        """The components of an element; `name` (`CLM05`, `SVC01`) tells the form that it has. At least one."""
        if not self._is_settled:
            self._settle(element, name)
        return element.split(self._separator)

    def procedure(self, element: str, name: str) -> Procedure | None:
        """A medical procedure identifier (X12 composite C003); None where there is none."""
        if not element:
            return None
        qualifier, *rest = self.parts(element, name)
        return Procedure(qualifier, rest[0] if rest else "", [one for one in rest[1:5] if one])

    def _settle(self, element: str, name: str) -> None:
        if self._separator in element:
            self._is_settled = True
            return
        found = _MARK_BEHIND.get(name, _PROCEDURE).match(element)
        if found:
            now = self._transaction
            now.faults.append(f"ISA16 names {self._separator!r} as component separator, but the composites use {found[1]!r}")
            now.delimiters = replace(now.delimiters, component=found[1])
            self._separator, self._is_settled = found[1], True
