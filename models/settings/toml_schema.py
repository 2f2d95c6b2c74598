"""Checks the text of a TOML file against a schema. Every mistake is named by file, line and key, with what is allowed there.

    read_settings(path.read_bytes(), PracticeSettings, "practice.toml")   # the settings, or SettingsRefused

A schema is a pydantic model without room for unknown keys. The `description` of a field completes the sentence "must be …".
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

_TABLE = re.compile(r"^\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


class Settings(BaseModel):
    """The base of every schema: strict types, no unknown key, nothing changed later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    shows_values: ClassVar[bool] = True
    """Whether a mistake may quote what the file says; not where a secret may stand in the wrong place."""

    earlier: ClassVar[Mapping[str, str]] = {}
    """Keys of earlier versions, each with what to write now. The likest of today's keys may mean something else."""


Schema = TypeVar("Schema", bound=Settings)


@dataclass(frozen=True)
class Mistake:
    """One mistake: the `line` (from 1; None where the file has none), the `key` as a dotted path, and what is wrong."""

    line: int | None
    key: str
    what: str


class AtKey(ValueError):
    """Raised by a validator for a mistake below its field: the `path` from there, and `what`."""

    def __init__(self, path: tuple[str, ...], what: str) -> None:
        self.path = path
        super().__init__(what)


class SettingsRefused(ValueError):
    """The file cannot be used. The text names each mistake as `file:line: key what`."""

    def __init__(self, file: str, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("\n  ".join(f"{file}{f':{one.line}' if one.line else ''}: {one.key} {one.what}" for one in mistakes))


def parse_toml(content: bytes, file: str) -> tuple[str, dict[str, Any]]:
    """The text and the tables of a TOML file. A byte-order mark is passed over. Raises `SettingsRefused` with the line."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SettingsRefused(file, [Mistake(1, "this file", "is UTF-16. Save it as UTF-8.")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SettingsRefused(file, [Mistake(line, "this line", "is not UTF-8. Save the file as UTF-8.")]) from None
    try:
        return text, tomllib.loads(text)
    except RecursionError:
        raise SettingsRefused(file, [Mistake(None, "this file", "is nested too deeply to be settings. Correct it.")]) from None
    except tomllib.TOMLDecodeError as error:
        said, _, place = str(error).partition(" (at ")
        found = re.search(r"line (\d+)", place)
        line = int(found[1]) if found else text.count("\n") + 1
        raise SettingsRefused(file, [Mistake(line, "this line", f"is not TOML: {said}. Correct it.")]) from None


def read_settings(content: bytes, schema: type[Schema], file: str, context: Mapping[str, Any] | None = None) -> Schema:
    """The settings of a file; `context` goes to the schema's validators. Raises `SettingsRefused` with every mistake found."""
    text, tables = parse_toml(content, file)
    return check_settings(tables, schema, file, text, context)


def check_settings(
    tables: Mapping[str, Any],
    schema: type[Schema],
    file: str,
    text: str = "",
    context: Mapping[str, Any] | None = None,
    below: tuple[str, ...] = (),
) -> Schema:
    """The settings of parsed tables; `text` is where lines are looked up, `below` the table that they stand in.

    Raises `SettingsRefused`.
    """
    try:
        return schema.model_validate(tables, context=dict(context or {}))
    except ValidationError as refused:
        mistakes = [_mistake(one, schema, text, below) for one in refused.errors(include_url=False)]
        raise SettingsRefused(file, list(dict.fromkeys(mistakes))) from None


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The line, from 1, of a key or of the nearest key around it; None if neither is in the text."""
    best, best_depth = None, 0
    for line, found in _keys(text):
        depth = len(found)
        if depth > best_depth and found == path[:depth]:
            best, best_depth = line, depth
    return best


def _keys(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    table: tuple[str, ...] = ()
    for line, content in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(content):
            table = _parts(header[1])
            yield line, table
        elif key := _KEY.match(content):
            yield line, table + _parts(key[1])


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(next(filter(None, groups), "") for groups in _PART.findall(dotted))


def _mistake(error: ErrorDetails, schema: type[Settings], text: str, below: tuple[str, ...]) -> Mistake:
    path = tuple(str(part) for part in error["loc"] if part != "[key]")
    table, field = _place(schema, path)
    raised = error.get("ctx", {}).get("error")
    path += raised.path if isinstance(raised, AtKey) else ()
    key = ".".join((*below, *path)) or "this file"
    line = line_of(text, (*below, *path))
    match error["type"]:
        case "missing":
            return Mistake(line, key, f"is missing. Add it{_allowed(field)}.")
        case "extra_forbidden" if path[-1] in table.earlier:
            return Mistake(line, key, f"is a setting of an earlier version. {table.earlier[path[-1]]}")
        case "extra_forbidden":
            known = list(table.model_fields)
            close = get_close_matches(path[-1], known, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            return Mistake(line, key, f"is not a setting here.{meant} Known: {', '.join(known)}.")
        case "value_error":
            return Mistake(line, key, str(raised) if str(raised).endswith(("?", ".")) else f"{raised}.")
        case _:
            said = error["msg"][0].lower() + error["msg"][1:]
            given = _shown(error["input"]) if schema.shows_values else "that"
            return Mistake(line, key, f"cannot be {given}: it must be {_description(field) or said}.")


def _place(schema: type[Settings], path: tuple[str, ...]) -> tuple[type[Settings], FieldInfo | None]:
    """The table that a path ends in, and the last field on the way."""
    table, field, is_key = schema, None, False
    model: type[Settings] | None = schema
    for part in path:
        if is_key:
            is_key = False
            continue
        if model is None or part not in model.model_fields:
            break
        field = model.model_fields[part]
        is_key = get_origin(field.annotation) is dict
        model = next((one for one in _types(field.annotation) if issubclass(one, Settings)), None)
        table = model or table
    return table, field


def _types(annotation: Any) -> Iterator[type]:
    """The types in an annotation: `FieldRule` of `dict[str, FieldRule] | None`."""
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for inner in get_args(annotation):
        yield from _types(inner)


def _description(field: FieldInfo | None) -> str:
    return field.description or "" if field else ""


def _allowed(field: FieldInfo | None) -> str:
    return f": {_description(field)}" if _description(field) else ""


def _shown(value: object) -> str:
    """A value as the file writes it, cut short. Unknown keys never come here: a secret in the wrong place is not shown."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value[:40]}{"…" if len(value) > 40 else ""}"'
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return str(value)
