"""Records the campaigns that a practice defines, and which campaign's list an outcome was recorded on."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import polars as pl

from dashboards.store.journal import Journal, names_nobody
from models.campaigns import LONGEST_TITLE, LONGEST_WHY
from models.extracts.caregap import EXTRACTS

CAMPAIGNS = Journal(EXTRACTS["campaigns"])
CAMPAIGN_OUTCOMES = Journal(EXTRACTS["campaign_outcomes"])


@dataclass(frozen=True)
class Campaign:
    """A campaign as it is defined: the columns of the contract `campaigns`."""

    title: str
    audience: str
    why: str
    starts_on: date
    ends_on: date
    defined_by: str
    condition_name: str | None = None
    measure_code: str | None = None
    no_visit_months: int | None = None
    channel: str | None = None
    site_capacity: int | None = None
    holdout_share: float = 0.0


class CampaignRefused(Exception):
    """A campaign cannot be defined so; `message` says what to change, with `values` for its placeholders."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message.format(**values))
        self.message, self.values = message, values


def define(folder: Path, campaign: Campaign) -> str:
    """Add a campaign to the journal in `folder`, for the next run; returns its new id.

    Raises `CampaignRefused` where a value cannot be, and what `Journal.add` raises.
    """
    _refuse(campaign)
    code = f"c-{uuid4().hex[:12]}"
    CAMPAIGNS.add(folder, {"campaign_code": code, "is_withdrawn": False, "updated_at": datetime.now(UTC)} | asdict(campaign))
    return code


def end_early(folder: Path, campaign_code: str) -> None:
    """Mark a campaign as ended; the next run makes no list of it. Raises `KeyError` if the journal has no such campaign."""
    CAMPAIGNS.withdraw(folder, campaign_code)


def defined(folder: Path) -> pl.DataFrame:
    """Every campaign that was defined here and not ended early, in the contract's columns, oldest first."""
    return CAMPAIGNS.standing(folder)


def note_campaign(folder: Path, outcome_id: str, campaign_code: str) -> None:
    """Keep which campaign's list an outcome was recorded on."""
    CAMPAIGN_OUTCOMES.add(folder, {"outcome_id": outcome_id, "campaign_code": campaign_code, "updated_at": datetime.now(UTC)})


def _refuse(campaign: Campaign) -> None:
    if not campaign.title.strip() or len(campaign.title) > LONGEST_TITLE:
        raise CampaignRefused("Write a title of 1 to {n} characters.", n=LONGEST_TITLE)
    if not campaign.why.strip() or len(campaign.why) > LONGEST_WHY:
        raise CampaignRefused("Write a reason of 1 to {n} characters.", n=LONGEST_WHY)
    if not names_nobody(campaign.title) or not names_nobody(campaign.why):
        raise CampaignRefused("Title and reason may hold no long number and no address: nothing that could name a patient.")
    if campaign.ends_on < campaign.starts_on:
        raise CampaignRefused("The last day is before the first. Choose a later one.")
    if (campaign.audience == "condition") != (campaign.condition_name is not None):
        raise CampaignRefused("Choose the condition that the campaign is for.")
