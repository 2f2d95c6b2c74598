"""Codes, definitions and texts from outside, as pages show them. Amounts, days and counts: `models/wording.py`."""

import re
from collections.abc import Callable
from typing import Any

import phonenumbers
import polars as pl
from babel import Locale

from dashboards.figures.languages import _, sentence
from models.wording import JOINER, titled, unbroken

DOMAIN_NAMES = {
    "access": "Access",
    "retention": "Retention",
    "engagement": "Engagement",
    "outreach": "Outreach",
    "care": "Care",
    "revenue_cycle": "Revenue cycle",
}

RECORD_NAMES = {"ehr_patient": "chart", "crm_contact": "contact", "billing_account": "account"}
"""What each source calls its record of a person."""

DESIGN_NAMES = {
    "randomised": "Randomised hold-out",
    "staggered_did": "Staggered difference-in-differences",
    "synthetic_did": "Synthetic difference-in-differences",
    "interrupted_series": "Interrupted series",
    "before_after": "Before and after",
}


def definition(catalog: dict[str, Any]) -> str:
    """A KPI's definition for a hover text: formula, what is left out, maturity, source. `catalog` is a row of `dim_kpis`."""
    parts = [
        sentence(_(catalog["formula"])),
        f"{_('In detail')}: {_(catalog['exclusions'])}" if catalog["exclusions"] else "",
        _("A month is mature {n} days after its end.", n=catalog["maturity_days"]) if "maturity_days" in catalog else "",
        f"{_('Source')}: {_(catalog['source'])}",
        _(catalog["departs"]) if catalog["departs"] else "",
    ]
    return "\n\n".join(part for part in parts if part)


def plain(code: str) -> str:
    """A code for people: `recovered_slots` → Recovered slots."""
    return titled(code)


def first_upper(text: str) -> str:
    """The text with a capital at its beginning, and nothing else changed."""
    return text[:1].upper() + text[1:]


def telephone(number: str) -> str:
    """A telephone number as people write it, American where it names no country: `2025550147` → (202) 555-0147; else as it is."""
    try:
        parsed = phonenumbers.parse(number, "US")
    except phonenumbers.NumberParseException:
        return number
    is_home = parsed.country_code == 1
    style = phonenumbers.PhoneNumberFormat.NATIONAL if is_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style) if phonenumbers.is_possible_number(parsed) else number


def language(code: str | None, among: str = "en") -> str:
    """A BCP 47 tag in words of the language `among`, after Unicode's CLDR: `es-MX` → Spanish; an unknown one as it is."""
    return Locale(among).languages.get(code.partition("-")[0].lower(), code) if code else "not known"


def as_plain_markdown(text: str) -> str:
    """A text from outside as Markdown that shows it as it is: no link, no picture that would be fetched, no formatting.

    An address or an e-mail address becomes a link without any mark of Markdown; a word joiner, which nobody sees, breaks it.
    """
    joined = re.sub(r"(?i)(https?(?=:)|www(?=\.)|(?:mailto|xmpp)(?=:)|@)", rf"\1{JOINER}", text)
    return re.sub(r"([\\`*_{}\[\]<>#$!|~:&])", r"\\\1", joined)


def as_read(markdown: str) -> str:
    """Markdown in which names stand by `as_plain_markdown`, as its reader sees these: for a file that is no Markdown."""
    return re.sub(r"\\([\\`*_{}\[\]<>#$!|~:&])", r"\1", markdown).replace(JOINER, "").replace("\u00a0", " ")


def dollars(markdown: str) -> str:
    r"""Markdown in which a dollar sign is one; Streamlit takes what stands between two of them for a formula: $1 → \$1.

    No line ends within an amount.
    """
    return re.sub(r"(?<!\\)\$", r"\$", unbroken(markdown))


def each(values: pl.Series, words: Callable[[Any], str]) -> pl.Series:
    """What `words` makes of every value; null stays null.

    Never by `map_elements`: that runs Python in Polars' own threads, which wait there for Python's lock, while `st.dataframe`
    holds it and waits for these threads. With ten people at once, the server stood still for good.
    """
    said = {value: words(value) for value in set(values) if value is not None}
    return pl.Series(values.name, [said.get(value) for value in values], dtype=pl.String)
