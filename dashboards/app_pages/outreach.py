"""Whom to contact today, why and how; and what came of it."""

import polars as pl
import streamlit as st

from dashboards.audit_log import record
from dashboards.data import Publication
from dashboards.exports import offer
from dashboards.page import empty, open_page
from dashboards.patient_drawer import CHANNEL_NAMES, close_drawer, draw_open, open_drawer
from dashboards.wording import counted, plain
from dashboards.worklist import LEFT_OUT, LIST_REASONS, found, left_out, worklist

EVERY = "All"
GRID = "outreach_grid"
REACHED = {"scheduled", "reached", "declined", "opted_out", "done_elsewhere", "moved"}


def _choice(column, label: str, options: list[str], key: str) -> str | None:
    """One of the options, kept in the URL; None where all are wanted."""
    chosen = column.selectbox(label, [EVERY, *options], key=key, bind="query-params")
    return None if chosen == EVERY else chosen


def _filtered(rows: pl.DataFrame, *, is_list: bool) -> pl.DataFrame:
    """The rows that the filters above the list leave."""
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
    # Not in the URL: what is typed here is a patient's name.
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
    share = f"{n_reached / len(done):.0%}" if len(done) else "–"
    next(cells).metric("Of these, person reached", share, border=True)


def _grid(rows: pl.DataFrame, columns: dict, name: str) -> None:
    """The list; choosing a row opens the patient's drawer. What is shown can be exported."""
    if rows.is_empty():
        empty("Nobody matches. Choose other filters, or search for another name.")
        return
    _audit_once(name, rows)
    # A new grid after each drawer: one that kept its row chosen would open the drawer again.
    key = f"{GRID}_{name}_{st.session_state.get(GRID, 0)}"
    keys = rows["patient_key"].to_list()

    def choose() -> None:
        if chosen := st.session_state[key].selection.rows:
            st.session_state[GRID] = st.session_state.get(GRID, 0) + 1
            open_drawer(keys[chosen[0]])

    words, export = st.columns([6, 1], vertical_alignment="center")
    words.markdown(f"**{counted(len(rows), 'patient')}** · choose a row to open the profile")
    with export:
        offer(rows.select(*columns), name)
    st.dataframe(
        rows.select(*columns),
        key=key,
        hide_index=True,
        height=min(620, 38 + 35 * len(rows)),
        column_config=columns,
        on_select=choose,
        selection_mode="single-row",
        alt=f"{plain(name)}: {counted(len(rows), 'patient')}",
    )


def _audit_once(name: str, rows: pl.DataFrame) -> None:
    """A list names patients: record once a session that just these were shown."""
    shown = (name, *sorted(rows["patient_key"]))
    if shown not in (seen := st.session_state.setdefault("outreach_seen", set())):
        record("patient_viewed", subject=name, n_rows=len(rows))
        seen.add(shown)


_DATE = {"format": "D MMM YYYY"}
_WHO = {
    "patient_name": st.column_config.TextColumn("Patient", width=170, pinned=True),
    "mrn": st.column_config.TextColumn("MRN", width=100),
    "age_years": st.column_config.NumberColumn("Age", width=50),
}


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
        outcome=pl.col("outcome").map_elements(plain, return_dtype=pl.String),
        why=pl.col("list_reason").replace(LIST_REASONS),
        channel=pl.col("recommended_channel").replace(CHANNEL_NAMES),
    )
    outcome = {"outcome": st.column_config.TextColumn("What came of it", width="small")} if state != "To do" else {}
    columns = {
        "priority_rank": st.column_config.NumberColumn("#", width=45, pinned=True, help="Place in the site's list"),
        **_WHO,
        **outcome,
        "why": st.column_config.TextColumn("Why", width=140),
        "next_action": st.column_config.TextColumn("What to do", width="large"),
        "channel": st.column_config.TextColumn("Through", width=110),
        "contact_point": st.column_config.TextColumn("Number or address", width=120),
        "due_on": st.column_config.DateColumn("Due", width=95, **_DATE),
        "n_open_gaps": st.column_config.NumberColumn("Gaps", width=55),
        "last_visit_on": st.column_config.DateColumn("Last visit", width="small", **_DATE),
        "assigned_to": st.column_config.TextColumn("Assigned to", width="small"),
        "location_name": st.column_config.TextColumn("Site", width="small"),
    }
    _grid(shown, columns, "outreach_list")


def _left_out(publication: Publication) -> None:
    rows = left_out(publication)
    if rows.is_empty():
        empty("Nobody was left out of the list.")
        return
    st.markdown(
        "Who would be on the list, and why they are not. Nobody here is to be contacted; who is urgent is for a clinician."
    )
    rows = _filtered(rows, is_list=False)
    columns = {
        **_WHO,
        "left_out_because": st.column_config.TextColumn("Left out because", width="medium"),
        "why": st.column_config.TextColumn("Would be listed for", width="medium"),
        "is_clinically_urgent": st.column_config.CheckboxColumn("Urgent", width="small"),
        "next_eligible_on": st.column_config.DateColumn("Again from", width="small", **_DATE),
        "last_contacted_on": st.column_config.DateColumn("Last contacted", width="small", **_DATE),
        "location_name": st.column_config.TextColumn("Site", width="small"),
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
        st.caption("For whoever calls in: the profile of any patient, on the list or not.")
        return
    columns = {
        **_WHO,
        "last_visit_on": st.column_config.DateColumn("Last visit", **_DATE),
        "next_appointment_at": st.column_config.DatetimeColumn(
            "Next visit", timezone=publication.time_zone, format="D MMM YYYY, HH:mm"
        ),
        "location_name": "Site",
    }
    _grid(found(publication, words), columns, "patients_found")


publication = open_page("Outreach", "Whom to contact today, why, and through which channel they agreed to.", is_exported=False)
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
VIEWS[view](publication)
draw_open(publication)
