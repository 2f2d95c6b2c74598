"""How to reach a patient: the link that dials, writes or texts, and the words of a message in the patient's language."""

import re
from html import escape
from urllib.parse import quote

from dashboards.figures.languages import _, chosen_language, languages, said_in, spoken
from dashboards.figures.wording import language as language_name
from dashboards.figures.wording import telephone

CHANNEL_NAMES = {"phone": "Call", "sms": "Text message", "email": "E-mail", "portal": "Portal", "mail": "Letter"}
INVITATION = (
    "Hello, this is {practice}. We would like to see you for a visit. Please call us or answer this message, and we will find "
    "a time that suits you. If you do not want such messages, tell us and we will stop."
)
"""What may be written to a patient: who writes and what is asked, and nothing about health, for others may read it."""
SUBJECT = "A message from {practice}"


def invitation(practice: str, language: str | None) -> tuple[str, str]:
    """Subject and text of a message in the patient's language, in English where the pages do not have it."""
    tongue = spoken(language)
    known = tongue if tongue in languages() else "en"
    return said_in(known, SUBJECT, practice=practice), said_in(known, INVITATION, practice=practice)


def address(channel: str | None, contact_point: str | None, practice: str, language: str | None) -> str | None:
    """The link that starts the contact: `tel:`, `sms:`, `mailto:` with the message written; None where there is none."""
    subject, text = invitation(practice, language)
    match channel:
        case "phone" if contact_point:
            return f"tel:{_dialled(contact_point)}"
        case "sms" if contact_point:
            return f"sms:{_dialled(contact_point)}?body={quote(text)}"
        case "email" if contact_point and re.fullmatch(r"[^@\s?&]+@[^@\s?&]+", contact_point):
            return f"mailto:{quote(contact_point, safe='@')}?subject={quote(subject)}&body={quote(text)}"
    return None


def shown_point(channel: str | None, contact_point: str | None) -> str:
    """The number or address as people read it; of the portal and a letter nothing but the channel."""
    if channel in ("portal", None) or not contact_point:
        return ""
    return telephone(contact_point) if channel in ("phone", "sms") else contact_point


def link(channel: str | None, contact_point: str | None, practice: str, language: str | None) -> str:
    """The channel with its number or address as HTML, a link where it can be dialled or written."""
    words = escape(" ".join(filter(None, (_(CHANNEL_NAMES.get(channel or "", "")), shown_point(channel, contact_point)))))
    found = address(channel, contact_point, practice, language)
    return f'<a href="{escape(found)}">{words}</a>' if found else f"<span>{words}</span>"


def tongue(language: str | None, needs_interpreter: bool) -> str:
    """The patient's language in words, with the interpreter that it takes; empty where it is English and none is needed."""
    if spoken(language) == "en" and not needs_interpreter:
        return ""
    name = language_name(language, chosen_language())
    return _("{language}, interpreter needed", language=name) if needs_interpreter else name


def _dialled(number: str) -> str:
    return re.sub(r"[^\d+*#,;]", "", number)
