"""What DuckDB is told, so that it reads and writes encrypted files. Nothing of it may be printed: it holds keys.

DuckDB writes encrypted files only with OpenSSL, which its extension `httpfs` brings; what DuckDB itself has (mbedtls) it does not
hold to be safe for that. The extension is loaded from its package by path: nothing is installed, looked for or downloaded.
"""

from base64 import b64encode
from collections.abc import Iterable

from models.home_keys.store import extension
from models.home_keys.wrapping import DataKey


def cipher() -> list[str]:
    """Statements for a connection that opens encrypted files: what it writes aside for want of memory is encrypted too.

    Raises `KeysRefused` where the extension's package is not installed.
    """
    return [
        "set autoinstall_known_extensions = false",
        "set autoload_known_extensions = false",
        f"load {quoted(str(extension()))}",
        "set temp_file_encryption = true",
    ]


def parquet_keys(keys: Iterable[DataKey]) -> list[str]:
    """Statements that let a connection read and write Parquet that these keys encrypt, each named by its place."""
    return [f"pragma add_parquet_key({quoted(key.place)}, {quoted(_text(key, 'parquet'))})" for key in keys]


def attach(path: object, name: str, key: DataKey | None, *, read_only: bool = False, is_logged: bool = True) -> str:
    """The statement that attaches a DuckDB file under a name, encrypted by `key` or as it is.

    Not `is_logged`: without a write-ahead log, so that only a checkpoint makes what is written last.
    """
    options = ["read_only"] if read_only else []
    options += [] if is_logged else ["recovery_mode no_wal_writes"]
    options += [f"encryption_key {quoted(_text(key, 'duckdb'))}", "encryption_cipher 'GCM'"] if key else []
    return f"attach {quoted(str(path))} as {name}" + (f" ({', '.join(options)})" if options else "")


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(key: DataKey, use: str) -> str:
    return b64encode(key.derived(use)).decode()
