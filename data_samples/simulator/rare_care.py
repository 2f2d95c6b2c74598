"""Conditions that few patients have, and their care: the sample cases of the measures on the heart, HIV, the mind and medicines.

They come on top of the record that `record.py` keeps, from random streams of their own: a practice without them stays as it is.
"""

from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.diagnoses import diagnosis, problem
from data_samples.simulator.dispensing import dispenses
from data_samples.simulator.facts import SNOMED, observation, procedure
from data_samples.simulator.templates import local
from data_samples.simulator.treatment import medication_orders

_MINUTE, _DAY = np.timedelta64(1, "m"), np.timedelta64(1, "D")


class RareCare:
    """Collects facts (see `facts.py`) of some patients of one chunk, by FHIR resource type.

    `Letter` are communications to colleagues; `reasons` are visits' reasons (encounter_id, reason: ICD-10-CM).
    """

    def __init__(self, people: pl.DataFrame, seen: pl.DataFrame, clock: Clock, random: np.random.Generator) -> None:
        self.clock, self.random = clock, random
        age = (pl.lit(clock.end_on) - pl.col("birth_on")).dt.total_days() / 365.25
        self.people, self._seen = people.with_columns(age_years=age), seen
        self.facts: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self.reasons: list[pl.DataFrame] = []

    def some(self, people: pl.DataFrame, share: float) -> pl.DataFrame:
        return people.filter(pl.Series(self.random.random(people.height) < share))

    def visits(self, people: pl.DataFrame, share: float = 1.0) -> pl.DataFrame:
        """A share of the visits of these patients."""
        return self.some(self._seen.filter(pl.col("patient_id").is_in(people["patient_id"].implode())), share)

    def has(self, people: pl.DataFrame, code: str, days_ago: tuple[int, int]) -> None:
        """A problem that began so many days before the last day."""
        onset = np.datetime64(self.clock.end_on) - self.random.integers(*days_ago, people.height) * _DAY
        self.facts["Condition"].append(problem(people, onset, code, None, self.random))

    def diagnosed(self, visits: pl.DataFrame, code: str) -> None:
        """A diagnosis that begins within the visit, at a known minute."""
        found = diagnosis(visits, pl.repeat(code, visits.height, eager=True), None, 0, self.random)
        began = visits.select(at=pl.col("starts_at") + pl.duration(minutes=6)).select(local("at")).to_series()
        self.facts["Condition"].append(found.with_columns(onset=began))

    def measured(
        self, visits: pl.DataFrame, code: str, category: str, value: pl.Series | str, *, minute: int = 5, day: Any = 0
    ) -> None:
        """A result of each visit, some minutes after its start, or days before or after it."""
        at = visits["starts_at"].to_numpy() + minute * _MINUTE + day * _DAY
        self.facts["Observation"].append(observation(visits, at, self.random, code=code, category=category, value=value))

    def done(self, visits: pl.DataFrame, code: str, *, day: Any = 0) -> None:
        at = visits["starts_at"].to_numpy() + 5 * _MINUTE + day * _DAY
        self.facts["Procedure"].append(procedure(visits, at, self.random, code=code, system=SNOMED))

    def ordered(self, visits: pl.DataFrame, code: str, days: int, refills: int) -> pl.DataFrame:
        drugs = np.full(visits.height, code)
        orders = medication_orders(visits, np.ones(visits.height, bool), drugs, days, refills, self.random)
        self.facts["MedicationRequest"].append(orders)
        return orders

    def dispensed(self, orders: pl.DataFrame) -> None:
        handed_over = dispenses(orders.with_columns(is_chronic=pl.lit(True)), self.people, self.random)
        self.facts["MedicationDispense"].append(handed_over)

    def allergic(self, people: pl.DataFrame, code: str) -> None:
        onset = np.datetime64(self.clock.start_on) - self.random.integers(30, 3000, people.height) * _DAY
        self.facts["AllergyIntolerance"].append(
            people.select("patient_id").with_columns(
                code=pl.lit(code), onset=pl.Series(onset).cast(pl.Date), recorded_at=pl.Series(onset.astype("datetime64[us]"))
            )
        )

    def told(self, visits: pl.DataFrame, code: str, days: int) -> None:
        """A letter to a colleague, up to `days` days after each visit."""
        at = visits["ends_at"].to_numpy() + self.random.integers(0, days * 1440, visits.height) * _MINUTE
        sent = pl.Series(at, dtype=pl.Datetime("us"))
        self.facts["Letter"].append(visits.select("patient_id").with_columns(at=sent, recorded_at=sent, code=pl.lit(code)))

    def because(self, visits: pl.DataFrame, code: str) -> None:
        self.reasons.append(visits.select("encounter_id", reason=pl.lit(code)))

    def within(self, n: int, first: int, last: int) -> np.ndarray:
        """Days, drawn for each of `n`, from the first to the last."""
        return self.random.integers(first, last + 1, n)


def score(values: np.ndarray) -> pl.Series:
    """`valueInteger` fragments."""
    return ',"valueInteger":' + pl.Series(values.astype(int)).cast(pl.String)
