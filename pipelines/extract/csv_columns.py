"""Which columns of a CSV file become which fields of a contract: those of the same name, or as a layout says."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from models.contract import Contract
from models.settings.layout import FieldRule, Form, Layout
from pipelines.extract.csv_values import YES, bare
from pipelines.extract.unseen import UNSEEN


def plain_name(name: str) -> str:
    """A column's name as it is compared: in lower case, with one underscore for blanks, hyphens and underscores, without
    characters of no width."""
    return re.sub(r"[\s\-_]+", "_", re.sub(UNSEEN, "", name.lower())).strip("_")


@dataclass(frozen=True)
class Columns:
    """The fields of `contract` by the columns that they are made of; `layout`: None where columns are named like fields."""

    contract: Contract
    layout: Layout | None = None

    @cached_property
    def rules(self) -> dict[str, FieldRule]:
        if self.layout is None:
            return {name: FieldRule(column=name) for name in self.contract.fields}
        return self.layout.columns

    @property
    def form(self) -> Form:
        return self.layout.form if self.layout else Form()

    @cached_property
    def known(self) -> frozenset[str]:
        """Every column that something is made of, by its plain name."""
        return frozenset(plain_name(name) for rule in self.rules.values() for name in rule.columns)

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The columns that identify a header."""
        if self.layout is None:
            return tuple(name for name, column in self.contract.fields.items() if not column.nullable)
        return tuple(dict.fromkeys(plain_name(name) for name in self.layout.recognised_by or self._required()))

    def _required(self) -> list[str]:
        """The columns without which a field that must have a value has none."""
        rules = [(self.contract.fields[name], rule) for name, rule in self.rules.items()]
        return [
            rule.columns[0] for column, rule in rules if not column.nullable and len(rule.columns) == 1 and rule.default is None
        ]

    def missing(self, names: Iterable[str]) -> list[str]:
        """What a header with these columns lacks, as the practice names it."""
        there = set(names)
        if self.layout is None:
            return [name for name in self.needed if name not in there]
        needed = [*self.layout.recognised_by, *self._required()]
        return list(dict.fromkeys(f'"{name}"' for name in needed if plain_name(name) not in there))

    def absent(self, names: Iterable[str]) -> list[str]:
        """The fields for which a header with these columns has none."""
        there = set(names)
        return [
            name
            for name in self.contract.fields
            if name not in self.rules
            or (self.rules[name].columns and not there & {plain_name(one) for one in self.rules[name].columns})
        ]

    @cached_property
    def formats(self) -> dict[str, str]:
        """The fields whose days or times are written in a form of their own."""
        return {name: rule.format for name, rule in self.rules.items() if rule.format}

    def rows_of(self, text: pl.DataFrame, names: list[str]) -> pl.DataFrame:
        """The rows that have any value in the columns `names`, apart from those that a report writes below its table.

        Spreadsheets write rows of delimiters only below a table, and these do not count.
        """
        if text.select((pl.col(names[0]).str.strip_chars() == "").any()).item() or text[names[0]].has_nulls():
            text = text.filter(pl.any_horizontal(pl.col(names).str.strip_chars() != ""))
        if self.form.below:
            first = pl.coalesce(pl.col(names).str.strip_chars().replace("", None)).str.to_lowercase()
            text = text.filter(~pl.any_horizontal(first.str.starts_with(begins.lower()) for begins in self.form.below))
        return text

    def meant(self, text: pl.DataFrame) -> pl.DataFrame:
        """The rows that are of the kind that the layout reads."""
        only = {plain_name(name): values for name, values in (self.layout.only if self.layout else {}).items()}
        for name in only.keys() & set(text.columns):
            words = [value.lower() for value in only[name]]
            text = text.filter(pl.col(name).str.strip_chars().str.to_lowercase().is_in(words).fill_null(False))
        return text

    def is_below(self, record: list[str]) -> bool:
        """Whether a record is one that a report writes below its table."""
        first = next((value.strip().lower() for value in record if value.strip()), "")
        return any(first.startswith(begins.lower()) for begins in self.form.below)

    def filled(self, text: pl.DataFrame, *also: str) -> pl.DataFrame:
        """The contract's fields as bare text, and the columns `also`, from the columns of a file as text."""
        there = frozenset(text.columns)
        text = bare(text, sorted(there & self.known))
        if self.layout is None:
            return text.select(
                *(pl.col(name) if name in there else pl.lit(None, pl.String).alias(name) for name in self.contract.fields), *also
            )
        fields = [_expression(self.rules.get(name), there).alias(name) for name in self.contract.fields]
        return text.select(*fields, *also)

    def with_columns_named(self, wrong: pl.DataFrame) -> pl.DataFrame:
        """Failures (`row_number`, `field`, `reason`) with the practice's own names of the columns in the reason."""
        if self.layout is None or wrong.is_empty():
            return wrong
        named = {name: f"(column {rule.shown}) " for name, rule in self.rules.items() if rule.columns}
        own = pl.col("field").replace_strict(named, default="", return_dtype=pl.String)
        return wrong.with_columns(pl.concat_str(own, pl.col("reason")).alias("reason"))


def _expression(rule: FieldRule | None, there: frozenset[str]) -> pl.Expr:
    """The text of a field; its columns are stripped, and empty cells are null."""
    if rule is None:
        return pl.lit(None, pl.String)
    if rule.constant is not None:
        return pl.lit(rule.constant)
    columns = [pl.col(name) for name in map(plain_name, rule.columns) if name in there]
    if not columns:
        return pl.lit(rule.default, pl.String)
    value = _origin(rule, columns)
    if rule.values:
        value = _looked_up(value, rule.values)
    return value if rule.default is None else value.fill_null(rule.default)


def _origin(rule: FieldRule, columns: list[pl.Expr]) -> pl.Expr:
    if rule.any_of:
        said = pl.any_horizontal(column.is_not_null() for column in columns)
        is_yes = pl.any_horizontal(column.str.to_lowercase().is_in(YES).fill_null(False) for column in columns)
        return pl.when(said).then(is_yes.cast(pl.String))
    if rule.join:
        return pl.concat_str(columns, separator=rule.between, ignore_nulls=True).replace("", None)
    if rule.split and rule.part:
        parts = columns[0].str.split(rule.at).list
        return parts.get(rule.part - (rule.part > 0), null_on_oob=True).str.strip_chars().replace("", None)
    return pl.coalesce(columns)


def _looked_up(value: pl.Expr, values: Mapping[str, str]) -> pl.Expr:
    """What `values` says for a text, by its whole text before any pattern; the text itself where they say nothing."""
    lower = value.str.to_lowercase()
    whole = {key.strip().lower(): to or None for key, to in values.items() if "*" not in key}
    found: pl.Expr = value
    for key, to in reversed([(key, to) for key, to in values.items() if "*" in key]):
        pattern = ".*".join(re.escape(part) for part in key.strip().lower().split("*"))
        found = pl.when(lower.str.contains(f"(?s)^{pattern}$")).then(pl.lit(to or None, pl.String)).otherwise(found)
    meant = lower.replace_strict(whole, default=None, return_dtype=pl.String)
    return pl.when(lower.is_in(list(whole))).then(meant).otherwise(found) if whole else found
