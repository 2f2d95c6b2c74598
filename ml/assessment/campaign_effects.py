"""Measures what the campaigns defined in Caregap change: people on a list against those held out from it at random.

By intention to treat: whoever was on the list counts as contacted, within capacity or not, since capacity takes the longest wait
and the highest risk first, and the held out have no such order.
"""

from datetime import date

import polars as pl

from ml.assessment.outreach_lift import SCHEMA as LIFT_SCHEMA
from ml.assessment.outreach_lift import compared

OUTCOMES = {"visit": "has_visit_90_days", "gap": "has_closed_gap_90_days"}
SCHEMA = {
    "campaign_code": pl.String,
    "title": pl.String,
    "outcome": pl.String,
    "known_from_on": pl.Date,
    **{name: dtype for name, dtype in LIFT_SCHEMA.items() if name not in ("month", "tier")},
}


def campaign_effects(members: pl.DataFrame, as_of_on: date) -> pl.DataFrame:
    """The difference in the share with a visit, and with a closed gap, within 90 days; one row per campaign and outcome.

    In: the columns of `marts.fct_campaign_members`. Out: `SCHEMA`. Who joined too lately to be known on `as_of_on` is left out;
    both numbers of people are 0 where nobody is known yet, or one arm has fewer than two. Newcombe's interval, as for any one
    campaign (`ml.effects.randomised`).
    """
    rows = []
    for (code,), campaign in sorted(members.group_by("campaign_code", maintain_order=True), key=lambda part: str(part[0])):
        newest = campaign.sort("added_on", "patient_key").row(-1, named=True)
        known = campaign.filter(pl.col("known_on") <= as_of_on).rename({"campaign_code": "stratum", "patient_key": "cluster"})
        about = {"campaign_code": code, "title": newest["title"], "known_from_on": campaign["known_on"].min()}
        rows += [
            about | {"outcome": outcome} | compared(known.rename({column: "outcome"})) for outcome, column in OUTCOMES.items()
        ]
    return pl.DataFrame(rows, schema=SCHEMA)
