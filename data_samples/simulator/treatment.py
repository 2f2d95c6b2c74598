"""Medication orders, referrals with their reports, and orders in response to a visit's findings."""

from typing import Any

import numpy as np
import polars as pl

from data_samples.simulator.facts import SNOMED, order, recorded
from data_samples.simulator.services import Calendar

# Condition, drugs (RxNorm), probability that a patient is treated, days of supply.
_CHRONIC = (
    ("hypertension", ("314076", "314077", "197361", "310798"), 0.86, 90),
    ("hyperlipidemia", ("617311", "310405", "312961", "859751", "617310"), 0.80, 90),
    ("diabetes", ("861007", "860975"), 0.88, 90),
    ("depression", ("312940", "312938", "310384"), 0.72, 30),
    ("asthma", ("745679", "896188"), 0.80, 30),
    ("heart_disease", ("259255", "617311", "597990"), 0.78, 90),
)
_ACUTE = ("308182", "308460", "197454", "310965")
_REFERRALS = ("103697008", "308470006", "103696004", "183517000")


def medications(
    people: pl.DataFrame, visits: pl.DataFrame, calendar: Calendar, is_counselled: np.ndarray, random: np.random.Generator
) -> pl.DataFrame:
    """Medication orders: renewals of chronic drugs (`is_chronic`), antibiotics, help to stop smoking, contraceptives."""
    patient, age = visits["patient"].to_numpy(), visits["age"].to_numpy()
    n = people.height
    frames = []
    for name, drugs, share, days in _CHRONIC:
        treated = (people[name].to_numpy() == 1) & (random.random(n) < share)
        drug = random.choice(drugs, n)
        renewed = calendar.done(treated[patient], 150, 0.85, random)
        orders = medication_orders(visits, renewed, drug[patient], days, 1 if days == 90 else 5, random)
        frames.append(orders.with_columns(is_chronic=pl.lit(True)))
    ill = (visits["visit_type"] == "acute").to_numpy() & (random.random(len(patient)) < 0.45)
    frames.append(medication_orders(visits, ill, random.choice(_ACUTE, len(patient)), 10, 0, random))
    quits = is_counselled & (random.random(len(patient)) < 0.4)
    frames.append(medication_orders(visits, quits, random.choice(("636671", "198030"), len(patient)), 84, 0, random))
    young = ((people["sex"] == "female").to_numpy()[patient]) & (age >= 16) & (age < 40)
    pill = calendar.done(young & (random.random(n)[patient] < 0.3), 300, 0.6, random)
    frames.append(medication_orders(visits, pill, random.choice(("1000126", "238019"), len(patient)), 84, 3, random))
    return pl.concat(frames)


def medication_orders(
    visits: pl.DataFrame, mask: np.ndarray, drug: np.ndarray, days: int, refills: int, random: np.random.Generator
) -> pl.DataFrame:
    """Orders of a drug (RxNorm; one per visit) at the visits of a mask: `days` of supply, and as many again per refill."""
    rows = np.flatnonzero(mask)
    where = visits[rows]
    at = where["starts_at"].to_numpy() + np.timedelta64(12, "m")
    ends = where["day"].to_numpy().astype("datetime64[D]") + np.timedelta64(days * (1 + refills), "D")
    return pl.DataFrame(
        {
            "patient_id": where["patient_id"],
            "encounter_id": where["encounter_id"],
            "practitioner_id": where["practitioner_id"],
            "at": pl.Series(at, dtype=pl.Datetime("us")),
            "recorded_at": pl.Series(recorded(at, random, 0.5), dtype=pl.Datetime("us")),
            "code": pl.Series(drug[rows].astype(str)),
            "days": pl.repeat(days, len(rows), eager=True),
            "refills": pl.repeat(refills, len(rows), eager=True),
            "ends_on": pl.Series(ends),
            "is_chronic": pl.repeat(False, len(rows), eager=True),
        }
    )


def findings_orders(
    people: pl.DataFrame,
    visits: pl.DataFrame,
    systolic: np.ndarray,
    diastolic: np.ndarray,
    is_depressed: np.ndarray,
    random: np.random.Generator,
) -> list[Any]:
    """Orders that answer a high blood pressure, a high body mass index or a positive depression screening."""
    patient, age = visits["patient"].to_numpy(), visits["age"].to_numpy()
    in_person = ~visits["is_telehealth"].to_numpy()
    n = len(patient)
    high = in_person & (age >= 18) & ((systolic >= 130) | (diastolic >= 80))
    high &= (people["hypertension"].to_numpy()[patient] == 0) & (random.random(n) < 0.40)
    heavy = in_person & (age >= 18) & (people["body_mass_index"].to_numpy()[patient] >= 25) & (random.random(n) < 0.22)
    treated = is_depressed & (random.random(n) < 0.72)

    def make(mask: np.ndarray, code: str, reason: str | None = None) -> pl.DataFrame:
        return order(visits[np.flatnonzero(mask)], random, code=code, system=SNOMED, kind="follow-up", reason=reason)

    return [
        make(high, "183622005", "R03.0"),
        make(high, "443402002", "R03.0"),
        make(heavy, "182922004", "E66.9"),
        make(treated & (age >= 18), "183524004"),
        make(treated & (age < 18), "306226009"),
    ]


def hospice(people: pl.DataFrame, visits: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Orders of hospice care at the last visits of some who died within four months."""
    died = people["died_on"].to_numpy().astype("datetime64[D]")[visits["patient"].to_numpy()]
    left = (died - visits["day"].to_numpy().astype("datetime64[D]")).astype(float)
    near = ~np.isnat(died) & (left <= 120) & (visits["age"].to_numpy() > 50) & (random.random(visits.height) < 0.4)
    return order(visits[np.flatnonzero(near)], random, code="385763009", system=SNOMED, kind="hospice")


def referrals(visits: pl.DataFrame, random: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Referrals to specialists, and the tasks by which their reports came back."""
    mask = random.random(visits.height) < 0.09
    where = visits[np.flatnonzero(mask)]
    n = where.height
    frame = order(where, random, code=pl.Series(random.choice(_REFERRALS, n)), system=SNOMED, kind="referral")
    frame = frame.with_columns(location_id=where["location_id"], patient=where["patient"])
    share = np.where(where["has_program"].to_numpy(), 0.68, 0.52)
    days = 8 + random.exponential(26, n)
    reported = frame["at"].to_numpy() + (days * 1440).astype("timedelta64[m]")
    has_report = random.random(n) < share
    return frame, pl.DataFrame(
        {
            "patient_id": where["patient_id"],
            "referral_row": np.arange(n),
            "asked_at": frame["at"],
            "reported_at": pl.Series(np.where(has_report, reported, np.datetime64("NaT")), dtype=pl.Datetime("us")),
        }
    )
