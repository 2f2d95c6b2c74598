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
    """Offers, activations and use of the portal."""
    frames = []
    offered = clock.month_starts[np.maximum(np.maximum(population["joined_month"], clock.first), 0).clip(0, clock.n_simulated)]
    patients = np.arange(len(population))
    frames.append(
        _events(patients, offered.astype("datetime64[us]") + minutes(random.integers(800, 40_000, len(patients))), "offered")
    )
    month = population["portal_month"]
    active = np.flatnonzero((month >= clock.first) & (month <= clock.last))
    at = clock.month_starts[month[active]].astype("datetime64[us]") + minutes(random.integers(300, 1500, len(active)))
    frames.append(_events(active, at, "activated"))
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
    frames.append(_events(who, at, "login"))
    u = random.random(len(who))
    for event, low, high in (("message", 0.0, 0.13), ("payment", 0.13, 0.18)):
        chosen = (u >= low) & (u < high)
        frames.append(_events(who[chosen], at[chosen] + minutes(4), event))
    booked = visits.appointments.filter(pl.col("booked_via") == "portal")
    frames.append(_events(booked["patient"].to_numpy(), booked["booked_at"].to_numpy(), "booking", booked["appointment_id"]))
    kept = visits.appointments.filter(
        (pl.col("outcome") == "completed") & pl.Series(random.random(visits.appointments.height) < 0.5)
    )
    kept = kept.filter(pl.Series(population["portal_month"][kept["patient"]]) <= kept["due_month"])
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
