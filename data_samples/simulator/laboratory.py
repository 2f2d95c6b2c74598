"""Laboratory panels: orders, results and the reports that hold them together."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from data_samples.simulator.facts import observation, order, quantity, recorded
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.services import Calendar

_DAY = np.timedelta64(1, "D")
# Result code, unit (UCUM), mean, standard deviation, decimals.
_METABOLIC = (
    ("2345-7", "mg/dL", 96, 14, 0),
    ("3094-0", "mg/dL", 15, 4, 0),
    ("2160-0", "mg/dL", 0.95, 0.2, 2),
    ("2951-2", "mmol/L", 140, 2.2, 0),
    ("2823-3", "mmol/L", 4.3, 0.3, 1),
    ("2075-0", "mmol/L", 103, 2.5, 0),
    ("2028-9", "mmol/L", 26, 2, 0),
    ("17861-6", "mg/dL", 9.4, 0.4, 1),
    ("2885-2", "g/dL", 7.1, 0.4, 1),
    ("1751-7", "g/dL", 4.3, 0.3, 1),
    ("1975-2", "mg/dL", 0.6, 0.2, 1),
    ("6768-6", "U/L", 74, 19, 0),
    ("1742-6", "U/L", 25, 10, 0),
    ("1920-8", "U/L", 24, 8, 0),
)
_LIPIDS = (
    ("2093-3", "mg/dL", 188, 36, 0),
    ("2571-8", "mg/dL", 132, 55, 0),
    ("2085-9", "mg/dL", 52, 13, 0),
)
_BLOOD_COUNT = (
    ("6690-2", "10*3/uL", 7.0, 1.8, 1),
    ("789-8", "10*6/uL", 4.7, 0.4, 2),
    ("718-7", "g/dL", 13.9, 1.3, 1),
    ("777-3", "10*3/uL", 250, 55, 0),
    ("4544-3", "%", 41, 3.5, 1),
    ("787-2", "fL", 90, 5, 1),
    ("785-6", "pg", 30, 2, 1),
    ("786-4", "g/dL", 33.5, 1, 1),
    ("788-0", "%", 13.4, 1, 1),
    ("32623-1", "fL", 10.4, 1, 1),
    ("770-8", "%", 58, 8, 0),
    ("736-9", "%", 31, 7, 0),
    ("5905-5", "%", 7, 2, 0),
)
_THYROID = (("3016-3", "m[IU]/L", 2.1, 0.9, 2),)
_URINE = (
    ("5811-5", "1", 1.018, 0.006, 3),
    ("5803-2", "[pH]", 6.1, 0.7, 1),
    ("20454-5", "mg/dL", 6, 4, 0),
    ("5792-7", "mg/dL", 4, 3, 0),
)


class Laboratory:
    """Collects the orders, results and reports of one chunk's panels."""

    def __init__(self, visits: pl.DataFrame, random: np.random.Generator, prefix: str) -> None:
        self.visits, self.random, self.prefix = visits, random, prefix
        self.orders: list[pl.DataFrame] = []
        self.observations: list[pl.DataFrame] = []
        self.reports: list[pl.DataFrame] = []
        self._n_reports = 0

    def panel(
        self,
        mask: np.ndarray,
        panel_code: str,
        results: Sequence[tuple[str, Callable[[np.ndarray], pl.Series]]],
        share_done: float = 0.93,
    ) -> np.ndarray:
        """Order a panel at the visits of `mask`; most are drawn within days and reported. Returns the rows that have results.

        `results` are (code, fragments per row function) pairs.
        """
        rows = np.flatnonzero(mask)
        self.orders.append(order(self.visits[rows], self.random, code=panel_code, system="http://loinc.org", kind="laboratory"))
        rows = rows[self.random.random(len(rows)) < share_done]
        where = self.visits[rows]
        days = self.random.choice((0, 1, 2, 5), len(rows), p=(0.7, 0.15, 0.1, 0.05))
        at = where["starts_at"].to_numpy() + days * _DAY + np.timedelta64(25, "m")
        number = pl.Series(np.arange(self._n_reports, self._n_reports + len(rows))).cast(pl.String).str.zfill(6)
        self._n_reports += len(rows)
        # A report comes when all its results are there.
        known = pl.Series(recorded(at, self.random, 22), dtype=pl.Datetime("us"))
        ids = []
        for position, (code, value) in enumerate(results):
            frame = observation(where, at, self.random, code=code, category="laboratory", value=value(rows))
            ids.append(f"obs-{self.prefix}-r" + number + f"-{position}")
            self.observations.append(frame.with_columns(id=ids[-1], recorded_at=known))
        references = '{"reference":"Observation/' + ids[0]
        for other in ids[1:]:
            references = references + '"},{"reference":"Observation/' + other
        self.reports.append(
            pl.DataFrame(
                {
                    "id": f"rep-{self.prefix}-" + number,
                    "patient_id": where["patient_id"],
                    "encounter_id": where["encounter_id"],
                    "at": pl.Series(at, dtype=pl.Datetime("us")),
                    "recorded_at": known,
                    "category": pl.repeat("LAB", len(rows), eager=True),
                    "category_system": pl.repeat("http://terminology.hl7.org/CodeSystem/v2-0074", len(rows), eager=True),
                    "code": pl.repeat(panel_code, len(rows), eager=True),
                    "results": references + '"}',
                }
            )
        )
        return rows

    def simple(self, results: Sequence[tuple[str, str, float, float, int]]) -> list[Any]:
        """Result columns that are normal for everybody: (code, fragments function)."""
        return [
            (
                code,
                lambda rows, u=unit, m=mean, s=spread, d=decimals: quantity(
                    self.random.normal(m, s, len(rows)).clip(m * 0.4), u, u, d
                ),
            )
            for code, unit, mean, spread, decimals in results
        ]


def laboratory(
    people: pl.DataFrame, visits: pl.DataFrame, calendar: Calendar, p: Parameters, random: np.random.Generator, prefix: str
) -> Laboratory:
    """All panels of one chunk."""
    lab = Laboratory(visits, random, prefix)
    patient, age = visits["patient"].to_numpy(), visits["age"].to_numpy()
    n = people.height
    diabetic = people["diabetes"].to_numpy()[patient] == 1
    chronic = people["n_chronic"].to_numpy()[patient] > 0
    adult = age >= 18
    effect = p.program_screening
    lab.panel(calendar.done(adult, np.where(chronic, 170, 350), 0.80, random), "24323-8", lab.simple(_METABOLIC))
    lab.panel(calendar.done(adult, 700, 0.30, random), "3016-3", lab.simple(_THYROID))
    lab.panel(calendar.done(age >= 3, np.where(chronic, 350, 700), 0.50, random), "24356-8", lab.simple(_URINE))
    level = random.normal(108, 30, n) + 22 * people["hyperlipidemia"].to_numpy() * (random.random(n) < 0.5)

    def ldl(rows: np.ndarray) -> pl.Series:
        return quantity((level[patient[rows]] + random.normal(0, 14, len(rows))).clip(35, 290), "mg/dL", "mg/dL")

    lipids = [*lab.simple(_LIPIDS), ("13457-7", ldl)]
    lab.panel(calendar.done(adult, np.where(chronic, 330, 720), 0.68, random), "57698-3", lipids)
    lab.panel(calendar.done(age >= 1, np.where(chronic, 330, 500), 0.62, random), "58410-2", lab.simple(_BLOOD_COUNT))
    glycated = random.normal(7.4, 1.25, n)

    def a1c(rows: np.ndarray) -> pl.Series:
        return quantity((glycated[patient[rows]] + random.normal(0, 0.4, len(rows))).clip(4.8, 14), "%", "%", 1)

    def egfr(rows: np.ndarray) -> pl.Series:
        is_ill = people["kidney_disease"].to_numpy()[patient[rows]]
        value = 118 - 0.75 * age[rows] - 18 * is_ill + random.normal(0, 9, len(rows))
        return quantity(value.clip(8, 130), "mL/min/{1.73_m2}", "mL/min/{1.73_m2}")

    def albumin(rows: np.ndarray) -> pl.Series:
        return quantity(random.lognormal(2.6, 0.9, len(rows)), "mg/g", "mg/g", 1)

    diabetic_or_old = diabetic | (age > 60)
    for due, days, probability, code, result in (
        (diabetic, 150, 0.62, "4548-4", a1c),
        (diabetic_or_old, 330, 0.60, "98979-8", egfr),
        (diabetic, 330, 0.45, "9318-7", albumin),
    ):
        lab.panel(calendar.done(due, days, probability, random, program_effect=effect), code, [(code, result)])
    return lab
