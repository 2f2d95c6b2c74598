"""Which patients have a rare condition, and what is done about it. See `rare_care.py`."""

from collections import defaultdict

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.facts import SNOMED, concept_value, outside, quantity
from data_samples.simulator.rare_care import RareCare, score
from data_samples.simulator.record import Record, numbered

EXAM, LABORATORY, SURVEY = "exam", "laboratory", "survey"

_POSITIVE = concept_value(SNOMED, "10828004")
_NOT_DETECTED = concept_value(SNOMED, "260415000")


def heart(care: RareCare) -> None:
    """Heart failure, and disease of the coronary arteries after an infarction or with a weak heart."""
    failing = care.some(care.people.filter(pl.col("age_years") >= 45), 0.30)
    care.has(failing, "I50.22", (300, 3000))
    care.has(care.some(failing, 0.10), "I95.1", (200, 1500))
    care.allergic(care.some(failing, 0.10), "1998")
    narrowed = care.some(care.people.filter((pl.col("heart_disease") == 0) & (pl.col("age_years") >= 45)), 0.20)
    care.has(narrowed, "I25.10", (300, 3000))
    coronary = pl.concat([care.people.filter((pl.col("heart_disease") == 1) & (pl.col("age_years") >= 30)), narrowed])
    care.has(care.some(coronary, 0.5), "I21.4", (60, 1300))
    for patients, share in ((failing, 0.5), (care.some(coronary, 0.5), 0.4)):
        imaged = care.visits(patients, share)
        care.measured(imaged, "10230-1", EXAM, quantity(care.within(imaged.height, 25, 60), "%", "%"))
    either = pl.concat([failing, coronary]).unique("patient_id", maintain_order=True)
    care.ordered(care.visits(care.some(failing, 0.6), 0.5), "314076", 90, 1)
    care.ordered(care.visits(care.some(either, 0.6), 0.5), "866436", 90, 1)
    asked = care.visits(care.some(failing, 0.8), 0.8)
    care.measured(asked, "71940-1", SURVEY, quantity(care.within(asked.height, 20, 95), "{score}", "{score}"))


def infections(care: RareCare) -> None:
    """HIV and its care; antibiotics and strep tests of sore throats and colds."""
    positive = care.some(care.people.filter(pl.col("age_years") >= 27), 0.15)
    care.has(positive, "B20", (20, 3000))
    followed = care.visits(positive, 0.8)
    copies = np.where(care.random.random(followed.height) < 0.7, 20, 1500) + care.within(followed.height, 0, 100)
    care.measured(followed, "20447-9", LABORATORY, quantity(copies, "copies/mL", "{copies}/mL"))
    care.measured(care.visits(care.some(positive, 0.3), 0.4), "20447-9", LABORATORY, _NOT_DETECTED, minute=8)
    for code in ("21613-5", "21415-5", "5291-0"):
        care.measured(care.visits(positive, 0.5), code, LABORATORY, _POSITIVE, minute=7)
    ill = care.visits(care.people).filter(pl.col("visit_type") == "acute")
    care.diagnosed(care.some(ill, 0.25), "J02.9")
    treated = care.some(ill, 0.5)
    care.ordered(treated, "141963", 5, 0)
    tested = care.some(treated, 0.6)
    care.measured(tested, "6557-3", LABORATORY, _POSITIVE, day=care.within(tested.height, -4, 4))


def children(care: RareCare) -> None:
    """Attention deficit of children of six to twelve years, and depression from six to sixteen."""
    restless = care.some(care.people.filter(pl.col("age_years").is_between(5, 14)), 0.7)
    for share, days, refills in ((0.35, 30, 0), (0.35, 60, 1), (0.3, 90, 2)):
        care.ordered(care.visits(restless, share), "1091133", days, refills)
    sad = care.visits(care.some(care.people.filter(pl.col("age_years").is_between(5, 18)), 0.5), 0.6)
    care.because(sad, "F32.1")
    care.done(care.some(sad, 0.6), "225337009")


def mind(care: RareCare) -> None:
    """Depression of adults with its scores and medicines, harmful use of alcohol, dementia."""
    calm = care.people.filter((pl.col("depression") == 0) & (pl.col("age_years") >= 21))
    sad = care.some(calm, 0.45)
    found = care.visits(sad, 0.5)
    care.diagnosed(found, "F32.1")
    prescribed = care.ordered(care.some(found, 0.7), "283485", 30, 5)
    care.dispensed(prescribed)
    scored = care.visits(sad, 0.9)
    n = scored.height
    points = np.where(care.random.random(n) < 0.5, care.within(n, 0, 6), care.within(n, 8, 20))
    care.measured(scored, "44261-6", SURVEY, score(points))
    # Remission is looked for around a year after a wellness visit, also by a questionnaire at home.
    low = care.visits(care.some(calm.filter(pl.col("age_years") >= 66), 0.8)).filter(pl.col("visit_type") == "preventive")
    care.diagnosed(low, "F32.1")
    care.measured(low, "44261-6", SURVEY, score(care.within(low.height, 10, 20)), minute=4)
    asked = care.some(low, 0.8)
    answers = score(care.within(asked.height, 0, 9))
    care.measured(outside(asked), "44261-6", SURVEY, answers, day=care.within(asked.height, 310, 420))
    drinking = care.visits(care.some(care.people.filter(pl.col("age_years") >= 18), 0.2), 0.5)
    care.diagnosed(drinking, "F10.10")
    for share, first, last in ((0.6, 0, 16), (0.8, 10, 45), (0.8, 10, 45)):
        helped = care.some(drinking, share)
        care.done(helped, "408947007", day=care.within(helped.height, first, last))
    care.ordered(care.visits(care.some(care.people.filter(pl.col("age_years") >= 18), 0.2), 0.3), "1010600", 28, 0)
    demented = care.people.filter("has_dementia")
    assessed = care.visits(demented, 0.3)
    care.measured(assessed, "72106-8", SURVEY, score(care.within(assessed.height, 5, 29)))


def medicines(care: RareCare) -> None:
    """Reviews of medicines at wellness visits, drugs that harm older people, eyes that diabetes has harmed."""
    care.done(care.visits(care.people.filter(pl.col("age_years") >= 65), 0.6), "428191000124101")
    old = care.people.filter(pl.col("age_years") >= 63)
    care.ordered(care.visits(care.some(old, 0.2), 0.5), "197737", 90, 1)
    care.ordered(care.visits(care.some(old, 0.2), 0.4), "197737", 30, 0)
    anxious = care.some(old, 0.2)
    care.ordered(care.visits(anxious, 0.5), "1366192", 30, 1)
    care.has(care.some(anxious, 0.5), "F41.1", (100, 2500))
    harmed = care.some(care.people.filter((pl.col("diabetes") == 1) & (pl.col("age_years") >= 19)), 0.6)
    care.has(harmed, "E11.319", (100, 1500))
    examined = care.visits(harmed, 0.6)
    care.measured(examined, "32451-7", EXAM, _POSITIVE)
    for code in ("1306699009", "428341000124108"):
        care.told(care.some(examined, 0.35), code, 40)


RARE_CASES = (heart, infections, children, mind, medicines)


def with_rare_cases(
    record: Record,
    people: pl.DataFrame,
    visits: pl.DataFrame,
    share: float,
    clock: Clock,
    seed: np.random.SeedSequence,
    prefix: str,
) -> Record:
    """The record of one chunk with what the rare conditions of a `share` of its patients add.

    The choice of patients and each of `RARE_CASES` have streams of their own: the rest of the record stays as it is.
    """
    *streams, choice = seed.spawn(len(RARE_CASES) + 1)
    people = people.filter(pl.Series(np.random.default_rng(choice).random(people.height) < share))
    facts = dict(record.facts)
    added: dict[str, list[pl.DataFrame]] = defaultdict(list)
    reasons = []
    for rare, stream in zip(RARE_CASES, streams, strict=True):
        care = RareCare(people, visits, clock, np.random.default_rng(stream))
        rare(care)
        for resource_type, frames in care.facts.items():
            added[resource_type] += frames
        reasons += care.reasons
    for resource_type, frames in added.items():
        new = numbered(pl.concat(frames, how="diagonal_relaxed"), f"rare-{resource_type[:3].lower()}", prefix)
        facts[resource_type] = pl.concat([facts[resource_type], new], how="diagonal_relaxed") if resource_type in facts else new
    facts["Encounter"] = facts["Encounter"].join(pl.concat(reasons), on="encounter_id", how="left", maintain_order="left")
    return Record(facts, record.referrals)
