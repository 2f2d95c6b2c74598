"""Campaigns: whom they are for and how they stand, and the form that defines one for the next run."""

from datetime import date, timedelta

import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import current_viewer
from dashboards.figures.wording import as_plain_markdown, plain
from dashboards.layout.exhibits import table
from dashboards.layout.page import empty, open_page
from dashboards.outreach.campaign_journal import Campaign, CampaignRefused, define, defined, end_early
from dashboards.outreach.freshness import today
from dashboards.outreach.reaching import CHANNEL_NAMES
from dashboards.outreach.worklist import campaigns
from dashboards.store.journal import journal_folder
from dashboards.store.published import Publication, ask
from models.campaigns import AUDIENCES, CONDITIONS, LONGEST_TITLE, LONGEST_WHY, MOST_SITE_CAPACITY
from models.extracts.crm import CHANNELS
from models.wording import day

AUDIENCE_NAMES = {
    "condition": "Patients with a chronic condition",
    "prevention": "Patients with preventive care due",
    "lapsed": "Patients who have drifted away",
}
HELD_OUT = {"Nobody": 0.0, "10 %": 0.1, "20 %": 0.2, "30 %": 0.3, "Half": 0.5}
_MEASURES = "select measure_code, title from marts.dim_measures order by measure_code"
_SAID = "campaigns_said"


def _running(publication: Publication) -> None:
    rows = campaigns(publication)
    if rows.is_empty():
        empty("No list is published yet.")
        return
    shown = rows.select(
        "title", "rule", "capacity", "n_patients", "n_listed", "n_within_capacity", "n_held_out", "n_contacted", "n_reached",
        "n_scheduled", "ends_on",
    )  # fmt: skip
    table(
        shown,
        title="Lists beside today's work, and how they stand",
        columns={
            "title": "List",
            "rule": st.column_config.TextColumn("Who is on it", width="large"),
            "capacity": "Capacity a month",
            "n_patients": "Fit the rule",
            "n_listed": "May be contacted",
            "n_within_capacity": "Within capacity",
            "n_held_out": "Held out",
            "n_contacted": "Contacted",
            "n_reached": "Reached",
            "n_scheduled": "Booked",
            "ends_on": "Until",
        },
        name="campaigns",
        row_height=62,
        note="Contacted, reached and booked count since the first day; on a standing list in the last 90 days.",
    )


def _own(publication: Publication) -> None:
    """The campaigns that were defined here, each with a button that ends it."""
    folder = journal_folder(publication)
    listed = set(campaigns(publication)["campaign_code"])
    rows = defined(folder)
    st.header("Defined here", anchor=False)
    if rows.is_empty():
        st.caption("None yet.")
    now = today(publication.time_zone)
    for row in rows.iter_rows(named=True):
        words, end = st.columns([5, 1], vertical_alignment="center")
        state = "over" if row["ends_on"] < now else "on the list" if row["campaign_code"] in listed else "from the next run"
        words.markdown(
            f"**{as_plain_markdown(row['title'])}** · {day(row['starts_on'])} to {day(row['ends_on'])} · {state} · "
            f"by {as_plain_markdown(row['defined_by'])}"
        )
        if end.button("End it", key=f"end_{row['campaign_code']}"):
            record("campaign_defined", subject=f"{row['campaign_code']} ended")
            end_early(folder, row["campaign_code"])
            st.session_state[_SAID] = "Ended. The next run makes no list of it."
            st.rerun()


def _form(publication: Publication) -> None:
    st.header("Define a campaign", anchor=False)
    # The day that the data is as of: a run takes the campaigns of its own day, which a clock may be ahead of.
    now = date.fromisoformat(publication.as_of_on)
    measures = {row["measure_code"]: row["title"] for row in ask(publication, _MEASURES).iter_rows(named=True)}
    with st.container(border=True):
        title = st.text_input("Title", max_chars=LONGEST_TITLE, key="campaign_title", placeholder="Eye exams in diabetes")
        why = st.text_input(
            "Why", max_chars=LONGEST_WHY, key="campaign_why", placeholder="Half of our diabetics had none this year"
        )
        who, condition, measure, months = st.columns(4)
        audience = who.selectbox("Who", AUDIENCES, format_func=AUDIENCE_NAMES.__getitem__, key="campaign_audience")
        condition_name = condition.selectbox(
            "Condition", CONDITIONS, index=None, format_func=plain, key="campaign_condition", disabled=audience != "condition"
        )
        measure_code = measure.selectbox(
            "With an open gap in",
            list(measures),
            index=None,
            format_func=lambda code: f"{code} {measures[code]}",
            placeholder="Any or none",
            key="campaign_measure",
        )
        no_visit_months = months.number_input(
            "Not seen for (months)", min_value=1, max_value=120, value=None, step=1, placeholder="Any time", key="campaign_months"
        )
        through, capacity, held_out, first, last = st.columns(5)
        channel = through.selectbox(
            "Channel",
            CHANNELS,
            index=None,
            format_func=CHANNEL_NAMES.__getitem__,
            placeholder="Each patient's own",
            key="campaign_channel",
        )
        site_capacity = capacity.number_input(
            "Patients a site and month",
            min_value=0,
            max_value=MOST_SITE_CAPACITY,
            value=None,
            step=1,
            placeholder="As all outreach",
            key="campaign_capacity",
        )
        share = held_out.selectbox("Held out at random", list(HELD_OUT), index=2, key="campaign_holdout")
        starts_on = first.date_input("First day", value=now, key="campaign_first")
        ends_on = last.date_input("Last day", value=now + timedelta(days=90), key="campaign_last")
        st.caption("Nobody with a visit booked is listed. Write no patient's name: everybody on the team reads title and reason.")
        if not st.button("Define", type="primary", icon=":material/check:", key="campaign_define"):
            return
        campaign = Campaign(
            title=title.strip(),
            audience=audience,
            why=why.strip(),
            starts_on=_day(starts_on),
            ends_on=_day(ends_on),
            defined_by=current_viewer().user_id,
            condition_name=condition_name if audience == "condition" else None,
            measure_code=measure_code,
            no_visit_months=no_visit_months,
            channel=channel,
            site_capacity=site_capacity,
            holdout_share=HELD_OUT[share],
        )
        try:
            code = define(journal_folder(publication), campaign)
        except CampaignRefused as refused:
            st.error(str(refused))
            return
        record("campaign_defined", subject=code)
        st.session_state[_SAID] = "Defined. The next run makes its list; it then stands on the page Outreach under List."
        st.rerun()


def _day(chosen: object) -> date:
    """A date input gives a day, or a range while one is chosen."""
    return chosen if isinstance(chosen, date) else date.max


publication = open_page("Campaigns", "Whom to reach beside today's work, and what came of it.")
if said := st.session_state.pop(_SAID, None):
    st.toast(said, icon=":material/check_circle:")
_running(publication)
_own(publication)
_form(publication)
