"""What is measured and asked at a visit: vital signs, tobacco, depression, falls, counselling."""

import numpy as np
import polars as pl

from data_samples.simulator.facts import SNOMED, UCUM, concept_value, observation, procedure, quantity
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.services import Calendar

_NEVER_SMOKED, _EX_SMOKER, _DAILY_SMOKER = "266919005", "8517006", "449868002"
_DEPRESSION_NEGATIVE, _DEPRESSION_POSITIVE = "428171000124102", "428181000124104"
_MINUTE = np.timedelta64(1, "m")


def blood_pressure_value(systolic: np.ndarray, diastolic: np.ndarray) -> pl.Series:
    """`component` fragments of a blood pressure panel, in mm[Hg]."""

    def part(code: str, value: np.ndarray) -> pl.Series:
        head = f'{{"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},"valueQuantity":{{"value":'
        tail = f',"unit":"mmHg","system":"{UCUM}","code":"mm[Hg]"}}}}'
        return head + pl.Series(np.round(value).astype(int)).cast(pl.String) + tail

    return ',"component":[' + part("8480-6", systolic) + "," + part("8462-4", diastolic) + "]"


def pressures(people: pl.DataFrame, visits: pl.DataFrame, random) -> tuple[np.ndarray, np.ndarray]:
    """Systolic and diastolic pressure at each visit, mm[Hg]: a level of the patient's own, and noise."""
    n = people.height
    hypertensive = people["hypertension"].to_numpy()
    level = 119 + 14 * hypertensive + random.normal(0, 7.5, n) + 0.25 * (people["body_mass_index"].to_numpy() - 27)
    patient, age = visits["patient"].to_numpy(), visits["age"].to_numpy()
    control = -3.5 * (visits["has_program"].to_numpy() & (hypertensive[patient] == 1))
    systolic = level[patient] + random.normal(0, 8, len(patient)) + control - np.where(age < 18, 14 + (18 - age) * 0.6, 0)
    diastolic = 0.42 * systolic + 23.5 + random.normal(0, 5, len(patient))
    return systolic.clip(78, 220), diastolic.clip(42, 130)


def vital_signs(people: pl.DataFrame, visits: pl.DataFrame, systolic, diastolic, random) -> list[pl.DataFrame]:
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

    def take(mask, code, value, at_shift=0):
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


def screenings(people: pl.DataFrame, visits: pl.DataFrame, calendar: Calendar, p: Parameters, random) -> dict[str, list]:
    """Tobacco, depression and falls screening with what follows from them: observations, procedures, and masks of positives."""
    patient, age = visits["patient"].to_numpy(), visits["age"].to_numpy()
    at = visits["starts_at"].to_numpy() + 6 * _MINUTE
    n = len(patient)
    observations, procedures = [], []

    def answer(mask, code, category, value):
        rows = np.flatnonzero(mask)
        observations.append(observation(visits[rows], at[rows], random, code=code, category=category, value=value(rows)))

    asked = calendar.done(age >= 12, 240, 0.72, random, program_effect=p.program_screening)
    smokes = people["is_smoker"].to_numpy()[patient] == 1
    former = (people["height_noise"].to_numpy()[patient] > 4) & (age > 25)
    status = np.where(smokes, _DAILY_SMOKER, np.where(former, _EX_SMOKER, _NEVER_SMOKED))
    answer(asked, "72166-2", "social-history", lambda r: concept_value(SNOMED, pl.Series(status[r])))
    counselled = asked & smokes & (random.random(n) < np.where(visits["has_program"].to_numpy(), 0.62, 0.48))
    rows = np.flatnonzero(counselled)
    procedures.append(procedure(visits[rows], at[rows] + 5 * _MINUTE, random, code="225323000"))

    screened = calendar.done(age >= 12, 300, 0.62, random, program_effect=p.program_screening)
    positive = screened & (random.random(n) < np.where(people["depression"].to_numpy()[patient] == 1, 0.5, 0.06))
    result = np.where(positive, _DEPRESSION_POSITIVE, _DEPRESSION_NEGATIVE)
    adult_day = age >= 18
    for is_adult, code in ((True, "73832-8"), (False, "73831-0")):
        answer(screened & (adult_day == is_adult), code, "survey", lambda r: concept_value(SNOMED, pl.Series(result[r])))

    falls = calendar.done(age >= 65, 300, 0.60, random, program_effect=p.program_screening)
    no_fall = "LA32-8"
    answer(falls, "73830-2", "survey", lambda r: concept_value("http://loinc.org", no_fall))

    # Asked once a year: alcohol, anxiety, depression score, food, transport, safety at home.
    yearly = calendar.done(age >= 16, 340, 0.70, random)
    for code, most in (("75626-2", 12), ("70274-6", 21), ("55758-7", 6)):
        answer(yearly, code, "survey", lambda r, m=most: quantity(random.binomial(m, 0.12, len(r)), "{score}", "{score}"))
    for code in ("88122-7", "93030-5", "95618-5"):
        answer(yearly, code, "survey", lambda r: concept_value(SNOMED, "373067005"))

    reviewed = (age >= 18) & (random.random(n) < 0.55)
    rows = np.flatnonzero(reviewed)
    procedures.append(procedure(visits[rows], at[rows] + 2 * _MINUTE, random, code="430193006"))

    child = (age >= 3) & (age < 18)
    for code in ("11816003", "304549008"):
        rows = np.flatnonzero(calendar.done(child, 280, 0.62, random, program_effect=p.program_screening))
        procedures.append(procedure(visits[rows], at[rows] + 8 * _MINUTE, random, code=code))
    return {"observations": observations, "procedures": procedures, "is_depressed": positive, "is_counselled": counselled}
