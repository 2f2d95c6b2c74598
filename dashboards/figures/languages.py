"""The words of care-team pages in the viewer's language, and those for a patient in the patient's.

Messages are gettext's: the English text is the key, `locale/<language>/LC_MESSAGES/caregap.po` has the others, read by Babel.
A further language is a further file. Sentences of the warehouse ("left hospital on {day}, no visit booked") are messages of the
context `warehouse`: their placeholders stand for what varies, and are said in turn.
"""

import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st
from babel import Locale
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from models.wording import ABSENT, signs_in
from models.wording import day as english_day
from models.wording import month as english_month
from models.wording import period as english_period

LOCALES = Path(__file__).with_name("locale")
ENGLISH = "en"
LANGUAGE_KEY = "language"
WAREHOUSE = "warehouse"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PART, _PARTS, _NUMBER = r"[^;]+?", r".+?", r"[\d.,]+"
_FORMS = {
    **dict.fromkeys(("day", "due"), _DAY.pattern),
    **dict.fromkeys(("n", "needed"), _NUMBER),
    **dict.fromkeys(("what", "one", "other", "findings", "titles", "action", "next"), _PARTS),
    "item": r"[^,;]+?",
}
"""What a placeholder of the warehouse's sentences stands for, by its name; any other for a text up to a semicolon."""


def languages() -> dict[str, str]:
    """The languages that the pages are written in, each by its own name: `es` → español."""
    found = sorted(path.parent.parent.name for path in LOCALES.glob("*/LC_MESSAGES/caregap.po"))
    return {code: Locale(code).get_display_name(code) or code for code in (ENGLISH, *found)}


def chosen_language() -> str:
    """The viewer's language: as chosen; English where none was offered."""
    chosen = st.session_state.get(LANGUAGE_KEY)
    return chosen if chosen in languages() else ENGLISH


def spoken(tag: str | None) -> str:
    """The primary language of a BCP 47 tag: `es-MX` → es."""
    return (tag or ENGLISH).partition("-")[0].lower()


def offer_languages() -> None:
    """Let the viewer choose in the sidebar, beginning with the browser's; it stands in the URL and holds for the session."""
    names = languages()
    wanted = spoken(st.context.locale)
    start = list(names).index(wanted) if wanted in names else 0
    st.sidebar.selectbox(
        "Language · idioma",
        list(names),
        index=start,
        format_func=lambda code: names[code].capitalize(),
        key=LANGUAGE_KEY,
        bind="query-params",
        persist_state="session",
    )


def _(message: str, /, **values: object) -> str:
    """The message in the viewer's language, with `values` for its placeholders."""
    return said_in(chosen_language(), message, **values)


def said_in(tongue: str, message: str, /, **values: object) -> str:
    """The message in a language, in English where that lacks it."""
    words = _messages(tongue).get(message, message)
    return words.format(**values) if values else words


def many(one: str, several: str, n: int) -> str:
    """`many("{n} patient", "{n} patients", 3)` → 3 patients, in the viewer's language."""
    return _(one if n == 1 else several, n=f"{n:,}")


def day(on: date | None) -> str:
    """A day as people of the viewer's language write it: 23 Apr 2026, 23 abr 2026."""
    return day_in(chosen_language(), on)


def day_in(language: str, on: date | None) -> str:
    """A day as people of a language write it; of an instant, its day."""
    if on is None:
        return ABSENT
    return english_day(on) if language == ENGLISH else str(format_date(on, "d MMM y", locale=language))


def instant(at: datetime | None, time_zone: str) -> str:
    """An instant by a clock, as people of the viewer's language write it: 13 Jan 2027, 08:45; 13 ene 2027, 08:45."""
    if at is None:
        return ABSENT
    local = at.astimezone(ZoneInfo(time_zone))
    return f"{day(local)}, {local:%H:%M}"


def day_form(*, has_time: bool = False) -> str:
    """How a grid writes days, or instants, in the viewer's language: its own names of months are English, so that others have
    figures, year first: 2026-10-31."""
    return ("D MMM YYYY" if chosen_language() == ENGLISH else "YYYY-MM-DD") + (", HH:mm" if has_time else "")


def month(on: date | None) -> str:
    """A month as people of the viewer's language write it: Aug 2026, ago 2026."""
    language = chosen_language()
    return english_month(on) if on is None or language == ENGLISH else str(format_date(on, "MMM y", locale=language))


def period(first_month: date | None, last_month: date | None) -> str:
    """Months from one to another: Jul to Sep 2026, jul a sept 2026; over a year's end both years are named."""
    language = chosen_language()
    if language == ENGLISH or first_month is None or last_month is None:
        return english_period(first_month, last_month)
    if first_month == last_month:
        return month(last_month)
    form = "MMM" if first_month.year == last_month.year else "MMM y"
    return f"{format_date(first_month, form, locale=language)} {_('to')} {month(last_month)}"


def between(amounts: str) -> str:
    """Amounts of `models/wording.py` with their words in the viewer's language: 33 of 318 → 33 de 318."""
    return re.sub(r"\b(?:up to|from|of|to|days)\b", lambda found: _(found[0]), amounts)


def chart_language(language: str) -> dict[str, Any]:
    """Plotly's settings for a chart's months and its button in a language; empty for English, which Plotly has."""
    if language == ENGLISH:
        return {}
    names = Locale(language)
    months, days = names.months["format"], names.days["format"]
    sunday_first = (6, 0, 1, 2, 3, 4, 5)
    form = {
        "months": [months["wide"][n] for n in range(1, 13)],
        "shortMonths": [months["abbreviated"][n] for n in range(1, 13)],
        "days": [days["wide"][n] for n in sunday_first],
        "shortDays": [days["abbreviated"][n] for n in sunday_first],
    }
    download = "Download plot as a PNG"
    return {"locale": language, "locales": {language: {"format": form, "dictionary": {download: said_in(language, download)}}}}


def sentence(text: str) -> str:
    """A sentence of the warehouse in the viewer's language, days and signs written out; as it stands where no message fits."""
    return signs_in(_sentence_in(chosen_language(), text))


@cache
def _sentence_in(language: str, text: str) -> str:
    for pattern, words in _patterns(language):
        if found := pattern.fullmatch(text):
            return words.format(**{name: _sentence_in(language, value) for name, value in found.groupdict().items()})
    return _DAY.sub(lambda found: day_in(language, _date(found[0])), text)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@cache
def catalog(language: str) -> Catalog:
    """The messages of a language other than English."""
    with (LOCALES / language / "LC_MESSAGES" / "caregap.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def _messages(language: str) -> dict[str, str]:
    if language == ENGLISH or language not in languages():
        return {}
    told = (message for message in catalog(language) if message.id and message.string and not message.fuzzy)
    return {str(message.id): str(message.string) for message in told if message.context != WAREHOUSE}


@cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Sentences of the warehouse as patterns, the longest first, since a short one may fit a part of it."""
    if language == ENGLISH:
        return []
    told = [message for message in catalog(language) if message.context == WAREHOUSE and message.string]
    ordered = sorted(told, key=lambda message: -len(str(message.id)))
    return [(_pattern(str(message.id)), str(message.string)) for message in ordered]


def _pattern(message: str) -> re.Pattern[str]:
    forms = re.sub(r"\\\{(\w+)\\\}", lambda name: f"(?P<{name[1]}>{_FORMS.get(name[1], _PART)})", re.escape(message))
    return re.compile(forms, re.DOTALL)
