"""Today's work of a care team: patients to contact, why and how, and the outcomes."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.access.audit_log import record
from dashboards.access.roles import BREAK_GLASS, current_viewer
from dashboards.figures.languages import _, day, day_form, many, sentence
from dashboards.figures.wording import as_plain_markdown, each, first_upper, plain, telephone
from dashboards.layout.address import SWITCH, say_unknown
from dashboards.layout.exports import CSV, XLSX, offer
from dashboards.layout.page import empty, open_page
from dashboards.layout.typed import typed
from dashboards.outreach.campaign_words import standing, until
from dashboards.outreach.freshness import say_if_too_old
from dashboards.outreach.patient_drawer import CAMPAIGN, ORDER, close_drawer, draw_open, open_drawer
from dashboards.outreach.reaching import CHANNEL_NAMES, tongue
from dashboards.outreach.rows import draw_rows
from dashboards.outreach.worklist import (
    LEFT_OUT,
    LIST_REASONS,
    campaigns,
    for_clinician,
    found,
    left_out,
    patient_of,
    worklist,
)
from dashboards.store.published import Publication
from models.wording import ABSENT

EVERY = "All"
GRID = "outreach_grid"
MOST_AT_ONCE = 18
"""Rows of a grid drawn whole; a longer one scrolls."""
REACHED = {"scheduled", "reached", "declined", "opted_out", "done_elsewhere", "moved"}
TODAY = "Today's work"
LONGEST_SEARCH = 60
STATES = ["To do", "Worked", "Both"]
UNFILTERED = {
    "outreach_words": "",
    "site": EVERY,
    "assignee": EVERY,
    "reason": EVERY,
    "state": "To do",
    "beyond": False,
}
"""The filters by their keys, each as it stands where it leaves nothing out."""


def _choice(column: DeltaGenerator, label: str, options: list[str], key: str, above: DeltaGenerator) -> str | None:
    """The chosen option, kept in the URL; None: all. What the URL names and is not there is said `above`."""
    say_unknown(key, [EVERY, *options], _, above)
    chosen = column.selectbox(_(label), [EVERY, *options], format_func=_, key=key, bind="query-params")
    return None if chosen == EVERY else chosen


def _filtered(rows: pl.DataFrame, names: dict[str, str], code: str, above: DeltaGenerator) -> pl.DataFrame:
    """The rows that match the filters; `names` are the reasons in words, by the value of the column `code`."""
    words = typed(_("Search"), LONGEST_SEARCH, placeholder=_("Name or record number"), key="outreach_words").strip().lower()
    site, assignee, why = st.columns(3)
    sites = rows["location_name"].drop_nulls().unique().sort().to_list()
    if chosen := _choice(site, "Site", sites, "site", above):
        rows = rows.filter(pl.col("location_name") == chosen)
    people = rows["assigned_to"].drop_nulls().unique().sort().to_list()
    if chosen := _choice(assignee, "Assigned to", people, "assignee", above):
        rows = rows.filter(pl.col("assigned_to") == chosen)
    there = set(rows[code])
    if names and (chosen := _choice(why, "Reason", [name for one, name in names.items() if one in there], "reason", above)):
        rows = rows.filter(pl.col(code).replace(names) == chosen)
    # The search is not in the URL, because it is a patient's name.
    if words:
        is_named = pl.col("patient_name").str.to_lowercase().str.contains(words, literal=True)
        rows = rows.filter(is_named | (pl.col("mrn").str.to_lowercase() == words))
    return rows


def _say_filters(drawn: Sequence[str]) -> None:
    """Name the filters that are on, of the `drawn` ones, with the button that ends them: the expander may be closed."""
    chosen = {key: st.session_state.get(key, UNFILTERED[key]) for key in drawn}
    names = [_filter_name(key, choice) for key, choice in chosen.items() if choice != UNFILTERED[key]]
    if not names:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        on = many("{n} filter is on", "{n} filters are on", len(names))
        st.markdown(f":material/filter_alt: **{on}:** {' · '.join(names)}", width="content")
        st.button(_("Show everybody again"), key="unfilter", type="tertiary", on_click=_unfilter, args=(drawn,))


def _filter_name(key: str, choice: str | bool) -> str:
    if key == "outreach_words":
        return _("Search")
    return _("Beyond this month's capacity too") if key == "beyond" else as_plain_markdown(_(str(choice)))


def _unfilter(drawn: Sequence[str]) -> None:
    st.session_state.update({key: UNFILTERED[key] for key in drawn})


def _in_state(rows: pl.DataFrame, above: DeltaGenerator) -> pl.DataFrame:
    """To do within capacity, unless the switches say otherwise."""
    say_unknown("state", STATES, _, above)
    say_unknown("beyond", SWITCH, place=above)
    which, capacity = st.columns([3, 2], vertical_alignment="center")
    state = which.segmented_control(
        _("Show"),
        STATES,
        format_func=_,
        default="To do",
        required=True,
        key="state",
        bind="query-params",
        label_visibility="collapsed",
    )
    is_beyond = capacity.toggle(_("Beyond this month's capacity too"), key="beyond", bind="query-params")
    if state != "Both":
        rows = rows.filter(pl.col("outcome").is_null() if state == "To do" else pl.col("outcome").is_not_null())
    if not is_beyond and state == "To do":
        rows = rows.filter(pl.col("is_within_capacity") | pl.col("is_clinically_urgent"))
    return rows


def _sum_up(rows: pl.DataFrame, n_for_clinician: int) -> None:
    """What there is to do, in one line above the list."""
    done, todo = rows.filter(pl.col("outcome").is_not_null()), rows.filter(pl.col("outcome").is_null())
    n_reached = done.filter(pl.col("outcome").is_in(REACHED)).height
    parts = [
        many("**{n}** urgent", "**{n}** urgent", todo.filter("is_clinically_urgent").height),
        many("**{n}** to do within capacity", "**{n}** to do within capacity", todo.filter("is_within_capacity").height),
        many("**{n}** worked since the last run", "**{n}** worked since the last run", len(done)),
        many("**{n}** reached", "**{n}** reached", n_reached),
    ]
    st.markdown(" · ".join(parts), help=_("Capacity: as many as the site's team can contact in a month, the most urgent first."))
    if n_for_clinician:
        st.markdown(
            many(
                ":red[**{n}** urgent patient may not be contacted by outreach]: see *For a clinician*.",
                ":red[**{n}** urgent patients may not be contacted by outreach]: see *For a clinician*.",
                n_for_clinician,
            )
        )


def _audit_once(name: str, rows: pl.DataFrame) -> None:
    """Record once per session that these patients were shown."""
    shown = (name, *sorted(rows["patient_key"]))
    if shown not in (seen := st.session_state.setdefault("outreach_seen", set())):
        record("patient_viewed", subject=name, n_rows=len(rows), patients=rows["patient_key"])
        seen.add(shown)


def _offer(rows: pl.DataFrame, columns: dict[str, Any], name: str) -> None:
    offer(rows.select(*columns), name, formats=(XLSX, CSV), patients=rows["patient_key"].to_list())


def _grid(rows: pl.DataFrame, columns: dict[str, Any], name: str) -> None:
    """Rows to look up in; choosing one opens the patient's drawer. What is shown can be exported."""
    if rows.is_empty():
        empty(_("Nobody matches. Choose other filters, or search for another name."))
        return
    _audit_once(name, rows)
    # A new grid after each drawer: a selected row would reopen it.
    key = f"{GRID}_{name}_{st.session_state.get(GRID, 0)}"
    keys = rows["patient_key"].to_list()
    st.session_state[ORDER] = keys

    def choose() -> None:
        if chosen := st.session_state[key].selection.rows:
            st.session_state[GRID] = st.session_state.get(GRID, 0) + 1
            open_drawer(keys[chosen[0]])

    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        n_patients = many("{n} patient", "{n} patients", len(rows))
        st.markdown(f"**{n_patients}** · {_('choose a row to open the profile')}", width="content")
        with st.container(width="content"):
            _offer(rows, columns, name)
    st.dataframe(
        rows.select(*columns),
        key=key,
        hide_index=True,
        height="content" if len(rows) <= MOST_AT_ONCE else 620,
        placeholder=ABSENT,
        column_config=columns,
        on_select=choose,
        selection_mode="single-row",
        alt=f"{plain(name)}: {n_patients}",
    )


def _text(label: str, **settings: Any) -> Any:
    return st.column_config.TextColumn(_(label), **settings)


def _date(label: str) -> Any:
    return st.column_config.DateColumn(_(label), width=110, format=day_form())


def _name_columns() -> dict[str, Any]:
    # No column is pinned: Streamlit writes pinned columns in a grey of too little contrast.
    return {"patient_name": _text("Patient", width=150), "age_years": st.column_config.NumberColumn(_("Age"), width=45)}


def _chosen_list(publication: Publication) -> dict[str, Any] | None:
    """The campaign whose list is to be worked; None: today's work."""
    lists = {row["title"]: row for row in campaigns(publication).iter_rows(named=True)}
    say_unknown("list", [TODAY, *lists], _)
    chosen = st.selectbox(
        _("List"),
        [TODAY, *lists],
        format_func=_,
        key="list",
        bind="query-params",
        on_change=close_drawer,
    )
    return lists.get(chosen)


def _say_campaign(campaign: dict[str, Any]) -> None:
    """The rule of a list, and how it stands."""
    st.markdown(f"{as_plain_markdown(_(campaign['why']))}{until(campaign)}")
    st.caption(f"{as_plain_markdown(sentence(_(campaign['rule'])))}. {standing(campaign)}")


def _todo(publication: Publication) -> None:
    campaign = _chosen_list(publication)
    code = campaign["campaign_code"] if campaign else None
    st.session_state[CAMPAIGN] = code
    rows = worklist(publication, code)
    if campaign:
        _say_campaign(campaign)
    if rows.is_empty():
        empty(_("The list is empty: nobody is due, or everybody who is must not be contacted now."))
        return
    _sum_up(rows, 0 if code else len(for_clinician(publication).filter(pl.col("outcome").is_null())))
    above = st.container()
    with st.expander(_("Search, filter, or show more")):
        rows = _filtered(_in_state(rows, above), LIST_REASONS if code is None else {}, "list_reason", above)
    _say_filters([key for key in UNFILTERED if key != "reason" or code is None])
    st.session_state[ORDER] = rows["patient_key"].to_list()
    if rows.is_empty():
        empty(_("Nobody matches. Choose other filters, or search for another name."))
        return
    name = "outreach_today" if code is None else "outreach_campaign"
    _audit_once(name, rows)
    draw_rows(rows, publication.practice_name, open_drawer)
    _offer(_worded(rows), dict.fromkeys(EXPORTED), f"{name}_{publication.as_of_on}")


EXPORTED = (
    "listed_on", "patient_name", "age_years", "why", "next_action", "channel", "contact_point", "speaks", "due_on", "n_open_gaps",
    "last_visit_on", "what_came_of_it", "assigned_to", "location_name", "mrn",
)  # fmt: skip
"""The columns of a list that is taken away."""


def _worded(rows: pl.DataFrame) -> pl.DataFrame:
    speaks = [tongue(spoken, needs) for spoken, needs in rows.select("language", "needs_interpreter").iter_rows()]
    return rows.with_columns(
        why=each(rows["why"], lambda text: first_upper(sentence(text))),
        next_action=each(rows["next_action"], sentence),
        channel=pl.col("recommended_channel").replace({code: _(name) for code, name in CHANNEL_NAMES.items()}),
        contact_point=each(rows["contact_point"], telephone),
        speaks=pl.Series(speaks, dtype=pl.String),
        what_came_of_it=each(rows["outcome"], lambda code: _(plain(code))),
    )


def _for_clinician(publication: Publication) -> None:
    st.session_state[CAMPAIGN] = None
    rows = for_clinician(publication)
    st.markdown(
        _(
            "A finding is out of control and no visit is booked soon, but outreach may not contact these patients. "
            "A clinician decides, for example to call for care, which needs no consent to outreach."
        )
    )
    if rows.is_empty():
        empty(_("There is nobody for a clinician."))
        return
    st.session_state[ORDER] = rows["patient_key"].to_list()
    _audit_once("for_clinician", rows)
    shown = rows.with_columns(
        next_action=each(rows["suppress_reason"], lambda code: _("Outreach may not: {why}", why=_(LEFT_OUT[code]).lower())),
        is_clinically_urgent=pl.lit(True),
        assigned_to=pl.col("provider_name"),
        recommended_channel=pl.when(pl.col("contact_point").is_not_null()).then(pl.lit("phone")),
    )
    draw_rows(shown, publication.practice_name, open_drawer)
    exported = ("listed_on", "patient_name", "why", "next_action", "provider_name", "last_visit_on", "location_name", "mrn")
    worded = shown.with_columns(why=each(rows["why"], lambda text: first_upper(sentence(text))))
    _offer(worded, dict.fromkeys(exported), f"outreach_for_clinician_{publication.as_of_on}")


def _left_out(publication: Publication) -> None:
    st.session_state[CAMPAIGN] = None
    rows = left_out(publication)
    if rows.is_empty():
        empty(_("Nobody was left out of the list."))
        return
    st.markdown(
        _("Patients left out of the list, with the reason. Do not contact them; a clinician decides about the urgent ones.")
    )
    rows = _filtered(rows, LEFT_OUT, "suppress_reason", st.container())
    _say_filters(["outreach_words", "site", "assignee", "reason"])
    if rows.is_empty():
        empty(_("Nobody matches. Choose other filters, or search for another name."))
        return
    st.session_state[ORDER] = rows["patient_key"].to_list()
    _audit_once("outreach_left_out", rows)
    shown = rows.with_columns(
        why=each(rows["suppress_reason"], lambda code: _(LEFT_OUT[code])),
        next_action=each(rows["why"], lambda text: _("Would be listed for: {why}", why=sentence(text))),
        again=each(rows["next_eligible_on"], lambda on: _("again from {day}", day=day(on))),
        contacted=each(rows["last_contacted_on"], lambda on: _("last contacted on {day}", day=day(on))),
        assigned_to=pl.lit(None, pl.String),
    )
    draw_rows(shown, publication.practice_name, open_drawer, reaches=False)
    exported = ("patient_name", "why", "next_action", "next_eligible_on", "last_contacted_on", "location_name", "mrn")
    _offer(shown, dict.fromkeys(exported), f"outreach_left_out_{publication.as_of_on}")


def _anybody(publication: Publication) -> None:
    st.session_state[CAMPAIGN] = None
    words = typed(
        _("Find a patient of your sites"), LONGEST_SEARCH, placeholder=_("Name or record number"), key="find_words"
    ).strip()
    if not words:
        st.caption(_("The profile of any patient who calls, on the list or not."))
        if current_viewer().may_open(BREAK_GLASS):
            st.caption(_("A patient of another site, in an emergency: the page *Break-glass*."))
        return
    columns = {
        **_name_columns(),
        "mrn": _text("MRN", width=100),
        "last_visit_on": _date("Last visit"),
        "next_appointment_at": st.column_config.DatetimeColumn(
            _("Next visit"), timezone=publication.time_zone, format=day_form(has_time=True)
        ),
        "location_name": _text("Site", width="small"),
    }
    _grid(found(publication, words), columns, "patients_found")


def _follow_link(publication: Publication) -> None:
    """Open the patient of the task that a link in the CRM names, once."""
    if task := st.query_params.pop("task", None):
        if (patient := patient_of(publication, task)) is None:
            words = "This task is not on today's list of your sites: it was worked, or the patient must not be contacted now."
            st.info(_(words))
        else:
            open_drawer(patient)


publication = open_page(_("Outreach"), _("Patients to contact today, why, and through which agreed channel."), is_exported=False)
say_if_too_old(publication)
if said := st.session_state.pop("outreach_said", None):
    st.toast(said, icon=":material/check_circle:")
VIEWS = {"Today's list": _todo, "For a clinician": _for_clinician, "Left out": _left_out, "Find a patient": _anybody}
say_unknown("view", VIEWS, _)
view = st.segmented_control(
    _("View"),
    list(VIEWS),
    format_func=_,
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
