"""One patient for the care team: contact details, visits, gaps, risk, contacts so far, and the form to record an outcome."""

from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record as audit
from dashboards.access.roles import current_viewer
from dashboards.figures.languages import _, chosen_language, day, instant, many, sentence
from dashboards.figures.wording import as_plain_markdown, each, first_upper, language, plain, telephone
from dashboards.outreach.campaign_journal import note_campaign
from dashboards.outreach.outcomes import Outcome, record, withdraw
from dashboards.outreach.reaching import CHANNEL_NAMES, invitation, link, tongue
from dashboards.outreach.worklist import recorded_lately, recorded_of, recorded_since, worklist
from dashboards.store.journal import journal_folder
from dashboards.store.published import Publication, ask
from dashboards.store.restrictions import restricted
from models.extracts.caregap import OUTCOME_NOTES
from models.extracts.crm import CHANNELS, OUTREACH_OUTCOMES
from models.wording import ABSENT, amount

OPEN = "outreach_patient"
"""Session key: the patient whose drawer is open."""
ORDER = "outreach_order"
"""Session key: the patients of the list on the page, in its order."""
CAMPAIGN = "outreach_campaign"
"""Session key: the campaign whose list is worked; None: today's work."""
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
LAST = "outreach_last"
"""Session key: the id of the outcome that was recorded last, and the patient's name."""
ENDING = {
    "opted_out": "{outcome} ends contact with this person until they consent again",
    "moved": "{outcome} ends contact with this person permanently",
    "deceased": "{outcome} ends contact with this person, unless a later visit is on record",
}
"""Outcomes that end contact, with how long: they need confirmation, and stand apart after all others."""
OFFERED = [*(code for code in OUTREACH_OUTCOMES if code not in ENDING), *ENDING]

_PROFILE = "select * from delivery.out_patient_profiles where patient_key = ?"
_CHANNELS = "select * from delivery.out_patient_channels where patient_key = ?"
_GAPS = """
    select gaps.measure_code, measures.title, gaps.reason, gaps.next_action, gaps.opened_on, gaps.close_by_on, gaps.is_due_later,
        gaps.is_closable, gaps.next_appointment_at
    from marts.fct_care_gaps as gaps
    inner join marts.dim_measures as measures using (measure_code)
    where gaps.patient_key = ? and gaps.gap_status = 'open'
    order by not gaps.is_closable, gaps.is_due_later, gaps.measure_code
"""
_CONTACTS = "select * from delivery.out_patient_contacts where patient_key = ? order by contact_number"


def open_drawer(patient_key: int) -> None:
    """Open the patient's drawer at the next run of the page."""
    st.session_state[OPEN] = patient_key


def close_drawer() -> None:
    st.session_state.pop(OPEN, None)


def _neighbour(step: int) -> int | None:
    """The patient after (1) or before (-1) the open one in the list on the page; None at its end."""
    order = st.session_state.get(ORDER, [])
    place = order.index(st.session_state[OPEN]) + step if st.session_state.get(OPEN) in order else -1
    return order[place] if 0 <= place < len(order) else None


def draw_open(publication: Publication) -> None:
    """Draw the open patient's drawer, if any; every opening is audited before anything is shown."""
    patient_key = st.session_state.get(OPEN)
    if patient_key is None:
        _last_recorded(publication)
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
    found = ask(publication, _PROFILE, (publication.patient_key,))
    if found.is_empty():
        st.info(_("The newest publication has no such patient any more. End this, and open them anew by both identifiers."))
        return
    patient = found.row(0, named=True)
    st.subheader(as_plain_markdown(patient["patient_name"]), anchor=False)
    _head(patient, patient["patient_key"] in restricted(publication))
    _reach(publication, patient)
    _visits(publication, patient)
    _gaps(publication, patient)
    _history(publication, patient, recorded_of(publication, patient))


def _drawer(publication: Publication, patient: dict[str, Any]) -> None:
    current_viewer()
    since = recorded_of(publication, patient)
    is_restricted = patient["patient_key"] in restricted(publication)
    task = None if is_restricted else _task(publication, patient["patient_key"])
    _head(patient, is_restricted)
    if current_viewer().may_open("outreach"):
        _last_recorded(publication)
        _turn()
        _finding(publication, patient, task)
        _outcome(publication, patient, task, since)
    _reach(publication, patient)
    _visits(publication, patient)
    _gaps(publication, patient)
    if not is_restricted:
        _risk(patient)
    _history(publication, patient, since)


def _task(publication: Publication, patient_key: int) -> dict[str, Any] | None:
    """The patient's row of the list that is worked; None for whoever is not on it."""
    rows = worklist(publication, st.session_state.get(CAMPAIGN)).filter(pl.col("patient_key") == patient_key)
    return rows.row(0, named=True) if len(rows) else None


def _head(patient: dict[str, Any], is_restricted: bool) -> None:
    born = _("born {day}", day=day(patient["birth_date"])) if patient["birth_date"] else None
    age = many("{n} year old", "{n} years old", patient["age_years"]) if patient["age_years"] is not None else None
    facts = [age, patient["sex"] and _(patient["sex"]), born, f"MRN {patient['mrn']}" if patient["mrn"] else None]
    st.markdown(" · ".join(as_plain_markdown(fact) for fact in (*facts, patient["payer_name"]) if fact))
    if is_restricted:
        st.error(_("The use of this person's data is restricted: for their treatment alone."), icon=":material/front_hand:")
    if patient["is_deceased"]:
        st.error(_("A source reports that this person has died."), icon=":material/heart_minus:")
    elif patient["is_do_not_contact"]:
        st.error(_("Asked not to be contacted."), icon=":material/do_not_disturb_on:")


def _turn() -> None:
    """The buttons that lead on through the list, each with its key."""
    with st.container(horizontal=True):
        for words, step, key in (("Next patient", 1, "N"), ("Back", -1, "B")):
            there = _neighbour(step)
            if st.button(_(words), shortcut=key, key=f"turn_{key}", disabled=there is None) and there is not None:
                open_drawer(there)
                st.rerun()


def _finding(publication: Publication, patient: dict[str, Any], task: dict[str, Any] | None) -> None:
    """Why the patient is called, the language, and the link that starts the contact."""
    st.html(CONTACT_LOOK)
    if task is None:
        return
    urgent = f":red[**{_('Urgent')}**] · " if task["is_clinically_urgent"] else ""
    st.markdown(f"{urgent}**{as_plain_markdown(first_upper(sentence(task['why'])))}**")
    st.markdown(f"{as_plain_markdown(sentence(task['next_action']))} · {_('by {day}', day=day(task['due_on']))}")
    spoken = tongue(patient["language"], patient["needs_interpreter"])
    if spoken:
        st.markdown(f":material/translate: **{as_plain_markdown(spoken)}**")
    channel, point = task["recommended_channel"], task["contact_point"]
    if channel:
        # A button of Streamlit's with an address is fetched apart, and came seconds after the profile.
        st.html(f'<p class="care-contact">{link(channel, point, publication.practice_name, patient["language"])}</p>')
    if channel in ("sms", "email", "portal", "mail"):
        with st.expander(_("What to write, without anything about health")):
            st.code(invitation(publication.practice_name, patient["language"])[1], language=None, wrap_lines=True)


CONTACT_LOOK = """
<style>
@media (max-width: 640px), (pointer: coarse) {
  [class*="st-key-outcome_"] button, [class*="st-key-turn_"] button, [class*="st-key-undo_"] button,
  [role="dialog"] button[aria-label="Close"] { min-height: 44px; min-width: 44px; }
}
[class*="st-key-outcome_"][class*="_what"] button:nth-of-type(n + 8) { border: 1px dashed #B3261E; }
[class*="st-key-outcome_"][class*="_what"] button:nth-of-type(8) { margin-left: 1.25rem; }
.care-contact { margin: 0; }
.care-contact a {
  display: inline-block; padding: 0.6rem 1rem; border-radius: 0.5rem; background: #0B5CAD; color: #FFFFFF; font-weight: 600;
  text-decoration: none; overflow-wrap: anywhere;
}
</style>
"""


def _outcome(publication: Publication, patient: dict[str, Any], task: dict[str, Any] | None, since: pl.DataFrame) -> None:
    """The form to record an outcome: what came of it, then Record."""
    with st.container(border=True):
        for row in since.iter_rows(named=True):
            _recorded(publication, patient, row)
        # Keyed by patient, so that a choice for one does not carry over to the next.
        key = f"outcome_{patient['patient_key']}"
        outcome = st.pills(
            _("What came of it"),
            OFFERED,
            format_func=lambda code: f"{OUTCOME_ICONS[code]} {_(plain(code))}",
            key=f"{key}_what",
        )
        ends = _(ENDING[outcome], outcome=_(plain(outcome))) if outcome in ENDING else ""
        is_sure = not ends or st.checkbox(_("I am sure: {what}.", what=f"{ends[0].lower()}{ends[1:]}"), key=f"{key}_sure")
        # Somebody else may have called meanwhile: what was recorded since is shown again, and asked about, before more is.
        lately = recorded_lately(publication, patient)
        known = set(lately["outcome_id"])
        is_asked = bool(known) and known <= st.session_state.get(f"{key}_asked", set())
        if is_asked:
            st.warning(
                _(
                    "Already recorded: {what} Record another outcome all the same?",
                    what=_told(publication, lately.row(0, named=True)),
                )
            )
        is_pressed = st.button(
            _("Record anyway") if is_asked else _("Record"), type="primary", icon=":material/check:", key=f"{key}_record"
        )
        first, second = st.columns(2)
        usual = (task and task["recommended_channel"]) or "phone"
        channel = first.selectbox(
            _("Through"),
            CHANNELS,
            index=CHANNELS.index(usual),
            format_func=lambda code: _(CHANNEL_NAMES[code]),
            key=f"{key}_channel",
        )
        note = second.selectbox(
            _("Remark"),
            OUTCOME_NOTES,
            index=None,
            format_func=lambda code: _(plain(code)),
            placeholder=_("None"),
            key=f"{key}_remark",
        )
        if not is_pressed:
            return
        if outcome is None:
            st.error(_("Choose the outcome."))
        elif not is_sure:
            st.error(_("{what}. Tick that you are sure, then record it.", what=ends))
        elif known and not is_asked:
            st.session_state[f"{key}_asked"] = known
            st.rerun()
        else:
            _record(publication, patient, channel=channel, outcome=outcome, note_code=note, listed_on=task and task["listed_on"])


def _record(publication: Publication, patient: dict[str, Any], *, outcome: str, **said: Any) -> None:
    """Record it, and lead on to the next patient of the list."""
    audit("outcome_recorded", subject=str(patient["patient_key"]), n_rows=1)
    outcome_id = record(
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
    if said["listed_on"] and (campaign := st.session_state.get(CAMPAIGN)):
        note_campaign(journal_folder(publication), outcome_id, campaign)
    st.session_state[LAST] = (outcome_id, patient["patient_key"], patient["patient_name"])
    following = _neighbour(1)
    close_drawer()
    if following is not None:
        open_drawer(following)
    st.rerun()


def _recorded(publication: Publication, patient: dict[str, Any], row: dict[str, Any]) -> None:
    """An outcome not yet in the warehouse; the person who recorded it may withdraw it."""
    words, undo = st.columns([4, 1], vertical_alignment="center")
    words.success(
        f"{_told(publication, row)} {_('It reaches the warehouse at the next run.')}", icon=OUTCOME_ICONS.get(row["outcome"])
    )
    if row["recorded_by"] == current_viewer().user_id and undo.button(_("Take back"), key=f"undo_{row['outcome_id']}"):
        _take_back(publication, patient["patient_key"], row["outcome_id"])


def _told(publication: Publication, row: dict[str, Any]) -> str:
    """An outcome not yet in the warehouse in one sentence: what, through which channel, when, and by whom."""
    note = f", {_(plain(row['note_code'])).lower()}" if row["note_code"] else ""
    person = _("by {person}", person=as_plain_markdown(row["recorded_by"]))
    return (
        f"{_(plain(row['outcome'] or 'contacted'))}{note} · {_(CHANNEL_NAMES[row['channel']]).lower()} · "
        f"{instant(row['recorded_at'], publication.time_zone)} · {person}."
    )


def _last_recorded(publication: Publication) -> None:
    """What was recorded last and for whom, with the button that takes it back, until a run has taken it."""
    if (last := st.session_state.get(LAST)) is None:
        return
    outcome_id, patient_key, name = last
    found = recorded_since(publication).filter(pl.col("outcome_id") == outcome_id)
    # A profile names no other patient to whoever may not see them any more.
    if found.is_empty() or patient_key == st.session_state.get(OPEN) or ask(publication, _PROFILE, (patient_key,)).is_empty():
        return
    words, undo = st.columns([4, 1], vertical_alignment="center")
    outcome = _(plain(found["outcome"][0]))
    words.success(
        _("Recorded for {name}: {outcome}.", name=as_plain_markdown(name), outcome=outcome), icon=":material/check_circle:"
    )
    if undo.button(_("Take back"), key="undo_last"):
        _take_back(publication, patient_key, outcome_id)


def _take_back(publication: Publication, patient_key: int, outcome_id: str) -> None:
    """Withdraw an outcome, and open the patient again: they are to do."""
    audit("outcome_recorded", subject=f"{patient_key} taken back", n_rows=1)
    withdraw(journal_folder(publication), outcome_id)
    st.session_state["outreach_said"] = _("Taken back.")
    open_drawer(patient_key)
    st.rerun()


def _reach(publication: Publication, patient: dict[str, Any]) -> None:
    st.markdown(f"**{_('How to reach them')}**")
    preferred = CHANNEL_NAMES.get(patient["preferred_channel"], "No channel in particular")
    st.caption(
        _(
            "Language: {language} · prefers: {channel}",
            language=as_plain_markdown(language(patient["language"], chosen_language())),
            channel=_(preferred).lower(),
        )
    )
    channels = ask(publication, _CHANNELS, (patient["patient_key"],))
    consents = {"granted": _("Yes"), "revoked": _("Refused"), "none": _("Not asked")}
    # Calls, letters and the portal need no consent for a patient's own care; outreach needs a recorded yes for every channel.
    may = (
        pl.when(~pl.col("may_contact"))
        .then(_why_not(patient))
        .when(pl.col("consent") == "granted")
        .then(pl.lit(_("Yes")))
        .otherwise(pl.lit(_("For care alone")))
    )
    names = {code: _(name) for code, name in CHANNEL_NAMES.items()}
    _small_table(
        channels.select(
            pl.col("channel").replace(names).alias(_("Channel")),
            each(channels["contact_point"], telephone).fill_null(ABSENT).alias(_("Number or address")),
            pl.col("consent").replace(consents).alias(_("Consent")),
            each(channels["consent_recorded_on"], day).fill_null(ABSENT).alias(_("Recorded on")),
            may.alias(_("May be used")),
        )
    )


def _why_not(patient: dict[str, Any]) -> pl.Expr:
    """Why a channel that may not be contacted may not: the first reason that holds, in the order in which it would be mended."""
    return (
        pl.when(patient["is_deceased"])
        .then(pl.lit(_("No: has died")))
        .when(patient["is_do_not_contact"])
        .then(pl.lit(_("No: asked not to be contacted")))
        .when(pl.col("consent") == "revoked")
        .then(pl.lit(_("No: refused")))
        .when(pl.col("contact_point").is_null())
        .then(pl.lit(_("No: nothing on record")))
        .when(pl.col("consent") == "none")
        .then(pl.lit(_("No: ask first")))
        .otherwise(pl.lit(_("No: the last attempt did not arrive")))
    )


TABLE_LOOK = """
<style>
.care-table { width: 100%; border-collapse: collapse; font-size: 0.875rem; }
.care-table th, .care-table td { text-align: left; padding: 0.3rem 0.5rem 0.3rem 0; overflow-wrap: anywhere; }
.care-table tr { border-bottom: 1px solid rgba(128, 128, 128, 0.35); }
@media (max-width: 640px) {
  .care-table thead { position: absolute; left: -10000px; }
  .care-table tr, .care-table td { display: block; padding: 0.1rem 0; }
  .care-table td::before { content: attr(data-label) ": "; opacity: 0.85; }
}
</style>
"""


def _small_table(rows: pl.DataFrame) -> None:
    """A table of plain text, which a screen reader follows and which fits a telephone: there a row is a few lines."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in rows.columns)
    lines = (
        "".join(
            f'<td data-label="{escape(name)}">{escape(ABSENT if value is None else str(value))}</td>'
            for name, value in row.items()
        )
        for row in rows.iter_rows(named=True)
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    st.html(f'{TABLE_LOOK}<table class="care-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')


def _visits(publication: Publication, patient: dict[str, Any]) -> None:
    last, following = st.columns(2)
    last.metric(_("Last visit"), day(patient["last_visit_on"]), border=True)
    at = patient["next_appointment_at"]
    following.metric(_("Next visit"), instant(at, publication.time_zone) if at else _("None booked"), border=True)
    login = patient["last_portal_login_on"]
    facts = (
        many("{n} visit in 24 months", "{n} visits in 24 months", patient["n_visits_24_months"]),
        patient["provider_name"] or _("no primary provider"),
        patient["location_name"] or _("no home site"),
        many("{n} chronic condition", "{n} chronic conditions", patient["n_chronic_conditions"]),
        _("in the portal on {day}", day=day(login)) if login else _("never in the portal"),
    )
    st.caption(" · ".join(as_plain_markdown(fact) for fact in facts))


def _gaps(publication: Publication, patient: dict[str, Any]) -> None:
    gaps = ask(publication, _GAPS, (patient["patient_key"],))
    n_due = gaps.filter(pl.col("is_closable") & ~pl.col("is_due_later"))["measure_code"].n_unique()
    st.markdown(f"**{_('Open care gaps: {n} to close now', n=n_due)}**")
    if gaps.is_empty():
        st.caption(_("None is open."))
    for gap in gaps.unique("measure_code", keep="first", maintain_order=True).iter_rows(named=True):
        standing = _("due later") if gap["is_due_later"] else "" if gap["is_closable"] else _("cannot be closed any more")
        badge = f" :gray-badge[{standing}]" if standing else ""
        action = as_plain_markdown(sentence(gap["next_action"])) if gap["next_action"] else ""
        # What is due later says its own days; what cannot be closed has none left; a visit on the last day has said it.
        at = gap["next_appointment_at"]
        is_said = at is not None and at.astimezone(ZoneInfo(publication.time_zone)).date() == gap["close_by_on"]
        close_by = "" if standing or is_said else f" · {_('by {day}', day=day(gap['close_by_on']))}"
        what = f"  \n→ {action}{close_by}" if action else ""
        reason = as_plain_markdown(sentence(gap["reason"]))
        st.markdown(f"**{as_plain_markdown(sentence(gap['title']))}** ({gap['measure_code']}){badge}  \n{reason}{what}")


def _risk(patient: dict[str, Any]) -> None:
    st.markdown(f"**{_('Risk of drifting away')}**")
    if patient["score"] is None:
        why = (
            "Not scored. A score is for adults known for 90 days and seen in the last two years, who can drift away within 180 "
            "days: the last visit is too recent for that, or too long ago."
        )
        st.caption(_(why))
        return
    tier = _(plain(patient["tier"]))
    st.markdown(_("{tier}: **{share}** within 180 days", tier=tier, share=amount(patient["score"], "share")))
    reasons = [patient[f"reason_{n}"] for n in (1, 2, 3) if patient[f"reason_{n}"]]
    st.markdown("\n".join(f"- {as_plain_markdown(sentence(reason))}" for reason in reasons))
    st.caption(_("Inputs associated with the risk in similar patients; they are not causes."))


def _history(publication: Publication, patient: dict[str, Any], since: pl.DataFrame) -> None:
    contacts = ask(publication, _CONTACTS, (patient["patient_key"],))
    st.markdown(f"**{_('Contacts so far')}**")
    if contacts.is_empty():
        st.caption(_("None is on record.") if since.is_empty() else _("None except those recorded today."))
        return
    ways = {"outbound": _("to the patient"), "inbound": _("from the patient")}
    names = {code: _(name) for code, name in CHANNEL_NAMES.items()}
    _small_table(
        contacts.select(
            each(contacts["contacted_on"], day).alias(_("Day")),
            pl.col("channel").replace(names).alias(_("Channel")),
            pl.col("direction").replace(ways).alias(_("Which way")),
            each(contacts["purpose"], _coded).alias(_("About")),
            each(contacts["outcome"], _coded).alias(_("What came of it")),
        )
    )
    if len(contacts) == 30:
        st.caption(_("The newest thirty."))


def _coded(code: str) -> str:
    return _(plain(code))
