"""Numbers and days, written for people."""

from datetime import date

ABSENT = "–"


def amount(value: float | None, unit: str) -> str:
    """A value in its unit: `share` 0.1234 → 12.3 %, `usd` 1234.5 → $1,234, any other 41.234 → 41.2 days."""
    if value is None:
        return ABSENT
    match unit:
        case "share":
            return f"{value * 100:.1f} %"
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
