"""Takes values out of what a system answered. What is not as the system's documentation says is refused, without showing it."""

from typing import Any, TypeVar

from pipelines.errors import ConnectionFailed

_Kind = TypeVar("_Kind", dict[str, Any], list[Any], str, bool, int)
_NAMES = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number"}


def taken(found: object, name: str, kind: type[_Kind], place: str) -> _Kind:
    """`found[name]`, which must be of a kind: `taken(answer, "status_url", str, "north")`. Raises `ConnectionFailed`."""
    value = found.get(name) if isinstance(found, dict) else None
    return checked(value, kind, f"{name} of the answer", place)


def taken_or(found: object, name: str, otherwise: _Kind, place: str) -> _Kind:
    """As `taken`; `otherwise` where it is missing or null."""
    value = found.get(name) if isinstance(found, dict) else None
    return otherwise if value is None else checked(value, type(otherwise), f"{name} of the answer", place)


def checked(value: object, kind: type[_Kind], what: str, place: str) -> _Kind:
    """The value, if it is of the kind. Raises `ConnectionFailed` naming `what` and `place`."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConnectionFailed(f"{place}: {what} is not {_NAMES[kind]}, as it should be. Check the address and its version.")
    return value
