"""Comments, events and goals on KPIs: written here, drawn in the chart, listed below it with author and day."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import current_viewer
from dashboards.figures.wording import as_plain_markdown
from dashboards.kpis.metric import as_stored
from dashboards.layout.typed import typed
from dashboards.store.journal import Journal, journal_folder, names_nobody
from dashboards.store.published import Publication
from models.notes import KPI_NOTES, LONGEST_NOTE
from models.wording import amount, day, month

NOTES = Journal(KPI_NOTES)
EVERY_KPI = "all KPIs"
_NAMES = {"comment": "Comment", "event": "Event", "goal": "Goal"}


class NoteRefused(Exception):
    """A note cannot be kept so; the text says what to change."""


def write_note(
    folder: Path, kind: str, kpi_code: str | None, month_on: date, text: str, author: str, value: float | None = None
) -> str:
    """Add a note to the journal in `folder`; returns its new id. Raises `NoteRefused`, and what `Journal.add` raises."""
    if not text.strip() or len(text) > LONGEST_NOTE or not text.isprintable():
        raise NoteRefused(f"Write 1 to {LONGEST_NOTE} characters on one line.")
    if not names_nobody(text):
        raise NoteRefused("The text has a long number or an address. Write nothing there that could name a patient.")
    if kind == "goal" and (value is None or kpi_code is None):
        raise NoteRefused("A goal is a value of one KPI: give it.")
    note_id = uuid4().hex
    entry = {"note_id": note_id, "kind": kind, "kpi_code": kpi_code, "month_on": month_on.replace(day=1), "value": value}
    said = {"text": text.strip(), "author": author, "is_withdrawn": False, "updated_at": datetime.now(UTC)}
    NOTES.add(folder, entry | said)
    return note_id


def take_back(folder: Path, note_id: str, author: str) -> None:
    """Withdraw one's own note. Raises `KeyError` where the journal has none of this author's with that id."""
    NOTES.withdraw(folder, note_id, whose=pl.col("author") == author)


def notes_on(publication: Publication, kpi_code: str) -> pl.DataFrame:
    """The notes on a KPI, those on all KPIs among them, by month, the latest first."""
    stand = NOTES.standing(journal_folder(publication))
    about = (pl.col("kpi_code") == kpi_code) | pl.col("kpi_code").is_null()
    return stand.filter(about).sort("month_on", "updated_at", "note_id", descending=True)


def marks(notes: pl.DataFrame) -> pl.DataFrame:
    """The comments and events as upright lines of a chart: `event_on`, `label`."""
    return notes.filter(pl.col("kind") != "goal").select(event_on="month_on", label=pl.col("text").str.slice(0, 40))


def goals(notes: pl.DataFrame) -> list[float]:
    """The goals as level lines of a chart."""
    return notes.filter(pl.col("kind") == "goal")["value"].to_list()


def draw_notes(publication: Publication, kpi: dict[str, Any], notes: pl.DataFrame, last_month_on: date) -> None:
    """List the notes with author and day, and the form to add one."""
    folder, viewer = journal_folder(publication), current_viewer()
    st.subheader("Comments, events and goals", anchor=False)
    if notes.is_empty():
        st.caption("None yet. What is written here is a line in the chart, and everybody who opens this page reads it.")
    for row in notes.iter_rows(named=True):
        words, undo = st.columns([6, 1], vertical_alignment="center")
        aim = f" {amount(row['value'], kpi['unit'])}" if row["kind"] == "goal" else ""
        scope = "" if row["kpi_code"] else f" · {EVERY_KPI}"
        words.markdown(
            f"**{_NAMES[row['kind']]}{aim}, {month(row['month_on'])}**{scope}: {as_plain_markdown(row['text'])}  \n"
            f":gray[{as_plain_markdown(row['author'])}, {day(row['updated_at'].date())}]"
        )
        if row["author"] == viewer.user_id and undo.button("Take back", key=f"note_{row['note_id']}"):
            record("note_written", subject=f"{row['note_id']} taken back")
            take_back(folder, row["note_id"], viewer.user_id)
            st.rerun()
    with st.expander("Write one"):
        kind_at, month_at, value_at = st.columns(3)
        kind = kind_at.selectbox("Kind", list(_NAMES), format_func=_NAMES.__getitem__, key="note_kind")
        on = month_at.date_input("Month", value=last_month_on, key="note_month")
        value = value_at.number_input(
            "Goal, in percent" if kpi["unit"] == "share" else f"Goal, in {kpi['unit']}",
            value=None, key="note_value", disabled=kind != "goal", placeholder="Of a goal alone",
        )  # fmt: skip
        is_of_all = st.checkbox("On all KPIs", key="note_all", disabled=kind == "goal")
        text = typed("Text", LONGEST_NOTE, key="note_text", placeholder="A new reminder went out")
        st.caption("Write no patient's name.")
        if st.button("Keep", key="note_keep", type="primary", icon=":material/check:"):
            code = None if is_of_all and kind != "goal" else kpi["kpi_code"]
            goal = as_stored(value, kpi["unit"]) if kind == "goal" else None
            try:
                if not isinstance(on, date):
                    raise NoteRefused("Choose a month.")
                note_id = write_note(folder, kind, code, on, text, viewer.user_id, goal)
            except NoteRefused as refused:
                st.error(str(refused))
                return
            record("note_written", subject=note_id)
            st.rerun()
