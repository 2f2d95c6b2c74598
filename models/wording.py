"""Amounts, changes, days and counts as people read them: the one formatter of pages, reports and the command line.

A unit is one of `models.published.kpis.UNITS`. A share is written in percent and changes by percentage points. A fall has the
minus sign, U+2212. What is missing is a dash. What stands beside two values that it is the difference of, or beside a total that
it is a part of, is reckoned from these as they are written, so that a reader who does the sum finds the same.
"""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

ABSENT = "–"
MINUS = "−"
JOINER = "\u2060"
"""Keeps what stands beside it in one line, and is not seen."""
CLAIM_VERDICTS = {
    "within": "As claimed",
    "above": "More than claimed",
    "below": "Less than claimed",
    "perhaps_above": "As claimed, or more",
    "perhaps_below": "As claimed, or less",
    "opposite": "The other way",
    "chance": "Not told from chance",
    "described_only": "No cause shown",
    "no_effect_known": "No effect known",
    "out_of_reach": "Cannot be reached",
}
"""What is found of a vendor's claim (`fct_program_claims.verdict`), in words."""


def amount(value: float | None, unit: str) -> str:
    """A value in its unit: `share` 0.1234 → 12.3 % and 0.0001 → 0.01 %,
    `usd` −868.2 → −$868, `count` 1278 → 1,278, any other 41.234 → 41.2 days."""
    if value is None:
        return ABSENT
    shown = _rounded(value, unit)
    return f"{MINUS if shown < 0 else ''}{_in_unit(shown, unit)}"


def change(value: float | None, unit: str) -> str:
    """A change that stands alone, with its sign: `share` −0.02 → −2.0 pts, `usd` 16 → +$16; below the last digit ±0.0 pts.

    Beside the two values that it lies between it is a `difference`.
    """
    return ABSENT if value is None else _changed(_rounded(value, unit, is_change=True), unit)


def difference(value: float | None, other: float | None, unit: str) -> str:
    """How far `value` is from `other`, both as `amount` writes them: `usd` 135.4 from 137.6 → −$3, as $135 is beside $138."""
    if value is None or other is None:
        return ABSENT
    return _changed(_rounded(value, unit) - _rounded(other, unit), unit)


def parted(value: float, other: float, parts: Sequence[float], unit: str) -> list[str]:
    """The parts of how far `value` is from `other`, so written that they add up to what `difference` writes.

    Each is rounded down, and what is missing goes to those that lost most (Hamilton's method of largest remainders). Parts that
    do not add up to the difference but for rounding are written as they are.
    """
    whole = _rounded(value, unit) - _rounded(other, unit)
    digit = Decimal(1).scaleb(int(whole.as_tuple().exponent))
    exact = [Decimal(part) * (100 if unit == "share" else 1) for part in parts]
    # Rounding two values moves their difference by up to one digit of the usual ones.
    if abs(sum(exact) - whole) > (Decimal("1.1") if unit in ("usd", "count") else Decimal("0.11")):
        return [change(part, unit) for part in parts]
    down = [(part // digit - (part % digit < 0)) * digit for part in exact]
    missing = int((whole - sum(down)) / digit)
    by_loss = sorted(range(len(exact)), key=lambda place: down[place] - exact[place], reverse=missing < 0)
    for turn in range(abs(missing)):
        down[by_loss[turn % len(by_loss)]] += digit if missing > 0 else -digit
    return [_changed(part, unit) for part in down]


def effect(value: float | None, change_type: str, unit: str) -> str:
    """A change as a claim gives it: `relative` −0.3 → −30.0 % of the value before; `absolute` in the unit, as `change` does."""
    if value is None or change_type == "absolute":
        return change(value, unit)
    shown = _rounded(value, "share", is_change=True)
    return f"{_sign(shown)}{_in_unit(shown, 'share')}"


def estimated(
    value: float | None, low: float | None, high: float | None, change_type: str, unit: str, base: float | None = None
) -> str:
    """An effect with what it is a share of and its interval: −30.0 % of 16.0 % (−52.0 % to −3.0 %); where the interval is not
    known, it says so."""
    if value is None:
        return ABSENT
    said = effect(value, change_type, unit) + ("" if base is None else f" of {amount(base, unit)}")
    if low is None or high is None:
        return f"{said} (interval not known)"
    return f"{said} ({effect(low, change_type, unit)} to {effect(high, change_type, unit)})"


def span(low: float | None, high: float | None, unit: str) -> str:
    """From one value to another: an interval or a benchmark. 5.0 % to 7.0 %; where one end is open, from 5.0 % or up to 7.0 %."""
    if low is None and high is None:
        return ABSENT
    if high is None:
        return f"from {amount(low, unit)}"
    return f"up to {amount(high, unit)}" if low is None else f"{amount(low, unit)} to {amount(high, unit)}"


def cases(numerator: float | None, denominator: float | None, scoring: str, unit: str, n_records: float | None = None) -> str:
    """What a KPI's value rests on, by its `scoring`: `proportion` 33 of 318; `continuous_variable` n = 318; a share of amounts
    $80 of $100; any other ratio the records that it adds up, n = 9, and nothing where their number is not known.
    """
    if not denominator:
        return ""
    match scoring:
        case "proportion":
            return f"{numerator:,.0f} of {denominator:,.0f}"
        case "continuous_variable":
            return f"n = {denominator:,.0f}"
        case _:
            known = "" if n_records is None else f"n = {n_records:,.0f}"
            return f"{amount(numerator, 'usd')} of {amount(denominator, 'usd')}" if unit == "share" else known


_SPELT = {
    "no_show": "no-show",
    "late_cancellation_": "late-cancellation ",
    "care_gap_": "care-gap ",
    "copd": "COPD",
    "days_in_ar": "days in A/R",
    "staggered_did": "staggered difference-in-differences",
    "synthetic_did": "synthetic difference-in-differences",
    "usd_per": "dollars per",
    "visit_within_90_days": "visits within 90 days of joining a campaign",
}
_CODES = re.compile("|".join(sorted(_SPELT, key=len, reverse=True)))


def named(code: str) -> str:
    """A code in words, inside a sentence: `no_show_rate` → no-show rate, `effect:days_in_ar` → effect on days in A/R."""
    spelt = _CODES.sub(lambda found: _SPELT[found[0]], code.replace("effect:", "effect on ").replace(":", ": "))
    return spelt.replace("_", " ")


def spelt_out(text: str) -> str:
    """A sentence in which codes stand, with these in words: spline_logistic is used → spline logistic is used."""
    return re.sub(r"`?\b[a-z0-9]+(?:_[a-z0-9]+)+\b`?", lambda found: named(found[0].strip("`")), text)


def unbroken(text: str) -> str:
    """A text in which no line ends within an amount: not between a minus and its dollar sign, which may have a backslash before
    it, nor between a number and its percent sign."""
    return re.sub(rf"{MINUS}(?=\\?\$)", MINUS + JOINER, re.sub(r"(?<=\d) (?=%)", "\u00a0", text))


def signs_in(text: str) -> str:
    """A sentence in which numbers may have a hyphen for a minus, with the sign: from -0.5 to 2 → from −0.5 to 2."""
    return re.sub(r"(?<![\w\-–])-(?=\$?\d)", MINUS, text)


def titled(code: str) -> str:
    """A code in words, for the beginning of a line: `recovered_slots` → Recovered slots."""
    words = named(code)
    return words[:1].upper() + words[1:]


def counted(n: int, noun: str) -> str:
    """`3`, `row` → 3 rows; `1`, `row` → 1 row."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def day(on: date | None) -> str:
    """`2026-08-01` → 1 Aug 2026."""
    return ABSENT if on is None else f"{on.day} {on:%b %Y}"


def month(on: date | None) -> str:
    """`2026-08-01` → Aug 2026."""
    return ABSENT if on is None else f"{on:%b %Y}"


def period(first_month: date | None, last_month: date | None) -> str:
    """`2026-07-01`, `2026-09-01` → Jul to Sep 2026; over a year's end both years are named."""
    if first_month is None or last_month is None:
        return ABSENT
    if first_month == last_month:
        return month(last_month)
    return f"{first_month:%b}{'' if first_month.year == last_month.year else f' {first_month:%Y}'} to {month(last_month)}"


def projected_years(observed_months: int) -> str:
    """Which years of a program lie beyond its data: 23 → Year 2 is projected in part, later years wholly. 24 → From year 3 on
    years are projected."""
    year, seen = observed_months // 12 + 1, observed_months % 12
    return f"Year {year} is projected in part, later years wholly." if seen else f"From year {year} on years are projected."


def instant(at: datetime | None, time_zone: str) -> str:
    """An instant in the practice's time zone: 1 Aug 2026, 03:30."""
    if at is None:
        return ABSENT
    local = at.astimezone(ZoneInfo(time_zone))
    return f"{day(local)}, {local:%H:%M}"


def days_in(text: str) -> str:
    """A sentence in which days stand as `2026-08-01`, with those days as 1 Aug 2026."""
    return re.sub(r"\b\d{4}-\d{2}-\d{2}\b", lambda found: _day_of(found[0]), text)


def _day_of(text: str) -> str:
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text


def _rounded(value: float, unit: str, *, is_change: bool = False) -> Decimal:
    """The number that is written, without its unit: a share in percent with one digit, dollars and counts whole, others with one
    digit. A share, not a change, that would be 0.0 has the digits that it needs, up to four: 15 of 118,151 → 0.01."""
    number, digits = (value * 100, 1) if unit == "share" else (value, 0 if unit in ("usd", "count") else 1)
    shown = Decimal(f"{number:.{digits}f}")
    if unit == "share" and value > 0 and not shown and not is_change:
        shown = Decimal(f"{number:.{min(4, -math.floor(math.log10(number)))}f}")
    return shown


def _in_unit(shown: Decimal, unit: str, share: str = "%") -> str:
    """The size of a number as `_rounded` gives it, with its unit; that of a share is `share`."""
    match unit:
        case "share":
            return f"{abs(shown):,f} {share}"
        case "usd":
            return f"${abs(shown):,f}"
        case "count":
            return f"{abs(shown):,f}"
        case _:
            return f"{abs(shown):,f} {unit}"


def _changed(shown: Decimal, unit: str) -> str:
    return f"{_sign(shown)}{_in_unit(shown, unit, 'pts')}"


def _sign(shown: Decimal) -> str:
    return "±" if not shown else "+" if shown > 0 else MINUS
