"""Reads secrets where connectors.toml says that they are. Nothing else of the project holds one, and no text may show one."""

import os
import stat
from pathlib import Path

from models.settings.connectors import Secret
from pipelines.errors import UsageError

_LARGEST = 64 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Hidden:
    """A secret that no `print`, log line, error or dump shows; `reveal()` is its only way out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Hidden(…)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


def read_secret(named: Secret, folder: Path, connector: str) -> Hidden:
    """The secret that `named` points to, without the line end after it; a file's path is relative to `folder`.

    Raises `UsageError` where it is not there, is empty, or may be read by others than its owner.
    """
    if named.env is not None:
        value = os.environ.get(named.env)
        if value is None:
            raise UsageError(
                f"{connector}: the environment has no {named.env}. Set it, or name another place in connectors.toml."
            )
        return _checked(value, f"{connector}: {named.env}")
    if named.credential is not None:
        place = os.environ.get("CREDENTIALS_DIRECTORY")
        if not place:
            raise UsageError(
                f"{connector}: no systemd credentials here. Run it as a service with LoadCredential={named.credential}:PATH."
            )
        return _from_file(Path(place) / named.credential, connector, may_be_shared=True)
    return _from_file(folder / Path(named.file or "").expanduser(), connector, may_be_shared=False)


def _from_file(path: Path, connector: str, *, may_be_shared: bool) -> Hidden:
    """The content of a file. systemd alone decides who reads its credentials, by means that a file's mode does not show."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{connector}: {path} is no file. Put the secret into a file.")
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not may_be_shared and found.st_mode & _OTHERS:
                raise UsageError(f"{connector}: others may read {path}. Run: chmod 600 {path}")
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{connector}: {path} cannot be read ({error.strerror}). Put the secret there.") from None
    if len(content) > _LARGEST:
        raise UsageError(f"{connector}: {path} is larger than a secret can be. Name the right file.")
    try:
        return _checked(content.decode("utf-8-sig"), f"{connector}: {path}")
    except UnicodeDecodeError:
        raise UsageError(f"{connector}: {path} is not text. Name the right file; a key is a PEM file.") from None


def _checked(value: str, place: str) -> Hidden:
    if not value.strip():
        raise UsageError(f"{place} is empty. Put the secret there.")
    return Hidden(value.rstrip("\r\n"))
