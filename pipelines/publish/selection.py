"""What a published file holds of a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.contract import Contract


@dataclass(frozen=True)
class Column:
    """One column of a published file: the SQL that makes it from the built table, and its description."""

    sql: str
    description: str


@dataclass(frozen=True)
class Selection:
    """The columns by name, the key among them, the column of a row's site, and the rows: `where` is SQL, in which
    the warehouse is attached as `build`; empty: all.

    No column: the file does not hold the table.
    """

    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()
    description: str = ""
    site: str | None = None
    where: str = ""
    is_ordered: bool = False

    def query(self, table: str) -> str:
        """The rows of `table` as the file holds them; in the order of their key where that is asked for."""
        selected = ", ".join(f"{column.sql} as {name}" for name, column in self.columns.items())
        ordered = f" order by {', '.join(self.key)}" if self.is_ordered else ""
        return f"select {selected} from {table}{self.condition}{ordered}"

    @property
    def condition(self) -> str:
        return f" where {self.where}" if self.where else ""


def whole(contract: Contract) -> Selection:
    """The table as it was built."""
    columns = {name: Column(name, field.description) for name, field in contract.fields.items()}
    return Selection(columns, contract.key, contract.description, contract.site)
