"""Text that a viewer types, up to a length.

Streamlit's own `max_chars` is not used: its part in the browser drops a longer text that a script sets, or somebody pastes,
without a word.
"""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.figures.languages import _


def typed(label: str, longest: int, *, place: DeltaGenerator | None = None, is_area: bool = False, **settings: Any) -> str:
    """Draw the field (`is_area`: of several lines) and return its text. One of more than `longest` characters is refused below
    the field, and is as if nothing had been typed."""
    shown = place or st
    text = (shown.text_area if is_area else shown.text_input)(label, **settings) or ""
    if len(text) <= longest:
        return text
    shown.error(_("At most {n} characters fit here, and this has {m}. Shorten it.", n=f"{longest:,}", m=f"{len(text):,}"))
    return ""
