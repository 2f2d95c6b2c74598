"""Adds entries made in the dashboards to a journal, which the next run takes as a delivery.

    <home>/outcomes/<practice>/.<extract>.csv      the open journal of an extract (hidden: a run reads no hidden file)
    <home>/outcomes/<practice>/<extract>_….csv     what earlier runs have taken (`pipelines/landing/journal.py`)

A line is added whole, encrypted where the home is, and is on the disk when `add` returns. The lock is on the folder, so that a
run can take the journal away between two entries. Rows are those of `models/extracts/caregap.py`.
"""

import csv
import fcntl
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from dashboards.home import home
from dashboards.store.published import Publication
from models.contract import Contract
from models.home_keys.store import read, sealed
from models.journal import newest_entries, types_of


def journal_folder(publication: Publication) -> Path:
    """The folder of the practice's journals."""
    return home() / "outcomes" / publication.practice_id


def names_nobody(text: str) -> bool:
    """Whether a text that somebody typed has nothing that could be a record number, a telephone number or an address.

    Five digits in a row, or an @, are refused; a name cannot be told from other words, so every form asks not to write one.
    """
    return "@" not in text and not re.search(r"\d[\d -]{3,}\d", text)


@dataclass(frozen=True)
class Journal:
    """The entries of one extract of source `caregap`. An entry is never changed; a later version with the same key is added."""

    contract: Contract

    @property
    def open_name(self) -> str:
        return f".{self.contract.name}.csv"

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.contract.fields)

    def add(self, folder: Path, entry: dict[str, Any]) -> None:
        """Write one line into the open journal in `folder`.

        Raises pandera's `SchemaError` if a value breaks the contract, and `ValueError` if a text would break the file for its
        next reader.
        """
        if any(isinstance(value, str) and not value.isprintable() for value in entry.values()):
            raise ValueError("an id or a name contains a character that cannot be printed")
        self.contract.schema.validate(pl.DataFrame([entry], schema=types_of(self.contract)))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(folder):
            descriptor = os.open(folder / self.open_name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                is_new = os.fstat(descriptor).st_size == 0
                header = [list(self.columns)] if is_new else []
                os.write(
                    descriptor, sealed(folder / self.open_name, _lines(header, [_text(entry[name]) for name in self.columns]))
                )
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def entries(self, folder: Path) -> pl.DataFrame:
        """The newest version of every entry, in the contract's columns, oldest first."""
        texts: list[bytes] = []
        if folder.is_dir():
            with _locked(folder):
                texts = [read(path) for path in sorted(folder.glob(f"*{self.contract.name}*.csv"))]
        return newest_entries(self.contract, texts)

    def standing(self, folder: Path) -> pl.DataFrame:
        """The entries that nobody has withdrawn, for a contract that has `is_withdrawn`."""
        return self.entries(folder).filter(~pl.col("is_withdrawn"))

    def withdraw(self, folder: Path, entry_id: str, whose: pl.Expr | None = None) -> None:
        """Withdraw a standing entry by adding a later version marked so; `whose` is true of entries that may be withdrawn.

        Raises `KeyError` where the journal has no such entry.
        """
        (key,) = self.contract.key
        is_meant = pl.col(key) == entry_id
        found = self.standing(folder).filter(is_meant if whose is None else is_meant & whose)
        if found.is_empty():
            raise KeyError(entry_id)
        self.add(folder, found.row(0, named=True) | {"is_withdrawn": True, "updated_at": datetime.now(UTC)})


def _lines(header: list[list[str]], row: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([*header, row])
    return text.getvalue().encode()


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case date():
            return value.isoformat()
    return str(value)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
