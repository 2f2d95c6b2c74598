"""Immunizations: the childhood schedule, as registries report it, and what is given at visits."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.facts import recorded
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.services import Calendar

_DAY = np.timedelta64(1, "D")
_FOLLOWED_YEARS = 6
"""Children born within these years before the first day have their whole schedule in the record."""
# Vaccine (CVX), and the ages in days at which its doses are due.
_CHILD_SCHEDULE = (
    ("08", (1, 35, 185)),
    ("20", (62, 123, 184, 470)),
    ("10", (62, 123, 190)),
    ("48", (62, 123, 184, 400)),
    ("133", (62, 123, 184, 395)),
    ("116", (62, 123, 184)),
    ("03", (372,)),
    ("21", (372,)),
    ("83", (372, 560)),
    ("150", (200, 232, 560)),
)
_FLU, _PNEUMOCOCCAL = "150", "216"


def immunize(
    people: pl.DataFrame, visits: pl.DataFrame, calendar: Calendar, clock: Clock, p: Parameters, random: np.random.Generator
) -> pl.DataFrame:
    """All immunizations of one chunk."""
    at_visit = ~visits["is_telehealth"].to_numpy()
    age, effect = visits["age"].to_numpy(), p.program_screening
    season = np.isin(visits["starts_at"].dt.month().to_numpy(), (9, 10, 11, 12, 1))
    flu = calendar.done(season & at_visit & (age >= 2), 200, 0.45, random, program_effect=effect)
    pneumococcal = calendar.done(at_visit & (age >= 65), 20_000, 0.12, random, program_effect=effect)
    given = [_at_visits(visits, mask, vaccine, random) for mask, vaccine in ((flu, _FLU), (pneumococcal, _PNEUMOCOCCAL))]
    return pl.concat([*_childhood(people, clock, random), *given])


def _childhood(people: pl.DataFrame, clock: Clock, random: np.random.Generator) -> list[pl.DataFrame]:
    birth = people["birth_on"].to_numpy().astype("datetime64[D]")
    small = np.flatnonzero(birth > clock.start_on - _FOLLOWED_YEARS * 365 * _DAY)
    n = len(small)
    adherence = np.where(random.random(n) < 0.74, 0.995, 0.80)
    frames = []
    for vaccine, ages in _CHILD_SCHEDULE:
        for age in ages:
            on = birth[small] + (age + random.integers(0, 24, n)).astype("timedelta64[D]")
            given = (random.random(n) < adherence) & (on <= np.datetime64(clock.end_on))
            at = on[given].astype("datetime64[us]") + np.timedelta64(17, "h")
            frames.append(_doses(people[small[given]], at, vaccine, random))
    return frames


def _at_visits(visits: pl.DataFrame, mask: np.ndarray, vaccine: str, random: np.random.Generator) -> pl.DataFrame:
    where = visits[np.flatnonzero(mask)]
    at = where["starts_at"].to_numpy() + np.timedelta64(16, "m")
    return _doses(where, at, vaccine, random).with_columns(encounter_id=where["encounter_id"])


def _doses(patients: pl.DataFrame, at: np.ndarray, vaccine: str, random: np.random.Generator) -> pl.DataFrame:
    return patients.select(
        "patient_id",
        encounter_id=pl.lit(None, dtype=pl.String),
        at=pl.Series(at, dtype=pl.Datetime("us")),
        recorded_at=pl.Series(recorded(at, random, 50), dtype=pl.Datetime("us")),
        code=pl.lit(vaccine),
    )
