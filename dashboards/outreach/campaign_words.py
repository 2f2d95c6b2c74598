"""Campaigns in words: how a list stands, whom one is for, and what it was asked to do."""

from collections.abc import Mapping
from typing import Any

from dashboards.figures.languages import _, day, many, sentence
from dashboards.figures.wording import plain
from dashboards.outreach.reaching import CHANNEL_NAMES
from models.wording import amount, change

AUDIENCE_NAMES = {
    "condition": "Patients with a chronic condition",
    "prevention": "Patients with preventive care due",
    "lapsed": "Patients who have drifted away",
}


def standing(campaign: Mapping[str, Any]) -> str:
    """How many a list is for and what came of it, from a row of `worklist.campaigns`."""
    return _(
        "{n} fit, {listed} may be contacted now, {held} are held out at random; capacity {capacity} a month. "
        "So far {contacted} contacted, {reached} reached, {scheduled} booked.",
        n=f"{campaign['n_patients']:,}",
        listed=f"{campaign['n_listed']:,}",
        held=f"{campaign['n_held_out']:,}",
        capacity=f"{campaign['capacity']:,}",
        contacted=f"{campaign['n_contacted']:,}",
        reached=f"{campaign['n_reached']:,}",
        scheduled=f"{campaign['n_scheduled']:,}",
    )


def effect(lift: Mapping[str, Any] | None) -> str:
    """What contacting has changed, from a row of `ml.outreach_lift`: both shares, the difference with its interval, a verdict."""
    if lift is None:
        return _("Not known yet: no campaign of the CRM with a hold-out is 90 days old.")
    arms = _(
        "Of {n} patients to contact, {share} had a visit within 90 days; of {held} held out at random, {other}.",
        n=f"{lift['n_contacted']:,}",
        share=amount(lift["contacted_rate"], "share"),
        held=f"{lift['n_held_out']:,}",
        other=amount(lift["held_out_rate"], "share"),
    )
    if lift["lift"] is None:
        return f"{arms} {_('The difference cannot be told: too few patients.')}"
    told = (
        _("Contacting brings more patients in.") if lift["low"] > 0
        else _("Contacting brings fewer patients in.") if lift["high"] < 0
        else _("It cannot be told from chance.")
    )  # fmt: skip
    difference = _(
        "Difference {lift} (95 % interval {low} to {high}).",
        lift=change(lift["lift"], "share"),
        low=change(lift["low"], "share"),
        high=change(lift["high"], "share"),
    )
    return f"{arms} {difference} **{told}**"


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
