"""Numbers and days, written for people."""

import re
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import phonenumbers
import polars as pl
from babel import Locale

ABSENT = "–"
DOMAIN_NAMES = {
    "access": "Access",
    "retention": "Retention",
    "engagement": "Engagement",
    "outreach": "Outreach",
    "care": "Care",
    "revenue_cycle": "Revenue cycle",
}

_SPELT = {"days_in_ar": "Days in A/R"}
DESIGN_NAMES = {
    "randomised": "Randomised hold-out",
    "staggered_did": "Staggered difference-in-differences",
    "synthetic_did": "Synthetic difference-in-differences",
    "interrupted_series": "Interrupted series",
    "before_after": "Before and after",
}


def amount(value: float | None, unit: str) -> str:
    """A value in its unit: `share` 0.1234 → 12.3 %, `usd` 1234.5 → $1,234, any other 41.234 → 41.2 days."""
    if value is None:
        return ABSENT
    match unit:
        case "share":
            return f"{value * 100:.1f} %".replace("-", "−")
        case "usd":
            return f"−${-value:,.0f}" if value < 0 else f"${value:,.0f}"
        case _:
            return f"{value:,.1f} {unit}"


def change(value: float | None, before: float | None, unit: str) -> str | None:
    """The change from one period to the next: percentage points for a share, else in the unit; None without a prior value.

    A fall begins with a hyphen: Streamlit takes the typographic minus for text, and draws the arrow of a rise.
    """
    if value is None or before is None:
        return None
    difference = value - before
    if unit == "share":
        return f"{difference * 100:+.1f} pts"
    sign = "+" if difference >= 0 else "-"
    return sign + amount(abs(difference), unit)


def month(day: date | None) -> str:
    """`2026-08-01` → Aug 2026."""
    return ABSENT if day is None else f"{day:%b %Y}"


def period(first_month: date | None, last_month: date | None) -> str:
    """`2026-07-01`, `2026-09-01` → Jul to Sep 2026; over a year's end both years are named."""
    if first_month is None or last_month is None:
        return ABSENT
    if first_month == last_month:
        return month(last_month)
    return f"{first_month:%b}{'' if first_month.year == last_month.year else f' {first_month:%Y}'} to {month(last_month)}"


def definition(catalog: dict) -> str:
    """What a KPI is, for a hover: formula, what is left out, when it matures, source. `catalog` is a row of `dim_kpis`."""
    parts = [
        catalog["formula"],
        f"Not counted: {catalog['exclusions']}" if catalog["exclusions"] else "",
        f"A month is mature {catalog['maturity_days']} days after its end." if "maturity_days" in catalog else "",
        f"Source: {catalog['source']}",
    ]
    return "\n\n".join(part for part in parts if part)


def plain(code: str) -> str:
    """A code for people: `recovered_slots` → Recovered slots."""
    return _SPELT.get(code) or code.replace("_", " ").replace(":", ": ").capitalize()


def effect(value: float | None, change_type: str, unit: str) -> str:
    """A change with its sign: `relative` 0.12 → +12.0 %, else in the unit: −2.0 pts, +5.0 days."""
    if value is None:
        return ABSENT
    said = f"{value * 100:+.1f} %" if change_type == "relative" else change(value, 0.0, unit) or ABSENT
    return said.replace("-", "−")


def counted(n: int, noun: str) -> str:
    """`3`, `row` → 3 rows; `1`, `row` → 1 row."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def day(on: date | None) -> str:
    """`2026-08-01` → 1 Aug 2026."""
    return ABSENT if on is None else f"{on:%-d %b %Y}"


def moment(at: datetime | None, time_zone: str) -> str:
    """An instant in the practice's zone: 1 Aug 2026, 03:30."""
    return ABSENT if at is None else f"{at.astimezone(ZoneInfo(time_zone)):%-d %b %Y, %H:%M}"


def days_in(text: str) -> str:
    """A sentence in which days stand as `2026-08-01`, with those days as 1 Aug 2026."""
    return re.sub(r"\b\d{4}-\d{2}-\d{2}\b", lambda found: _day_of(found[0]), text)


def _day_of(text: str) -> str:
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text


def telephone(number: str) -> str:
    """A telephone number as people write it, American where it names no country: `2025550147` → (202) 555-0147; else as it is."""
    try:
        parsed = phonenumbers.parse(number, "US")
    except phonenumbers.NumberParseException:
        return number
    is_home = parsed.country_code == 1
    style = phonenumbers.PhoneNumberFormat.NATIONAL if is_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style) if phonenumbers.is_possible_number(parsed) else number


def language(code: str | None) -> str:
    """A BCP 47 tag in words, after Unicode's CLDR: `es-MX` → Spanish; one that CLDR does not know, as it is."""
    return Locale("en").languages.get(code.partition("-")[0].lower(), code) if code else "not known"


def as_plain_markdown(text: str) -> str:
    """A text from outside as Markdown that shows it as it is: no link, no picture that would be fetched, no formatting."""
    return re.sub(r"([\\`*_{}\[\]<>#$!|~:])", r"\\\1", text)


def each(values: pl.Series, words: Callable[[object], str]) -> pl.Series:
    """What `words` makes of every value; null stays null.

    Never by `map_elements`: that runs Python in Polars' own threads, which wait there for Python's lock, while `st.dataframe`
    holds it and waits for these threads. With ten people at once, the server stood still for good.
    """
    said = {value: words(value) for value in set(values) if value is not None}
    return pl.Series(values.name, [said.get(value) for value in values], dtype=pl.String)
