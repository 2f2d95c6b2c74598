"""The medical record of one chunk: clinical facts put together and written as FHIR."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from data_samples.simulator import fhir
from data_samples.simulator.clock import Clock
from data_samples.simulator.deliveries import Delivery, needed, two_versions
from data_samples.simulator.diagnoses import problems, visit_diagnoses
from data_samples.simulator.identities import Identities
from data_samples.simulator.laboratory import laboratory
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.population import Population
from data_samples.simulator.practice import NEVER, PAYERS, Practice
from data_samples.simulator.prevention import prevention
from data_samples.simulator.services import Calendar
from data_samples.simulator.treatment import findings_orders, medications, referrals
from data_samples.simulator.visits import Visits
from data_samples.simulator.vitals import pressures, screenings, vital_signs


@dataclass
class Record:
    """Facts of one chunk by FHIR resource type, with ids; `screened_on` and `readings` are kept for the true care gaps."""

    facts: dict[str, pl.DataFrame]
    screened_on: dict[str, pl.DataFrame]


def keep_record(population: Population, visits: Visits, clock: Clock, p: Parameters, random, prefix: str) -> Record:
    """Everything clinical that happened to one chunk's patients; ids begin with the chunk's `prefix`."""
    people = population.frame
    seen = visits.encounters.filter(~pl.col("is_historic")).drop("rank").with_columns(
        rank=pl.int_range(pl.len()).over("patient"), sex=pl.lit("")
    )
    seen = seen.with_columns(sex=people["sex"].gather(seen["patient"]))
    calendar = Calendar(seen, people.height)
    systolic, diastolic = pressures(people, seen, random)
    asked = screenings(people, seen, calendar, p, random)
    lab = laboratory(people, seen, calendar, p, random, prefix)
    prevented = prevention(people, seen, calendar, clock, p, random)
    referred, reports = referrals(seen, random)
    observations = [*vital_signs(people, seen, systolic, diastolic, random), *asked["observations"], *prevented.observations]
    orders = [*lab.orders, *prevented.orders, *findings_orders(people, seen, systolic, diastolic, asked["is_depressed"], p, random)]
    facts = {
        "Observation": pl.concat([_numbered(pl.concat(observations), "obs", prefix), *lab.observations], how="diagonal"),
        "DiagnosticReport": pl.concat(lab.reports),
        "Procedure": _numbered(pl.concat([*asked["procedures"], *prevented.procedures]), "pro", prefix),
        "Immunization": _numbered(pl.concat(prevented.immunizations), "imm", prefix),
        "Condition": _numbered(pl.concat([problems(people, clock, random), visit_diagnoses(people, seen, random)]), "con", prefix),
        "MedicationRequest": _numbered(medications(people, seen, calendar, asked["is_counselled"], random), "med", prefix),
        "ServiceRequest": _numbered(pl.concat(orders), "ord", prefix),
    }
    referred = _numbered(referred, "ref", prefix)
    facts["referral"] = referred
    facts["ServiceRequest"] = pl.concat([facts["ServiceRequest"], referred.select(facts["ServiceRequest"].columns)])
    facts["Task"] = _numbered(reports, "tsk", prefix).with_columns(based_on=referred["id"])
    facts["Encounter"], facts["Appointment"] = visits.encounters, visits.appointments
    return Record(facts, prevented.screened_on)


def _numbered(frame: pl.DataFrame, kind: str, prefix: str) -> pl.DataFrame:
    number = pl.int_range(frame.height, eager=True).cast(pl.String).str.zfill(7)
    return frame.with_columns(id=f"{kind}-{prefix}-" + number)


_CANCELLED_BY = {"cancelled_by_patient": "pat", "cancelled_by_practice": "prov"}
_STATUS = {"completed": "fulfilled", "no_show": "noshow", "cancelled_by_patient": "cancelled", "cancelled_by_practice": "cancelled"}


def appointment_versions(appointments: pl.DataFrame) -> pl.DataFrame:
    """Each appointment as it was booked, and as it ended."""
    final = appointments.with_columns(
        status=pl.col("outcome").replace_strict(_STATUS, default="booked"),
        reason=pl.when("has_departed").then(pl.lit("pat-mv")).otherwise(pl.col("outcome").replace_strict(_CANCELLED_BY, default=None)),
    )
    nothing = pl.lit(None)
    before = {"status": pl.lit("booked"), "reason": nothing, "cancelled_at": nothing, "checked_in_at": nothing}
    return two_versions(final, began="booked_at", ended="resolved_at", before=before)


def medication_versions(orders: pl.DataFrame) -> pl.DataFrame:
    """Each order as it was written, and as it was once its supply had run out."""
    ended = orders.with_columns(status=pl.lit("completed"), ended_at=pl.col("ends_on").cast(pl.Datetime("us")) + pl.duration(hours=6))
    ended = ended.with_columns(ended_at=pl.max_horizontal("ended_at", "recorded_at"))
    return two_versions(ended, began="recorded_at", ended="ended_at", before={"status": pl.lit("active")})


def task_versions(tasks: pl.DataFrame) -> pl.DataFrame:
    final = tasks.with_columns(
        status=pl.when(pl.col("reported_at").is_null()).then(pl.lit("requested")).otherwise(pl.lit("completed")),
        began_at=pl.col("asked_at") + pl.duration(minutes=3),
        ended_at=pl.col("reported_at") + pl.duration(hours=5),
    )
    before = {"status": pl.lit("requested"), "reported_at": pl.lit(None)}
    return two_versions(final, began="began_at", ended="ended_at", before=before)


def patient_versions(population: Population, known: Identities, practice: Practice, clock: Clock) -> pl.DataFrame:
    """Each patient as registered, and as of the last move, marriage, death or departure; second registrations too."""
    people = pl.concat([population.frame, known.patient_copies], how="diagonal")
    population = Population(people)
    joined = np.maximum(population["joined_month"], 0)
    registered = clock.month_starts[joined].astype("datetime64[us]") + np.timedelta64(14 * 60 + 5, "m")
    changed = np.where(population["change_month"] < NEVER, clock.month_starts[population["change_month"].clip(0, clock.n_simulated)], np.datetime64("NaT"))
    changed = changed.astype("datetime64[us]") + np.timedelta64(11, "D") + np.timedelta64(15, "h")
    died = population["died_on"].astype("datetime64[us]") + np.timedelta64(3, "D")
    # numpy's fmax ignores a missing instant.
    changed = np.fmax(changed, died)
    frame = people.with_columns(
        registered_at=pl.Series(registered),
        changed_at=pl.Series(np.where(changed > registered, changed, np.datetime64("NaT"))),
        practitioner_id=practice.clinicians["practitioner_id"].gather(people["clinician"]),
        active=pl.when((pl.col("moved_month") <= clock.last) | pl.col("replaced_by").is_not_null())
        .then(pl.lit("false"))
        .otherwise(pl.lit("true")),
    )
    before = {
        "phone": pl.coalesce("old_phone", "phone"),
        "address_line": pl.coalesce("old_address_line", "address_line"),
        "family": pl.when("has_married").then("maiden_name").otherwise("family"),
        "has_married": pl.lit(False),
        "died_on": pl.lit(None),
        "active": pl.lit("true"),
    }
    return two_versions(frame, began="registered_at", ended="changed_at", before=before)


def coverages(population: Population, clock: Clock) -> pl.DataFrame:
    """Cover of each patient by a payer, one row a period; self-pay is no cover."""
    people = population.frame
    later = population["later_payer_month"]
    change = np.where(later < NEVER, clock.month_starts[later.clip(0, clock.n_simulated)], np.datetime64("NaT"))
    joined = clock.month_starts[np.maximum(population["joined_month"], 0)]
    frames = []
    for number, (payer, starts, ends) in enumerate(
        ((population["payer"], joined, change), (population["later_payer"], change, np.full(len(change), np.datetime64("NaT"))))
    ):
        frame = people.select("patient_id", "number").with_columns(
            id=pl.concat_str(pl.lit("cov-"), pl.col("number").cast(pl.String).str.zfill(7), pl.lit(f"-{number + 1}")),
            payer_id=PAYERS["payer_id"].gather(payer),
            payer_type=PAYERS["payer_type"].gather(payer),
            starts_on=pl.Series(starts.astype("datetime64[D]")).cast(pl.Date),
            closes=pl.Series(ends.astype("datetime64[D]")).cast(pl.Date),
            member_number=pl.concat_str(pl.lit("W"), (pl.col("number") * 7919 + 100_003 * (number + 1)).cast(pl.String)),
        )
        frame = frame.filter((pl.col("payer_type") != "81") & pl.col("starts_on").is_not_null())
        frame = frame.with_columns(
            began_at=pl.col("starts_on").cast(pl.Datetime("us")) + pl.duration(hours=15),
            closes_at=pl.col("closes").cast(pl.Datetime("us")) + pl.duration(hours=16),
            ends_on=pl.col("closes").dt.offset_by("-1d").cast(pl.String),
        )
        frames.append(two_versions(frame, began="began_at", ended="closes_at", before={"ends_on": pl.lit(None)}))
    return pl.concat(frames)


_TEXT: dict[str, tuple[Callable, Callable]] = {
    "Encounter": (fhir.encounters, lambda frame: frame.with_columns(recorded_at=pl.col("ends_at") + pl.duration(minutes=20))),
    "Appointment": (fhir.appointments, appointment_versions),
    "Condition": (fhir.conditions, lambda frame: frame),
    "Observation": (fhir.observations, lambda frame: frame),
    "Procedure": (fhir.procedures, lambda frame: frame),
    "Immunization": (fhir.immunizations, lambda frame: frame),
    "MedicationRequest": (fhir.medication_requests, medication_versions),
    "ServiceRequest": (fhir.service_requests, lambda frame: frame),
    "DiagnosticReport": (fhir.diagnostic_reports, lambda frame: frame),
    "Task": (fhir.tasks, task_versions),
    "Communication": (fhir.communications, lambda frame: frame),
    "Coverage": (fhir.coverages, lambda frame: frame),
    "Patient": (fhir.patients, lambda frame: frame),
}


def as_resources(resource_type: str, facts: pl.DataFrame, deliveries: tuple[Delivery, ...]) -> pl.DataFrame:
    """The versions of a type's facts that some delivery takes, as JSON lines (updated_at, superseded_at, line)."""
    to_json, to_versions = _TEXT[resource_type]
    return to_json(needed(to_versions(facts), deliveries))
