"""Converts the facts of a type to the JSON resources of a delivery."""

from collections.abc import Callable
from typing import Any

import polars as pl

from data_samples.simulator import fhir, fhir_administrative
from data_samples.simulator.deliveries import Delivery, needed
from data_samples.simulator.versions import appointment_versions, medication_versions, task_versions

_TEXT: dict[str, tuple[Callable[..., Any], Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "Encounter": (
        fhir_administrative.encounters,
        lambda frame: frame.with_columns(recorded_at=pl.col("ends_at") + pl.duration(minutes=20)),
    ),
    "Stay": (fhir_administrative.stays, lambda frame: frame),
    "Appointment": (fhir_administrative.appointments, appointment_versions),
    "Condition": (fhir.conditions, lambda frame: frame),
    "Observation": (fhir.observations, lambda frame: frame),
    "Procedure": (fhir.procedures, lambda frame: frame),
    "Immunization": (fhir.immunizations, lambda frame: frame),
    "MedicationRequest": (fhir.medication_requests, medication_versions),
    "MedicationDispense": (fhir.medication_dispenses, lambda frame: frame),
    "ServiceRequest": (fhir.service_requests, lambda frame: frame),
    "DiagnosticReport": (fhir.diagnostic_reports, lambda frame: frame),
    "Task": (fhir.tasks, task_versions),
    "Communication": (fhir.communications, lambda frame: frame),
    "Letter": (fhir.letters, lambda frame: frame),
    "AllergyIntolerance": (fhir.allergies, lambda frame: frame),
    "Coverage": (fhir_administrative.coverages, lambda frame: frame),
    "Patient": (fhir_administrative.patients, lambda frame: frame),
}


def as_resources(resource_type: str, facts: pl.DataFrame, deliveries: tuple[Delivery, ...]) -> pl.DataFrame:
    """The versions of a type's facts that some delivery takes, as JSON lines (updated_at, superseded_at, line)."""
    to_json, to_versions = _TEXT[resource_type]
    return to_json(needed(to_versions(facts), deliveries))
