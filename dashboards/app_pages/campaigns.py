"""Campaigns: whom they are for and how they stand, and the form that defines one for the next run."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import current_viewer
from dashboards.figures.languages import _, day, sentence
from dashboards.figures.wording import as_plain_markdown, plain
from dashboards.layout.exhibits import say
from dashboards.layout.exports import offer
from dashboards.layout.links import lead_to
from dashboards.layout.page import empty, open_page
from dashboards.layout.typed import typed
from dashboards.outreach.campaign_journal import Campaign, CampaignRefused, define, defined, end_early
from dashboards.outreach.campaign_words import AUDIENCE_NAMES, asked_for, changed, effect, standing, until
from dashboards.outreach.freshness import today
from dashboards.outreach.reaching import CHANNEL_NAMES
from dashboards.outreach.worklist import campaign_effects, campaigns, lift
from dashboards.store.journal import journal_folder
from dashboards.store.published import Publication, ask
from models.campaigns import AUDIENCES, CONDITIONS, LONGEST_TITLE, LONGEST_WHY, MOST_SITE_CAPACITY, NEVER_HELD_OUT
from models.extracts.crm import CHANNELS

HELD_OUT = {"Nobody": 0.0, "10 %": 0.1, "20 %": 0.2, "30 %": 0.3, "Half": 0.5}
DAYS_AHEAD = 90
_MEASURES = "select measure_code, title from marts.dim_measures order by measure_code"
_SAID, _REFUSED = "campaigns_said", "campaigns_refused"
_EXPORTED = (
    "title", "why", "rule", "ends_on", "capacity", "n_patients", "n_listed", "n_within_capacity", "n_held_out", "n_contacted",
    "n_reached", "n_scheduled",
)  # fmt: skip


def _running(publication: Publication, rows: pl.DataFrame, effects: dict[str, list[dict[str, Any]]]) -> None:
    """Each list with its rule, how it stands, and what it has changed."""
    if rows.is_empty():
        empty(_("No list is published yet."))
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(_("Lists beside today's work, and how they stand"), anchor=False, width="stretch")
        with st.container(width="content"):
            offer(rows.select(_EXPORTED), "campaigns")
    for row in rows.iter_rows(named=True):
        with st.container(border=True):
            say(f"**{as_plain_markdown(_(row['title']))}**{until(row)}  \n{as_plain_markdown(sentence(_(row['rule'])))}.")
            say(standing(row))
            lead_to("outreach", _("Work this list"), list=row["title"])
            if row["audience"] not in NEVER_HELD_OUT:
                for told in changed(effects.get(row["campaign_code"], []), date.fromisoformat(publication.as_of_on)):
                    say(told)
    st.caption(
        _(
            "Contacted, reached and booked count since the first day; on a standing list in the last 90 days. Patients to "
            "contact are all who were on the list, called or not: otherwise the two groups could not be compared."
        )
    )


def _changed(publication: Publication) -> None:
    """What contacting has changed, where a hold-out tells it."""
    st.header(_("What contacting has changed"), anchor=False)
    with st.container(border=True):
        say(effect(lift(publication)))
        st.caption(
            _(
                "Of campaigns of the CRM with a hold-out, whether or not an attempt reached the patient. "
                "What the lists here change stands beside each."
            )
        )


def _own(publication: Publication, listed: set[str], measures: dict[str, str], effects: dict[str, list[dict[str, Any]]]) -> None:
    """The campaigns that were defined here, each with a button that ends it."""
    rows = defined(journal_folder(publication))
    st.header(_("Defined here"), anchor=False)
    if rows.is_empty():
        st.caption(_("None yet."))
    now = today(publication.time_zone)
    for row in rows.iter_rows(named=True):
        words, end = st.columns([5, 1], vertical_alignment="center")
        state = "over" if row["ends_on"] < now else "on the list" if row["campaign_code"] in listed else "from the next run"
        dates = _("{first} to {last}", first=day(row["starts_on"]), last=day(row["ends_on"]))
        # Of a campaign on the list, it stands above.
        code = row["campaign_code"]
        told = changed(effects[code], date.fromisoformat(publication.as_of_on)) if code in effects and code not in listed else []
        words.markdown(
            f"**{as_plain_markdown(row['title'])}** · {dates} · {_(state)} · "
            f"{_('by {person}', person=as_plain_markdown(row['defined_by']))}  \n"
            f"{as_plain_markdown(asked_for(row, measures))}  \n{as_plain_markdown(row['why'])}"
            + "".join(f"  \n{one}" for one in told)
        )
        end.button(_("End it"), key=f"end_{row['campaign_code']}", on_click=_end, args=(publication, row["campaign_code"]))


def _end(publication: Publication, code: str) -> None:
    record("campaign_defined", subject=f"{code} ended")
    end_early(journal_folder(publication), code)
    st.session_state[_SAID] = _("Ended. The next run makes no list of it.")


def _blank(publication: Publication) -> dict[str, Any]:
    """What the form begins with, by the keys of its fields.

    The first day is that of the data: a run takes the campaigns of its own day, which a clock may be ahead of.
    """
    now = date.fromisoformat(publication.as_of_on)
    return {
        "campaign_title": "",
        "campaign_why": "",
        "campaign_audience": AUDIENCES[0],
        "campaign_condition": None,
        "campaign_measure": None,
        "campaign_months": None,
        "campaign_channel": None,
        "campaign_capacity": None,
        "campaign_holdout": "20 %",
        "campaign_first": now,
        "campaign_last": now + timedelta(days=DAYS_AHEAD),
    }


def _form(publication: Publication, measures: dict[str, str]) -> None:
    st.header(_("Define a campaign"), anchor=False)
    for key, value in _blank(publication).items():
        st.session_state.setdefault(key, value)
    with st.container(border=True):
        typed(_("Title"), LONGEST_TITLE, key="campaign_title", placeholder=_("Eye exams in diabetes"))
        typed(_("Why"), LONGEST_WHY, key="campaign_why", placeholder=_("Half of our diabetics had none this year"))
        who, condition, measure, months = st.columns(4)
        audience = who.selectbox(_("Who"), AUDIENCES, format_func=lambda code: _(AUDIENCE_NAMES[code]), key="campaign_audience")
        condition.selectbox(
            _("Condition"),
            CONDITIONS,
            format_func=lambda code: _(plain(code)),
            placeholder=_("Choose one"),
            key="campaign_condition",
            disabled=audience != "condition",
        )
        measure.selectbox(
            _("With an open gap in"),
            list(measures),
            format_func=lambda code: f"{code} {sentence(measures[code])}",
            placeholder=_("Any or none"),
            key="campaign_measure",
        )
        months.number_input(
            _("Not seen for (months)"), min_value=1, max_value=120, step=1, placeholder=_("Any time"), key="campaign_months"
        )
        through, capacity, held_out, first, last = st.columns(5)
        through.selectbox(
            _("Channel"),
            CHANNELS,
            format_func=lambda code: _(CHANNEL_NAMES[code]),
            placeholder=_("Each patient's own"),
            key="campaign_channel",
        )
        capacity.number_input(
            _("Patients a site and month"),
            min_value=0,
            max_value=MOST_SITE_CAPACITY,
            step=1,
            placeholder=_("As all outreach"),
            key="campaign_capacity",
        )
        held_out.selectbox(_("Held out at random"), list(HELD_OUT), format_func=_, key="campaign_holdout")
        first.date_input(_("First day"), key="campaign_first")
        last.date_input(_("Last day"), key="campaign_last")
        st.caption(
            _("Nobody with a visit booked is listed. Write no patient's name: everybody on the team reads title and reason.")
        )
        st.button(
            _("Define"),
            type="primary",
            icon=":material/check:",
            key="campaign_define",
            on_click=_define,
            args=(publication,),
        )
        if refused := st.session_state.pop(_REFUSED, None):
            st.error(refused)


def _define(publication: Publication) -> None:
    """Define what the form says, and empty it; where that is refused, it stays as it is."""
    said = {key.removeprefix("campaign_"): st.session_state[key] for key in _blank(publication)}
    campaign = Campaign(
        title=said["title"].strip(),
        audience=said["audience"],
        why=said["why"].strip(),
        starts_on=_day(said["first"]),
        ends_on=_day(said["last"]),
        defined_by=current_viewer().user_id,
        condition_name=said["condition"] if said["audience"] == "condition" else None,
        measure_code=said["measure"],
        no_visit_months=said["months"],
        channel=said["channel"],
        site_capacity=said["capacity"],
        holdout_share=HELD_OUT[said["holdout"]],
    )
    try:
        code = define(journal_folder(publication), campaign)
    except CampaignRefused as refused:
        st.session_state[_REFUSED] = _(refused.message, **refused.values)
        return
    record("campaign_defined", subject=code)
    st.session_state.update(_blank(publication))
    st.session_state[_SAID] = _("Defined. The next run makes its list; it then stands on the page Outreach under List.")


def _day(chosen: object) -> date:
    """A date input gives a day, or a range while one is chosen."""
    return chosen if isinstance(chosen, date) else date.max


publication = open_page(_("Campaigns"), _("Whom to reach beside today's work, and what came of it."))
if said := st.session_state.pop(_SAID, None):
    st.toast(said, icon=":material/check_circle:")
lists = campaigns(publication)
titles = {row["measure_code"]: row["title"] for row in ask(publication, _MEASURES).iter_rows(named=True)}
effects = campaign_effects(publication)
_running(publication, lists, effects)
_changed(publication)
_own(publication, set(lists["campaign_code"]), titles, effects)
_form(publication, titles)
