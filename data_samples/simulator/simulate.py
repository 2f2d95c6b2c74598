"""Runs a whole simulation: chunk after chunk, lived, recorded, billed, written."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from data_samples.simulator.clock import TIME_ZONE, Clock
from data_samples.simulator.billing import bill
from data_samples.simulator.crm import contact_of, contacts_and_consents, leads, portal_events, referrals, survey_answers
from data_samples.simulator.deliveries import make_deliveries
from data_samples.simulator.directory import directory
from data_samples.simulator.engagement import Laws, live
from data_samples.simulator.identities import identify
from data_samples.simulator.outreach import messages, recall, touches
from data_samples.simulator.parameters import CHUNK_PATIENTS, Parameters
from data_samples.simulator.population import make_population
from data_samples.simulator.practice import make_practice
from data_samples.simulator.program import practice_wide
from data_samples.simulator.record import as_resources, coverages, keep_record, patient_versions
from data_samples.simulator.visits import schedule
from data_samples.simulator.writers import Writer


@dataclass(frozen=True)
class Simulation:
    """What to simulate. The same values give the same bytes."""

    n_patients: int
    n_months: int
    seed: int
    end_on: date = date(2026, 10, 31)
    has_dirt: bool = True
    is_gzip: bool = False
    practice_id: str = ""
    program_scale: float = 1.0


def simulate(simulation: Simulation, out: Path, progress: Callable[[int], None] = lambda n_patients: None) -> dict[str, int]:
    """Write the practice's extracts and its truth into the folder `out`; returns the number of rows by file kind."""
    clock = Clock(simulation.end_on, simulation.n_months)
    parameters = Parameters(program_scale=simulation.program_scale)
    root = np.random.SeedSequence(simulation.seed)
    n_chunks = -(-simulation.n_patients // CHUNK_PATIENTS)
    practice_seed, costs_seed, *chunk_seeds = root.spawn(2 + n_chunks)
    practice = make_practice(simulation.n_patients, clock, np.random.default_rng(practice_seed))
    deliveries = make_deliveries(clock)
    writer = Writer(out, deliveries, is_gzip=simulation.is_gzip)
    for resource_type, versions in directory(practice, clock).items():
        writer.resources(resource_type, None, versions)
    for extract, versions in practice_wide(practice, clock, simulation.n_patients, np.random.default_rng(costs_seed)).items():
        writer.rows("crm", extract, versions)
    for chunk, seed in enumerate(chunk_seeds):
        first = chunk * CHUNK_PATIENTS
        n = min(CHUNK_PATIENTS, simulation.n_patients - first)
        streams = [np.random.default_rng(child) for child in seed.spawn(8)]
        population = make_population(first + 1, n, practice, clock, streams[0])
        laws = Laws(parameters, clock, population, practice)
        history = live(laws, streams[1])
        visits = schedule(history, laws, streams[2])
        record = keep_record(population, visits, clock, parameters, streams[3], f"{chunk:03d}")
        number = chunk if n_chunks > 1 else None
        ids = identify(population, clock, streams[4])
        contact = contact_of(ids.contacts, n)
        lead_rows = leads(ids.contacts, visits, practice, clock, streams[5])
        recalled = recall(laws, history, visits, practice, contact, streams[5])
        sent = touches(laws, visits, recalled.pop("_tasks"), contact, streams[5])
        crm = {
            **contacts_and_consents(ids.contacts, streams[5]),
            **recalled,
            "leads": lead_rows,
            "touches": sent,
            "referrals": referrals(record.facts["referral"], record.facts["Task"], contact, lead_rows, streams[5]),
            "portal_events": portal_events(population, history, visits, contact, clock, streams[5]),
            "survey_answers": survey_answers(visits, contact, streams[5]),
        }
        for extract, versions in crm.items():
            writer.rows("crm", extract, versions)
        billing = bill(population, visits, ids.accounts, practice, streams[6])
        writer.rows("billing", "accounts", ids.accounts.with_columns(updated_at="opened_at"))
        for extract, versions in billing.versions.items():
            writer.rows("billing", extract, versions)
        record.facts["Communication"] = messages(sent, crm["portal_events"], ids.contacts, population)
        record.facts["Coverage"] = coverages(population, clock)
        record.facts["Patient"] = patient_versions(population, practice, clock)
        for resource_type, facts in record.facts.items():
            if resource_type != "referral":
                writer.resources(resource_type, number, as_resources(resource_type, facts, deliveries))
        progress(n)
    writer.finish()
    _write_settings(simulation, out)
    return dict(writer.n_rows)


def _write_settings(simulation: Simulation, out: Path) -> None:
    as_of = date.fromordinal(simulation.end_on.toordinal() + 1)
    (out / "practice.toml").write_text(
        f'id = "{simulation.practice_id or f"simulated-{simulation.seed}"}"\n'
        f'name = "Sample practice (synthetic)"\ntime_zone = "{TIME_ZONE}"\nis_synthetic = true\nas_of = {as_of}\n',
        encoding="utf-8",
    )
