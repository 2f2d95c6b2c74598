"""One patient for the care team: contact details, visits, gaps, risk, contacts so far, and the form to record an outcome."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record as audit
from dashboards.access.roles import current_viewer
from dashboards.figures.wording import as_plain_markdown, each, language, plain, telephone
from dashboards.outreach.outcomes import Outcome, record, withdraw
from dashboards.outreach.worklist import recorded_of
from dashboards.store.journal import journal_folder
from dashboards.store.published import Publication, ask
from dashboards.store.restrictions import restricted
from models.extracts.caregap import OUTCOME_NOTES
from models.extracts.crm import CHANNELS, OUTREACH_OUTCOMES
from models.wording import ABSENT, counted, day, days_in, instant

OPEN = "outreach_patient"
"""Session key: the patient whose drawer is open."""
CHANNEL_NAMES = {"phone": "Call", "sms": "Text message", "email": "E-mail", "portal": "Portal", "mail": "Letter"}
OUTCOME_ICONS = {
    "scheduled": ":material/event_available:",
    "reached": ":material/call:",
    "left_message": ":material/voicemail:",
    "no_answer": ":material/phone_missed:",
    "wrong_number": ":material/phone_disabled:",
    "declined": ":material/thumb_down:",
    "opted_out": ":material/do_not_disturb_on:",
    "done_elsewhere": ":material/task_alt:",
    "moved": ":material/move:",
    "deceased": ":material/heart_minus:",
}
FINAL = {"deceased", "opted_out", "moved"}
"""Outcomes that end contact permanently and need confirmation."""

_PROFILE = "select * from delivery.out_patient_profiles where patient_key = ?"
_CHANNELS = "select * from delivery.out_patient_channels where patient_key = ?"
_GAPS = """
    select gaps.measure_code, measures.title, gaps.reason, gaps.next_action, gaps.opened_on, gaps.close_by_on, gaps.is_due_later
    from marts.fct_care_gaps as gaps
    inner join marts.dim_measures as measures using (measure_code)
    where gaps.patient_key = ? and gaps.gap_status = 'open'
    order by gaps.is_due_later, gaps.measure_code
"""
_CONTACTS = "select * from delivery.out_patient_contacts where patient_key = ? order by contact_number"
_LISTED = "select * from delivery.out_outreach_list where patient_key = ?"


def open_drawer(patient_key: int) -> None:
    """Open the patient's drawer at the next run of the page."""
    st.session_state[OPEN] = patient_key


def close_drawer() -> None:
    st.session_state.pop(OPEN, None)


def draw_open(publication: Publication) -> None:
    """Draw the open patient's drawer, if any; every opening is audited before anything is shown."""
    patient_key = st.session_state.get(OPEN)
    if patient_key is None:
        return
    profiles = ask(publication, _PROFILE, (patient_key,))
    if profiles.is_empty():  # out of the viewer's scope, or removed by a new publication
        close_drawer()
        return
    audit("patient_viewed", subject=str(patient_key), n_rows=1)
    patient = profiles.row(0, named=True)
    drawer = st.dialog(as_plain_markdown(patient["patient_name"]), width="medium", position="right", on_dismiss=close_drawer)(
        _drawer
    )
    drawer(publication, patient)


def draw_opened(publication: Publication) -> None:
    """Draw the one patient that the publication is asked about (`of_opened`), to read: nothing is recorded of outreach here.

    The caller has audited it.
    """
    patient = ask(publication, _PROFILE, (publication.patient_key,)).row(0, named=True)
    st.subheader(as_plain_markdown(patient["patient_name"]), anchor=False)
    _head(patient, patient["patient_key"] in restricted(publication))
    _reach(publication, patient)
    _visits(publication, patient)
    _gaps(publication, patient)
    _history(publication, patient, recorded_of(publication, patient))


def _drawer(publication: Publication, patient: dict[str, Any]) -> None:
    current_viewer()
    since = recorded_of(publication, patient)
    listed = ask(publication, _LISTED, (patient["patient_key"],))
    is_restricted = patient["patient_key"] in restricted(publication)
    _head(patient, is_restricted)
    _outcome(publication, patient, listed.clear() if is_restricted else listed, since)
    _reach(publication, patient)
    _visits(publication, patient)
    _gaps(publication, patient)
    if not is_restricted:
        _risk(patient)
    _history(publication, patient, since)


def _head(patient: dict[str, Any], is_restricted: bool) -> None:
    born = f"born {day(patient['birth_date'])}" if patient["birth_date"] else None
    age = f"{patient['age_years']} years" if patient["age_years"] is not None else None
    facts = [age, patient["sex"], born, f"MRN {patient['mrn']}" if patient["mrn"] else None, patient["payer_name"]]
    st.markdown(" · ".join(as_plain_markdown(fact) for fact in facts if fact))
    if is_restricted:
        st.error("The use of this person's data is restricted: for their treatment alone.", icon=":material/front_hand:")
    if patient["is_deceased"]:
        st.error("A source reports that this person has died.", icon=":material/heart_minus:")
    elif patient["is_do_not_contact"]:
        st.error("Asked not to be contacted.", icon=":material/do_not_disturb_on:")


def _outcome(publication: Publication, patient: dict[str, Any], listed: pl.DataFrame, since: pl.DataFrame) -> None:
    """The next action, and the form to record its outcome."""
    task = listed.row(0, named=True) if len(listed) else None
    with st.container(border=True):
        if task:
            hour = task.get("recommended_hour")
            likeliest = f" · likeliest to answer at {hour}:00" if hour is not None else ""
            st.markdown(f"**Next:** {as_plain_markdown(task['next_action'])}")
            st.caption(f"Due {day(task['due_on'])}{likeliest}")
        for row in since.iter_rows(named=True):
            _recorded(publication, patient, row)
        # Keyed by patient, so that a choice for one does not carry over to the next.
        key = f"outcome_{patient['patient_key']}"
        outcome = st.pills(
            "What came of it",
            OUTREACH_OUTCOMES,
            format_func=lambda code: f"{OUTCOME_ICONS[code]} {plain(code)}",
            key=f"{key}_what",
        )
        first, second = st.columns(2)
        usual = task["recommended_channel"] if task else "phone"
        channel = first.selectbox(
            "Through", CHANNELS, index=CHANNELS.index(usual), format_func=CHANNEL_NAMES.__getitem__, key=f"{key}_channel"
        )
        note = second.selectbox("Remark", OUTCOME_NOTES, index=None, format_func=plain, placeholder="None", key=f"{key}_remark")
        ends = f"{plain(outcome)} ends contact with this person permanently" if outcome in FINAL else ""
        is_sure = not ends or st.checkbox(f"I am sure: {ends[0].lower()}{ends[1:]}.", key=f"{key}_sure")
        if not st.button("Record", type="primary", icon=":material/check:", key=f"{key}_record"):
            return
        if outcome is None:
            st.error("Choose the outcome.")
        elif not is_sure:
            st.error(f"{ends}. Tick that you are sure, then record it.")
        else:
            _record(publication, patient, channel=channel, outcome=outcome, note_code=note, listed_on=task and task["listed_on"])


def _record(publication: Publication, patient: dict[str, Any], *, outcome: str, **said: Any) -> None:
    audit("outcome_recorded", subject=str(patient["patient_key"]), n_rows=1)
    record(
        journal_folder(publication),
        Outcome(
            patient_source_system=patient["patient_source_system"],
            patient_record_type=patient["patient_record_type"],
            patient_source_id=patient["patient_source_id"],
            recorded_by=current_viewer().user_id,
            outcome=outcome,
            **said,
        ),
    )
    st.session_state["outreach_said"] = f"Recorded: {plain(outcome)}."
    close_drawer()
    st.rerun()


def _recorded(publication: Publication, patient: dict[str, Any], row: dict[str, Any]) -> None:
    """An outcome not yet in the warehouse; the person who recorded it may withdraw it."""
    words, undo = st.columns([4, 1], vertical_alignment="center")
    zone = publication.time_zone
    note = f", {plain(row['note_code']).lower()}" if row["note_code"] else ""
    said = plain(row["outcome"] or "contacted")
    words.success(
        f"{said}{note} · {CHANNEL_NAMES[row['channel']].lower()} · {instant(row['recorded_at'], zone)} · "
        f"{as_plain_markdown(row['recorded_by'])}. It reaches the warehouse at the next run.",
        icon=OUTCOME_ICONS.get(row["outcome"]),
    )
    if row["recorded_by"] == current_viewer().user_id and undo.button("Take back", key=f"undo_{row['outcome_id']}"):
        audit("outcome_recorded", subject=f"{patient['patient_key']} taken back", n_rows=1)
        withdraw(journal_folder(publication), row["outcome_id"])
        st.session_state["outreach_said"] = "Taken back."
        close_drawer()
        st.rerun()


def _reach(publication: Publication, patient: dict[str, Any]) -> None:
    st.markdown("**How to reach them**")
    st.caption(
        f"Language: {as_plain_markdown(language(patient['language']))} · prefers: "
        f"{CHANNEL_NAMES.get(patient['preferred_channel'], 'no channel in particular').lower()}"
    )
    channels = ask(publication, _CHANNELS, (patient["patient_key"],))
    consents = {"granted": "Yes", "revoked": "Refused", "none": "Not asked"}
    # Calls, letters and the portal need no consent for a patient's own care; outreach needs a recorded yes for every channel.
    may = (
        pl.when(~pl.col("may_contact"))
        .then(pl.lit("No"))
        .when(pl.col("consent") == "granted")
        .then(pl.lit("Yes"))
        .otherwise(pl.lit("For care alone"))
    )
    st.dataframe(
        channels.select(
            pl.col("channel").replace(CHANNEL_NAMES).alias("Channel"),
            each(channels["contact_point"], telephone).fill_null(ABSENT).alias("Number or address"),
            pl.col("consent").replace(consents).alias("Consent"),
            pl.col("consent_recorded_on").alias("Recorded"),
            may.alias("May be used"),
        ),
        hide_index=True,
        placeholder=ABSENT,
        column_config={"Recorded": st.column_config.DateColumn(format="D MMM YYYY")},
        alt="Consent and contact point of each channel",
    )


def _visits(publication: Publication, patient: dict[str, Any]) -> None:
    last, following = st.columns(2)
    last.metric("Last visit", day(patient["last_visit_on"]), border=True)
    at = patient["next_appointment_at"]
    following.metric("Next visit", instant(at, publication.time_zone) if at else "None booked", border=True)
    login = patient["last_portal_login_on"]
    facts = (
        f"{counted(patient['n_visits_24_months'], 'visit')} in 24 months",
        patient["provider_name"] or "no primary provider",
        patient["location_name"] or "no home site",
        counted(patient["n_chronic_conditions"], "chronic condition"),
        f"in the portal on {day(login)}" if login else "never in the portal",
    )
    st.caption(" · ".join(as_plain_markdown(fact) for fact in facts))


def _gaps(publication: Publication, patient: dict[str, Any]) -> None:
    gaps = ask(publication, _GAPS, (patient["patient_key"],))
    n_due = gaps.filter(~pl.col("is_due_later"))["measure_code"].n_unique()
    st.markdown(f"**Open care gaps: {n_due} to close now**")
    if gaps.is_empty():
        st.caption("None is open.")
    for gap in gaps.unique("measure_code", keep="first", maintain_order=True).iter_rows(named=True):
        later = " :gray-badge[due later]" if gap["is_due_later"] else ""
        what = f"  \n→ {as_plain_markdown(gap['next_action'])}, by {day(gap['close_by_on'])}" if gap["next_action"] else ""
        reason = as_plain_markdown(days_in(gap["reason"]))
        st.markdown(f"**{as_plain_markdown(gap['title'])}** ({gap['measure_code']}){later}  \n{reason}{what}")


def _risk(patient: dict[str, Any]) -> None:
    st.markdown("**Risk of drifting away**")
    if patient["score"] is None:
        st.caption("Not scored: only adults seen in the last two years, who have not drifted away yet, are.")
        return
    st.markdown(f"{plain(patient['tier'])}: **{patient['score']:.0%}** within 180 days")
    reasons = [patient[f"reason_{n}"] for n in (1, 2, 3) if patient[f"reason_{n}"]]
    st.markdown("\n".join(f"- {as_plain_markdown(days_in(reason))}" for reason in reasons))
    st.caption("Inputs associated with the risk in similar patients; they are not causes.")


def _history(publication: Publication, patient: dict[str, Any], since: pl.DataFrame) -> None:
    contacts = ask(publication, _CONTACTS, (patient["patient_key"],))
    st.markdown("**Contacts so far**")
    if contacts.is_empty():
        st.caption("None is on record." if since.is_empty() else "None except those recorded today.")
        return
    ways = {"outbound": "to the patient", "inbound": "from the patient"}
    st.dataframe(
        contacts.select(
            pl.col("contacted_on").alias("Day"),
            pl.col("channel").replace(CHANNEL_NAMES).alias("Channel"),
            pl.col("direction").replace(ways).alias("Which way"),
            each(contacts["purpose"], plain).alias("About"),
            each(contacts["outcome"], plain).alias("What came of it"),
        ),
        hide_index=True,
        placeholder=ABSENT,
        column_config={"Day": st.column_config.DateColumn(format="D MMM YYYY")},
        alt="Contacts with the patient, newest first",
    )
    if len(contacts) == 30:
        st.caption("The newest thirty.")
