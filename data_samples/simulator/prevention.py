"""Screenings and immunizations: what was done before the practice kept records, and what is done at and after visits."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.facts import SNOMED, concept_value, observation, order, outside, procedure, recorded
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.services import NEVER_DONE, Calendar

_DAY = np.timedelta64(1, "D")
_NOON = np.timedelta64(17, "h")
_NORMAL = concept_value(SNOMED, "260385009")
_ABNORMAL_SHARE = 0.06


@dataclass
class Prevention:
    """Facts of one chunk; `screened_on` gives for each screening the pairs patient, day that the true care gaps are counted from."""

    observations: list[pl.DataFrame] = field(default_factory=list)
    procedures: list[pl.DataFrame] = field(default_factory=list)
    orders: list[pl.DataFrame] = field(default_factory=list)
    immunizations: list[pl.DataFrame] = field(default_factory=list)
    screened_on: dict[str, pl.DataFrame] = field(default_factory=dict)


class _Chunk:
    def __init__(self, people: pl.DataFrame, visits: pl.DataFrame, calendar: Calendar, clock: Clock, random) -> None:
        self.people, self.visits, self.calendar, self.clock, self.random = people, visits, calendar, clock, random
        self.patient = visits["patient"].to_numpy()
        self.age = visits["age"].to_numpy()
        self.is_woman = (people["sex"] == "female").to_numpy()
        self.start_age = (clock.start_on - people["birth_on"].to_numpy().astype("datetime64[D]")).astype(float) / 365.25
        self.facts = Prevention()

    def earlier(self, eligible: np.ndarray, share: float, years: float) -> np.ndarray:
        """Day of the last one before the first visit, for a share of the eligible patients; `NEVER_DONE` for the others."""
        n = self.people.height
        first_visit = np.full(n, self.clock.start_on, dtype="datetime64[D]")
        np.minimum.at(first_visit, self.patient, self.calendar.day)
        days = (self.random.random(n) * years * 365).astype("timedelta64[D]") + 3 * _DAY
        return np.where(eligible & (self.random.random(n) < share), first_visit - days, NEVER_DONE)

    def before(self, last_on: np.ndarray) -> tuple[pl.DataFrame, np.ndarray]:
        """Patients and instants of what was done before; the records came with the patient."""
        rows = np.flatnonzero(last_on > NEVER_DONE)
        return outside(self.people[rows].select("patient_id")), last_on[rows].astype("datetime64[us]") + _NOON

    def after(self, done: np.ndarray, share: float, most_days: int) -> tuple[np.ndarray, np.ndarray]:
        """Of the visits at which a screening was ordered, those after which it took place, and its instants."""
        rows = np.flatnonzero(done)
        rows = rows[self.random.random(len(rows)) < share]
        days = self.random.integers(0, most_days + 1, len(rows))
        return rows, self.calendar.day[rows].astype("datetime64[us]") + days * _DAY + np.timedelta64(19, "h")

    def remember(self, name: str, frames: list[tuple[np.ndarray, np.ndarray]]) -> None:
        patient = np.concatenate([patients for patients, _ in frames])
        day = np.concatenate([at.astype("datetime64[D]") for _, at in frames])
        self.facts.screened_on[name] = pl.DataFrame({"patient": patient, "day": day})


def prevention(people, visits: pl.DataFrame, calendar: Calendar, clock: Clock, p: Parameters, random) -> Prevention:
    """All screenings and immunizations of one chunk."""
    chunk = _Chunk(people, visits, calendar, clock, random)
    _mammography(chunk, p)
    _colorectal(chunk, p)
    _cervical(chunk, p)
    _eye_exam(chunk, p)
    _infections(chunk, p)
    _vaccines(chunk, p)
    return chunk.facts


def _mammography(chunk: _Chunk, p: Parameters) -> None:
    woman = chunk.is_woman & ~chunk.people["has_mastectomy"].to_numpy()
    last = chunk.earlier(woman & (chunk.start_age >= 40) & (chunk.start_age < 76), 0.62, 3.0)
    eligible = woman[chunk.patient] & (chunk.age >= 40) & (chunk.age < 76)
    ordered = chunk.calendar.done(eligible, 640, 0.36, chunk.random, last_on=last, program_effect=p.program_screening)
    rows, at = chunk.after(ordered, 0.82, 45)
    where = chunk.visits[np.flatnonzero(ordered)]
    chunk.facts.orders.append(order(where, chunk.random, code="24606-6", system="http://loinc.org", kind="imaging"))
    for place, instants in (chunk.before(last), (outside(chunk.visits[rows].select("patient_id")), at)):
        chunk.facts.observations.append(
            observation(place, instants, chunk.random, code="24606-6", category="imaging", value=_NORMAL, delay_hours=30)
        )
    before = np.flatnonzero(last > NEVER_DONE)
    chunk.remember("mammography", [(before, last[before]), (chunk.patient[rows], at)])


def _colorectal(chunk: _Chunk, p: Parameters) -> None:
    in_range = (chunk.start_age >= 45) & (chunk.start_age < 78)
    scope_last = chunk.earlier(in_range, 0.48, 12.0)
    place, at = chunk.before(scope_last)
    chunk.facts.procedures.append(procedure(place, at, chunk.random, code="73761001", delay_hours=40))
    covered = (chunk.calendar.day - scope_last[chunk.patient]).astype(int) < 3650
    eligible = (chunk.age >= 45) & (chunk.age < 76) & ~covered
    prefers_scope = chunk.random.random(chunk.people.height)[chunk.patient] < 0.4
    effect = p.program_screening
    scope = chunk.calendar.done(eligible & prefers_scope, 3600, 0.16, chunk.random, program_effect=effect)
    rows, at = chunk.after(scope, 0.72, 70)
    chunk.facts.orders.append(
        order(chunk.visits[np.flatnonzero(scope)], chunk.random, code="73761001", system=SNOMED, kind="procedure")
    )
    place = outside(chunk.visits[rows].select("patient_id"))
    chunk.facts.procedures.append(procedure(place, at, chunk.random, code="73761001", delay_hours=40))
    stool = chunk.calendar.done(eligible & ~prefers_scope, 350, 0.30, chunk.random, program_effect=effect)
    rows, at = chunk.after(stool, 0.66, 30)
    place = outside(chunk.visits[rows].select("patient_id"))
    chunk.facts.observations.append(
        observation(place, at, chunk.random, code="57905-2", category="laboratory", value=_NORMAL, delay_hours=26)
    )


def _cervical(chunk: _Chunk, p: Parameters) -> None:
    woman = chunk.is_woman & ~chunk.people["has_hysterectomy"].to_numpy()
    last = chunk.earlier(woman & (chunk.start_age >= 24) & (chunk.start_age < 65), 0.66, 4.0)
    eligible = woman[chunk.patient] & (chunk.age >= 21) & (chunk.age < 65) & ~chunk.visits["is_telehealth"].to_numpy()
    done = chunk.calendar.done(eligible, 1020, 0.40, chunk.random, last_on=last, program_effect=p.program_screening)
    rows = np.flatnonzero(done)
    at = chunk.visits["starts_at"].to_numpy()[rows] + np.timedelta64(15, "m")
    for place, instants in (chunk.before(last), (chunk.visits[rows], at)):
        chunk.facts.observations.append(
            observation(place, instants, chunk.random, code="10524-7", category="laboratory", value=_NORMAL, delay_hours=90)
        )
    also = rows[(chunk.age[rows] >= 30) & (chunk.random.random(len(rows)) < 0.6)]
    at = chunk.visits["starts_at"].to_numpy()[also] + np.timedelta64(15, "m")
    chunk.facts.observations.append(
        observation(chunk.visits[also], at, chunk.random, code="21440-3", category="laboratory", value=_NORMAL, delay_hours=90)
    )


def _eye_exam(chunk: _Chunk, p: Parameters) -> None:
    diabetic = chunk.people["diabetes"].to_numpy() == 1
    last = chunk.earlier(diabetic, 0.45, 2.0)
    referred = chunk.calendar.done(
        diabetic[chunk.patient], 340, 0.34, chunk.random, last_on=last, program_effect=p.program_screening
    )
    rows, at = chunk.after(referred, 0.70, 60)
    for place, instants in (chunk.before(last), (outside(chunk.visits[rows].select("patient_id")), at)):
        chunk.facts.observations.append(
            observation(
                place, instants, chunk.random, code="252779009", system=SNOMED, category="exam", value=_NORMAL, delay_hours=60
            )
        )


def _infections(chunk: _Chunk, p: Parameters) -> None:
    negative = concept_value(SNOMED, "260385009")
    last = chunk.earlier((chunk.start_age >= 17) & (chunk.start_age < 66), 0.42, 6.0)
    eligible = (chunk.age >= 15) & (chunk.age < 66)
    done = chunk.calendar.done(eligible, 20_000, 0.10, chunk.random, last_on=last, program_effect=p.program_screening)
    rows, at = chunk.after(done, 0.9, 5)
    for place, instants in (chunk.before(last), (chunk.visits[rows], at)):
        chunk.facts.observations.append(
            observation(place, instants, chunk.random, code="56888-1", category="laboratory", value=negative, delay_hours=26)
        )
    young = chunk.is_woman[chunk.patient] & (chunk.age >= 15) & (chunk.age < 26)
    tested = chunk.calendar.done(young, 330, 0.30, chunk.random)
    where = chunk.visits[np.flatnonzero(tested)]
    chunk.facts.orders.append(order(where, chunk.random, code="2106-3", system="http://loinc.org", kind="laboratory"))
    screened = tested & (chunk.random.random(len(tested)) < np.where(chunk.calendar.program, 0.62, 0.5))
    rows, at = chunk.after(screened, 0.95, 2)
    chunk.facts.observations.append(
        observation(chunk.visits[rows], at, chunk.random, code="21613-5", category="laboratory", value=negative, delay_hours=40)
    )


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


def _vaccines(chunk: _Chunk, p: Parameters) -> None:
    people, random = chunk.people, chunk.random
    birth = people["birth_on"].to_numpy().astype("datetime64[D]")
    small = np.flatnonzero(birth > chunk.clock.start_on - 6 * 365 * _DAY)
    adherence = np.where(random.random(len(small)) < 0.74, 0.995, 0.80)
    end = np.datetime64(chunk.clock.end_on)
    for vaccine, ages in _CHILD_SCHEDULE:
        for age in ages:
            on = birth[small] + (age + random.integers(0, 24, len(small))).astype("timedelta64[D]")
            given = (random.random(len(small)) < adherence) & (on <= end)
            chunk.facts.immunizations.append(_doses(people[small[given]], on[given], vaccine, random))
    month = chunk.visits["starts_at"].dt.month().to_numpy()
    season = np.isin(month, (9, 10, 11, 12, 1)) & ~chunk.visits["is_telehealth"].to_numpy()
    flu = chunk.calendar.done(season & (chunk.age >= 2), 200, 0.45, random, program_effect=p.program_screening)
    chunk.facts.immunizations.append(_at_visits(chunk, flu, "150"))
    old = (chunk.age >= 65) & ~chunk.visits["is_telehealth"].to_numpy()
    pneumococcal = chunk.calendar.done(old, 20_000, 0.12, random, program_effect=p.program_screening)
    chunk.facts.immunizations.append(_at_visits(chunk, pneumococcal, "216"))


def _doses(patients: pl.DataFrame, on: np.ndarray, vaccine: str, random) -> pl.DataFrame:
    at = on.astype("datetime64[us]") + _NOON
    return pl.DataFrame(
        {
            "patient_id": patients["patient_id"],
            "encounter_id": pl.repeat(None, patients.height, dtype=pl.String, eager=True),
            "at": pl.Series(at, dtype=pl.Datetime("us")),
            "recorded_at": pl.Series(recorded(at, random, 50), dtype=pl.Datetime("us")),
            "code": pl.repeat(vaccine, patients.height, eager=True),
        }
    )


def _at_visits(chunk: _Chunk, mask: np.ndarray, vaccine: str) -> pl.DataFrame:
    where = chunk.visits[np.flatnonzero(mask)]
    at = where["starts_at"].to_numpy() + np.timedelta64(16, "m")
    frame = _doses(where, at, vaccine, chunk.random)
    return frame.with_columns(encounter_id=where["encounter_id"])


