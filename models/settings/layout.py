"""The schema of a layout: how the columns of an export become the fields of a contract. docs/operators.md shows one.

A layout renames, joins, splits and fills; what a field may hold stays with its contract (`models/extracts/`), and each row is
checked against that.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from models.settings.toml_schema import AtKey, Mistake, Settings, SettingsRefused, check_settings, line_of, parse_toml
from models.sources import SOURCE_KINDS

TODO = "TODO"
"""How `caregap layout suggest` begins what only the practice can say."""

_Columns = Annotated[list[str], Field(min_length=1, description="a list of column names")]


def _as_rule(given: Any) -> Any:
    """`"Record ID"` stands for `{ column = "Record ID" }`."""
    return {"column": given} if isinstance(given, str) else given


class FieldRule(Settings):
    """Where a field comes from: exactly one of `column`, `first_of`, `any_of`, `join`, `split`, `constant`.

    Names of columns match in any case, with blanks, hyphens or underscores between words. `values` are looked up in any case;
    `*` stands for any text. What is found in none stays as it is. `default` takes the place of an empty cell, or of a column
    that an export lacks.
    """

    column: str | None = Field(None, min_length=1, description="the name of a column")
    first_of: _Columns | None = Field(None, description="a list of column names, of which the first that is not empty counts")
    any_of: _Columns | None = Field(None, description="a list of columns of yes and no; one yes is enough")
    join: _Columns | None = Field(None, description="a list of columns whose texts are put together")
    between: str = Field(" ", description="the text between joined parts")
    split: str | None = Field(None, min_length=1, description="the column whose text is split")
    at: str = Field(" ", min_length=1, description="the text at which it is split")
    part: int | None = Field(None, description="which part: 1 is the first, -1 the last")
    constant: str | None = Field(None, description="the value of every row, in quotes")
    default: str | None = Field(None, description="the value of an empty cell, in quotes")
    values: dict[str, str] = Field({}, description='values by what the export writes: { "F" = "female" }')
    format: str | None = Field(None, min_length=2, description="how a day or time is written: %d.%m.%Y %H:%M")

    @field_validator("column", "split", "constant", "default")
    @classmethod
    def _is_said(cls, given: str | None) -> str | None:
        if given is not None and given.startswith(TODO):
            raise ValueError(f"is still to be said: {given.removeprefix(TODO).lstrip(': ')}")
        return given

    @field_validator("values")
    @classmethod
    def _are_said(cls, given: dict[str, str]) -> dict[str, str]:
        for key, value in given.items():
            if value.startswith(TODO):
                raise AtKey((key,), f"is still to be said: {value.removeprefix(TODO).lstrip(': ')}")
        return given

    @field_validator("part")
    @classmethod
    def _is_a_part(cls, given: int | None) -> int | None:
        if given == 0:
            raise ValueError("cannot be 0: 1 is the first part, -1 the last")
        return given

    @model_validator(mode="after")
    def _has_one_origin(self) -> "FieldRule":
        origins = ("column", "first_of", "any_of", "join", "split", "constant")
        if len(given := [name for name in origins if getattr(self, name) is not None]) != 1:
            raise ValueError(f"must say one of {', '.join(origins)}{f', not {len(given)}' if given else ''}")
        if (self.split is None) != (self.part is None):
            raise ValueError('must say both split and part: { split = "Name", at = " ", part = 1 }')
        return self

    @property
    def columns(self) -> list[str]:
        """The export's columns that it reads."""
        return [*filter(None, (self.column, self.split)), *(self.first_of or ()), *(self.any_of or ()), *(self.join or ())]

    @property
    def shown(self) -> str:
        """Its columns as a person names them: `"Date", "Time"`."""
        return ", ".join(f'"{name}"' for name in self.columns)


class Form(Settings):
    """How the file is written, where that is not found by looking at it."""

    encoding: Literal["utf-8", "utf-16", "cp1252", "cp1250", "iso-8859-1", "mac-roman", "cp437", "cp850"] | None = Field(
        None, description="one of utf-8, utf-16, cp1252, cp1250, iso-8859-1, mac-roman, cp437, cp850"
    )
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(None, description=r'one of "," ";" "|" "\t"')
    header_row: int | None = Field(None, ge=1, le=200, description="the row of the column names, from 1 to 200")
    below: list[str] = Field([], description='how rows below the table begin: ["Grand Total"]')
    dates: Literal["month_first", "day_first"] = Field("month_first", description="month_first or day_first")
    decimal: Literal["point", "comma"] = Field("point", description="point or comma")
    time_zone: str | None = Field(None, description="a name of the tz database, for times without an offset")


class Layout(Settings):
    """One layout. It applies to a file whose name matches one of `files`, or whose header has every column of `recognised_by`.

    `source` and `extract` name the contract; rows without the values of `only` are none of its. `documented_at` is where the
    columns are published; `assumes`, what the layout takes for granted that the export does not say.
    """

    name: str = Field("", description="the name by which a run says that it was used")
    title: str = Field(min_length=1, description="what the export is called, in quotes")
    source: str = Field(description="the kind of source: crm or billing")
    extract: str = Field(description="the table that the rows go to: contacts, charges …")
    documented_at: str = Field("", description="the address of the page that lists the columns")
    assumes: str = Field("", description="a sentence")
    files: list[str] = Field([], description='patterns of file names: ["*all-contacts*"]')
    recognised_by: list[str] = Field([], description="the columns by which such a file is known")
    only: dict[str, list[str]] = Field({}, description='the values that rows have: { Kind = ["Charge"] }; others are left out')
    form: Form = Field(Form(), description="a table")
    columns: dict[str, Annotated[FieldRule, BeforeValidator(_as_rule)]] = Field(description="a table: a line a field")


def read_layout(content: bytes, file: str) -> Layout:
    """The layout of a TOML file, held against the contract that it fills. Raises `SettingsRefused` with every mistake found."""
    text, tables = parse_toml(content, file)
    layout = check_settings(tables, Layout, file, text)
    if mistakes := [Mistake(line_of(text, path), ".".join(path), what) for path, what in _against_contract(layout)]:
        raise SettingsRefused(file, mistakes)
    return layout


def _against_contract(layout: Layout) -> Iterator[tuple[tuple[str, ...], str]]:
    kinds = {name: kind for name, kind in SOURCE_KINDS.items() if kind.reader == "csv" and not kind.is_own}
    if layout.source not in kinds:
        yield ("source",), f'cannot be "{layout.source[:40]}": it must be one of {", ".join(kinds)}.'
        return
    extracts = kinds[layout.source].extracts
    if layout.extract not in extracts:
        yield ("extract",), f"is no table of {layout.source}.{_meant(layout.extract, extracts)} Known: {', '.join(extracts)}."
        return
    fields = extracts[layout.extract].fields
    if not layout.files and not layout.recognised_by:
        yield ("recognised_by",), "is missing, and so is files: say by which columns or file names such a file is known."
    for name in layout.columns:
        if name not in fields:
            yield ("columns", name), f"is no field of {layout.extract}.{_meant(name, fields)} Known: {', '.join(fields)}."
    for name, column in fields.items():
        rule, allowed = layout.columns.get(name), (column.metadata or {})["values"]
        if rule is None and not column.nullable:
            yield ("columns", name), f"is missing, and must have a value: {column.description}{_one_of(allowed)}"
        if rule and allowed:
            said: list[tuple[tuple[str, ...], str | None]] = [(("constant",), rule.constant), (("default",), rule.default)]
            said += [(("values", key), value) for key, value in rule.values.items()]
            for key, value in said:
                if value and value not in allowed:
                    yield ("columns", name, *key), f'cannot be "{value[:40]}": it must be one of {", ".join(allowed)}.'


def _meant(name: str, known: Any) -> str:
    close = get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""


def _one_of(allowed: tuple[str, ...]) -> str:
    return f" One of {', '.join(allowed)}." if allowed else ""
