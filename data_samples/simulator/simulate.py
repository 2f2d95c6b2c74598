"""Runs a whole simulation, chunk by chunk: engagement, record, billing, output."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data_samples.simulator import truth
from data_samples.simulator.billing import bill
from data_samples.simulator.care_gaps import care_gaps, measured_years
from data_samples.simulator.clock import TIME_ZONE, Clock
from data_samples.simulator.contacts import contact_of, contacts_and_consents
from data_samples.simulator.deliveries import Delivery, make_deliveries
from data_samples.simulator.directory import directory
from data_samples.simulator.dirt import spoil
from data_samples.simulator.effects import outreach_effects, program_outcomes
from data_samples.simulator.engagement import History, live
from data_samples.simulator.identities import Identities, identify
from data_samples.simulator.laws import Laws
from data_samples.simulator.leads import leads, referrals
from data_samples.simulator.open_slots import open_slots, taken
from data_samples.simulator.parameters import CHUNK_PATIENTS, Parameters
from data_samples.simulator.population import make_population
from data_samples.simulator.portal import portal_events
from data_samples.simulator.practice import NEVER, Practice, make_practice
from data_samples.simulator.program import practice_wide
from data_samples.simulator.rare_cases import with_rare_cases
from data_samples.simulator.recall import recall
from data_samples.simulator.record import Record, keep_record
from data_samples.simulator.resources import as_resources
from data_samples.simulator.surveys import survey_answers
from data_samples.simulator.touches import messages, touches
from data_samples.simulator.versions import coverages, patient_versions
from data_samples.simulator.visits import Visits, schedule
from data_samples.simulator.writers import Writer

# What the payers of the made-up practice pay for a closed gap, in USD.
GAP_INCENTIVES = """\
[variables.gap_incentives_usd]
commercial = { CMS122 = 30, CMS124 = 20, CMS125 = 25, CMS130 = 25, CMS165 = 30 }
medicare = { CMS2 = 15, CMS122 = 40, CMS125 = 30, CMS130 = 30, CMS139 = 15, CMS165 = 40 }
medicaid = { CMS117 = 50, CMS153 = 20, CMS155 = 10 }
"""


@dataclass(frozen=True)
class Simulation:
    """What to simulate. The same values give the same bytes.

    `rare_share`: share (0 to 1) of the patients who may have the conditions of `rare_cases.py` as well.
    """

    n_patients: int
    n_months: int
    seed: int
    end_on: date = date(2026, 10, 31)
    has_dirt: bool = True
    is_gzip: bool = False
    practice_id: str = ""
    program_scale: float = 1.0
    rare_share: float = 0.0


@dataclass
class _Chunk:
    """All data of one chunk, in the order of creation."""

    laws: Laws
    history: History
    visits: Visits
    record: Record
    identities: Identities
    contact: pl.Series


def simulate(simulation: Simulation, out: Path, progress: Callable[[int], None] = lambda n_patients: None) -> dict[str, int]:
    """Write the practice's extracts and ground truth to the folder `out`. Returns the number of rows by kind of file.

    `progress` is called with the number of patients done since its last call.
    """
    clock = Clock(simulation.end_on, simulation.n_months)
    parameters = Parameters(program_scale=simulation.program_scale)
    n_chunks = -(-simulation.n_patients // CHUNK_PATIENTS)
    practice_seed, costs_seed, *chunk_seeds, slots_seed = np.random.SeedSequence(simulation.seed).spawn(3 + n_chunks)
    practice = make_practice(simulation.n_patients, clock, np.random.default_rng(practice_seed))
    deliveries = make_deliveries(clock)
    writer, true = Writer(out, deliveries), truth.Truth(out / "truth")
    for resource_type, versions in directory(practice, clock).items():
        writer.resources(resource_type, None, versions)
    for extract, versions in practice_wide(practice, clock, simulation.n_patients, np.random.default_rng(costs_seed)).items():
        writer.rows("crm", extract, versions)
    booked = []
    for number, seed in enumerate(chunk_seeds):
        n = min(CHUNK_PATIENTS, simulation.n_patients - number * CHUNK_PATIENTS)
        streams = [np.random.default_rng(child) for child in seed.spawn(8)]
        chunk = _live_through(number, n, practice, clock, parameters, streams)
        if simulation.rare_share > 0:
            rare = np.random.SeedSequence(entropy=seed.entropy, spawn_key=(*seed.spawn_key, len(streams)))
            people, seen = chunk.laws.population.frame, chunk.visits.seen
            chunk.record = with_rare_cases(chunk.record, people, seen, simulation.rare_share, clock, rare, f"{number:03d}")
        _write_systems(chunk, writer, streams)
        _write_record(chunk, writer, number if n_chunks > 1 else None)
        _write_truth(chunk, true, seed, measured_years(clock.end_on), deliveries[-1])
        booked.append(taken(chunk.visits.appointments))
        progress(n)
    writer.rows("crm", "open_slots", open_slots(practice, clock, pl.concat(booked), np.random.default_rng(slots_seed)))
    if simulation.has_dirt:
        bad_rows = spoil(writer, deliveries)
        true.add("quarantine", bad_rows.with_columns(pl.col("file") + (".gz" if simulation.is_gzip else "")))
    writer.finish(is_gzip=simulation.is_gzip)
    true.finish()
    _write_settings(simulation, parameters, practice, clock, out)
    return dict(writer.n_rows)


def _live_through(number: int, n: int, practice: Practice, clock: Clock, parameters: Parameters, streams: list[Any]) -> _Chunk:
    population = make_population(number * CHUNK_PATIENTS + 1, n, practice, clock, streams[0])
    laws = Laws(parameters, clock, population, practice)
    history = live(laws, streams[1])
    visits = schedule(history, laws, streams[2])
    record = keep_record(population, visits, clock, parameters, streams[3], f"{number:03d}")
    known = identify(population, clock, streams[4])
    return _Chunk(laws, history, visits, record, known, contact_of(known.contacts, n))


def _write_systems(chunk: _Chunk, writer: Writer, streams: list[Any]) -> None:
    """CRM and billing, and the messages of the CRM that the EHR keeps as well."""
    laws, visits, contact, random = chunk.laws, chunk.visits, chunk.contact, streams[5]
    led = leads(chunk.identities.contacts, visits, laws.practice, laws.clock, random)
    recalled = recall(laws, chunk.history, laws.practice, contact, random)
    events = portal_events(laws.population, chunk.history, visits, contact, laws.clock, random)
    sent = touches(visits, recalled.pop("_tasks"), events, contact, random)
    facts = chunk.record.facts
    extracts = {
        **contacts_and_consents(chunk.identities.contacts, random),
        **recalled,
        "leads": led,
        "touches": sent,
        "referrals": referrals(chunk.record.referrals, facts["Task"], contact, led, random),
        "portal_events": events,
        "survey_answers": survey_answers(visits, contact, random),
    }
    for extract, versions in extracts.items():
        writer.rows("crm", extract, versions)
    facts["Communication"] = messages(sent, chunk.identities.contacts, laws.population)
    writer.rows("billing", "accounts", chunk.identities.accounts.with_columns(updated_at="opened_at"))
    for extract, versions in bill(visits, chunk.identities.accounts, laws.practice, streams[6]).items():
        writer.rows("billing", extract, versions)


def _write_record(chunk: _Chunk, writer: Writer, number: int | None) -> None:
    laws = chunk.laws
    facts = chunk.record.facts | {
        "Coverage": coverages(laws.population, laws.clock),
        "Patient": patient_versions(laws.population, chunk.identities, laws.practice, laws.clock),
    }
    also = {
        resource_type: as_resources(name, facts.pop(name), writer.deliveries)
        for name, resource_type in (("Stay", "Encounter"), ("Letter", "Communication"))
        if name in facts
    }
    for resource_type, frame in facts.items():
        versions = as_resources(resource_type, frame, writer.deliveries)
        if resource_type in also:
            versions = pl.concat([versions, also[resource_type]])
        writer.resources(resource_type, number, versions)


def _write_truth(chunk: _Chunk, true: truth.Truth, seed: np.random.SeedSequence, years: tuple[int, ...], last: Delivery) -> None:
    laws, history = chunk.laws, chunk.history
    true.add("identities", truth.identities(chunk.identities, laws.population.frame, last))
    true.add("engagement_states", truth.engagement_states(history, laws))
    true.add("disengagement_risk", truth.disengagement_risk(history, laws, chunk.visits))
    true.add("outreach_effects", outreach_effects(history, laws))
    true.add("care_gaps", care_gaps(laws.population.frame, chunk.record, last, years))
    # The same random numbers again, in a world without the program.
    again = np.random.default_rng(np.random.SeedSequence(entropy=seed.entropy, spawn_key=(*seed.spawn_key, 1)))
    without = live(Laws(laws.parameters, laws.clock, laws.population, laws.practice, has_program=False), again)
    true.add_sums("program_effects", program_outcomes(history, without, laws))


def _digest(out: Path) -> str:
    """Eight hex digits over all deliveries. They are part of the practice's id, so that deliveries of an earlier simulator
    version under the same name never land beside these: a home with both showed 653 patients instead of 438."""
    digest = sha256()
    for path in sorted(path for source in ("ehr", "crm", "billing") for path in (out / source).rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(out)).encode())
        with path.open("rb") as file:
            digest.update(file_digest(file, "sha256").digest())
    return digest.hexdigest()[:8]


def _write_settings(simulation: Simulation, parameters: Parameters, practice: Practice, clock: Clock, out: Path) -> None:
    as_of = date.fromordinal(simulation.end_on.toordinal() + 1)
    practice_id = simulation.practice_id or f"simulated-{simulation.seed}"
    (out / "practice.toml").write_text(
        f'id = "{practice_id}-{_digest(out)}"\n'
        f'name = "Sample practice (synthetic)"\ntime_zone = "{TIME_ZONE}"\nis_synthetic = true\nas_of = {as_of}\n\n'
        f"{GAP_INCENTIVES}",
        encoding="utf-8",
    )
    live_on = {
        location: None if month >= NEVER else str(clock.month_starts[month])
        for location, month in zip(practice.sites["location_id"], practice.go_live_month.tolist(), strict=True)
    }
    known = {
        "simulation": asdict(simulation) | {"end_on": str(simulation.end_on)},
        "parameters": asdict(parameters),
        "go_live_on": live_on,
    }
    (out / "truth" / "parameters.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
