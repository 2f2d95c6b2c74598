"""Alerts: who is told by e-mail of what is beyond a threshold, and a form to subscribe."""

import re
from typing import Any

import polars as pl
import streamlit as st
from pydantic import ValidationError

from dashboards.access.audit_log import record
from dashboards.access.roles import ADMIN, ROLES, current_viewer
from dashboards.alerts.subscriptions import (
    SETTINGS_FILE,
    SubscriptionRefused,
    Wanted,
    end,
    may_be_told,
    notice_settings,
    subscribe,
    subscriptions_of,
)
from dashboards.figures.wording import as_plain_markdown
from dashboards.kpis.metric import as_stored
from dashboards.kpis.months import CATALOG
from dashboards.kpis.periods import QUARTER, newest
from dashboards.layout.filters import Filters
from dashboards.layout.page import open_page
from dashboards.store.journal import journal_folder
from dashboards.store.published import Publication, ask
from models.alert_subscriptions import subscription_of
from models.settings.notices import NoticeSettings, Subscription, Threshold
from models.wording import amount

TOLD_OF = {
    "digest": "The headline numbers after each publication",
    "report": "The newest board report, with these numbers",
    "data_health": "Refused files, quarantined rows, a run that failed",
    "model": "Checks of the risk models beyond their thresholds",
    "signs": "Signs of intrusion",
}
MYSELF = "Me"
_SAID, _REFUSED = "alerts_said", "alerts_refused"
_BLANK: dict[str, Any] = {"alerts_for": MYSELF, "alerts_mail": "", "alerts_kpis": []} | {
    f"alerts_{name}": False for name in TOLD_OF
}
"""What the form begins with, by the keys of its fields."""


def _standing(publication: Publication, kpis: dict[str, dict[str, Any]]) -> None:
    """The viewer's subscriptions, an administrator's view of all, each with a button that ends it."""
    viewer = current_viewer()
    rows = subscriptions_of(journal_folder(publication), viewer)
    st.header("Everybody's subscriptions" if viewer.role == ADMIN else "Your subscriptions", anchor=False)
    if rows.is_empty():
        st.caption("None yet.")
    now = newest(publication, Filters(), QUARTER, tuple(kpis)) if may_be_told(viewer, "kpis") else {}
    for row in rows.iter_rows(named=True):
        words, stop = st.columns([5, 1], vertical_alignment="center")
        one = subscription_of(row)
        whose = ROLES[row["for_role"]].title if row["for_role"] in ROLES else row["person"]
        lines = [f"**{as_plain_markdown(whose)}**: {as_plain_markdown(', '.join(one.mail))}"]
        lines += [_threshold(kpis[code], limit, now.get(code)) for code, limit in one.kpis.items() if code in kpis]
        lines += [f"{text}." for name, text in TOLD_OF.items() if getattr(one, name)]
        words.markdown("  \n".join(lines))
        stop.button("End it", key=f"end_{row['subscription_id']}", on_click=_end, args=(publication, row["subscription_id"]))


def _threshold(kpi: dict[str, Any], limit: Threshold, now: dict[str, Any] | None) -> str:
    """A threshold and where the KPI stands: No-show rate above 10.0 %; now 12.0 %, beyond it."""
    sides = [("above", limit.above), ("below", limit.below)]
    said = " or ".join(f"{side} {amount(bound, kpi['unit'])}" for side, bound in sides if bound is not None)
    value = now["value"] if now else None
    if value is None:
        return f"{kpi['kpi_name']} {said}; no value yet."
    is_beyond = (limit.above is not None and value > limit.above) or (limit.below is not None and value < limit.below)
    return f"{kpi['kpi_name']} {said}; now {amount(value, kpi['unit'])}, {'beyond it' if is_beyond else 'within'}."


def _end(publication: Publication, subscription_id: str) -> None:
    record("alerts_chosen", subject=f"{subscription_id[:12]} ended")
    end(journal_folder(publication), current_viewer(), subscription_id)
    st.session_state[_SAID] = "Ended."


def _form(publication: Publication, kpis: dict[str, dict[str, Any]], settings: NoticeSettings) -> None:
    """What to be told of, and where to."""
    viewer = current_viewer()
    st.header("Subscribe", anchor=False)
    with st.container(border=True):
        if viewer.role == ADMIN:
            roles = [MYSELF, *ROLES]
            st.selectbox("For", roles, format_func=lambda one: ROLES[one].title if one in ROLES else one, key="alerts_for")
        domains = " or ".join(settings.pages.domains) if settings.pages else ""
        st.text_input("E-mail addresses", key="alerts_mail", placeholder=f"name@{domains}")
        if may_be_told(viewer, "kpis"):
            chosen = st.multiselect(
                "KPIs with a threshold", list(kpis), format_func=lambda code: kpis[code]["kpi_name"], key="alerts_kpis"
            )
            now = newest(publication, Filters(), QUARTER, tuple(chosen)) if chosen else {}
            for code in chosen:
                _bounds(kpis[code], now.get(code))
        for name, words in TOLD_OF.items():
            if may_be_told(viewer, name):
                st.checkbox(words, key=f"alerts_{name}")
        st.button(
            "Subscribe",
            type="primary",
            icon=":material/notifications:",
            key="alerts_subscribe",
            on_click=_subscribe,
            args=(publication, kpis, settings),
        )
        if refused := st.session_state.pop(_REFUSED, None):
            st.error(refused)


def _bounds(kpi: dict[str, Any], now: dict[str, Any] | None) -> None:
    name, unit = kpi["kpi_name"], "in percent" if kpi["unit"] == "share" else f"in {kpi['unit']}"
    above, below, stands = st.columns([2, 2, 3], vertical_alignment="bottom")
    above.number_input(f"{name} above, {unit}", value=None, key=f"alerts_above_{kpi['kpi_code']}", placeholder="No limit")
    below.number_input(f"{name} below, {unit}", value=None, key=f"alerts_below_{kpi['kpi_code']}", placeholder="No limit")
    stands.markdown(f"Newest mature quarter: {amount(now['value'] if now else None, kpi['unit'])}")


def _subscribe(publication: Publication, kpis: dict[str, dict[str, Any]], settings: NoticeSettings) -> None:
    """Keep what the form says, and empty it; where that is refused, it stays as it is."""
    said, viewer = st.session_state, current_viewer()
    whose = said.get("alerts_for", MYSELF)
    try:
        one = Subscription(
            who="page",
            mail=[address for address in re.split(r"[\s,;]+", said["alerts_mail"]) if address],
            kpis={code: Threshold(**_limits(kpis[code])) for code in said.get("alerts_kpis", ())},
            **{name: said.get(f"alerts_{name}", False) for name in TOLD_OF},
        )
        new = subscribe(journal_folder(publication), viewer, Wanted(one, None if whose == MYSELF else whose), settings)
    except ValidationError as wrong:
        is_address = any(error["loc"][:1] == ("mail",) for error in wrong.errors())
        said[_REFUSED] = (
            "Write e-mail addresses with a space between them." if is_address else "Give each KPI a limit above or below."
        )
        return
    except SubscriptionRefused as refused:
        said[_REFUSED] = str(refused)
        return
    record("alerts_chosen", subject=new[:12])
    said.update({key: value for key, value in _BLANK.items() if key in said})
    said[_SAID] = "Subscribed. It holds from the next run."


def _limits(kpi: dict[str, Any]) -> dict[str, float]:
    """The limits in the KPI's own unit."""
    typed = {side: st.session_state.get(f"alerts_{side}_{kpi['kpi_code']}") for side in ("above", "below")}
    stored = {side: as_stored(value, kpi["unit"]) for side, value in typed.items()}
    return {side: value for side, value in stored.items() if value is not None}


publication = open_page("Alerts", "Who is told by e-mail of what, without opening these pages.", is_exported=False)
if said := st.session_state.pop(_SAID, None):
    st.toast(said, icon=":material/check_circle:")
catalog: pl.DataFrame = ask(publication, CATALOG)
known = {row["kpi_code"]: row for row in catalog.iter_rows(named=True)}
st.markdown("No message names a patient: it has the practice's totals, the names of deliveries and of checks.")
_standing(publication, known)
allowed = notice_settings()
if allowed is None or allowed.pages is None:
    st.info(
        f"Nobody can subscribe here yet: an administrator writes the mail server and the addresses' domains into {SETTINGS_FILE} "
        "(docs/alerts.md).",
        icon=":material/mail_off:",
    )
else:
    _form(publication, known, allowed)
