"""Dates and times of HL7 v2 (`DT`, `DTM`, `TS`) as FHIR writes them (HL7 v2.5.1, chapter 2, section 2.A.22 and MSH-7)."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_DTM = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\.\d+)?([+-]\d{4})?")


class Clock:
    """Reads the times of one message.

    `offset`: that of MSH-7, such as `-0500`, which counts for every time of the message that has none of its own; without it,
    such times are local to `zone`, the practice's time zone: the later of an hour that occurs twice.
    """

    __slots__ = ("offset", "zone")

    def __init__(self, zone: ZoneInfo, offset: str | None = None):
        self.zone, self.offset = zone, offset

    @classmethod
    def of_message(cls, zone: ZoneInfo, sent: str | None) -> "Clock":
        """The clock of a message whose MSH-7 is `sent`."""
        found = _DTM.fullmatch(sent or "")
        return cls(zone, found[8] if found else None)

    def date_time(self, text: str | None) -> str | None:
        """A FHIR dateTime as precise as the text; the text itself where it is no date, so that it is counted as unreadable."""
        return _date_time(text, self.offset, self.zone) if text else text

    def date(self, text: str | None) -> str | None:
        """A FHIR date: the day of a time as the sender wrote it, in no time zone, as a day of birth is meant."""
        found = _DTM.fullmatch(text) if text else None
        return "-".join(part for part in found.groups()[:3] if part) if found else text

    def moment(self, text: str | None) -> datetime | None:
        """The instant of a text; of a day without a time, its beginning. None where it is neither."""
        return instant(self.date_time(f"{text}000000" if text and len(text) == 8 else text))


@lru_cache(maxsize=20_000)
def _date_time(text: str, offset: str | None, zone: ZoneInfo) -> str:
    found = _DTM.fullmatch(text)
    if not found:
        return text
    year, month, day, hour, minute, second, fraction, own = found.groups()
    if not hour:
        return "-".join(part for part in (year, month, day) if part)
    day_and_time = f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}"
    at = own or offset or _offset_at(day_and_time, zone)
    return f"{day_and_time}{(fraction or '')[:7]}{at[:3]}:{at[3:]}" if at else text


def _offset_at(local: str, zone: ZoneInfo) -> str | None:
    try:
        return datetime.fromisoformat(local).replace(tzinfo=zone, fold=1).strftime("%z")[:5]
    except ValueError:
        return None


@lru_cache(maxsize=20_000)
def instant(date_time: str | None) -> datetime | None:
    """The instant of a FHIR dateTime; None where it has no time of day or cannot be one."""
    try:
        found = datetime.fromisoformat(date_time) if date_time and len(date_time) > 18 else None
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        return None
