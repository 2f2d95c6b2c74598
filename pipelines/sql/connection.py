"""Opens DuckDB files, encrypted ones too.

An encrypted file is attached to a database in memory, under the name that DuckDB gives a file that it opens: SQL reads the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from models.home_keys import statements
from models.home_keys.wrapping import DataKey
from pipelines.errors import EnvironmentNotReady
from pipelines.keys import key_for, key_of, parquet_keys_beside, refusals
from pipelines.sql.memory import memory_limit

_SETTINGS = "set TimeZone = 'UTC'; set preserve_insertion_order = false"
STORAGE = "v1.4.0"
"""The form of the DuckDB files that are made here, which DuckDB 1.4 brought and each file keeps. In it tables take three quarters
of the CPU time to write that they take in the form of 1.0, DuckDB's default (the six largest of 10,000 patients 10.4 s instead of
14.6), and no more room. An encrypted file has it anyway."""
_SMALL = 256_000_000
"""Bytes of a file on which sharing out a query among threads costs more than it gains: to write the sample's publication took
2.1 CPU seconds with one thread, 4.3 with two."""


def open_file(path: Path, *, read_only: bool = False, like: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An open connection with time zone UTC (otherwise a date without time takes the machine's zone). Close it soon.

    A query has one thread where the file is small, otherwise one a core; `like`: a file that is as large as this one will be.

    Raises `EnvironmentNotReady` where the file's key is missing, wrong or destroyed.
    """
    key = key_of(path) if path.exists() else key_for(path)
    if key is None:
        with _keys_in_words(path):
            if not (path.exists() or read_only):
                _create(path)
            connection = duckdb.connect(str(path), read_only=read_only)
        _let_read_parquet(connection, path)
    else:
        connection = duckdb.connect()
        try:
            prepare(connection, path)
            attach(connection, path, path.stem, key=key, read_only=read_only)
            connection.execute(f"use {path.stem}")
        except BaseException:
            connection.close()
            raise
    connection.execute(f"{_SETTINGS}; set memory_limit = '{memory_limit()}'")
    if _is_small(like or path):
        # Not as a setting of `connect`: DuckDB refuses a second connection of the process to the file with other settings
        connection.execute("set threads = 1")
    return connection


def _create(path: Path) -> None:
    """Make an empty file. As a setting of `connect` its form would be refused to a second connection of the process."""
    with duckdb.connect() as connection:
        connection.execute(f"attach {statements.quoted(str(path))} as made (storage_version '{STORAGE}')")


def _is_small(path: Path) -> bool:
    return not path.exists() or path.stat().st_size < _SMALL


def open_memory(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory that reads and writes the Parquet of the home that `folder` lies in, and writes what has no room in
    memory to `folder`."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    key_for(folder / "rows.parquet")
    prepare(connection, folder)
    return connection


def prepare(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Let a connection in memory work on what lies beside `path`, encrypted files too; what has no room in memory goes there."""
    connection.execute(f"set memory_limit = '{memory_limit()}'; set temp_directory = {statements.quoted(f'{path}.tmp')}")
    _let_read_parquet(connection, path)


def _let_read_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Hand over the keys of the Parquet that the home of `path` holds."""
    if keys := parquet_keys_beside(path):
        load_cipher(connection)
        hand_over(connection, keys)


def load_cipher(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection write encrypted files. Raises `EnvironmentNotReady` where it cannot: nothing is ever written without."""
    with refusals():
        told = statements.cipher()
    try:
        for statement in told:
            connection.execute(statement)
    except duckdb.Error as error:
        raise EnvironmentNotReady(
            f"DuckDB {duckdb.__version__} cannot load its extension httpfs ({type(error).__name__}), and without it nothing is "
            "encrypted. Install the lock: `make setup`."
        ) from None


def hand_over(connection: duckdb.DuckDBPyConnection, keys: list[DataKey]) -> None:
    """Let a connection read and write the Parquet that these keys encrypt."""
    for statement in statements.parquet_keys(keys):
        connection.execute(statement)


def attach(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    *,
    key: DataKey | None = None,
    read_only: bool = True,
    is_logged: bool = True,
) -> None:
    """Attach a file to an open connection under a name. `key`: that of the file, where it is known already.

    Not `is_logged`: what is written lasts from the next checkpoint on, not from each commit.
    """
    key = key or key_of(path)
    if key:
        load_cipher(connection)
    with _keys_in_words(path):
        connection.execute(statements.attach(path, name, key, read_only=read_only, is_logged=is_logged))


@contextmanager
def _keys_in_words(path: Path) -> Iterator[None]:
    """DuckDB's words on a key that is missing or wrong in ours, without the statement, which holds the key."""
    try:
        yield
    except duckdb.Error as error:
        if "without a key" in str(error):
            raise EnvironmentNotReady(
                f"{path}: encrypted, and its key is not in this home's keys/: it was destroyed, or is another home's."
            ) from None
        if "ncryption key" in str(error):
            raise EnvironmentNotReady(f"{path}: another key encrypted it than this home's keys/ hold.") from None
        raise
