"""A list of patients as rows that fit a telephone: the name opens the patient, the number dials. Every part is reached by Tab.

Not a data grid: that is a canvas, which a screen reader cannot follow, and which scrolls sideways on a telephone.
"""

from collections.abc import Callable
from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboards.figures.languages import _, day, many, sentence
from dashboards.figures.wording import as_plain_markdown, first_upper, plain
from dashboards.outreach.reaching import link, tongue

AT_ONCE = 20
"""Rows drawn at once; a button adds as many: a day's work is 10 to 20 people."""
_SHOWN = "outreach_rows_shown"
LOOK = """
<style>
.st-key-outreach_rows [class*="st-key-row_"] { border-bottom: 1px solid rgba(128, 128, 128, 0.35); padding: 0.35rem 0; }
.st-key-outreach_rows [data-testid="stElementContainer"]:has(button) { width: 13rem !important; flex: none; }
.st-key-outreach_rows button, .st-key-outreach_rows button div { justify-content: flex-start; text-align: left; }
.st-key-outreach_rows button p { font-weight: 600; }
.st-key-outreach_rows [data-testid="stElementContainer"]:has([data-testid="stHtml"]) { flex: 1 1 16rem; min-width: 0; }
.care-row { display: grid; grid-template-columns: minmax(0, 1fr) minmax(9rem, 15rem); gap: 0 1rem; overflow-wrap: anywhere; }
.care-row p { margin: 0; line-height: 1.4; }
.care-row .care-more { font-size: 0.875rem; opacity: 0.85; }
.care-row .care-urgent { color: #B3261E; font-weight: 600; }
.care-row a { color: #0B5CAD; display: inline-block; min-height: 1.5rem; }
@media (prefers-color-scheme: dark) { .care-row .care-urgent { color: #FFB4AB; } .care-row a { color: #8EC5FF; } }
@media (max-width: 1100px) { .care-row { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 640px) {
  .care-row a { min-height: 44px; padding: 0.6rem 0; }
  .st-key-outreach_rows [data-testid="stElementContainer"]:has(button) { width: 100% !important; }
}
</style>
"""


def draw_rows(rows: pl.DataFrame, practice: str, choose: Callable[[int], None], *, reaches: bool = True) -> None:
    """Draw the rows of a worklist; `choose` is called with the key of the patient whose name was pressed.

    `reaches`: each row ends in the link by which to reach the patient.
    """
    n_shown = st.session_state.get(_SHOWN, AT_ONCE)
    st.html(LOOK)
    with st.container(key="outreach_rows", gap=None):
        for place, row in enumerate(rows.head(n_shown).iter_rows(named=True), start=1):
            with st.container(key=f"row_{place}", horizontal=True, vertical_alignment="top", gap="small"):
                st.button(
                    f"{place}. {as_plain_markdown(row['patient_name'])}",
                    key=f"open_{row['patient_key']}",
                    type="tertiary",
                    on_click=choose,
                    args=(row["patient_key"],),
                    wrap=True,
                )
                st.html(_row(row, _reach(row, practice) if reaches else ""))
    if (n_more := len(rows) - n_shown) > 0:
        st.button(many("Show {n} more", "Show {n} more", min(n_more, AT_ONCE)), key="show_more", on_click=_show_more)


def _show_more() -> None:
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, AT_ONCE) + AT_ONCE


def _row(row: dict[str, Any], reach: str) -> str:
    urgent = f'<span class="care-urgent">{escape(_("Urgent"))}</span> · ' if row.get("is_clinically_urgent") else ""
    beyond = "" if row.get("is_within_capacity", True) or urgent else f"{escape(_('Beyond capacity'))} · "
    why = f"<p>{urgent}{beyond}<strong>{escape(first_upper(sentence(row['why'])))}</strong></p>"
    action = f"<p>{escape(sentence(row['next_action']))}</p>" if row.get("next_action") else ""
    facts = [
        many("{n} year old", "{n} years old", row["age_years"]) if row["age_years"] is not None else None,
        tongue(row["language"], row["needs_interpreter"]) if "language" in row else None,
        row["location_name"],
        _("by {day}", day=day(row["due_on"])) if row.get("due_on") else None,
        _("in the CRM: {state}", state=_(row["in_crm"]).lower()) if row.get("in_crm") else None,
        _(plain(row["outcome"])) if row.get("outcome") else None,
        row.get("again"),
        row.get("contacted"),
        row.get("assigned_to"),
    ]
    more = " · ".join(escape(str(fact)) for fact in facts if fact)
    return f'<div class="care-row"><div>{why}{action}<p class="care-more">{more}</p></div><p class="care-reach">{reach}</p></div>'


def _reach(row: dict[str, Any], practice: str) -> str:
    channel = row.get("recommended_channel")
    return link(channel, row.get("contact_point"), practice, row["language"]) if channel else escape(_("No number that works"))
