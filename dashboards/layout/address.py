"""Says where the page's address names what a page does not have: Streamlit leaves such a choice out without a word."""

from collections.abc import Callable, Iterable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.figures.languages import _, languages, said_in

SWITCH = ("true", "false")
"""What stands in an address for a switch."""
KNOWN = frozenset(
    {
        *("assignee", "beyond", "compare", "kind", "kpi", "language", "list", "measure", "model", "part", "patients"),
        *("payer", "period", "program", "provider", "reason", "rows", "scenario", "segment", "site", "split", "state", "table"),
        *("task", "view", "viewer_glass", "viewer_role", "viewer_sites"),
    }
)
"""What pages read from an address, and `language` and the viewer's choices, which hold for all."""
_STREAMLITS_OWN = frozenset({"embed", "embed_options"})


def say_unread() -> None:
    """Say that an address asks for what no page knows. Its words are not repeated: they may name a patient."""
    if not set(st.query_params) <= KNOWN | _STREAMLITS_OWN:
        st.info(_("The address asks for something that no page knows; it changes nothing."), icon=":material/link_off:")


def say_unknown(key: str, options: Iterable[str], words: Callable[[str], str] = str, place: DeltaGenerator | None = None) -> None:
    """Call it before the widget of this `key`, which takes the choice out of the address; `words` is its `format_func`, `place`
    where to say it if the widget is behind a fold.

    A link that was made in another language is read in the viewer's. The choice itself is not repeated: whoever made the link
    could put any words on the page.
    """
    named, options = st.query_params.get(key), list(options)
    if named is None or any(named == words(option) for option in options):
        return
    # Streamlit lets nobody set what a widget keeps in the address: before the session's first run none does.
    if key not in st.session_state and (option := _meant(named, options)) is not None:
        st.query_params[key] = words(option)
        st.rerun()
    (place or st).info(
        _("What the address asks for with “{key}” is not known here, and changes nothing.", key=key),
        icon=":material/link_off:",
    )


def _meant(named: str, options: list[str]) -> str | None:
    """The option of this code, or that is called so in one of the languages of the pages."""
    return next((one for one in options if named in (one, *(said_in(tongue, one) for tongue in languages()))), None)
