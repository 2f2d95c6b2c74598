"""What happens in the patient portal."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock, minutes
from data_samples.simulator.contacts import numbered
from data_samples.simulator.engagement import History
from data_samples.simulator.population import Population
from data_samples.simulator.visits import Visits


def portal_events(
    population: Population, history: History, visits: Visits, contact: pl.Series, clock: Clock, random: np.random.Generator
) -> pl.DataFrame:
    """Offers, activations and use of the portal. Who has an account before the first written month is not offered one, and nobody
    writes, pays, books or checks in there who has no login in that month."""
    month = population["portal_month"]
    n = len(month)
    is_activated = (month >= clock.first) & (month <= clock.last) & (month < population.departed_month)
    activated = clock.month_starts[np.where(is_activated, month, 0)].astype("datetime64[us]") + minutes(
        random.integers(300, 1500, n)
    )
    start = clock.month_starts[np.maximum(population["joined_month"], clock.first).clip(0, clock.n_simulated)]
    offered = start.astype("datetime64[us]") + minutes(random.integers(800, 40_000, n))
    offered = np.where(is_activated, np.minimum(offered, activated - minutes(20)), offered)
    may_be_offered = np.flatnonzero(month >= clock.first)
    frames = [
        _events(may_be_offered, offered[may_be_offered], "offered"),
        _events(np.flatnonzero(is_activated), activated[is_activated], "activated"),
    ]
    logins = history.logins[: clock.last + 2]
    months, who = np.nonzero(logins)
    months, who = (np.repeat(values, logins[months, who]) for values in (months, who))
    in_window = months >= clock.first
    months, who = months[in_window], who[in_window]
    days = (clock.month_starts[months + 1] - clock.month_starts[months]).astype(int)
    at = (
        clock.month_starts[months].astype("datetime64[us]")
        + minutes((random.random(len(months)) * days * 1440).astype(int))
        + minutes(300)
    )
    at = np.minimum(at, clock.month_starts[months + 1].astype("datetime64[us]") + minutes(200))
    at = np.maximum(at, np.where(is_activated[who], activated[who] + minutes(5), at))
    frames.append(_events(who, at, "login"))
    u = random.random(len(who))
    for event, low, high in (("message", 0.0, 0.06), ("payment", 0.06, 0.11)):
        chosen = (u >= low) & (u < high)
        frames.append(_events(who[chosen], at[chosen] + minutes(4), event))
    booked = visits.appointments.filter(pl.col("booked_via") == "portal")
    frames.append(_events(booked["patient"].to_numpy(), booked["booked_at"].to_numpy(), "booking", booked["appointment_id"]))
    kept = visits.appointments.filter(
        (pl.col("outcome") == "completed") & pl.Series(random.random(visits.appointments.height) < 0.8)
    )
    due, patient = kept["due_month"].to_numpy(), kept["patient"].to_numpy()
    kept = kept.filter(pl.Series((due > month[patient]) & (history.logins[due, patient] > 0)))
    at = kept["checked_in_at"].to_numpy() - minutes(random.integers(10, 1200, kept.height))
    frames.append(_events(kept["patient"].to_numpy(), at, "check_in", kept["appointment_id"]))
    events = pl.concat(frames)
    events = events.with_columns(contact_id=contact.gather(events["patient"])).filter(pl.col("contact_id").is_not_null())
    return numbered(events, "evt", "event_id").with_columns(updated_at="event_at")


def _events(patients: np.ndarray, at: np.ndarray, event: str, appointment_id: pl.Series | None = None) -> pl.DataFrame:
    n = len(patients)
    return pl.DataFrame(
        {
            "patient": pl.Series(patients.astype(np.uint32)),
            "event_type": pl.repeat(event, n, eager=True),
            "appointment_id": pl.repeat(None, n, dtype=pl.String, eager=True) if appointment_id is None else appointment_id,
            "event_at": pl.Series(at, dtype=pl.Datetime("us")),
        }
    )
