"""Connected systems: the last pull and push, how pushed tasks stand, what was refused, and the plan that waits for a decision."""

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record as audit
from dashboards.access.roles import current_viewer
from dashboards.connections.approvals import decide, newest_decision
from dashboards.connections.refusals import what_to_do
from dashboards.figures.wording import as_plain_markdown
from dashboards.layout.exhibits import section, table
from dashboards.layout.page import empty, open_page
from dashboards.store.connections import Connected, connected
from dashboards.store.journal import journal_folder
from dashboards.store.published import Publication
from models.pushing import APPROVE, CAPS, CONFIRM_REASONS, MARKS, REFUSE, WITHDRAWN_BECAUSE
from models.wording import counted, instant

_VERBS = {"add": "to create", "change": "to change", "retry": "to send again"}


def _when(publication: Publication, said: str | None) -> str:
    return instant(datetime.fromisoformat(said), publication.time_zone) if said else "never"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _tiles(publication: Publication, one: Connected) -> None:
    last, pulled = one.last_push or {}, one.pulled.get("last") or {}
    marks = one.pushed.get("marks", {})
    cells = iter(st.columns(4))
    next(cells).metric("Last pull", _when(publication, pulled.get("at")), border=True)
    next(cells).metric("Last push", _when(publication, last.get("started_at")), border=True)
    next(cells).metric("Open tasks there", f"{marks.get('open', 0):,}", border=True)
    next(cells).metric("Not accepted yet", f"{marks.get('waiting', 0):,}", border=True, help="Sent again at each push.")
    if failed := one.pulled.get("failed"):
        st.warning(f"The last pull failed: {as_plain_markdown(str(failed.get('failed')))}", icon=":material/sync_problem:")
    if last and not last.get("ended_at"):
        st.warning(
            "The last push did not come to its end. The next one goes on; nothing is sent twice.", icon=":material/sync_problem:"
        )


def _fates(one: Connected) -> None:
    marks = one.pushed.get("marks", {})
    if marks:
        rows = pl.DataFrame({"how": [_sentence(MARKS.get(mark, mark)) for mark in marks], "n": list(marks.values())})
        table(
            rows.sort("n", descending=True),
            title="Tasks by how they stand",
            name=f"{one.name}_tasks",
            columns={"how": st.column_config.TextColumn("How they stand"), "n": st.column_config.NumberColumn("Tasks")},
        )
    rejects = one.pushed.get("rejects", {})
    if rejects:
        rows = pl.DataFrame(
            {"code": list(rejects), "n": list(rejects.values()), "next_step": [what_to_do(code) for code in rejects]}
        )
        table(
            rows.sort("n", descending=True),
            title="Refused by the system",
            name=f"{one.name}_refused",
            note="Every refused task is sent again at each push, until it is accepted or withdrawn.",
            columns={
                "code": st.column_config.TextColumn("Code", width="small"),
                "n": st.column_config.NumberColumn("Tasks", width="small"),
                "next_step": st.column_config.TextColumn("What to do", width="large"),
            },
        )


def _plan(publication: Publication, one: Connected) -> None:
    """The plan that was drawn last, and the decision on it."""
    plan = one.plan
    if plan is None:
        empty(f"No plan was drawn yet. Run `caregap connect plan {one.name}`.")
        return
    rows = [(_VERBS[verb], "", n) for verb, n in plan["n_verbs"].items() if n]
    rows += [("to withdraw", WITHDRAWN_BECAUSE.get(why, why), n) for why, n in plan["withdrawals"].items()]
    rows += [("held back", WITHDRAWN_BECAUSE.get(why, why), n) for why, n in plan["skips"].items()]
    rows += [("unchanged", "", plan["n_unchanged"])]
    table(
        pl.DataFrame(rows, schema={"what": pl.String, "why": pl.String, "n": pl.Int64}, orient="row"),
        title="What the next push would do",
        name=f"{one.name}_plan",
        note=f"Plan {plan['id']}, drawn {_when(publication, plan['made_at'])}. Everybody is checked again before each batch.",
        columns={
            "what": st.column_config.TextColumn("Tasks", width="small"),
            "why": st.column_config.TextColumn("Why", width="large"),
            "n": st.column_config.NumberColumn("Number", width="small"),
        },
    )
    if plan["publication_id"] != publication.id:
        st.info(f"The plan is of an earlier publication. Run `caregap connect plan {one.name}` for one of today.")
        return
    if not any(plan["n_verbs"].values()) and not plan["withdrawals"]:
        return
    _decision(publication, one, plan)


def _decision(publication: Publication, one: Connected, plan: dict[str, Any]) -> None:
    last = one.last_push or {}
    if last.get("plan_id") == plan["id"] and last.get("ended_at"):
        st.success(f"Carried out {_when(publication, last['ended_at'])}.", icon=":material/check_circle:")
        return
    folder = journal_folder(publication)
    newest = newest_decision(folder, one.name)
    if newest and newest["plan_id"] == plan["id"]:
        said = "Approved" if newest["decision"] == APPROVE else "Not to be sent"
        st.info(
            f"{said} · {instant(newest['decided_at'], publication.time_zone)} · {as_plain_markdown(newest['approved_by'])}. "
            f"`caregap connect push {one.name} --approved` or the schedule carries an approved plan out.",
            icon=":material/history:",
        )
    if not current_viewer().may_approve_pushes:
        return
    for cap in plan["confirmations"]:
        st.warning(f"To confirm: {CAPS.get(cap, cap)}.", icon=":material/warning:")
    reason = None
    if plan["confirmations"]:
        reason = st.selectbox("Reason", CONFIRM_REASONS, index=None, placeholder="Why it may be sent", key=f"reason_{one.name}")
    yes, no = st.columns(2)
    is_ready = not plan["confirmations"] or reason is not None
    if yes.button("Approve", key=f"approve_{one.name}", type="primary", disabled=not is_ready, width="stretch"):
        _record(publication, one, plan["id"], APPROVE, reason)
    if no.button("Do not send", key=f"refuse_{one.name}", width="stretch"):
        _record(publication, one, plan["id"], REFUSE, None)


def _record(publication: Publication, one: Connected, plan_id: str, decision: str, reason: str | None) -> None:
    audit("push_decided", subject=f"{one.name} {plan_id} {decision}")
    decide(journal_folder(publication), one.name, plan_id, decision, current_viewer().user_id, reason)
    st.session_state["connections_said"] = (
        "Recorded: the plan is approved." if decision == APPROVE else "Recorded: it is not sent."
    )
    st.rerun()


publication = open_page("Connections", "What came in from connected systems, what went out, and what waits for a decision.")
if said := st.session_state.pop("connections_said", None):
    st.toast(said, icon=":material/check_circle:")
found = connected(publication)
if not found:
    empty("No system was pulled from or pushed to yet. docs/connections.md says how to connect one.")
for one in found:
    section(one.name)
    _tiles(publication, one)
    if one.pushed:
        _fates(one)
        _plan(publication, one)
if found:
    st.caption(f"{counted(len(found), 'connected system')}.")
