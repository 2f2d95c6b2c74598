"""Ages, conditions, payers and lengths of stay of a practice's patients, as independent draws."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from data_samples.simulator.clock import Clock
from data_samples.simulator.practice import NEVER, PAYERS

CHRONIC_CONDITIONS = ("hypertension", "diabetes", "hyperlipidemia", "depression", "asthma", "kidney_disease", "heart_disease")
_AGE_BANDS = ((0, 5, 0.07), (5, 18, 0.15), (18, 35, 0.19), (35, 50, 0.19), (50, 65, 0.20), (65, 80, 0.15), (80, 96, 0.05))


def pick(random: np.random.Generator, n: int, table: Sequence[tuple[Any, ...]]) -> tuple[np.ndarray, ...]:
    """`n` rows of a table whose last column is their share, as one array per other column."""
    shares = np.array([row[-1] for row in table])
    rows = random.choice(len(table), n, p=shares / shares.sum())
    return tuple(np.array([row[column] for row in table], dtype=object)[rows] for column in range(len(table[0]) - 1))


def ages(n: int, clock: Clock, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Age in years on the last day, and day of birth."""
    bands = np.array(_AGE_BANDS)
    band = random.choice(len(bands), n, p=bands[:, 2] / bands[:, 2].sum())
    age = bands[band, 0] + random.random(n) * (bands[band, 1] - bands[band, 0])
    birth = clock.start_on - (age * 365.25).astype("timedelta64[D]")
    # Children are born into the practice while it is observed: a tenth of those under five, at most to the last month.
    newborn = (age < 5) & (random.random(n) < 0.45)
    span = (np.datetime64(clock.end_on) - clock.start_on).astype(int) - 45
    birth = np.where(newborn, clock.start_on + (random.random(n) * max(span, 1)).astype("timedelta64[D]"), birth)
    return (np.datetime64(clock.end_on) - birth).astype(float) / 365.25, birth


def conditions(age: np.ndarray, random: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """One 0/1 array per chronic condition, and the body mass index; `age` is in years on the last day."""
    n = len(age)
    body_mass_index = np.where(age < 18, 17 + 0.35 * age + random.normal(0, 2.2, n), random.normal(28.4, 5.6, n)).clip(13, 58)
    heavy = (body_mass_index > 30) & (age >= 18)
    adult = age >= 18

    def has(share: float | np.ndarray) -> np.ndarray:
        return ((random.random(n) < share) & adult).astype(int)

    hypertension = has(np.interp(age, [18, 35, 50, 65, 80], [0.03, 0.10, 0.30, 0.52, 0.64]) + 0.10 * heavy)
    diabetes = has(np.interp(age, [18, 35, 50, 65, 80], [0.01, 0.03, 0.10, 0.18, 0.20]) + 0.08 * heavy)
    heart = has(np.interp(age, [40, 55, 70, 85], [0.005, 0.04, 0.12, 0.20]))
    return {
        "hypertension": hypertension,
        "diabetes": diabetes,
        "hyperlipidemia": has(np.interp(age, [20, 40, 60, 80], [0.03, 0.15, 0.38, 0.42]) + 0.2 * diabetes),
        "depression": has(0.11),
        "asthma": (random.random(n) < np.where(age < 4, 0.02, 0.09)).astype(int),
        "kidney_disease": has(np.interp(age, [40, 60, 80], [0.005, 0.05, 0.16]) + 0.08 * diabetes),
        "heart_disease": heart,
    }, np.round(body_mass_index, 1)


def payers(age: np.ndarray, clock: Clock, random: np.random.Generator) -> dict[str, np.ndarray]:
    """The payer (row of `PAYERS`), and another one from some month on."""
    n = len(age)
    classes = PAYERS["payer_class"].to_numpy()
    rows = {name: np.flatnonzero(classes == name) for name in dict.fromkeys(classes)}
    young = (("commercial", 0.48), ("medicaid", 0.46), ("self_pay", 0.04), ("other", 0.02))
    adult = (("commercial", 0.68), ("medicaid", 0.17), ("self_pay", 0.08), ("other", 0.03), ("medicare", 0.04))
    old = (("medicare", 0.90), ("commercial", 0.06), ("medicaid", 0.03), ("self_pay", 0.01))

    def draw() -> np.ndarray:
        grown = np.where(age < 65, pick(random, n, adult)[0], pick(random, n, old)[0])
        choice = np.where(age < 18, pick(random, n, young)[0], grown)
        share = random.random(n)
        payer = np.zeros(n, dtype=int)
        for name, numbers in rows.items():
            payer = np.where(choice == name, numbers[(share * len(numbers)).astype(int)], payer)
        return payer

    first, second = draw(), draw()
    # Cover changes at the turn of a year, as enrolment does.
    new_years = np.flatnonzero(clock.month_starts.astype("datetime64[M]").astype(int) % 12 == 0)
    new_years = new_years[(new_years > clock.first) & (new_years <= clock.last)]
    changes = random.random(n) < 0.09
    month = random.choice(new_years, n) if len(new_years) else np.full(n, NEVER)
    return {
        "payer": first,
        "later_payer": np.where(changes, second, first),
        "later_payer_month": np.where(changes & (second != first), month, NEVER),
    }


def comings_and_goings(n: int, age: np.ndarray, clock: Clock, random: np.random.Generator) -> dict[str, np.ndarray]:
    """When each joined (negative: before the burn-in), moved away, died; ages are as of the last day."""
    joins_later = random.random(n) < 0.0085 * clock.n_months
    joined = np.where(joins_later, random.integers(clock.first, clock.last + 1, n), -random.integers(1, 120, n))
    joined = np.maximum(joined, clock.last - np.floor(age * 12).astype(int) + 1)
    monthly_death = (0.00003 * np.exp(0.078 * age)).clip(0, 0.03)
    died_month = clock.first + random.geometric(monthly_death) - 1
    dies = (died_month <= clock.last) & (died_month > joined)
    died_month = np.where(dies, died_month, NEVER)
    died_day = clock.month_starts[np.where(dies, died_month, 0)] + (random.random(n) * 27).astype("timedelta64[D]")
    moved_month = np.maximum(joined, clock.first) + random.geometric(0.0022, n)
    moves = (moved_month <= clock.last) & ~dies
    return {
        "joined_month": joined,
        "moved_month": np.where(moves, moved_month, NEVER),
        "died_month": died_month,
        "died_on": np.where(dies, died_day, np.datetime64("NaT")),
    }
