"""Leads, and referrals to and from the practice."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock, minutes
from data_samples.simulator.deliveries import two_versions
from data_samples.simulator.practice import NEVER, Practice
from data_samples.simulator.visits import Visits

LEAD_SOURCES = ("paid_search", "social", "website", "patient_referral", "physician_referral", "event", "mail")
_SPECIALTIES = {"103697008": "dental", "308470006": "dermatology", "103696004": "cardiology", "183517000": "physiotherapy"}
_NO_INSTANT = pl.lit(None, dtype=pl.Datetime("us"))


def leads(contacts: pl.DataFrame, visits: Visits, practice: Practice, clock: Clock, random: np.random.Generator) -> pl.DataFrame:
    """Leads behind new patients, and those that led to nothing."""
    new = contacts.filter((pl.col("joined_month") >= clock.first) & (pl.col("copy") == 1) & (pl.col("joined_month") < NEVER))
    booked = visits.appointments.group_by("patient", maintain_order=True).agg(booked_at=pl.min("booked_at"))
    new = new.join(booked.with_columns(pl.col("patient").cast(pl.UInt32)), on="patient", how="left", maintain_order="left")
    n = new.height
    is_prospect = new["patient"].is_null()
    converted = pl.select(pl.when(~is_prospect).then(new["booked_at"])).to_series()
    created = pl.select(pl.coalesce(converted, new["created_at"])).to_series().to_numpy() - minutes(
        random.integers(60, 20_000, n)
    )
    ends = pl.select(pl.coalesce(converted, pl.Series(created + minutes(random.integers(40_000, 90_000, n))))).to_series()
    source = random.choice(LEAD_SOURCES, n, p=(0.22, 0.12, 0.20, 0.20, 0.14, 0.05, 0.07))
    campaign = np.isin(source, ("paid_search", "social", "mail"))
    frame = pl.DataFrame(
        {
            "lead_id": "led-" + new["contact_id"].str.slice(4),
            "contact_id": new["contact_id"],
            "lead_source": pl.Series(source, dtype=pl.String),
            "campaign_id": pl.select(
                pl.when(pl.Series(campaign)).then(pl.lit("cmp-acquisition-") + pl.Series(created).dt.year().cast(pl.String))
            ).to_series(),
            "location_id": practice.sites["location_id"].gather(new["site"]),
            "status": pl.select(pl.when(is_prospect).then(pl.lit("lost")).otherwise(pl.lit("converted"))).to_series(),
            "created_at": pl.Series(created, dtype=pl.Datetime("us")),
            "converted_at": converted,
            "ended": ends,
        }
    )
    return two_versions(
        frame, began="created_at", ended="ended", before={"status": pl.lit("working"), "converted_at": pl.lit(None)}
    )


def referrals(
    referred: pl.DataFrame, reports: pl.DataFrame, contact: pl.Series, lead_rows: pl.DataFrame, random: np.random.Generator
) -> pl.DataFrame:
    """Referrals that the practice sent out (with what became of them), and those that brought new patients in."""
    n = referred.height
    done = reports["reported_at"]
    scheduled = referred["at"].to_numpy() + minutes(random.integers(500, 14_000, n))
    lost = random.random(n) < 0.5
    status = np.where(
        done.is_not_null().to_numpy(),
        "completed",
        np.where(lost, "lost", np.where(random.random(n) < 0.4, "out_of_network", "scheduled")),
    )
    has_date = np.isin(status, ("completed", "scheduled"))
    ended = pl.select(pl.coalesce(done, pl.Series(scheduled + minutes(random.integers(40_000, 80_000, n))))).to_series()
    out = pl.DataFrame(
        {
            "referral_id": "rfl-" + referred["id"].str.slice(4),
            "contact_id": contact.gather(referred["patient"]),
            "direction": pl.repeat("outbound", n, eager=True),
            "specialty": referred["code"].replace_strict(_SPECIALTIES, default="other", return_dtype=pl.String),
            "status": pl.Series(status, dtype=pl.String),
            "created_at": referred["at"],
            "scheduled_at": pl.Series(
                np.where(has_date, np.minimum(scheduled, ended.to_numpy()), np.datetime64("NaT")), dtype=pl.Datetime("us")
            ),
            "completed_at": done,
            "ended": ended,
        }
    ).filter(pl.col("contact_id").is_not_null())
    before = {"status": pl.lit("created"), "scheduled_at": pl.lit(None), "completed_at": pl.lit(None)}
    out = two_versions(out, began="created_at", ended="ended", before=before)
    came = lead_rows.filter((pl.col("lead_source") == "physician_referral") & (pl.col("status") == "converted"))
    inbound = came.select(
        referral_id="rfl-in-" + pl.col("lead_id").str.slice(4),
        contact_id="contact_id",
        direction=pl.lit("inbound"),
        specialty=pl.lit("primary_care"),
        status=pl.lit("scheduled"),
        created_at="created_at",
        scheduled_at="converted_at",
        completed_at=_NO_INSTANT,
        ended=_NO_INSTANT,
        updated_at="converted_at",
        superseded_at=_NO_INSTANT,
    )
    return pl.concat([out, inbound.select(out.columns)])
