"""Problems on the problem list, and diagnoses of each visit."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.facts import ICD10CM, recorded

CODES = {
    "hypertension": ("I10", "38341003"),
    "diabetes": ("E11.9", "44054006"),
    "hyperlipidemia": ("E78.5", "55822004"),
    "depression": ("F32.A", "35489007"),
    "asthma": ("J45.909", "195967001"),
    "kidney_disease": ("N18.30", "433144002"),
    "heart_disease": ("I25.10", "53741008"),
}
_ACUTE = ("J06.9", "R05.9", "M54.50", "N39.0", "J02.9", "R51.9", "K21.9", "L30.9", "M25.561", "H66.90", "R10.9", "B34.9")
_EXCLUSIONS = (("has_mastectomy", "Z90.13"), ("has_hysterectomy", "Z90.710"))


def problems(people: pl.DataFrame, clock: Clock, random: np.random.Generator) -> pl.DataFrame:
    """The problem list: one row per chronic condition of each patient, with an onset as exact as patients remember it."""
    frames = []
    birth = people["birth_on"].to_numpy().astype("datetime64[D]")
    for name, (code, snomed) in CODES.items():
        rows = np.flatnonzero(people[name].to_numpy())
        oldest = (clock.start_on - birth[rows]).astype(int)
        onset = clock.start_on - (random.random(len(rows)) * np.minimum(oldest * 0.4, 5000)).astype("timedelta64[D]") - 30
        frames.append(problem(people[rows], onset, code, snomed, random))
    for name, code in _EXCLUSIONS:
        rows = np.flatnonzero(people[name].to_numpy())
        onset = clock.start_on - random.integers(200, 4000, len(rows)).astype("timedelta64[D]")
        frames.append(problem(people[rows], onset, code, None, random))
    for name, code, longest in (("is_palliative", "Z51.5", 280), ("is_frail", "Z74.1", 900), ("has_dementia", "F03.90", 1100)):
        rows = np.flatnonzero(people[name].to_numpy())
        onset = np.datetime64(clock.end_on) - random.integers(30, longest, len(rows)).astype("timedelta64[D]")
        frames.append(problem(people[rows], onset, code, None, random))
    rows = np.flatnonzero((people["body_mass_index"] >= 31).to_numpy() & (birth < clock.start_on - np.timedelta64(18 * 365, "D")))
    onset = clock.start_on - random.integers(100, 2500, len(rows)).astype("timedelta64[D]")
    frames.append(problem(people[rows], onset, "E66.9", "162864005", random))
    return pl.concat(frames)


def problem(
    patients: pl.DataFrame, onset: np.ndarray, code: str, snomed: str | None, random: np.random.Generator
) -> pl.DataFrame:
    """One active problem per patient, coded in ICD-10-CM and SNOMED; some know the month or the year of its onset alone."""
    n = patients.height
    text = pl.Series(np.datetime_as_string(onset.astype("datetime64[D]"))).cast(pl.String)
    exactness = pl.Series(random.choice((4, 7, 10), n, p=(0.06, 0.10, 0.84)))
    at = onset.astype("datetime64[us]") + np.timedelta64(15, "h")
    return pl.DataFrame(
        {
            "patient_id": patients["patient_id"],
            "encounter_id": pl.repeat(None, n, dtype=pl.String, eager=True),
            "system": pl.repeat(ICD10CM, n, eager=True),
            "code": pl.repeat(code, n, eager=True),
            "code_2": pl.repeat(snomed, n, dtype=pl.String, eager=True),
            "category": pl.repeat("problem-list-item", n, eager=True),
            "onset": text.str.head(exactness),
            "abatement": pl.repeat(None, n, dtype=pl.String, eager=True),
            "clinical": pl.repeat("active", n, eager=True),
            "recorded_at": pl.Series(recorded(at, random, 200), dtype=pl.Datetime("us")),
        }
    )


def visit_diagnoses(people: pl.DataFrame, visits: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Encounter diagnoses: chronic conditions that were dealt with, and an acute complaint that passes."""
    patient = visits["patient"].to_numpy()
    n = len(patient)
    frames = []
    for name, (code, snomed) in CODES.items():
        share = {"diabetes": 0.80, "hypertension": 0.68}.get(name, 0.40)
        rows = np.flatnonzero((people[name].to_numpy()[patient] == 1) & (random.random(n) < share))
        frames.append(diagnosis(visits[rows], pl.repeat(code, len(rows), eager=True), snomed, 0, random))
    acute = (visits["visit_type"] == "acute").to_numpy() | (random.random(n) < 0.35)
    rows = np.flatnonzero(acute)
    frames.append(diagnosis(visits[rows], pl.Series(random.choice(_ACUTE, len(rows))), None, 14, random))
    return pl.concat(frames)


def diagnosis(
    visits: pl.DataFrame, code: pl.Series, snomed: str | None, lasts_days: int, random: np.random.Generator
) -> pl.DataFrame:
    """One encounter diagnosis per visit since its day; it passes after `lasts_days`, or stays where these are 0."""
    n = visits.height
    day = visits["day"]
    ends = day.dt.offset_by(f"{lasts_days}d")
    return pl.DataFrame(
        {
            "patient_id": visits["patient_id"],
            "encounter_id": visits["encounter_id"],
            "system": pl.repeat(ICD10CM, n, eager=True),
            "code": code,
            "code_2": pl.repeat(snomed, n, dtype=pl.String, eager=True),
            "category": pl.repeat("encounter-diagnosis", n, eager=True),
            "onset": day.cast(pl.String),
            "abatement": ends.cast(pl.String) if lasts_days else pl.repeat(None, n, dtype=pl.String, eager=True),
            "clinical": pl.repeat("resolved" if lasts_days else "active", n, eager=True),
            "recorded_at": pl.Series(recorded(visits["ends_at"].to_numpy(), random, 2), dtype=pl.Datetime("us")),
        }
    )
