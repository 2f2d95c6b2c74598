"""Who saw what: the audit log, and whether it is whole."""

from pathlib import Path

import polars as pl
import streamlit as st

from dashboards.access.audit_log import EVENTS, FILE, Verdict, entries, verify
from dashboards.access.roles import ROLES
from dashboards.figures.wording import counted
from dashboards.home import home
from dashboards.layout.exports import offer
from dashboards.layout.page import empty, open_page

SHOWN = 1000
MOST_AT_ONCE = 18
COLUMNS = {"at": pl.String, "who": pl.String, "role": pl.String, "event": pl.String, "subject": pl.String, "n_rows": pl.Int64}


@st.cache_data(max_entries=1, show_spinner="Walking the chain …")
def _read(folder: str, changed_at: int) -> tuple[Verdict, pl.DataFrame]:
    """The verdict and the lines, newest first; kept until the log is written to, since walking a million lines takes seconds."""
    lines = pl.DataFrame(list(entries(Path(folder))), schema=COLUMNS, strict=False)
    return verify(Path(folder)), lines.reverse()


open_page("Audit log", "Who saw, asked and took away what, and whether the record of it is whole.", is_exported=False)
folder = home() / "audit"
log = folder / FILE
verdict, lines = _read(str(folder), log.stat().st_mtime_ns if log.exists() else 0)
if verdict.problem:
    st.error(f"The log has been tampered with: {verdict.problem}.", icon=":material/gpp_bad:")
else:
    st.success(
        f"The log is whole: {counted(verdict.n_lines, 'line')}, each chained to the one before. Head: `{verdict.head[:16]}`",
        icon=":material/verified_user:",
    )

who, what, of_what, since = st.columns(4)
people = who.multiselect("Who", lines["who"].drop_nulls().unique().sort().to_list(), placeholder="Everybody")
kinds = what.multiselect("What", list(EVENTS), format_func=EVENTS.get, placeholder="Everything")
subject = of_what.text_input("Of what", placeholder="A patient's key, a page, a table", max_chars=80, key="subject").strip()
from_day = since.date_input("Since", value=None, format="YYYY-MM-DD", key="since")
if people:
    lines = lines.filter(pl.col("who").is_in(people))
if kinds:
    lines = lines.filter(pl.col("event").is_in(kinds))
if subject:
    lines = lines.filter(pl.col("subject").str.to_lowercase().str.contains(subject.lower(), literal=True))
if from_day:
    lines = lines.filter(pl.col("at") >= from_day.isoformat())

if lines.is_empty():
    empty("No line of that kind.")
    st.stop()
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    cut = f"; the newest {SHOWN:,} are shown" if len(lines) > SHOWN else ""
    st.markdown(f"**{counted(len(lines), 'line')}**, newest first{cut}", width="content")
    with st.container(width="content"):
        offer(lines, "audit_log")
st.dataframe(
    lines.head(SHOWN).with_columns(
        pl.col("event").replace(EVENTS),
        pl.col("role").replace({name: role.title for name, role in ROLES.items()}),
        at=pl.col("at").str.to_datetime(time_zone="UTC", strict=False),
    ),
    hide_index=True,
    height="content" if len(lines) <= MOST_AT_ONCE else 620,
    placeholder="",
    alt="The lines of the audit log.",
    column_config={
        "at": st.column_config.DatetimeColumn("When (UTC)", format="YYYY-MM-DD HH:mm:ss"),
        "who": "Who",
        "role": "As",
        "event": "What",
        "subject": "Of what",
        "n_rows": st.column_config.NumberColumn("Rows", format="localized"),
    },
)
