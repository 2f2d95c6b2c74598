"""Recall campaigns: who is called, who is held out at random, and the outcomes."""

import numpy as np
import polars as pl

from data_samples.simulator.bookings import ROUTINE
from data_samples.simulator.clock import Clock, local_instants
from data_samples.simulator.deliveries import two_versions
from data_samples.simulator.engagement import History
from data_samples.simulator.laws import Laws
from data_samples.simulator.practice import Practice
from data_samples.simulator.times import OUTREACH_DAYS


def wave_name(clock: Clock, month: np.ndarray) -> np.ndarray:
    """The recall campaign of a month: one every six months of the simulation."""
    first = clock.month_starts[month // 6 * 6]
    return np.array([f"cmp-recall-{day.astype('datetime64[M]')}" for day in first])


def recall(
    laws: Laws, history: History, practice: Practice, contact: pl.Series, random: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Campaign members and their tasks; `_tasks` has, besides the columns of the extract, the patient and the channel tried."""
    clock = laws.clock
    members = history.outreach.filter(pl.col("month") >= clock.first).with_columns(
        pl.col("is_held_out", "is_reached").cast(pl.Boolean)
    )
    members = members.with_columns(contact_id=contact.gather(members["patient"])).filter(pl.col("contact_id").is_not_null())
    booked = history.appointments.filter(pl.col("kind") == ROUTINE).select(
        "patient", month="booked_month", has_booked=pl.lit(True)
    )
    members = members.join(booked.unique(), on=["patient", "month"], how="left", maintain_order="left")
    n = members.height
    month = members["month"].to_numpy()
    added = local_instants(clock.month_starts[month], random.integers(8 * 60, 10 * 60, n))
    done = local_instants(
        clock.month_starts[month] + random.integers(0, OUTREACH_DAYS - 1, n), random.integers(10 * 60 + 30, 17 * 60, n)
    )
    site = laws.population["site"][members["patient"].to_numpy()]
    reached = members["is_reached"].to_numpy()
    missed = random.choice(("left_message", "no_answer", "wrong_number"), n, p=(0.55, 0.38, 0.07))
    answer = random.choice(("reached", "declined"), n, p=(0.82, 0.18))
    outcome = np.where(reached, np.where(members["has_booked"].fill_null(False).to_numpy(), "scheduled", answer), missed)
    base = members.with_columns(
        campaign_id=pl.Series(wave_name(clock, month), dtype=pl.String),
        location_id=practice.sites["location_id"].gather(site),
        added_at=pl.Series(added, dtype=pl.Datetime("us")),
        done_at=pl.Series(done, dtype=pl.Datetime("us")),
        outcome=pl.Series(outcome, dtype=pl.String),
        channel=pl.Series(random.choice(("phone", "sms"), n, p=(0.85, 0.15)), dtype=pl.String),
        staff_minutes=pl.Series(np.round(random.uniform(3, 11, n), 1)),
        assigned_to=pl.Series(np.char.add("staff-", (site * 3 + random.integers(1, 4, n)).astype(str)), dtype=pl.String),
        reason=pl.Series(random.choice(("disengagement", "care_gap", "reactivation"), n, p=(0.5, 0.3, 0.2)), dtype=pl.String),
        due_on=pl.Series(clock.month_starts[month] + np.timedelta64(14, "D")),
    )
    status = (
        pl.when("is_held_out")
        .then(pl.lit("held_out"))
        .when("is_reached")
        .then(pl.lit("responded"))
        .otherwise(pl.lit("contacted"))
    )
    changed = base.with_columns(status=status, changed=pl.when(~pl.col("is_held_out")).then("done_at"))
    first = {"status": pl.when("is_held_out").then(pl.lit("held_out")).otherwise(pl.lit("added"))}
    tasks = base.filter(~pl.col("is_held_out")).with_columns(
        task_id=pl.concat_str(pl.lit("tsk-"), pl.col("contact_id").str.slice(4), pl.lit("-"), pl.col("month").cast(pl.String)),
        created_at="added_at",
        completed_at="done_at",
    )
    before = {"completed_at": pl.lit(None), "outcome": pl.lit(None), "staff_minutes": pl.lit(0.0)}
    return {
        "campaign_members": two_versions(changed, began="added_at", ended="changed", before=first),
        "outreach_tasks": two_versions(tasks, began="created_at", ended="done_at", before=before),
        "_tasks": tasks,
    }
