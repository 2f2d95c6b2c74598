"""Campaigns in words: how a list stands, whom one is for, and what it was asked to do."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import isclose
from typing import Any

from dashboards.figures.languages import _, day, many, sentence
from dashboards.figures.wording import plain
from dashboards.outreach.reaching import CHANNEL_NAMES
from models.wording import amount, change, difference

AUDIENCE_NAMES = {
    "condition": "Patients with a chronic condition",
    "prevention": "Patients with preventive care due",
    "lapsed": "Patients who have drifted away",
}


def standing(campaign: Mapping[str, Any]) -> str:
    """How many a list is for and what came of it, from a row of `worklist.campaigns`."""
    n_barred = campaign["n_patients"] - campaign["n_listed"] - campaign["n_held_out"]
    return _(
        "{n} fit: {listed} may be contacted now, {held} held out at random, {barred} must not be contacted now. "
        "Capacity {capacity} a month. So far {contacted} contacted, {reached} reached, {scheduled} booked.",
        n=f"{campaign['n_patients']:,}",
        listed=f"{campaign['n_listed']:,}",
        held=f"{campaign['n_held_out']:,}",
        barred=f"{n_barred:,}",
        capacity=f"{campaign['capacity']:,}",
        contacted=f"{campaign['n_contacted']:,}",
        reached=f"{campaign['n_reached']:,}",
        scheduled=f"{campaign['n_scheduled']:,}",
    )


def effect(lift: Mapping[str, Any] | None) -> str:
    """What contacting has changed, from a row of `ml.outreach_lift`: both shares, the difference with its interval, a verdict."""
    if lift is None:
        return _("Not known yet: no campaign of the CRM with a hold-out is 90 days old.")
    return _compared("visit", lift)


def changed(effects: Sequence[Mapping[str, Any]], as_of_on: date) -> list[str]:
    """What a campaign of Caregap has changed, from its rows of `ml.campaign_effects`: a sentence on visits, and one on gaps;
    before an outcome is known, the day from which it is."""
    if not effects:
        return [_("What it changes is not known yet: nobody was on its list before this run.")]
    if (known_from := effects[0]["known_from_on"]) > as_of_on:
        return [_("What it changes, against who is held out, is known from {day} on.", day=day(known_from))]
    if not all(effect["n_held_out"] for effect in effects):
        return [_("What it changes cannot be told: too few patients are held out, or on the list, whose outcome is known.")]
    return [_compared(effect["outcome"], effect) for effect in effects]


OUTCOMES = {
    "visit": (
        "Of {n} patients to contact, {share} had a visit within 90 days; of {held} held out at random, {other}.",
        "Contacting brings more patients in.",
        "Contacting brings fewer patients in.",
    ),
    "gap": (
        "Of {n} patients to contact, {share} had a care gap closed within 90 days; of {held} held out at random, {other}.",
        "Contacting closes more gaps.",
        "Contacting closes fewer gaps.",
    ),
}
"""The outcomes of a campaign in words: both arms, and the verdict where contacting does more, or less."""


def _compared(outcome: str, lift: Mapping[str, Any]) -> str:
    """Both arms, the effect with its own interval, and the verdict. Of several campaigns it is the difference within each, which
    is not that of the shares over all."""
    arms, more, fewer = OUTCOMES[outcome]
    said = _(
        arms,
        n=f"{lift['n_contacted']:,}",
        share=amount(lift["contacted_rate"], "share"),
        held=f"{lift['n_held_out']:,}",
        other=amount(lift["held_out_rate"], "share"),
    )
    if lift["lift"] is None:
        return f"{said} {_('The difference cannot be told: too few patients.')}"
    told = _(more if lift["low"] > 0 else fewer if lift["high"] < 0 else "It cannot be told from chance.")
    interval = {"low": change(lift["low"], "share"), "high": change(lift["high"], "share")}
    if isclose(lift["lift"], lift["contacted_rate"] - lift["held_out_rate"], abs_tol=1e-9):
        raw = difference(lift["contacted_rate"], lift["held_out_rate"], "share")
        apart = _("Difference {lift} (95 % interval {low} to {high}).", lift=raw, **interval)
    else:
        apart = _(
            "Both shares are raw. Within each campaign the difference is {lift} (95 % interval {low} to {high}).",
            lift=change(lift["lift"], "share"),
            **interval,
        )
    return f"{said} {apart} **{told}**"


def until(campaign: Mapping[str, Any]) -> str:
    """The last day of a list that has one, to follow its title."""
    return f" · {_('until {day}', day=day(campaign['ends_on']))}" if campaign["ends_on"] else ""


def asked_for(campaign: Mapping[str, Any], measures: Mapping[str, str]) -> str:
    """Whom a campaign is for and how it is worked, from its definition (contract `campaigns`); `measures` are titles by code."""
    who = _(AUDIENCE_NAMES[campaign["audience"]])
    if condition := campaign["condition_name"]:
        who = f"{who}: {_(plain(condition))}"
    code, months, capacity = (campaign[name] for name in ("measure_code", "no_visit_months", "site_capacity"))
    parts = [
        who,
        code and _("open gap in {measure}", measure=sentence(measures.get(code, code))),
        months and many("not seen for {n} month", "not seen for {n} months", months),
        campaign["channel"] and _(CHANNEL_NAMES[campaign["channel"]]),
        None if capacity is None else many("{n} patient a site and month", "{n} patients a site and month", capacity),
        campaign["holdout_share"] and _("{share} held out at random", share=amount(campaign["holdout_share"], "share")),
    ]
    return " · ".join(part for part in parts if part)
