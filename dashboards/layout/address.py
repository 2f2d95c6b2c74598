"""Says where the page's address names what a page does not have: Streamlit leaves such a choice out without a word."""

from collections.abc import Callable, Iterable

import streamlit as st

from dashboards.figures.languages import _


def say_unknown(key: str, options: Iterable[str], words: Callable[[str], str] = str) -> None:
    """Call it before the widget of this `key`, which takes the choice out of the address; `words` is its `format_func`.

    The choice itself is not repeated: whoever made the link could put any words on the page.
    """
    named = st.query_params.get(key)
    if named is not None and not any(named in (option, words(option)) for option in options):
        st.info(
            _("What the address asks for with “{key}” is not known here, and changes nothing.", key=key),
            icon=":material/link_off:",
        )
