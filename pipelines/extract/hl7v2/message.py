"""One HL7 v2 message: delimiters, fields, repetitions, components, escapes (HL7 v2.5.1, chapter 2, sections 2.5 to 2.7)."""

import re
from collections.abc import Sequence
from functools import lru_cache

from pipelines.extract.hl7v2.framing import Frame

DELETED = ""
"""The value of a field that holds `""`: the sender deletes what was known. A field that is empty says nothing, and is None."""

_NULL = '""'
_NO_DELIMITER = "\x00"
"""Stands for a delimiter that the message does not declare: a message with a NUL byte is not read."""
_ROLES = ("component", "repetition", "escape", "subcomponent")
_WELL_FORMED = re.compile("[^\x00-\x7f\udc80-\udcff]")
_LINE_BREAKS = (".br", ".sp", ".ce")


class Unreadable(Exception):
    """The message cannot be read: the field that is wrong, or None, and the reason in words, without any value."""

    def __init__(self, field: str | None, reason: str):
        super().__init__(f"{field or 'the message'} {reason}")
        self.field, self.reason = field, reason


class Delimiters:
    """The delimiters that MSH-1 and MSH-2 declare.

    A character that MSH-2 repeats counts once: `^~\\\\&` is read as `^~\\&`. Those that it leaves out delimit nothing.
    Raises `Unreadable` where they cannot be delimiters.
    """

    __slots__ = ("_escaped", "component", "escape", "field", "repetition", "subcomponent", "within_field")

    def __init__(self, field: str, declared: str):
        if not declared:
            raise Unreadable("MSH-2", "is empty: delimiters unknown")
        distinct = list(dict.fromkeys(declared))
        if any(one.isalnum() or one.isspace() for one in (field, *distinct)):
            raise Unreadable("MSH-2", "declares a letter, a digit or a blank as a delimiter")
        given = dict(zip(_ROLES, distinct, strict=False))
        self.field = field
        self.component = given.get("component", _NO_DELIMITER)
        self.repetition = given.get("repetition", _NO_DELIMITER)
        self.escape = given.get("escape", _NO_DELIMITER)
        self.subcomponent = given.get("subcomponent", _NO_DELIMITER)
        self.within_field = (self.repetition, self.component, self.subcomponent)
        self._escaped = re.compile(f"{re.escape(self.escape)}([^{re.escape(self.escape)}]*){re.escape(self.escape)}")

    def unescaped(self, text: str) -> str:
        """The text with its escape sequences resolved. One that the standard does not know stays as it is."""
        return self._escaped.sub(self._meant, text) if self.escape in text else text

    def _meant(self, found: re.Match[str]) -> str:
        code = found[1]
        single = {"F": self.field, "S": self.component, "R": self.repetition, "E": self.escape, "T": self.subcomponent, "P": "#"}
        if code in single:
            return single[code]
        if code[:1] == "X" and len(code) % 2 == 1:
            try:
                return _text(bytes.fromhex(code[1:]))
            except ValueError:
                return found[0]
        if code[:3] in _LINE_BREAKS:
            return "\n"
        # Highlighting, indentation and switches of character set say how to print, not what.
        return "" if re.fullmatch(r"[HN]|\.(in|ti|sk|fi|nf).{0,4}|[CM][0-9A-Fa-f]{4,6}", code) else found[0]


_delimiters = lru_cache(maxsize=64)(Delimiters)


class Segment:
    """One segment. Fields are numbered as in the standard, so that `MSH` has its delimiters as 1 and 2.

    `line`: its line in the file, from 1; `text`: as it is written, `of` with these delimiters. Components and subcomponents, too,
    count from 1.
    """

    __slots__ = ("fields", "line", "name", "of", "text")

    def __init__(self, text: str, line: int, of: Delimiters):
        self.name, self.text, self.line, self.of = text[:3], text, line, of
        self.fields = text.split(of.field)

    def repetitions(self, number: int) -> list["Composite"]:
        """The repetitions of a field; none if it is empty."""
        raw = self.fields[number] if number < len(self.fields) else ""
        if not raw:
            return []
        of = self.of
        return [Composite(part, of) for part in raw.split(of.repetition)] if of.repetition in raw else [Composite(raw, of)]

    def first(self, number: int) -> "Composite":
        """The first repetition of a field; empty if there is none."""
        raw = self.fields[number] if number < len(self.fields) else ""
        of = self.of
        return Composite(raw.split(of.repetition, 1)[0] if of.repetition in raw else raw, of)

    def value(self, number: int) -> str | None:
        """The first component of the first repetition: None if it is empty, `DELETED` if it is deleted."""
        raw = self.fields[number] if number < len(self.fields) else ""
        if not raw or raw.isalnum():
            return raw or None
        for delimiter in self.of.within_field:
            if delimiter in raw:
                raw = raw[: raw.index(delimiter)]
        return _value(raw, self.of)

    def whole(self, number: int) -> str | None:
        """The field as one text, for types without components that do not repeat."""
        return _value(self.fields[number] if number < len(self.fields) else "", self.of)


class Composite:
    """One repetition of a field: components and their subcomponents. `raw` as it is written, `of` with these delimiters."""

    __slots__ = ("_components", "of", "raw")

    def __init__(self, raw: str, of: Delimiters):
        self.raw, self.of = raw, of
        self._components: list[str] | None = None

    @property
    def components(self) -> list[str]:
        """The components as they are written."""
        if self._components is None:
            self._components = self.raw.split(self.of.component)
        return self._components

    def value(self, component: int = 1, subcomponent: int = 1) -> str | None:
        """One value: None if it is empty, `DELETED` if it is deleted."""
        components = self._components or self.components
        if component > len(components):
            return None
        raw = components[component - 1]
        if not raw:
            return None
        if self.of.subcomponent in raw:
            parts = raw.split(self.of.subcomponent)
            raw = parts[subcomponent - 1] if subcomponent <= len(parts) else ""
        elif subcomponent > 1:
            return None
        return _value(raw, self.of)

    def whole(self) -> str | None:
        """The repetition as one text, for types without components (`ST`, `TX`, `FT`)."""
        return _value(self.raw, self.of)

    @property
    def is_deleted(self) -> bool:
        return self.raw == _NULL


class Message:
    """One message. `number`: its place among the messages of its file, from 1; `line`: of its MSH.

    `kind`, `event` and `structure` are the three parts of MSH-9, which says what a message is, whatever EVN-1 or a file's name
    say; where it leaves out the event, EVN-1 gives it. Raises `Unreadable` if it has no delimiters or no type, or is no text.
    """

    __slots__ = ("_named", "delimiters", "event", "kind", "line", "msh", "number", "segments", "structure")

    def __init__(self, frame: Frame, number: int):
        if frame.fault:
            raise Unreadable(None, frame.fault)
        self.number, self.line = number, frame.line
        text = _decoded(b"\r".join(segment for _, segment in frame.segments))
        lines = text.split("\r")
        if len(lines[0]) < 4:
            raise Unreadable("MSH-1", "is missing: delimiters unknown")
        field = lines[0][3]
        of = self.delimiters = _delimiters(field, lines[0].split(field, 2)[1])
        self.segments = [Segment(line, begun, of) for line, (begun, _) in zip(lines, frame.segments, strict=True)]
        self._named: dict[str, list[Segment]] = {}
        for segment in self.segments:
            self._named.setdefault(segment.name, []).append(segment)
        self.msh = self.segments[0]
        self.msh.fields.insert(1, field)
        kind = self.msh.first(9)
        self.kind, self.event, self.structure = kind.value(1), kind.value(2), kind.value(3)
        if not self.kind:
            raise Unreadable("MSH-9", "is missing")
        if not self.event and (evn := self.segment("EVN")):
            self.event = evn.value(1)

    def segment(self, name: str) -> Segment | None:
        """The first segment of a name."""
        found = self._named.get(name)
        return found[0] if found else None

    def each(self, *names: str) -> Sequence[Segment]:
        """The segments of these names, in their order."""
        return self._named.get(names[0], ()) if len(names) == 1 else [one for one in self.segments if one.name in names]


def _value(raw: str, of: Delimiters) -> str | None:
    if not raw:
        return None
    return DELETED if raw == _NULL else of.unescaped(raw)


def _decoded(content: bytes) -> str:
    """UTF-8, whatever MSH-18 says; otherwise Windows-1252, if no character is written as UTF-8 writes it (`encoding.py`)."""
    if b"\x00" in content:
        raise Unreadable(None, "holds a NUL byte")
    try:
        return content.decode()
    except UnicodeDecodeError:
        pass
    try:
        if not _WELL_FORMED.search(content.decode(errors="surrogateescape")):
            return content.decode("cp1252")
    except UnicodeDecodeError:
        pass
    raise Unreadable(None, "is neither UTF-8 nor Windows-1252")


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
