"""What a contract is: named, typed, described fields of one kind of row, checked by Pandera.

One contract serves all who handle the table: Pandera checks rows against it, dbt's properties are written from it
(`pipelines/warehouse/dbt_properties.py`), the data dictionary prints it, publishing writes it into the file's own catalog, and
from there a dashboard learns whose rows it may show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import cached_property
from typing import Any, cast

import pandera.polars as pa
import polars as pl
from polars.datatypes import DataTypeClass

from models.deidentification import ABSENT, Deidentified
from models.phi import Phi

USD = pl.Decimal(14, 2)
INSTANT = pl.Datetime("us", "UTC")

Dtype = pl.DataType | DataTypeClass
"""A Polars type, with its parameters or without any."""

ALL_SITES = ""
"""The `site` of a table without facts about patients or a site's work."""


def field(
    dtype: Dtype,
    description: str,
    *,
    phi: Phi = Phi.NONE,
    nullable: bool = False,
    values: Sequence[str] = (),
    at_least: float | None = None,
    at_most: float | None = None,
    refers_to: str = "",
) -> pa.Column:
    """One field of a contract.

    `values` are the only values allowed; `at_least` and `at_most` bound a number, both inclusive; `refers_to` is
    `table.column` of the row that this value must find. A field that is not `nullable` must have a value.
    """
    checks = []
    if values:
        checks.append(pa.Check.isin(list(values)))
    if at_least is not None:
        checks.append(pa.Check.greater_than_or_equal_to(at_least))
    if at_most is not None:
        checks.append(pa.Check.less_than_or_equal_to(at_most))
    metadata = {"phi": phi, "values": tuple(values), "refers_to": refers_to}
    return pa.Column(dtype, checks, nullable=nullable, description=description, metadata=metadata)


def optional(dtype: Dtype, description: str, phi: Phi = Phi.NONE, **rest: Any) -> pa.Column:
    """A field that may be empty; `rest` as in `field`."""
    return field(dtype, description, phi=phi, nullable=True, **rest)


@dataclass(frozen=True)
class Rule:
    """What must be so between the fields of one row: `holds` is true, false, or null where it cannot be said.

    Where it is false, `field` is wrong, and `reason` completes the sentence "The field …".
    """

    field: str
    holds: pl.Expr
    reason: str


@dataclass(frozen=True)
class Contract:
    """The contract of one table.

    `grain` completes the sentence "One row per …". `key` names the fields that identify the row. `rules` are checked where rows
    are read from a file.

    Of a published table also: `owner`, the role that answers for what it says. `site`, the column by which a row belongs to a
    site: a location's key, or the key of a patient, who belongs to their home site; `ALL_SITES`: every site may see every row;
    None: a role of single sites does not see the table. `restricting`, a flag of the row: where it is true, rows that refer to
    it, of whatever table, are shown to roles alone that see restricted rows. `deidentified`, what the de-identified file holds
    of it; until it is stated: nothing.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    fields: dict[str, pa.Column] = attribute(repr=False)
    notes: str = ""
    owner: str = ""
    site: str | None = None
    restricting: str | None = None
    deidentified: Deidentified = ABSENT
    rules: tuple[Rule, ...] = attribute(default=(), repr=False, compare=False)

    @property
    def description(self) -> str:
        """`One row per <grain>. <notes>`, as dbt and the data dictionary print it."""
        return f"One row per {self.grain}. {self.notes}".strip()

    @cached_property
    def schema(self) -> pa.DataFrameSchema:
        """The Pandera schema: these columns and no others, in any order.

        Validate a `DataFrame` with it. On a `LazyFrame` Pandera checks the types only, and lets bad values pass.
        """
        return pa.DataFrameSchema(self.fields, strict=True, name=self.name, description=self.description)

    @cached_property
    def asked(self) -> dict[str, list[Any]]:
        """What a row's fields are asked, by field: type, whether it may be empty, checks. Rows that were asked otherwise are read
        again."""
        return {
            name: [str(one.dtype), one.nullable, *(str(check.error) for check in one.checks)] for name, one in self.fields.items()
        }

    def phi_of(self, column: str) -> Phi:
        """The PHI class of one of the contract's columns. Raises `KeyError` for an unknown column."""
        return cast(Phi, (self.fields[column].metadata or {})["phi"])
