"""The audit log, whether it is intact, and the signs of intrusion in it."""

import re
from datetime import UTC, datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboards.access.access_file import read_access
from dashboards.access.audit_log import current_log
from dashboards.access.roles import ROLES
from dashboards.figures.wording import as_plain_markdown
from dashboards.home import home
from dashboards.layout.exports import offer
from dashboards.layout.page import empty, open_page
from dashboards.layout.typed import typed
from models.audit_log.break_glass import ENDS, REASONS, Opening, openings
from models.audit_log.chain import Verdict
from models.audit_log.record import EVENTS
from models.audit_log.signs import Sign, signs
from models.audit_log.store import FILE
from models.settings.alerts import AlertLimits
from models.wording import counted

SHOWN = 1000
MOST_AT_ONCE = 18
TEXTS = ("at", "who", "name", "role", "event", "subject", "address", "session")
COLUMNS: dict[str, type[pl.DataType] | pl.DataType] = {
    **dict.fromkeys(TEXTS, pl.String),
    "n_rows": pl.Int64,
    "patients": pl.List(pl.Int64),
}


@st.cache_data(max_entries=1, show_spinner="Walking the chain …")
def _read(
    folder: str, changed_at: int, hour: str, limits: AlertLimits
) -> tuple[Verdict, tuple[Sign, ...], list[Opening], pl.DataFrame]:
    """The verdict, the signs, what was opened by break-glass, and the lines, newest first.

    Kept until the log is written to, since walking a million lines takes seconds.
    """
    entries = [{**entry, "patients": _keys(entry)} for entry in log.entries()]
    found = log.verify()
    shown = signs(entries, found, limits, datetime.now(UTC), log.missing_from_copy() or 0)
    return found, shown, openings(entries)[::-1], pl.DataFrame(entries, schema=COLUMNS, strict=False).reverse()


def _opened(found: list[Opening]) -> None:
    """Every patient that was opened by break-glass, with its reason and what came of it."""
    now = datetime.now(UTC)
    n_open = sum(one.is_open(now) for one in found)
    with st.expander(f"Break-glass: {counted(len(found), 'patient')} opened, {n_open} open now", expanded=n_open > 0):
        st.dataframe(
            [
                {
                    "When (UTC)": f"{one.at:%Y-%m-%d %H:%M}",
                    "Who": one.name or one.who,
                    "Patient's key": str(one.patient_key),
                    "Why": REASONS[one.reason],
                    "In words": log.keys.opened(one.sealed) or "sealed by another key" if one.sealed else "",
                    "Views": one.n_views,
                    "Ended": f"{one.ended_at:%H:%M}, {ENDS.get(one.ended_because, '')}" if one.ended_at else f"{one.until:%H:%M}",
                }
                for one in found[:SHOWN]
            ],
            hide_index=True,
            height="content" if len(found) <= MOST_AT_ONCE else 620,
            alt="What was opened by break-glass.",
        )


def _keys(entry: dict[str, Any]) -> list[int]:
    patients = entry.get("patients")
    return patients if isinstance(patients, list) else []


open_page("Audit log", "Who viewed, queried and exported what, and whether the log is intact.", is_exported=False)
log = current_log()
written = log.folder / FILE
access = read_access(home())
limits = access.alerts if access else AlertLimits()
changed_at = written.stat().st_mtime_ns if written.exists() else 0
verdict, suspicious, opened, lines = _read(str(log.folder), changed_at, f"{datetime.now(UTC):%Y-%m-%d %H}", limits)
if verdict.problems:
    found = as_plain_markdown("; ".join(verdict.problems[:5]))
    st.error(f"The log has been tampered with or damaged: {found}. `caregap audit repair` records it.", icon=":material/gpp_bad:")
for broken in verdict.breaks:
    said = f"Line {broken.line}, {as_plain_markdown(broken.at)}: the log was broken: {as_plain_markdown(broken.what)}."
    st.error(said, icon=":material/gpp_bad:")
for sign in suspicious:
    if sign.kind != "broken_log":  # said above, with its lines
        st.warning(f"Sign of intrusion, {as_plain_markdown(sign.text)}", icon=":material/notification_important:")
if opened:
    _opened(opened)
if verdict.is_whole:
    st.success(
        f"The log is intact: {counted(verdict.n_lines, 'line')}, each chained to the one before. Head: `{verdict.head[:16]}`",
        icon=":material/verified_user:",
    )
if not verdict.is_checked:
    st.caption("No key protects the log: anyone who can write to the home can rewrite it. See docs/operators.md.")
elif verdict.n_unkeyed:
    st.caption(f"{counted(verdict.n_unkeyed, 'line')} were written before there was a key.")

who, what, of_what, since = st.columns(4)
people = who.multiselect("Who", lines["who"].drop_nulls().unique().sort().to_list(), placeholder="Everybody")
kinds = what.multiselect("What", list(EVENTS), format_func=EVENTS.__getitem__, placeholder="Everything")
subject = typed("Of what", 80, place=of_what, placeholder="A patient's key, a page, a table", key="subject").strip()
from_day = since.date_input("Since", value=None, format="YYYY-MM-DD", key="since")
if people:
    lines = lines.filter(pl.col("who").is_in(people))
if kinds:
    lines = lines.filter(pl.col("event").is_in(kinds))
if subject:
    is_named = pl.col("subject").str.to_lowercase().str.contains(subject.lower(), literal=True)
    is_shown = pl.col("patients").list.contains(int(subject)) if re.fullmatch(r"-?\d{1,19}", subject) else pl.lit(False)
    lines = lines.filter(is_named | is_shown)
if from_day:
    lines = lines.filter(pl.col("at") >= from_day.isoformat())

if lines.is_empty():
    empty("No line of that kind.")
    st.stop()
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    cut = f"; the newest {SHOWN:,} are shown" if len(lines) > SHOWN else ""
    st.markdown(f"**{counted(len(lines), 'line')}**, newest first{cut}", width="content")
    with st.container(width="content"):
        offer(lines.drop("patients"), "audit_log")
st.dataframe(
    lines.head(SHOWN)
    .drop("patients", "session")
    .with_columns(
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
        "name": "Called",
        "address": "From",
        "role": "As",
        "event": "What",
        "subject": "Of what",
        "n_rows": st.column_config.NumberColumn("Rows", format="localized"),
    },
)
