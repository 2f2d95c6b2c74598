"""Records the subscriptions to alerts that people make, for `pipelines/alerts` to send."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from dashboards.access.roles import ADMIN, ROLES, Viewer
from dashboards.home import home
from dashboards.store.journal import Journal
from models.alert_subscriptions import ALERT_SUBSCRIPTIONS, kept
from models.settings.notices import NoticeSettings, Subscription
from models.settings.toml_schema import SettingsRefused, read_settings

SUBSCRIPTIONS = Journal(ALERT_SUBSCRIPTIONS)
SETTINGS_FILE = "alerts.toml"
MOST_ADDRESSES = 20
_PAGE_OF = {"data_health": "data_health", "model": "model", "signs": "audit", "digest": "overview", "report": "overview"}
"""The page that shows what a subscription tells of: who may not open it is not told."""


class SubscriptionRefused(Exception):
    """A subscription cannot be kept so; the text says what to change."""


@dataclass(frozen=True)
class Wanted:
    """What the form says: `settings` names whoever it goes to and what of; `for_role`: the role that it is for, if any."""

    settings: Subscription
    for_role: str | None = None


def notice_settings() -> NoticeSettings | None:
    """The home's alerts.toml; None where there is none, or where it is wrong, which `caregap alerts show` says in words."""
    path = home() / SETTINGS_FILE
    try:
        return read_settings(path.read_bytes(), NoticeSettings, str(path)) if path.is_file() else None
    except SettingsRefused:
        return None


def may_be_told(viewer: Viewer, what: str) -> bool:
    """Whether the viewer may be told of `kpis`, `data_health`, `model`, `signs`, `digest` or `report`."""
    return viewer.may_open(_PAGE_OF.get(what, "overview"))


def subscribe(folder: Path, viewer: Viewer, wanted: Wanted, allowed: NoticeSettings) -> str:
    """Add a subscription to the journal in `folder`; returns its new id.

    Raises `SubscriptionRefused` where it tells of nothing, goes to nobody or to whom `allowed` does not name, or tells of what
    the viewer may not see; and what `Journal.add` raises.
    """
    _refuse(viewer, wanted, allowed)
    subscription_id = uuid4().hex
    entry = {"subscription_id": subscription_id, "person": viewer.user_id, "for_role": wanted.for_role}
    SUBSCRIPTIONS.add(folder, entry | kept(wanted.settings) | {"is_withdrawn": False, "updated_at": datetime.now(UTC)})
    return subscription_id


def end(folder: Path, viewer: Viewer, subscription_id: str) -> None:
    """End a subscription: one's own, as an administrator anybody's. Raises `KeyError` where there is no such one."""
    SUBSCRIPTIONS.withdraw(folder, subscription_id, whose=_is_seen_by(viewer))


def subscriptions_of(folder: Path, viewer: Viewer) -> pl.DataFrame:
    """The subscriptions that the viewer made, of an administrator everybody's, in the contract's columns, oldest first."""
    return SUBSCRIPTIONS.standing(folder).filter(_is_seen_by(viewer))


def _is_seen_by(viewer: Viewer) -> pl.Expr:
    return pl.lit(viewer.role == ADMIN) | (pl.col("person") == viewer.user_id)


def _refuse(viewer: Viewer, wanted: Wanted, allowed: NoticeSettings) -> None:
    said: dict[str, Any] = kept(wanted.settings)
    told = {name for name in _PAGE_OF if said[name]} | ({"kpis"} if wanted.settings.kpis else set())
    if not told:
        raise SubscriptionRefused("Choose what to be told of.")
    if forbidden := sorted(what for what in told if not may_be_told(viewer, what)):
        raise SubscriptionRefused(f"Your role does not see what this would tell of: {', '.join(forbidden)}.")
    if wanted.settings.report and not wanted.settings.digest:
        raise SubscriptionRefused("The report comes with the digest: choose that too.")
    if wanted.for_role is not None and (viewer.role != ADMIN or wanted.for_role not in ROLES):
        raise SubscriptionRefused("Only an administrator subscribes a role.")
    if not 1 <= len(wanted.settings.mail) <= MOST_ADDRESSES:
        raise SubscriptionRefused(f"Write 1 to {MOST_ADDRESSES} e-mail addresses.")
    if allowed.pages is None or not all(allowed.pages.takes(address) for address in wanted.settings.mail):
        domains = ", ".join(allowed.pages.domains) if allowed.pages else "none"
        raise SubscriptionRefused(f"Addresses may be of these domains alone: {domains}.")
