"""Patients to contact today, why and how, and the outcomes."""

from typing import Any

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.access.audit_log import record
from dashboards.access.roles import BREAK_GLASS, current_viewer
from dashboards.figures.wording import each, plain, telephone
from dashboards.layout.exports import CSV, XLSX, offer
from dashboards.layout.page import empty, open_page
from dashboards.outreach.patient_drawer import CHANNEL_NAMES, close_drawer, draw_open, open_drawer
from dashboards.outreach.worklist import LEFT_OUT, LIST_REASONS, found, left_out, patient_of, worklist
from dashboards.store.published import Publication
from models.wording import ABSENT, counted

EVERY = "All"
GRID = "outreach_grid"
MOST_AT_ONCE = 18
"""Rows of a list drawn whole; a longer list scrolls."""
REACHED = {"scheduled", "reached", "declined", "opted_out", "done_elsewhere", "moved"}


def _choice(column: DeltaGenerator, label: str, options: list[str], key: str) -> str | None:
    """The chosen option, kept in the URL; None: all."""
    chosen = column.selectbox(label, [EVERY, *options], key=key, bind="query-params")
    return None if chosen == EVERY else chosen


def _filtered(rows: pl.DataFrame, *, is_list: bool) -> pl.DataFrame:
    """The rows that match the filters."""
    site, assignee, why, search = st.columns([2, 2, 2, 3])
    sites = rows["location_name"].drop_nulls().unique().sort().to_list()
    if chosen := _choice(site, "Site", sites, "site"):
        rows = rows.filter(pl.col("location_name") == chosen)
    people = rows["assigned_to"].drop_nulls().unique().sort().to_list()
    if chosen := _choice(assignee, "Assigned to", people, "assignee"):
        rows = rows.filter(pl.col("assigned_to") == chosen)
    names = LIST_REASONS if is_list else LEFT_OUT
    code = "list_reason" if is_list else "suppress_reason"
    there = set(rows[code])
    if chosen := _choice(why, "Reason", [name for one, name in names.items() if one in there], "reason"):
        rows = rows.filter(pl.col(code).replace(names) == chosen)
    # Not in the URL, because it is a patient's name.
    words = search.text_input("Search", placeholder="Name or record number", max_chars=60, key="outreach_words").strip().lower()
    if words:
        is_named = pl.col("patient_name").str.to_lowercase().str.contains(words, literal=True)
        rows = rows.filter(is_named | (pl.col("mrn").str.to_lowercase() == words))
    return rows


def _tiles(rows: pl.DataFrame) -> None:
    done = rows.filter(pl.col("outcome").is_not_null())
    todo = rows.filter(pl.col("outcome").is_null())
    cells = iter(st.columns(4))
    next(cells).metric(
        "Urgent and to do",
        f"{todo['is_clinically_urgent'].sum():,}",
        border=True,
        help="A result is out of control.",
    )
    next(cells).metric(
        "To do within capacity",
        f"{todo.filter('is_within_capacity').height:,}",
        border=True,
        help="As many as the site's team can contact in a month, the most urgent first.",
    )
    next(cells).metric("Worked since the last run", f"{len(done):,}", border=True)
    n_reached = done.filter(pl.col("outcome").is_in(REACHED)).height
    next(cells).metric("Of these, person reached", f"{n_reached:,}", border=True)


def _grid(rows: pl.DataFrame, columns: dict[str, Any], name: str) -> None:
    """The list; choosing a row opens the patient's drawer. What is shown can be exported."""
    if rows.is_empty():
        empty("Nobody matches. Choose other filters, or search for another name.")
        return
    _audit_once(name, rows)
    # A new grid after each drawer: a selected row would reopen it.
    key = f"{GRID}_{name}_{st.session_state.get(GRID, 0)}"
    keys = rows["patient_key"].to_list()

    def choose() -> None:
        if chosen := st.session_state[key].selection.rows:
            st.session_state[GRID] = st.session_state.get(GRID, 0) + 1
            open_drawer(keys[chosen[0]])

    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{counted(len(rows), 'patient')}** · choose a row to open the profile", width="content")
        with st.container(width="content"):
            offer(rows.select(*columns), name, formats=(XLSX, CSV), patients=keys)
    st.dataframe(
        rows.select(*columns),
        key=key,
        hide_index=True,
        height="content" if len(rows) <= MOST_AT_ONCE else 620,
        placeholder=ABSENT,
        column_config=columns,
        on_select=choose,
        selection_mode="single-row",
        alt=f"{plain(name)}: {counted(len(rows), 'patient')}",
    )


def _audit_once(name: str, rows: pl.DataFrame) -> None:
    """Record once per session that these patients were shown."""
    shown = (name, *sorted(rows["patient_key"]))
    if shown not in (seen := st.session_state.setdefault("outreach_seen", set())):
        record("patient_viewed", subject=name, n_rows=len(rows), patients=rows["patient_key"])
        seen.add(shown)


_DATE: dict[str, Any] = {"format": "D MMM YYYY"}
# No column is pinned: Streamlit writes pinned columns in a grey of too little contrast.
_NAME = {"patient_name": st.column_config.TextColumn("Patient", width=150)}
_AGE = {"age_years": st.column_config.NumberColumn("Age", width=45)}
_SITE = {"location_name": st.column_config.TextColumn("Site", width="small")}
_MRN = {"mrn": st.column_config.TextColumn("MRN", width=100)}


def _todo(publication: Publication) -> None:
    rows = worklist(publication)
    if rows.is_empty():
        empty("The list is empty: nobody is due, or everybody who is must not be contacted now.")
        return
    _tiles(rows)
    rows = _filtered(rows, is_list=True)
    which, capacity = st.columns([3, 2], vertical_alignment="center")
    state = which.segmented_control(
        "Show",
        ["To do", "Worked", "Both"],
        default="To do",
        required=True,
        key="state",
        bind="query-params",
        label_visibility="collapsed",
    )
    if state != "Both":
        rows = rows.filter(pl.col("outcome").is_null() if state == "To do" else pl.col("outcome").is_not_null())
    if not capacity.toggle("Beyond this month's capacity too", key="beyond", bind="query-params") and state == "To do":
        rows = rows.filter(pl.col("is_within_capacity") | pl.col("is_clinically_urgent"))
    shown = rows.with_columns(
        outcome=each(rows["outcome"], plain),
        why=pl.col("list_reason").replace(LIST_REASONS),
        channel=pl.col("recommended_channel").replace(CHANNEL_NAMES),
        contact_point=each(rows["contact_point"], telephone),
    )
    outcome = {"outcome": st.column_config.TextColumn("What came of it", width="small")} if state != "To do" else {}
    # A practice without a connected system is spared the column.
    is_pushed = rows["in_crm"].is_not_null().any()
    in_crm = {"in_crm": st.column_config.TextColumn("In the CRM", width=95)} if is_pushed else {}
    columns = {
        "priority_rank": st.column_config.NumberColumn("#", width=40, help="Place in the site's list"),
        **_NAME,
        **_AGE,
        **outcome,
        **in_crm,
        "why": st.column_config.TextColumn("Why", width=125),
        "next_action": st.column_config.TextColumn("What to do", width=270),
        "channel": st.column_config.TextColumn("Through", width=95),
        "contact_point": st.column_config.TextColumn("Number or address", width=135),
        "due_on": st.column_config.DateColumn("Due", width=90, **_DATE),
        "n_open_gaps": st.column_config.NumberColumn("Gaps", width=50, help="Open care gaps"),
        "last_visit_on": st.column_config.DateColumn("Last visit", width=95, **_DATE),
        "assigned_to": st.column_config.TextColumn("Assigned to", width="small"),
        **_SITE,
        **_MRN,
    }
    _grid(shown, columns, "outreach_list")


def _left_out(publication: Publication) -> None:
    rows = left_out(publication)
    if rows.is_empty():
        empty("Nobody was left out of the list.")
        return
    st.markdown("Patients left out of the list, with the reason. Do not contact them; a clinician decides about the urgent ones.")
    rows = _filtered(rows, is_list=False)
    columns = {
        **_NAME,
        **_AGE,
        "left_out_because": st.column_config.TextColumn("Left out because", width=320),
        "why": st.column_config.TextColumn("Would be listed for", width=145),
        "is_clinically_urgent": st.column_config.CheckboxColumn("Urgent", width="small"),
        "next_eligible_on": st.column_config.DateColumn("Again from", width="small", **_DATE),
        "last_contacted_on": st.column_config.DateColumn("Last contacted", width=110, **_DATE),
        **_SITE,
        **_MRN,
    }
    named = rows.with_columns(
        left_out_because=pl.col("suppress_reason").replace(LEFT_OUT), why=pl.col("list_reason").replace(LIST_REASONS)
    )
    _grid(named, columns, "outreach_left_out")


def _anybody(publication: Publication) -> None:
    words = st.text_input(
        "Find a patient of your sites", placeholder="Name or record number", max_chars=60, key="find_words"
    ).strip()
    if not words:
        st.caption("The profile of any patient who calls, on the list or not.")
        if current_viewer().may_open(BREAK_GLASS):
            st.caption("A patient of another site, in an emergency: the page *Break-glass*.")
        return
    columns = {
        **_NAME,
        **_AGE,
        **_MRN,
        "last_visit_on": st.column_config.DateColumn("Last visit", **_DATE),
        "next_appointment_at": st.column_config.DatetimeColumn(
            "Next visit", timezone=publication.time_zone, format="D MMM YYYY, HH:mm"
        ),
        **_SITE,
    }
    _grid(found(publication, words), columns, "patients_found")


def _follow_link(publication: Publication) -> None:
    """Open the patient of the task that a link in the CRM names, once."""
    if task := st.query_params.pop("task", None):
        if (patient := patient_of(publication, task)) is None:
            st.info("This task is not on today's list of your sites: it was worked, or the patient must not be contacted now.")
        else:
            open_drawer(patient)


publication = open_page("Outreach", "Patients to contact today, why, and through which agreed channel.", is_exported=False)
if said := st.session_state.pop("outreach_said", None):
    st.toast(said, icon=":material/check_circle:")
VIEWS = {"Today's list": _todo, "Left out": _left_out, "Find a patient": _anybody}
view = st.segmented_control(
    "View",
    list(VIEWS),
    default="Today's list",
    required=True,
    key="view",
    bind="query-params",
    on_change=close_drawer,
    label_visibility="collapsed",
)
_follow_link(publication)
VIEWS[view](publication)
draw_open(publication)
