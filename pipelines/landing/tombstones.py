"""The list of those who were erased: marks of their records, which hold through every rebuild and name nobody.

    <home>/erasures/<practice>/tombstones     one mark a line: 32 hexadecimal digits of an HMAC-SHA-256 (RFC 2104)
    <home>/erasures/<practice>/key            its key, made at random; without it, nobody can try ids against the list

A mark is of a source, a kind of row and an id. A person's marks go on the list before anything of theirs is removed; from then on
whatever lands of them is removed again, and an erasure that was stopped is taken to its end. Where the home is encrypted, both
files are, too.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.durable import write_durably
from pipelines.home import Home
from pipelines.keys import read, sealed

KEY_OF_PATIENT = "patient_key"
"""The kind of row of a `patient_key`, which is of no source."""
_DIGITS = 32
_BLOCK = 64
Name = tuple[str, str, str]
"""Source system, extract (or `KEY_OF_PATIENT`), id."""


@dataclass(frozen=True)
class Tombstones:
    """The list in `folder`."""

    folder: Path

    @classmethod
    def of(cls, home: Home, practice_id: str) -> "Tombstones":
        return cls(home.erasures(practice_id))

    @property
    def _path(self) -> Path:
        return self.folder / "tombstones"

    def marks(self) -> frozenset[str]:
        """All marks on the list."""
        return frozenset(read(self._path).decode("ascii").split()) if self._path.is_file() else frozenset()

    def digest(self) -> str:
        """A hash of the list; empty where nobody was erased."""
        return hashlib.sha256(read(self._path)).hexdigest()[:_DIGITS] if self._path.is_file() else ""

    def mark(self, name: Name) -> str:
        """The mark of one record."""
        return _marked(self._key(), name)

    def erased(self, names: Iterable[Name]) -> set[Name]:
        """Those of the records who were erased."""
        if not (marks := self.marks()):
            return set()
        key = self._key()
        return {name for name in names if _marked(key, name) in marks}

    def add(self, marks: Iterable[str]) -> None:
        """Put marks on the list; they are on the disk when this returns."""
        known = self.marks()
        if new := frozenset(marks) - known:
            self._key()
            write_durably(self._path, sealed(self._path, "\n".join(sorted(known | new)) + "\n"), "erase.tombstones")

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give a connection the macro `mark(source_system, extract, id)`, which is `mark` in SQL, and what `with_marks` gives."""
        key = self._key().ljust(_BLOCK, b"\0")
        inner, outer = (bytes(byte ^ pad for byte in key).hex() for pad in (0x36, 0x5C))
        connection.execute("set variable inner_pad = unhex($1)", [inner])
        connection.execute("set variable outer_pad = unhex($1)", [outer])
        inside = f"unhex(sha256(getvariable('inner_pad') || encode({_JOINED})))"
        mark = f"substr(sha256(getvariable('outer_pad') || {inside}), 1, {_DIGITS})"
        with_marks(connection, mark, sorted(self.marks()))

    def _key(self) -> bytes:
        path = self.folder / "key"
        if not path.is_file():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_durably(path, sealed(path, secrets.token_hex(32)), "erase.key")
        return bytes.fromhex(read(path).decode("ascii").strip())


def _marked(key: bytes, name: Name) -> str:
    return hmac.new(key, _SEPARATOR.join(name).encode(), hashlib.sha256).hexdigest()[:_DIGITS]


_SEPARATOR = "\x1f"
_JOINED = "concat_ws(chr(31), of_source, of_extract, of_id)"


def with_marks(connection: duckdb.DuckDBPyConnection, mark: str, marks: Sequence[str]) -> None:
    """Give a connection the macros `mark` and `is_theirs` of a source system, extract and id, and the table `theirs` of marks.

    `mark` is SQL over `of_source`, `of_extract` and `of_id`.
    """
    connection.execute(f"create or replace temp macro mark(of_source, of_extract, of_id) as {mark}")
    connection.execute("create or replace temp table theirs (mark varchar primary key)")
    connection.execute("insert into theirs select unnest($1::varchar[])", [list(marks)])
    connection.execute(
        "create or replace temp macro is_theirs(of_source, of_extract, of_id) as "
        "list_contains(getvariable('theirs'), mark(of_source, of_extract, of_id))"
    )


def without_key(connection: duckdb.DuckDBPyConnection, names: Sequence[Name]) -> None:
    """As `Tombstones.prepare`, for a search of these records: the marks are the names themselves."""
    with_marks(connection, _JOINED, [_SEPARATOR.join(name) for name in names])
