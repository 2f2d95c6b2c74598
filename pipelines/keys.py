"""The keys of the home, for what the pipeline reads and writes: `models/home_keys/`, with errors that end a command.

A file is encrypted by the key of its folder, in a home that has keys; so the functions here take a path and nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.home_keys import store
from models.home_keys.wrapping import DataKey, KeysRefused
from pipelines.errors import EnvironmentNotReady

IN_PARQUET = ("landing", "history")
"""The folders of a home whose Parquet is encrypted."""


@contextmanager
def refusals() -> Iterator[None]:
    """Raise a refusal of the keys as `EnvironmentNotReady`."""
    try:
        yield
    except KeysRefused as refused:
        raise EnvironmentNotReady(str(refused)) from None


def is_encrypted(path: Path) -> bool:
    """Whether what is written to this path is encrypted."""
    with refusals():
        return store.place_of(path) is not None


def is_encrypted_home(root: Path) -> bool:
    """Whether what is written to the home from now on is encrypted."""
    return store.is_encrypted(root)


def require_keys(root: Path) -> None:
    """Let the home be encrypted from now on. Raises `EnvironmentNotReady` without the master key, or with a wrong one."""
    with refusals():
        store.encrypt_home(root)


def check_keys(root: Path) -> None:
    """Raise `EnvironmentNotReady` where the home is encrypted and its key is not given, or is another one."""
    with refusals():
        if store.is_encrypted(root):
            store.check(root)


def forget_gone(root: Path) -> None:
    """Destroy the keys of builds and publications that are no longer there. For the holder of the home's lock."""
    with refusals():
        store.sweep(root)


def key_of(path: Path) -> DataKey | None:
    """The key of a file that was written; None where it was written as it is."""
    with refusals():
        return store.key_of(path)


def key_for(path: Path) -> DataKey | None:
    """The key for a file that is written now; None where it is written as it is."""
    with refusals():
        return store.key_for(path)


def parquet_keys_beside(path: Path) -> list[DataKey]:
    """The keys of all Parquet in the home that a path lies in; none where that is not encrypted."""
    with refusals():
        root = store.home_of(path)
        return list(store.keys_in(root, *IN_PARQUET)) if root else []


def read(path: Path) -> bytes:
    """The content of a small file, decrypted where it is encrypted. Raises `OSError` too."""
    with refusals():
        return store.read(path)


def sealed(path: Path, content: str | bytes) -> bytes:
    """What is to be written, or added, to a small file, so that `read` gives `content`."""
    with refusals():
        return store.sealed(path, content.encode() if isinstance(content, str) else content)
