"""Vital signs measured at visits."""

from collections.abc import Callable

import numpy as np
import polars as pl

from data_samples.simulator.facts import UCUM, observation, quantity

_MINUTE = np.timedelta64(1, "m")


def blood_pressure_value(systolic: np.ndarray, diastolic: np.ndarray) -> pl.Series:
    """`component` fragments of a blood pressure panel, in mm[Hg]."""

    def part(code: str, value: np.ndarray) -> pl.Series:
        head = f'{{"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},"valueQuantity":{{"value":'
        tail = f',"unit":"mmHg","system":"{UCUM}","code":"mm[Hg]"}}}}'
        return head + pl.Series(np.round(value).astype(int)).cast(pl.String) + tail

    return ',"component":[' + part("8480-6", systolic) + "," + part("8462-4", diastolic) + "]"


def pressures(people: pl.DataFrame, visits: pl.DataFrame, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Systolic and diastolic pressure at each visit, mm[Hg]: a level of the patient's own, and noise."""
    n = people.height
    hypertensive = people["hypertension"].to_numpy()
    level = 119 + 14 * hypertensive + random.normal(0, 7.5, n) + 0.25 * (people["body_mass_index"].to_numpy() - 27)
    patient, age = visits["patient"].to_numpy(), visits["age"].to_numpy()
    control = -3.5 * (visits["has_program"].to_numpy() & (hypertensive[patient] == 1))
    systolic = level[patient] + random.normal(0, 8, len(patient)) + control - np.where(age < 18, 14 + (18 - age) * 0.6, 0)
    diastolic = 0.42 * systolic + 23.5 + random.normal(0, 5, len(patient))
    return systolic.clip(78, 220), diastolic.clip(42, 130)


def vital_signs(
    people: pl.DataFrame, visits: pl.DataFrame, systolic: np.ndarray, diastolic: np.ndarray, random: np.random.Generator
) -> list[pl.DataFrame]:
    """Observations of the vital signs of every visit in person."""
    patient, age = visits["patient"].to_numpy(), visits["age"].to_numpy()
    at = visits["starts_at"].to_numpy() + 4 * _MINUTE
    in_person = ~visits["is_telehealth"].to_numpy()
    n = len(patient)
    height = np.where(visits["sex"].to_numpy() == "female", 162, 175) + people["height_noise"].to_numpy()[patient]
    height = np.where(age < 18, 51 + height * 0.68 * (age / 18) ** 0.75, height)
    body_mass_index = (people["body_mass_index"].to_numpy()[patient] + random.normal(0, 0.35, n)).clip(12, 60)
    weight = body_mass_index * (height / 100) ** 2
    frames = []

    def take(mask: np.ndarray, code: str, value: Callable[[np.ndarray], pl.Series], at_shift: int = 0) -> None:
        rows = np.flatnonzero(mask)
        where = visits[rows]
        frames.append(
            observation(where, at[rows] + at_shift * _MINUTE, random, code=code, category="vital-signs", value=value(rows))
        )

    measured = in_person & (age >= 3) & (random.random(n) < 0.96)
    take(measured, "85354-9", lambda r: blood_pressure_value(systolic[r], diastolic[r]))
    weighed = in_person & (random.random(n) < 0.93)
    take(weighed, "29463-7", lambda r: quantity(weight[r], "kg", "kg", 1))
    sized = weighed & ((age < 18) | (random.random(n) < 0.6))
    take(sized, "8302-2", lambda r: quantity(height[r], "cm", "cm", 1))
    take(weighed & (age >= 18), "39156-5", lambda r: quantity(body_mass_index[r], "kg/m2", "kg/m2", 1))
    percentile = random.uniform(2, 99, n)
    take(sized & (age >= 2) & (age < 18), "59576-9", lambda r: quantity(percentile[r], "%", "%", 0))
    take(in_person, "8867-4", lambda r: quantity(random.normal(76, 10, len(r)) + (age[r] < 6) * 25, "/min", "/min"))
    take(in_person, "9279-1", lambda r: quantity(random.normal(16, 2, len(r)) + (age[r] < 6) * 6, "/min", "/min"))
    take(in_person, "8310-5", lambda r: quantity(random.normal(36.8, 0.35, len(r)), "Cel", "Cel", 1))
    take(in_person, "2708-6", lambda r: quantity(random.normal(97.5, 1.2, len(r)).clip(88, 100), "%", "%"))
    take(random.random(n) < 0.9, "72514-3", lambda r: quantity(random.poisson(1.6, len(r)).clip(0, 10), "{score}", "{score}"))
    return frames
