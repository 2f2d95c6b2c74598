"""Decides whether two records are one person; the next run applies the decision."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record as audit
from dashboards.access.roles import current_viewer
from dashboards.figures.wording import as_plain_markdown
from dashboards.identities.decisions import decide
from dashboards.identities.reviews import REASONS, pairs, side_by_side
from dashboards.layout.address import say_unknown
from dashboards.layout.page import empty, is_published, open_page
from dashboards.store.journal import journal_folder
from dashboards.store.published import Publication
from models.wording import ABSENT, amount, counted, instant

TABLES = ("marts.fct_identity_reviews", "marts.fct_identity_decisions", "marts.dim_identity_records")
CHOICES = {"link": "Same person", "separate": "Different people", "later": "Later"}
SAID = {"link": "the same person", "separate": "different people", "later": "to be decided later"}
VIEWS = {
    "To decide": pl.col("decision").is_null() & pl.col("is_open"),
    "Later": pl.col("decision") == "later",
    "Decided": pl.col("decision").is_in(["link", "separate"]),
}
EVERY = "All"


def _chosen(rows: pl.DataFrame) -> dict[str, Any] | None:
    """The selected pair; the filters are kept in the URL."""
    why, number = st.columns([3, 1])
    there = [words for reason, words in REASONS.items() if reason in set(rows["reason"].drop_nulls())]
    say_unknown("reason", [EVERY, *there])
    reason = why.selectbox("Why it is doubtful", [EVERY, *there], key="reason", bind="query-params")
    if reason != EVERY:
        rows = rows.filter(pl.col("reason").replace(REASONS) == reason)
    if rows.is_empty():
        return None
    # Keyed by the listed pairs: a decided pair leaves the list, and the next one takes its place.
    place = number.number_input(f"Pair, of {len(rows):,}", 1, len(rows), key=f"pair_of_{len(rows)}_{reason}")
    return rows.row(int(place) - 1, named=True)


def _both(publication: Publication, pair: dict[str, Any]) -> None:
    """The two records side by side; audited once per session before anything is shown."""
    seen = st.session_state.setdefault("identities_seen", set())
    if pair["review_key"] not in seen:
        audit("patient_viewed", subject="identity review", n_rows=2, patients=_patients(pair))
        seen.add(pair["review_key"])
    if pair["reason"]:
        likely = (
            f" {amount(pair['confidence'], 'share')} by the weight of the evidence." if pair["confidence"] is not None else ""
        )
        st.markdown(f"**{REASONS[pair['reason']]}**{likely}")
    st.dataframe(
        side_by_side(publication, pair),
        hide_index=True,
        height="content",
        placeholder=ABSENT,
        column_config={
            "field": st.column_config.TextColumn("", width=110),
            "one": st.column_config.TextColumn("One record", width="medium"),
            "other": st.column_config.TextColumn("The other record", width="medium"),
            "agree": st.column_config.CheckboxColumn("Agree", width="small"),
        },
        alt="The two records, field by field",
    )


def _patients(pair: dict[str, Any]) -> list[int]:
    return [pair["left_patient_key"], pair["right_patient_key"]]


def _before(publication: Publication, pair: dict[str, Any]) -> None:
    if pair["decision"] is None:
        return
    who = as_plain_markdown(pair["decided_by"]) if pair["decided_by"] else "the CRM"
    when = "" if pair["is_applied"] else " The next run applies it."
    st.info(
        f"Decided: {SAID[pair['decision']]} · {instant(pair['decided_at'], publication.time_zone)} · {who}.{when} "
        "Another decision undoes it.",
        icon=":material/history:",
    )


def _decide(publication: Publication, pair: dict[str, Any]) -> None:
    key = pair["review_key"]
    is_sure = st.checkbox("I am sure that this is one person: their charts, visits and bills become one.", key=f"sure_{key}")
    for cell, (decision, words) in zip(st.columns(3), CHOICES.items(), strict=True):
        is_main = decision == "separate"
        if not cell.button(words, key=f"{decision}_{key}", type="primary" if is_main else "secondary", width="stretch"):
            continue
        if decision == "link" and not is_sure:
            st.error("A wrong merge shows one person's chart to another. Tick that you are sure, then choose *Same person*.")
            return
        audit("identity_decided", subject=f"{key} {decision}", n_rows=2, patients=_patients(pair))
        decide(journal_folder(publication), pair, decision, current_viewer().user_id)
        st.session_state["identities_said"] = f"Recorded: {SAID[decision]}. The next run applies it."
        st.rerun()


publication = open_page("Identities", "Pairs of records that may be one person; a steward decides.", is_exported=False)
if said := st.session_state.pop("identities_said", None):
    st.toast(said, icon=":material/check_circle:")
if not all(is_published(publication, table) for table in TABLES):
    empty("This publication was made before pairs could be decided here. Run `caregap run` again.")
    st.stop()
every = pairs(publication)
say_unknown("view", VIEWS)
view = st.segmented_control(
    "View", list(VIEWS), default="To decide", required=True, key="view", bind="query-params", label_visibility="collapsed"
)
listed = every.filter(VIEWS[view])
pair = _chosen(listed) if len(listed) else None
if pair is None:
    empty({"To decide": "No pair of records is in doubt.", "Later": "Nothing was put off."}.get(view, "Nothing was decided yet."))
else:
    st.caption(f"{counted(len(listed), 'pair')} here. Nothing in doubt is merged until somebody decides.")
    _before(publication, pair)
    _both(publication, pair)
    _decide(publication, pair)
