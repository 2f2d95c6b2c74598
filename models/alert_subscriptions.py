"""Subscriptions to alerts that people make on the page Alerts: how they are kept, and as the schema that alerts.toml has too."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from models.contract import INSTANT, Contract, field, optional
from models.phi import Phi
from models.settings.notices import Subscription, Threshold

ALERT_SUBSCRIPTIONS = Contract(
    "alert_subscriptions",
    "subscription to alerts that somebody made on the page Alerts",
    ("subscription_id",),
    {
        "subscription_id": field(pl.String, "Random id of the entry."),
        "person": field(pl.String, "Who made it, as they signed in.", phi=Phi.DIRECT),
        "for_role": optional(pl.String, "The role that it is for; empty: the person alone."),
        "mail": field(pl.String, "Whom it goes to: addresses, with a space between them.", phi=Phi.DIRECT),
        "kpis": field(pl.String, "Thresholds as JSON: code, above and below, in the KPI's unit."),
        "data_health": field(pl.Boolean, "Refused files, quarantined rows, a run that failed."),
        "model": field(pl.Boolean, "A check of the risk models beyond its threshold."),
        "signs": field(pl.Boolean, "Signs of intrusion."),
        "digest": field(pl.Boolean, "The headline numbers after each publication."),
        "report": field(pl.Boolean, "The newest board report, with the digest."),
        "is_withdrawn": field(pl.Boolean, "It was ended."),
        "updated_at": field(INSTANT, "When this version was written; the latest one wins."),
    },
    notes="Written by the page Alerts into the home's journal, and read from there; no table is made of it.",
)
_FLAGS = ("data_health", "model", "signs", "digest", "report")


def kept(subscription: Subscription) -> dict[str, Any]:
    """What is kept of a subscription, as columns of `ALERT_SUBSCRIPTIONS`."""
    thresholds = {code: one.model_dump(exclude_none=True) for code, one in subscription.kpis.items()}
    flags = {name: getattr(subscription, name) for name in _FLAGS}
    return {"mail": " ".join(subscription.mail), "kpis": json.dumps(thresholds, sort_keys=True)} | flags


def subscription_of(entry: Mapping[str, Any]) -> Subscription:
    """A kept entry as a subscription, named by its id, since what it was told is kept by that name.

    Raises pydantic's `ValidationError` where the entry is none.
    """
    thresholds = {code: Threshold(**limits) for code, limits in json.loads(entry["kpis"]).items()}
    return Subscription(
        who=f"page {entry['subscription_id'][:12]}",
        mail=entry["mail"].split(),
        kpis=thresholds,
        **{name: entry[name] for name in _FLAGS},
    )
