"""Assigns days, times and ids to the monthly decisions of the engagement chain: appointments and completed visits."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from data_samples.simulator import times
from data_samples.simulator.bookings import ACUTE, FOLLOW_UP, KINDS, NONE
from data_samples.simulator.clock import Clock, local_instants
from data_samples.simulator.engagement import History
from data_samples.simulator.laws import Laws
from data_samples.simulator.parameters import OUTCOMES
from data_samples.simulator.practice import Practice

_MINUTE, _HOUR, _DAY = np.timedelta64(1, "m"), np.timedelta64(1, "h"), np.timedelta64(1, "D")


@dataclass
class Visits:
    """One chunk's calendar. Instants are UTC `datetime64[us]`; `patient` is the row number in the population.

    appointments: appointment_id, patient, patient_id, kind, booked_at, starts_at, ends_at, minutes, outcome (null: still to
        come), cancelled_at, checked_in_at, resolved_at, booked_via, is_telehealth, site, clinician, location_id,
        practitioner_id, encounter_id, rebooked_from_id, confirmed, survey (-1, 0 happy, 1 unhappy)
    encounters: completed visits, those of the burn-in too (`is_historic`), sorted by patient and start: encounter_id,
        appointment_id, patient, patient_id, visit_type, is_telehealth, starts_at, ends_at, day (local), rank within the patient,
        site, location_id, practitioner_id, clinician, payer, has_program, age, sex, surveyed, survey, is_historic,
        ordered_days (days by which a follow-up order asks the patient to come back; null: no order), has_follow_up (booked at
        the visit)
    seen: the encounters of the months that are written, with a `rank` of their own
    """

    appointments: pl.DataFrame
    encounters: pl.DataFrame
    seen: pl.DataFrame


def schedule(history: History, laws: Laws, random: np.random.Generator) -> Visits:
    """Assign instants, site and clinician to every appointment of a history; see `Visits`."""
    clock, people, practice = laws.clock, laws.population, laws.practice
    booked = history.appointments
    n = booked.height
    patient, kind = booked["patient"].to_numpy(), booked["kind"].to_numpy()
    due, outcome = booked["due_month"].to_numpy(), booked["outcome"].to_numpy()
    leaves = people.departed_month
    is_void = (outcome == NONE) & (due >= leaves[patient])
    outcome = np.where(is_void, OUTCOMES.index("cancelled_by_patient"), outcome)
    is_online = random.random(n) < 0.11
    minutes = np.where(kind == ACUTE, 15, random.choice((20, 30, 40), n, p=(0.5, 0.4, 0.1)))
    day = clock.working_day(due, random.random(n))
    starts_at = local_instants(day, 480 + 15 * random.integers(0, 35, n))
    called = history.contact[booked["booked_month"].to_numpy(), patient] > 0
    booked_at = times.booked_at(booked, clock, day, starts_at, called, random)
    cancelled_at = times.cancelled_at(outcome, clock, due, booked_at, starts_at, random)
    known_on = np.where(
        np.isnat(people["died_on"]), clock.month_starts[leaves.clip(0, len(clock.month_starts) - 1)], people["died_on"]
    )
    known_at = np.minimum(known_on[patient].astype("datetime64[us]") + 40 * _HOUR, starts_at - 5 * _MINUTE)
    cancelled_at = np.where(is_void, np.maximum(known_at, booked_at), cancelled_at)
    booked_at = times.chained(booked, booked_at, cancelled_at, starts_at, clock, random)
    site = people["site"][patient]
    clinician = _clinician(people["clinician"][patient], site, due, practice)
    starts_at, booked_at = times.refill(kind, clinician, due, starts_at, booked_at, cancelled_at, random)
    booked_month = booked["booked_month"].to_numpy()
    has_portal = booked_month > np.maximum(people["portal_month"][patient], clock.first - 1)
    is_in_portal = has_portal & (history.logins[booked_month, patient] > 0)
    frame = booked.select(
        "patient", "reminded", "confirmed", "surveyed", "survey", "rebooked_from", "booked_month", "due_month"
    ).with_columns(
        has_follow_up=pl.Series(_is_followed_up(booked)),
        kind=pl.Series(np.array(KINDS)[kind]),
        outcome=pl.Series(np.array([*OUTCOMES, None], dtype=object)[outcome].tolist(), dtype=pl.String),
        booked_at=pl.Series(booked_at),
        starts_at=pl.Series(starts_at),
        ends_at=pl.Series(starts_at + minutes * _MINUTE),
        minutes=pl.Series(minutes),
        cancelled_at=pl.Series(cancelled_at),
        checked_in_at=pl.Series(np.where(outcome == 0, starts_at - random.integers(-4, 25, n) * _MINUTE, np.datetime64("NaT"))),
        booked_via=pl.Series(_booked_via(kind, is_in_portal, random)),
        is_telehealth=pl.Series(is_online),
        site=pl.Series(site),
        clinician=pl.Series(clinician),
        location_id=practice.sites["location_id"].gather(site),
        practitioner_id=practice.clinicians["practitioner_id"].gather(clinician),
        patient_id=people.frame["patient_id"].gather(patient),
        has_departed=pl.Series(is_void),
        number=people.frame["number"].gather(patient),
        payer=pl.Series(
            np.where(due >= people["later_payer_month"][patient], people["later_payer"][patient], people["payer"][patient])
        ),
        has_program=pl.Series(due >= laws.go_live_month[patient]),
        delay=pl.Series(random.integers(-3, 26, n)),
        overrun=pl.Series(random.integers(-4, 12, n)),
        preventive_draw=pl.Series(random.random(n)),
    )
    frame = frame.with_row_index("row").with_columns(
        appointment_id=pl.concat_str(
            pl.lit("apt-"),
            pl.col("number").cast(pl.String).str.zfill(7),
            pl.lit("-"),
            pl.col("row").cum_count().over("patient").cast(pl.String).str.zfill(3),
        ),
        resolved_at=pl.when(pl.col("cancelled_at").is_not_null())
        .then("cancelled_at")
        .when(pl.col("outcome").is_not_null())
        .then(pl.col("ends_at") + pl.duration(minutes=35)),
    )
    frame = frame.with_columns(
        rebooked_from_id=frame["appointment_id"].gather(
            frame.select(pl.when(pl.col("rebooked_from") != NONE).then("rebooked_from")).to_series()
        )
    )
    encounters = _encounters(frame, clock, people.frame, history.ordered_days)
    appointments = frame.filter(pl.col("due_month") >= clock.first).join(
        encounters.select("appointment_id", "encounter_id"), on="appointment_id", how="left", maintain_order="left"
    )
    in_time = ~pl.col("is_historic") & (pl.col("day") <= clock.end_on)
    seen = encounters.filter(in_time).with_columns(rank=pl.int_range(pl.len()).over("patient"))
    return Visits(appointments, encounters, seen)


def _clinician(own: np.ndarray, site: np.ndarray, due: np.ndarray, practice: Practice) -> np.ndarray:
    """The patient's own clinician, or the site's first clinician, who stays, once the own one has left."""
    first_of_site = np.searchsorted(practice.clinicians["site"].to_numpy(), np.arange(practice.sites.height))
    return np.where(due >= practice.left_month[own], first_of_site[site], own)


def _booked_via(kind: np.ndarray, is_in_portal: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How each appointment was booked; in the portal by those alone who logged in in the month of booking."""
    n = len(kind)
    u = random.random(n)
    by_phone = np.where(is_in_portal & (u < 0.48), "portal", np.where(u > 0.90, "online", "phone"))
    return np.where(kind == FOLLOW_UP, "front_desk", by_phone)


def _is_followed_up(booked: pl.DataFrame) -> np.ndarray:
    """Mask of the appointments at whose visit the next one was booked."""
    follows = booked["follows"].to_numpy()
    result = np.zeros(booked.height, dtype=bool)
    result[follows[follows != NONE]] = True
    return result


def _encounters(frame: pl.DataFrame, clock: Clock, people: pl.DataFrame, ordered_days: np.ndarray) -> pl.DataFrame:
    kept = (
        frame.filter(pl.col("outcome") == "completed")
        .with_columns(
            starts_at=pl.col("starts_at") + pl.duration(minutes="delay"),
            ends_at=pl.col("ends_at") + pl.duration(minutes=pl.col("delay") + pl.col("overrun")),
        )
        .sort("patient", "starts_at", "row")
    )
    day = pl.col("starts_at").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York").dt.date()
    kept = kept.with_columns(
        day=day,
        rank=pl.int_range(pl.len()).over("patient"),
        is_historic=pl.col("due_month") < clock.first,
        birth_on=people["birth_on"].gather(kept["patient"]),
        sex=people["sex"].gather(kept["patient"]),
    )
    # The chain works in months: a month's order belongs to the last visit of that month.
    ordered = pl.Series(ordered_days[kept["due_month"].to_numpy(), kept["patient"].to_numpy()].astype(np.int32))
    is_last = kept.select(pl.col("rank") == pl.col("rank").max().over("patient", "due_month")).to_series()
    kept = kept.with_columns(ordered_days=pl.select(pl.when(is_last & (ordered > 0)).then(ordered)).to_series())
    is_first_of_year = pl.col("day").dt.year().ne(pl.col("day").dt.year().shift()).over("patient").fill_null(True)
    is_preventive = is_first_of_year & (pl.col("kind") != "acute") & ~pl.col("is_telehealth") & (pl.col("preventive_draw") < 0.9)
    return kept.with_columns(
        age=(pl.col("day") - pl.col("birth_on")).dt.total_days() / 365.25,
        visit_type=pl.when("is_telehealth")
        .then(pl.lit("telehealth"))
        .when(is_preventive)
        .then(pl.lit("preventive"))
        .when(pl.col("kind") == "acute")
        .then(pl.lit("acute"))
        .otherwise(pl.lit("follow_up")),
        encounter_id=pl.concat_str(
            pl.lit("enc-"),
            pl.col("number").cast(pl.String).str.zfill(7),
            pl.lit("-"),
            (pl.col("rank") + 1).cast(pl.String).str.zfill(3),
        ),
    )
