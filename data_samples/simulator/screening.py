"""Screenings: those done before the practice kept records, and those ordered at visits and done in the weeks after."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.facts import LOINC, SNOMED, concept_value, observation, order, outside, procedure
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.services import NEVER_DONE, Calendar

_DAY = np.timedelta64(1, "D")
_AFTER_NOON = np.timedelta64(17, "h")
_NORMAL = concept_value(SNOMED, "260385009")


@dataclass
class Screenings:
    """Facts of one chunk's screenings."""

    observations: list[pl.DataFrame] = field(default_factory=list)
    procedures: list[pl.DataFrame] = field(default_factory=list)
    orders: list[pl.DataFrame] = field(default_factory=list)


def screen(
    people: pl.DataFrame, visits: pl.DataFrame, calendar: Calendar, clock: Clock, p: Parameters, random: np.random.Generator
) -> Screenings:
    """All screenings of one chunk."""
    chunk = _Chunk(people, visits, calendar, clock, random)
    for screening in (_mammography, _colorectal, _cervical, _eye_exam, _infections):
        screening(chunk, p.program_screening)
    return chunk.facts


class _Chunk:
    def __init__(
        self, people: pl.DataFrame, visits: pl.DataFrame, calendar: Calendar, clock: Clock, random: np.random.Generator
    ) -> None:
        self.people, self.visits, self.calendar, self.clock, self.random = people, visits, calendar, clock, random
        self.patient = visits["patient"].to_numpy()
        self.age = visits["age"].to_numpy()
        self.is_woman = (people["sex"] == "female").to_numpy()
        self.start_age = (clock.start_on - people["birth_on"].to_numpy().astype("datetime64[D]")).astype(float) / 365.25
        self.facts = Screenings()

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
        return outside(self.people[rows].select("patient_id")), last_on[rows].astype("datetime64[us]") + _AFTER_NOON

    def after(self, done: np.ndarray, share: float, most_days: int) -> tuple[np.ndarray, np.ndarray]:
        """Of the visits at which a screening was ordered, those after which it took place, and its instants."""
        rows = np.flatnonzero(done)
        rows = rows[self.random.random(len(rows)) < share]
        days = self.random.integers(0, most_days + 1, len(rows))
        return rows, self.calendar.day[rows].astype("datetime64[us]") + days * _DAY + np.timedelta64(19, "h")

    def at_visits(self, rows: np.ndarray) -> tuple[pl.DataFrame, np.ndarray]:
        """Some visits, and the instants of what was done at them."""
        return self.visits[rows], self.visits["starts_at"].to_numpy()[rows] + np.timedelta64(15, "m")

    def result(self, place: pl.DataFrame, at: np.ndarray, code: str, category: str, hours: float, system: str = LOINC) -> None:
        """Results that are in the record some hours later."""
        frame = observation(place, at, self.random, code=code, category=category, value=_NORMAL, system=system, delay_hours=hours)
        self.facts.observations.append(frame)

    def elsewhere(self, rows: np.ndarray) -> pl.DataFrame:
        """The patients of some visits, as the place of what was done outside these visits."""
        return outside(self.visits[rows].select("patient_id"))

    def ordered(self, done: np.ndarray, code: str, kind: str, system: str = LOINC) -> None:
        self.facts.orders.append(order(self.visits[np.flatnonzero(done)], self.random, code=code, system=system, kind=kind))


def _mammography(chunk: _Chunk, effect: float) -> None:
    woman = chunk.is_woman & ~chunk.people["has_mastectomy"].to_numpy()
    last = chunk.earlier(woman & (chunk.start_age >= 40) & (chunk.start_age < 76), 0.62, 3.0)
    eligible = woman[chunk.patient] & (chunk.age >= 40) & (chunk.age < 76)
    due = chunk.calendar.done(eligible, 640, 0.36, chunk.random, last_on=last, program_effect=effect)
    chunk.ordered(due, "24606-6", "imaging")
    rows, at = chunk.after(due, 0.82, 45)
    for place, instants in (chunk.before(last), (chunk.elsewhere(rows), at)):
        chunk.result(place, instants, "24606-6", "imaging", 30)


def _colorectal(chunk: _Chunk, effect: float) -> None:
    """Colonoscopy once in ten years for those who prefer it, a stool test every year for the others."""
    last = chunk.earlier((chunk.start_age >= 45) & (chunk.start_age < 78), 0.48, 12.0)
    covered = (chunk.calendar.day - last[chunk.patient]).astype(int) < 3650
    eligible = (chunk.age >= 45) & (chunk.age < 76) & ~covered
    prefers_scope = chunk.random.random(chunk.people.height)[chunk.patient] < 0.4
    scope = chunk.calendar.done(eligible & prefers_scope, 3600, 0.16, chunk.random, program_effect=effect)
    chunk.ordered(scope, "73761001", "procedure", SNOMED)
    rows, at = chunk.after(scope, 0.72, 70)
    for place, instants in (chunk.before(last), (chunk.elsewhere(rows), at)):
        chunk.facts.procedures.append(procedure(place, instants, chunk.random, code="73761001", delay_hours=40))
    stool = chunk.calendar.done(eligible & ~prefers_scope, 350, 0.30, chunk.random, program_effect=effect)
    rows, at = chunk.after(stool, 0.66, 30)
    chunk.result(chunk.elsewhere(rows), at, "57905-2", "laboratory", 26)


def _cervical(chunk: _Chunk, effect: float) -> None:
    """Cytology every three years, with a test for HPV in most from 30 years on; taken at the visit."""
    woman = chunk.is_woman & ~chunk.people["has_hysterectomy"].to_numpy()
    last = chunk.earlier(woman & (chunk.start_age >= 24) & (chunk.start_age < 65), 0.66, 4.0)
    eligible = woman[chunk.patient] & (chunk.age >= 21) & (chunk.age < 65) & ~chunk.visits["is_telehealth"].to_numpy()
    done = chunk.calendar.done(eligible, 1020, 0.40, chunk.random, last_on=last, program_effect=effect)
    rows = np.flatnonzero(done)
    also = rows[(chunk.age[rows] >= 30) & (chunk.random.random(len(rows)) < 0.6)]
    for place, instants, code in (
        (*chunk.before(last), "10524-7"),
        (*chunk.at_visits(rows), "10524-7"),
        (*chunk.at_visits(also), "21440-3"),
    ):
        chunk.result(place, instants, code, "laboratory", 90)


def _eye_exam(chunk: _Chunk, effect: float) -> None:
    diabetic = chunk.people["diabetes"].to_numpy() == 1
    last = chunk.earlier(diabetic, 0.45, 2.0)
    referred = chunk.calendar.done(diabetic[chunk.patient], 340, 0.34, chunk.random, last_on=last, program_effect=effect)
    rows, at = chunk.after(referred, 0.70, 60)
    for place, instants in (chunk.before(last), (chunk.elsewhere(rows), at)):
        chunk.result(place, instants, "252779009", "exam", 60, SNOMED)


def _infections(chunk: _Chunk, effect: float) -> None:
    """HIV once in a life; chlamydia in young women who had a pregnancy test ordered."""
    last = chunk.earlier((chunk.start_age >= 17) & (chunk.start_age < 66), 0.42, 6.0)
    eligible = (chunk.age >= 15) & (chunk.age < 66)
    done = chunk.calendar.done(eligible, 20_000, 0.10, chunk.random, last_on=last, program_effect=effect)
    rows, at = chunk.after(done, 0.9, 5)
    for place, instants in (chunk.before(last), (chunk.visits[rows], at)):
        chunk.result(place, instants, "56888-1", "laboratory", 26)
    young = chunk.is_woman[chunk.patient] & (chunk.age >= 15) & (chunk.age < 26)
    tested = chunk.calendar.done(young, 330, 0.30, chunk.random)
    chunk.ordered(tested, "2106-3", "laboratory")
    screened = tested & (chunk.random.random(len(tested)) < np.where(chunk.calendar.program, 0.62, 0.5))
    rows, at = chunk.after(screened, 0.95, 2)
    chunk.result(chunk.visits[rows], at, "21613-5", "laboratory", 40)
