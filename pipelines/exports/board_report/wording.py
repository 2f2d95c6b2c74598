"""Amounts, changes and days, as the report writes them."""

from datetime import date

ABSENT = "–"


def amount(value: float | None, unit: str) -> str:
    """`share` 0.1234 → 12.3 %, `usd` 1234.5 → $1,234, any other 41.234 → 41.2 days."""
    if value is None:
        return ABSENT
    sign = "−" if value < 0 else ""
    match unit:
        case "share":
            return f"{sign}{abs(value) * 100:.1f} %"
        case "usd":
            return f"{sign}${abs(value):,.0f}"
        case _:
            return f"{sign}{abs(value):,.1f} {unit}"


def change(value: float | None, unit: str) -> str:
    """A difference with its sign: percentage points for a share, else in the unit."""
    if value is None:
        return ABSENT
    written = f"{abs(value) * 100:.1f} pts" if unit == "share" else amount(abs(value), unit)
    if not any(digit in written for digit in "123456789"):
        return f"±{written}"  # less than the last digit shown: neither a rise nor a fall
    return ("+" if value >= 0 else "−") + written


def claimed(low: float, high: float, change_type: str, unit: str) -> str:
    """The range of a claim: −50 to −30 % of the value before, or +10 to +20 points."""
    scale, name = (100, "%") if change_type == "relative" else (1, unit)
    first, last = (f"{'+' if edge >= 0 else '−'}{abs(edge) * scale:g}" for edge in (low, high))
    return f"{first} to {last} {name}"


def seen(value: float | None, change_type: str, unit: str) -> str:
    """What a claim is held against: −38 % of the value before, or a change in the KPI's unit."""
    if value is None or change_type == "absolute":
        return change(value, unit)
    return f"{'+' if value >= 0 else '−'}{abs(value) * 100:.0f} %"


def day(value: date | None) -> str:
    return ABSENT if value is None else f"{value:%-d %B %Y}"


def month(value: date | None) -> str:
    return ABSENT if value is None else f"{value:%b %Y}"
