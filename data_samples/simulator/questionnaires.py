"""Questions asked at visits and their immediate follow-up: tobacco, depression, falls, yearly questions, counselling."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import polars as pl

from data_samples.simulator.facts import LOINC, SNOMED, concept_value, observation, procedure, quantity
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.services import Calendar

_NEVER_SMOKED, _EX_SMOKER, _DAILY_SMOKER = "266919005", "8517006", "449868002"
_NEGATIVE, _POSITIVE = "428171000124102", "428181000124104"
_TOBACCO, _DEPRESSION_ADULT, _DEPRESSION_ADOLESCENT, _FALLS = "72166-2", "73832-8", "73831-0", "73830-2"
_NO_FALL, _NO = "LA32-8", "373067005"
# Alcohol, anxiety, depression: code and highest score. Food, transport, safety at home: code.
_YEARLY_SCORES = (("75626-2", 12), ("70274-6", 21), ("55758-7", 6))
_YEARLY_QUESTIONS = ("88122-7", "93030-5", "95618-5")
_QUIT_COUNSELLING, _MEDICATION_REVIEW = "225323000", "430193006"
_CHILD_COUNSELLING = ("11816003", "304549008")
_MINUTE = np.timedelta64(1, "m")


@dataclass
class Answers:
    """Facts of one chunk, and the visits (masks) at which depression was found or quitting was talked about."""

    is_depressed: np.ndarray
    is_counselled: np.ndarray
    observations: list[pl.DataFrame] = field(default_factory=list)
    procedures: list[pl.DataFrame] = field(default_factory=list)


def ask(people: pl.DataFrame, visits: pl.DataFrame, calendar: Calendar, p: Parameters, random: np.random.Generator) -> Answers:
    """All questions of one chunk's visits."""
    patient, age, n = visits["patient"].to_numpy(), visits["age"].to_numpy(), visits.height
    at = visits["starts_at"].to_numpy() + 6 * _MINUTE
    effect = p.program_screening
    answers = Answers(np.zeros(n, bool), np.zeros(n, bool))

    def answer(mask: np.ndarray, code: str, category: str, value: Callable[[np.ndarray], pl.Series | str]) -> None:
        rows = np.flatnonzero(mask)
        frame = observation(visits[rows], at[rows], random, code=code, category=category, value=value(rows))
        answers.observations.append(frame)

    def do(mask: np.ndarray, code: str, minutes: int) -> None:
        rows = np.flatnonzero(mask)
        answers.procedures.append(procedure(visits[rows], at[rows] + minutes * _MINUTE, random, code=code))

    asked = calendar.done(age >= 12, 240, 0.72, random, program_effect=effect)
    smokes = people["is_smoker"].to_numpy()[patient] == 1
    former = (people["height_noise"].to_numpy()[patient] > 4) & (age > 25)
    status = np.where(smokes, _DAILY_SMOKER, np.where(former, _EX_SMOKER, _NEVER_SMOKED))
    answer(asked, _TOBACCO, "social-history", lambda rows: concept_value(SNOMED, pl.Series(status[rows])))
    answers.is_counselled = asked & smokes & (random.random(n) < np.where(calendar.program, 0.62, 0.48))
    do(answers.is_counselled, _QUIT_COUNSELLING, 5)

    screened = calendar.done(age >= 12, 300, 0.62, random, program_effect=effect)
    known = people["depression"].to_numpy()[patient] == 1
    answers.is_depressed = screened & (random.random(n) < np.where(known, 0.5, 0.06))
    result = np.where(answers.is_depressed, _POSITIVE, _NEGATIVE)
    for is_adult, code in ((True, _DEPRESSION_ADULT), (False, _DEPRESSION_ADOLESCENT)):
        answer(screened & ((age >= 18) == is_adult), code, "survey", lambda rows: concept_value(SNOMED, pl.Series(result[rows])))

    falls = calendar.done(age >= 65, 300, 0.60, random, program_effect=effect)
    answer(falls, _FALLS, "survey", lambda rows: concept_value(LOINC, _NO_FALL))

    yearly = calendar.done(age >= 12, 330, 0.85, random)

    def score(most: int, rows: np.ndarray) -> pl.Series:
        return quantity(random.binomial(most, 0.12, len(rows)), "{score}", "{score}")

    for code, most in _YEARLY_SCORES:
        answer(yearly, code, "survey", partial(score, most))
    for code in _YEARLY_QUESTIONS:
        answer(yearly, code, "survey", lambda rows: concept_value(SNOMED, _NO))

    do((age >= 18) & (random.random(n) < 0.55), _MEDICATION_REVIEW, 2)
    for code in _CHILD_COUNSELLING:
        do(calendar.done((age >= 3) & (age < 18), 280, 0.62, random, program_effect=effect), code, 8)
    return answers
