"""The medical record of one chunk: all its clinical facts."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.diagnoses import problems, visit_diagnoses
from data_samples.simulator.dispensing import dispenses
from data_samples.simulator.follow_up import follow_up_orders
from data_samples.simulator.hospital import stays
from data_samples.simulator.immunizations import immunize
from data_samples.simulator.laboratory import laboratory
from data_samples.simulator.notes import notes
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.population import Population
from data_samples.simulator.questionnaires import ask
from data_samples.simulator.screening import screen
from data_samples.simulator.services import Calendar
from data_samples.simulator.treatment import findings_orders, hospice, medications, referrals
from data_samples.simulator.visits import Visits
from data_samples.simulator.vitals import pressures, vital_signs


@dataclass
class Record:
    """Facts of one chunk by FHIR resource type, with ids. `Stay` are encounters in hospitals.

    `referrals` are among the service requests as well; the facts of type `Task` are theirs, row by row.
    """

    facts: dict[str, pl.DataFrame]
    referrals: pl.DataFrame


def keep_record(
    population: Population, visits: Visits, clock: Clock, p: Parameters, random: np.random.Generator, prefix: str
) -> Record:
    """Everything clinical that happened to one chunk's patients; ids begin with the chunk's `prefix`."""
    people, seen = population.frame, visits.seen
    calendar = Calendar(seen, people.height)
    systolic, diastolic = pressures(people, seen, random)
    asked = ask(people, seen, calendar, p, random)
    lab = laboratory(people, seen, calendar, p, random, prefix)
    screened = screen(people, seen, calendar, clock, p, random)
    referred, reports = referrals(seen, random)
    referred = numbered(referred, "ref", prefix)
    followed = findings_orders(people, seen, systolic, diastolic, asked.is_depressed, random)
    orders = numbered(pl.concat([*lab.orders, *screened.orders, hospice(people, seen, random), *followed]), "ord", prefix)
    measured = [*vital_signs(people, seen, systolic, diastolic, random), *asked.observations, *screened.observations]
    prescribed = medications(people, seen, calendar, asked.is_counselled, random)
    come_back = numbered(follow_up_orders(visits.encounters, random), "fol", prefix)
    facts = {
        "Encounter": visits.encounters,
        "Stay": numbered(stays(people, seen, clock.start_on, np.datetime64(clock.end_on), random), "sty", prefix),
        "Appointment": visits.appointments,
        "Observation": pl.concat([numbered(pl.concat(measured), "obs", prefix), *lab.observations], how="diagonal"),
        "DiagnosticReport": pl.concat([*lab.reports, notes(seen, random)]),
        "Procedure": numbered(pl.concat([*asked.procedures, *screened.procedures]), "pro", prefix),
        "Immunization": numbered(immunize(people, seen, calendar, clock, p, random), "imm", prefix),
        "Condition": numbered(pl.concat([problems(people, clock, random), visit_diagnoses(people, seen, random)]), "con", prefix),
        "MedicationRequest": numbered(prescribed, "med", prefix),
        "MedicationDispense": numbered(dispenses(prescribed, people, random), "dis", prefix),
        "ServiceRequest": pl.concat([orders, referred.select(orders.columns), come_back.select(orders.columns)]),
        "Task": numbered(reports, "tsk", prefix).with_columns(based_on=referred["id"]),
    }
    return Record(facts, referred)


def numbered(frame: pl.DataFrame, kind: str, prefix: str) -> pl.DataFrame:
    """The frame with `id`s: `<kind>-<prefix>-<number>`."""
    number = pl.int_range(frame.height, eager=True).cast(pl.String).str.zfill(7)
    return frame.with_columns(id=f"{kind}-{prefix}-" + number)
