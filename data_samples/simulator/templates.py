"""Writes FHIR resources as JSON text, column-wise.

A template is the JSON of one resource with `<column>` where a column's text goes. A column that ends in `?` is a fragment that
brings its own comma, and is left out where it is null.
"""

import re

import polars as pl

_SLOT = re.compile(r"<(\w+)(\?)?>")
UTC_TEXT = "%Y-%m-%dT%H:%M:%SZ"
LOCAL_TEXT = "%Y-%m-%dT%H:%M:%S%:z"


def fill(template: str) -> pl.Expr:
    """The expression that fills a template; null where a required column is null."""
    pieces = []
    position = 0
    for slot in _SLOT.finditer(template):
        pieces.append(pl.lit(template[position : slot.start()]))
        column = pl.col(slot[1]).cast(pl.String)
        pieces.append(column.fill_null("") if slot[2] else column)
        position = slot.end()
    pieces.append(pl.lit(template[position:]))
    return pl.concat_str(pieces)


def local(column: str) -> pl.Expr:
    """A UTC instant as text in the practice's local time, with its offset."""
    zoned = pl.col(column).dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    return zoned.dt.strftime(LOCAL_TEXT)


def utc(column: str) -> pl.Expr:
    """A UTC instant as text that ends in Z."""
    return pl.col(column).dt.strftime(UTC_TEXT)
