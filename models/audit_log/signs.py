"""Signs of intrusion in the audit log: what a person did too often, or took too much of, and breaks of the log itself.

NIST SP 800-66r2, 5.1.1 (45 CFR 164.308(a)(1)(ii)(D)) asks for a regular review of records of activity; this is what it looks
for. A sign counts lines and names who did it, never a patient, and nothing that a line says of its object. Whatever stands in a
damaged or forged line is passed over, since `chain.py` speaks of it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from models.audit_log.break_glass import REASONS, REFUSALS, REFUSED, openings
from models.audit_log.chain import Verdict
from models.settings.alerts import AlertLimits
from models.wording import counted

KINDS = {
    "refused_sign_ins": "No person and no address is refused at sign-in again and again.",
    "refused_queries": "Nobody asks again and again for what queries may not read or do.",
    "unusual_exports": "Nobody exports far more rows in a day than they usually do.",
    "unusual_viewing": "Nobody opens the profiles of far more patients in a day than they usually do.",
    "break_glass": "Nobody opens a patient by break-glass, or asks for more of it than a day allows.",
    "use_outside_hours": "The dashboards are used within the working hours, where those are set.",
    "broken_log": "The audit log is whole, and has what its second copy has.",
}
"""What holds as long as there is no sign of this kind."""

FORBIDDEN = "forbidden"
"""Ends the subject of a `query_refused` that asked for what no query may do. The others are mistakes, or took too long."""
OPERATOR = "operator"
"""The role of the command line, which runs at night."""
USUAL_DAYS, FEWEST_DAYS = 90, 5
"""What is usual is the median of a person's days with any of it within `USUAL_DAYS` before; of fewer days nothing is usual."""


@dataclass(frozen=True)
class Sign:
    """`n` of something within a span that ended on the day `on` (UTC), more than `limit`; `who`: an id, an address, or nobody.

    `at` and `why`: of what is told each time, however often on a day: the time (UTC), and one of `REASONS` or `REFUSALS`; `of`:
    the id of the opening.
    """

    kind: str
    on: date
    who: str
    n: int
    limit: int
    at: str = ""
    why: str = ""
    of: str = ""

    @property
    def id(self) -> str:
        """The same for the same person and day, or opening, however often it is found."""
        return " ".join(filter(None, (self.kind, f"{self.on}", self.at, self.of, self.who)))

    @property
    def text(self) -> str:
        """The sign in words."""
        who = "".join(letter if letter.isprintable() else "?" for letter in self.who[:100]) or "Somebody"
        n, limit = self.n, f"limit {self.limit:,}"
        match self.kind:
            case "refused_sign_ins":
                said = f"{who} was refused at sign-in {n} times in short order ({limit})"
            case "refused_queries":
                said = f"{who} asked {n} times in short order for what queries may not do ({limit})"
            case "unusual_exports":
                said = f"{who} exported {counted(n, 'row')} in a day ({limit})"
            case "unusual_viewing":
                said = f"{who} opened {counted(n, 'patient')} in a day ({limit})"
            case "break_glass" if self.why in REFUSALS:
                said = f"{who} was refused break-glass at {self.at}: {REFUSALS[self.why]}"
            case "break_glass":
                said = f"{who} opened a patient by break-glass at {self.at}: {REASONS[self.why]}"
            case "use_outside_hours":
                said = f"{who} used the dashboards {n} times outside working hours"
            case _:
                said = f"The audit log was broken in {counted(n, 'place')}"
        return f"{self.on}: {said}."


@dataclass(frozen=True)
class _Line:
    at: datetime
    who: str
    role: str
    event: str
    subject: str
    address: str
    n_rows: int


def signs(
    entries: Iterable[Mapping[str, Any]], verdict: Verdict, limits: AlertLimits, now: datetime, n_lost: int = 0
) -> tuple[Sign, ...]:
    """The signs of the last `shown_days`, newest first.

    `entries` are the log's lines, oldest first, `verdict` what its chain says, `n_lost` the lines that only its second copy has.
    """
    first = (now - timedelta(days=limits.shown_days)).date()
    oldest, newest = first - timedelta(days=USUAL_DAYS), (now + timedelta(days=1)).date()
    entries = list(entries)
    lines = [line for line in map(_line, entries) if line and oldest <= line.at.date() <= newest]
    found = [
        *_refused_sign_ins(lines, limits),
        *_often(
            "refused_queries",
            (line for line in lines if line.event == "query_refused" and line.subject.endswith(f" {FORBIDDEN}")),
            lambda line: line.who,
            limits.refused_queries,
            limits,
        ),
        *_unusual("unusual_exports", _daily(lines, _exported), limits.exported_rows, limits),
        *_unusual("unusual_viewing", _opened(lines), limits.opened_patients, limits),
        *_break_glass(entries, lines),
        *_outside_hours(lines, limits),
        *_broken(verdict, n_lost, now),
    ]
    return tuple(sorted((sign for sign in found if sign.on >= first), key=lambda sign: (sign.on, sign.id), reverse=True))


def _line(entry: Mapping[str, Any]) -> _Line | None:
    """The line, as far as signs need it; None where it has no time, as a damaged one."""
    try:
        at = datetime.fromisoformat(str(entry.get("at"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    who, role, event, subject, address = (str(entry.get(name) or "") for name in ("who", "role", "event", "subject", "address"))
    n_rows = entry.get("n_rows")
    return _Line(at, who, role, event, subject, address, n_rows if isinstance(n_rows, int) else 0)


def _refused_sign_ins(lines: list[_Line], limits: AlertLimits) -> Iterator[Sign]:
    """By person, and by address where several persons were refused from it: one person alone is told of once."""
    refused = [line for line in lines if line.event == "refused"]
    persons: dict[str, set[str]] = defaultdict(set)
    for line in refused:
        persons[line.address].add(line.who)
    from_shared = [line for line in refused if line.address and len(persons[line.address]) > 1]
    limit = limits.refused_sign_ins
    yield from _often("refused_sign_ins", refused, lambda line: line.who, limit, limits)
    yield from _often("refused_sign_ins", from_shared, lambda line: line.address, limit, limits)


def _often(kind: str, lines: Iterable[_Line], who: Callable[[_Line], str], limit: int, limits: AlertLimits) -> Iterator[Sign]:
    """More than `limit` lines of one `who` within the minutes: a sign a day, with the most that there were."""
    span = timedelta(minutes=limits.within_minutes)
    times: dict[str, list[datetime]] = defaultdict(list)
    for line in lines:
        times[who(line)].append(line.at)
    for one, at in times.items():
        at.sort()
        most: dict[date, int] = defaultdict(int)
        start = 0
        for end, newest in enumerate(at):
            while newest - at[start] > span:
                start += 1
            most[newest.date()] = max(most[newest.date()], end - start + 1)
        yield from (Sign(kind, day, one, n, limit) for day, n in most.items() if n > limit)


def _exported(line: _Line) -> int:
    return line.n_rows if line.event == "exported" else 0


def _daily(lines: Iterable[_Line], n: Callable[[_Line], int]) -> dict[str, dict[date, int]]:
    """The sum of `n` by person and day, without the days that have none."""
    sums: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        if (of_line := n(line)) > 0:
            sums[line.who][line.at.date()] += of_line
    return sums


def _opened(lines: Iterable[_Line]) -> dict[str, dict[date, int]]:
    """The number of different patients whose profiles a person opened, by person and day."""
    seen: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for line in lines:
        if line.event == "patient_viewed" and (key := line.subject.partition(" ")[0]).lstrip("-").isdigit():
            seen[line.who][line.at.date()].add(key)
    return {who: {day: len(keys) for day, keys in days.items()} for who, days in seen.items()}


def _unusual(kind: str, daily: dict[str, dict[date, int]], limit: int, limits: AlertLimits) -> Iterator[Sign]:
    """Days on which a person had more than the limit, and more than `times_usual` what is usual for them."""
    for who, days in daily.items():
        for day, n in days.items():
            if n <= limit:
                continue
            before = [n_then for then, n_then in days.items() if timedelta(0) < day - then <= timedelta(days=USUAL_DAYS)]
            usual = median(before) if len(before) >= FEWEST_DAYS else 0
            own = max(limit, int(usual * limits.times_usual))
            if n > own:
                yield Sign(kind, day, who, n, own)


def _break_glass(entries: Iterable[Mapping[str, Any]], lines: list[_Line]) -> Iterator[Sign]:
    """Every opening, and every refusal for want of a right to more; who mistypes an identifier is refused, and is no sign."""
    for one in openings(entries):
        yield Sign("break_glass", one.at.date(), one.who, 1, 0, f"{one.at:%H:%M:%S}", one.reason, one.id)
    for line in lines:
        if line.event == REFUSED and line.subject == "limit":
            yield Sign("break_glass", line.at.date(), line.who, 1, 0, f"{line.at:%H:%M:%S}", line.subject)


def _outside_hours(lines: Iterable[_Line], limits: AlertLimits) -> Iterator[Sign]:
    """Lines of the dashboards outside the working hours, which may go past midnight; being logged off is nobody's use."""
    if not limits.working_hours:
        return
    begin, end = limits.working_hours.split("-")
    zone = ZoneInfo(limits.time_zone)

    def is_outside(line: _Line) -> bool:
        clock = f"{line.at.astimezone(zone):%H:%M}"
        return not (begin <= clock < end if begin <= end else clock >= begin or clock < end)

    used = [line for line in lines if line.who and line.role not in ("", OPERATOR) and line.event != "logged_off"]
    for who, days in _daily(used, lambda line: int(is_outside(line))).items():
        yield from (Sign("use_outside_hours", day, who, n, 0) for day, n in days.items())


def _broken(verdict: Verdict, n_lost: int, now: datetime) -> Iterator[Sign]:
    """Recorded breaks on the day on which they were found; what nobody has recorded is found today, every day."""
    recorded: dict[date, int] = defaultdict(int)
    for one in verdict.breaks:
        if line := _line({"at": one.at}):
            recorded[line.at.date()] += 1
    if n_new := len(verdict.problems) + (n_lost > 0):
        recorded[now.astimezone(UTC).date()] += n_new
    yield from (Sign("broken_log", day, "", n, 0) for day, n in recorded.items())
