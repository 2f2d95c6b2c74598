"""Outgoing and incoming messages: reminders, recall calls, survey invitations, patients' questions."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import minutes
from data_samples.simulator.population import Population
from data_samples.simulator.visits import Visits

_COST = {"sms": 0.03, "email": 0.01, "phone": 0.0, "mail": 0.85, "portal": 0.0}


def touches(
    visits: Visits, tasks: pl.DataFrame, events: pl.DataFrame, contact: pl.Series, random: np.random.Generator
) -> pl.DataFrame:
    """All touches of one chunk, one version each; `events` are those of the portal, whose messages are touches too."""
    frames = [
        *_reminders(visits, random),
        _invitations(visits, random),
        _questions(visits, random),
        _portal_messages(events, random),
    ]
    everything = pl.concat(frames)
    everything = everything.with_columns(contact_id=contact.gather(everything["patient"])).drop("patient")
    everything = pl.concat([everything, *_recalls(tasks, random)], how="diagonal").filter(pl.col("contact_id").is_not_null())
    number = pl.col("contact_id").cum_count().over("contact_id").cast(pl.String)
    return everything.with_columns(
        touch_id=pl.concat_str(pl.lit("tch-"), pl.col("contact_id").str.slice(4), pl.lit("-"), number),
        cost_usd=pl.when(pl.col("direction") == "outbound").then(pl.col("channel").replace_strict(_COST)).otherwise(0.0),
        updated_at=pl.col("touched_at"),
    )


Column = str | bool | float | np.ndarray | pl.Series


def _rows(
    of: pl.DataFrame,
    at: np.ndarray,
    *,
    campaign: str | None,
    direction: str,
    channel: Column,
    purpose: str,
    outcome: Column,
    automated: Column,
    staff: Column,
) -> pl.DataFrame:
    n = of.height

    def column(value: Column, dtype: type[pl.DataType]) -> pl.Series:
        return (
            value.cast(dtype) if isinstance(value, pl.Series) else pl.Series(np.broadcast_to(np.asarray(value), n), dtype=dtype)
        )

    return pl.DataFrame(
        {
            "patient": of["patient"].cast(pl.UInt32),
            "campaign_id": pl.repeat(campaign, n, dtype=pl.String, eager=True),
            "appointment_id": of["appointment_id"]
            if "appointment_id" in of.columns
            else pl.repeat(None, n, dtype=pl.String, eager=True),
            "direction": pl.repeat(direction, n, eager=True),
            "channel": column(channel, pl.String),
            "purpose": pl.repeat(purpose, n, eager=True),
            "touched_at": pl.Series(np.asarray(at), dtype=pl.Datetime("us")),
            "outcome": column(outcome, pl.String),
            "is_automated": column(automated, pl.Boolean),
            "staff_minutes": column(staff, pl.Float64),
        }
    )


def _reminders(visits: Visits, random: np.random.Generator) -> list[pl.DataFrame]:
    """Reminders before appointments: one by hand before the program, two by the system after it."""
    due = visits.appointments.filter(pl.col("reminded"))
    frames = []
    for hours, only_program in ((74, False), (26, True)):
        of = due.filter(pl.col("has_program")) if only_program else due
        n = of.height
        is_auto = of["has_program"].to_numpy()
        latest = np.fmin(of["starts_at"].to_numpy() - np.timedelta64(30, "m"), of["cancelled_at"].to_numpy())
        at = np.minimum(of["starts_at"].to_numpy() - minutes(hours * 60 + random.integers(0, 90, n)), latest - minutes(20))
        is_sent = at > of["booked_at"].to_numpy()
        channel = np.where(
            is_auto, random.choice(("sms", "email"), n, p=(0.72, 0.28)), random.choice(("phone", "sms"), n, p=(0.75, 0.25))
        )
        bounced = random.random(n) < 0.03
        unanswered = (channel == "phone") & (random.random(n) < 0.4)
        confirmed = of["confirmed"].to_numpy() & ~np.bool_(only_program)
        outcome = np.where(confirmed, "confirmed", np.where(bounced, "bounced", np.where(unanswered, "no_answer", "delivered")))
        staff = np.where(channel == "phone", np.round(random.uniform(2, 5, n), 1), 0.0)
        frame = _rows(
            of, at, campaign="cmp-reminders", direction="outbound", channel=channel, purpose="reminder", outcome=outcome,
            automated=channel != "phone", staff=staff,
        )  # fmt: skip
        frames.append(frame.filter(pl.Series(is_sent)))
    return frames


def _invitations(visits: Visits, random: np.random.Generator) -> pl.DataFrame:
    of = visits.seen.filter("surveyed")
    n = of.height
    at = of["ends_at"].to_numpy() + minutes(random.integers(30, 55, n))
    outcome = np.where(
        of["survey"].to_numpy() >= 0, "replied", random.choice(("delivered", "opened", "bounced"), n, p=(0.7, 0.27, 0.03))
    )
    channel = random.choice(("email", "sms"), n, p=(0.65, 0.35))
    return _rows(
        of, at, campaign="cmp-survey", direction="outbound", channel=channel, purpose="satisfaction", outcome=outcome,
        automated=True, staff=0.0,
    )  # fmt: skip


def _questions(visits: Visits, random: np.random.Generator) -> pl.DataFrame:
    """Calls and mails that patients start, in the days after a visit."""
    of = visits.seen
    of = of.filter(pl.Series(random.random(of.height) < 0.25)).drop("appointment_id")
    n = of.height
    at = of["ends_at"].to_numpy() + minutes(random.integers(600, 40_000, n))
    channel = random.choice(("phone", "email"), n, p=(0.85, 0.15))
    staff = np.round(random.uniform(2, 9, n), 1)
    return _rows(
        of, at, campaign=None, direction="inbound", channel=channel, purpose="question", outcome="received", automated=False,
        staff=staff,
    )  # fmt: skip


def _portal_messages(events: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """What patients write in the portal."""
    of = events.filter(pl.col("event_type") == "message")
    staff = np.round(random.uniform(2, 9, of.height), 1)
    return _rows(
        of, of["event_at"].to_numpy(), campaign=None, direction="inbound", channel="portal", purpose="question",
        outcome="received", automated=False, staff=staff,
    )  # fmt: skip


def _recalls(tasks: pl.DataFrame, random: np.random.Generator) -> list[pl.DataFrame]:
    """The call or message of each task, and the call back of patients who replied to a message."""
    n = tasks.height
    outcome = tasks["outcome"].replace_strict(
        {
            "scheduled": "booked",
            "reached": "replied",
            "declined": "replied",
            "left_message": "delivered",
            "no_answer": "no_answer",
            "wrong_number": "bounced",
        },
        return_dtype=pl.String,
    )
    out = _rows(
        tasks, tasks["done_at"].to_numpy(), campaign=None, direction="outbound", channel=tasks["channel"], purpose="recall",
        outcome=outcome, automated=False, staff=0.0,
    )  # fmt: skip
    out = out.with_columns(campaign_id=tasks["campaign_id"], contact_id=tasks["contact_id"]).drop("patient")
    replies = tasks.filter(pl.Series(random.random(n) < 0.3) & pl.col("outcome").is_in(["reached", "declined"]))
    back = _rows(
        replies, replies["done_at"].to_numpy() + minutes(random.integers(20, 240, replies.height)), campaign=None,
        direction="inbound", channel=replies["channel"], purpose="reply", outcome="received", automated=False, staff=1.5,
    )  # fmt: skip
    return [out, back.with_columns(campaign_id=replies["campaign_id"], contact_id=replies["contact_id"]).drop("patient")]


def messages(sent: pl.DataFrame, contacts: pl.DataFrame, population: Population) -> pl.DataFrame:
    """Written messages that the EHR keeps as well: automated reminders, survey invitations, portal messages."""
    of = (
        contacts.select("contact_id", "patient")
        .drop_nulls()
        .join(
            population.frame.with_row_index("patient").select("patient", "patient_id"),
            on="patient",
            how="left",
            maintain_order="left",
        )
    )
    written = sent.filter(pl.col("channel").is_in(["sms", "email", "portal"])).select(
        "contact_id", "channel", "purpose", id="com-" + pl.col("touch_id").str.slice(4), at="touched_at"
    )
    known = written.join(of, on="contact_id", how="inner", maintain_order="left")
    return known.with_columns(recorded_at=pl.col("at") + pl.duration(minutes=1))
