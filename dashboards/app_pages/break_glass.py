"""Opens one patient in an emergency, whatever the viewer's sites and role: for one reason, for an hour at most."""

from datetime import date
from functools import partial

import streamlit as st

from dashboards.access.break_glass import (
    Glass,
    GlassRefused,
    break_glass,
    end_glass,
    note_view,
    open_glass,
    settings,
)
from dashboards.access.roles import current_viewer
from dashboards.figures.languages import _, instant
from dashboards.layout.page import open_page
from dashboards.layout.typed import typed
from dashboards.outreach.patient_drawer import draw_opened
from dashboards.store.published import Publication, of_opened, patients_identified
from models.audit_log.break_glass import REASONS

WATCH_SECONDS = 5


def _ask_for_one(publication: Publication) -> None:
    """The form: who, why. Nobody is named here before the line about it is in the log."""
    limits = settings()
    st.markdown(
        _(
            "For a patient whom your role does not show, when care cannot wait. It opens **one** patient for {minutes} minutes, "
            "to read; {patients} within 24 hours at most. The administrator is told at once, and each view is recorded. Lists, "
            "queries and exports stay as they are.",
            minutes=f"{limits.minutes:.0f}",
            patients=limits.patients_a_day,
        )
    )
    with st.form("break_glass", border=True):
        first, second = st.columns(2)
        said = typed(_("Record number or family name"), 80, place=first, key="glass_said")
        born_on = second.date_input(
            _("Born on"), value=None, min_value=date(1890, 1, 1), max_value="today", format="YYYY-MM-DD", key="glass_born_on"
        )
        reason = st.selectbox(_("Why"), list(REASONS), index=None, format_func=lambda code: _(REASONS[code]), key="glass_reason")
        words = typed(_("In words, if there is more to say"), 200, key="glass_words")
        is_sure = st.checkbox(_("I need this patient's data for their care, and I know that it is recorded."), key="glass_sure")
        if not st.form_submit_button(_("Open the patient"), type="primary", icon=":material/lock_open:"):
            return
    if not (said.strip() and born_on and reason and is_sure):
        st.error(_("Give both identifiers and the reason, and tick that you need it."))
        return
    try:
        break_glass(current_viewer(), partial(patients_identified, publication, born_on, said.strip()), reason, words)
    except GlassRefused as refused:
        st.error(str(refused))
        return
    for name in ("glass_said", "glass_born_on", "glass_reason", "glass_words", "glass_sure"):
        st.session_state.pop(name, None)
    st.rerun()


def _show(publication: Publication, glass: Glass) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.warning(
            _(
                "Open until {at}: {reason}. Each view is recorded.",
                at=instant(glass.until, publication.time_zone),
                reason=_(REASONS[glass.reason]),
            ),
            icon=":material/e911_emergency:",
        )
        if st.button(_("End now"), icon=":material/lock:", key="glass_end"):
            end_glass(glass.viewer, "closed")
            st.rerun()
    _watch(glass.id)
    note_view(glass)
    draw_opened(of_opened(publication, glass.patient_key))


@st.fragment(run_every=WATCH_SECONDS)
def _watch(id: str) -> None:
    """Takes the patient off the screen when the time is up, whatever the viewer does."""
    glass = open_glass(current_viewer())
    if glass is None or glass.id != id:
        st.rerun(scope="app")
    st.caption(_("{n} minutes left.", n=f"{glass.minutes_left:.0f}"))


publication = open_page(_("Break-glass"), _("One patient, in an emergency."), is_exported=False)
if glass := open_glass(current_viewer()):
    _show(publication, glass)
else:
    _ask_for_one(publication)
