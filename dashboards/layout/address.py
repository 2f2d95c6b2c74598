"""Says where the page's address names what a page does not have: Streamlit leaves such a choice out without a word."""

from collections.abc import Callable, Iterable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.figures.languages import _

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

    The choice itself is not repeated: whoever made the link could put any words on the page.
    """
    named = st.query_params.get(key)
    if named is not None and not any(named in (option, words(option)) for option in options):
        (place or st).info(
            _("What the address asks for with “{key}” is not known here, and changes nothing.", key=key),
            icon=":material/link_off:",
        )
