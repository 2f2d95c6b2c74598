"""What is to be pushed: read from the published file, with what was recorded since. The one file here that opens a warehouse."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import polars as pl

from models.sources import name_of_kind
from pipelines.connect.adapter import Task
from pipelines.connect.charting import Gap, Score
from pipelines.home import Home
from pipelines.landing.journal import recorded, restricted
from pipelines.publications.store import WAREHOUSE, Publication
from pipelines.sql.connection import open_file

RESTRICTED = "restricted"
_RECORD_TYPES = {"crm": "crm_contact", "ehr": "ehr_patient"}

# A person with two records in one system is reached through the one that the task names, else the one linked most surely.
_TASKS = """
    select tasks.* exclude (contact_id, contact_source_system), links.source_id as contact_id
    from delivery.out_outreach_tasks as tasks
    inner join marts.dim_patient_links as links
        on tasks.patient_key = links.patient_key
        and links.source_system = $source and links.source_record_type = $record_type
    -- A person whom two CRMs have is called for one of them.
    where $record_type <> 'crm_contact' or tasks.contact_source_system = $source
    qualify row_number() over (
        partition by tasks.external_id
        order by
            tasks.contact_source_system = $source and tasks.contact_id = links.source_id desc,
            links.confidence desc,
            links.source_id
    ) = 1
    order by tasks.is_urgent desc, tasks.due_on, tasks.location_id, tasks.priority_rank, tasks.external_id
"""
_PEOPLE = """
    select
        links.source_id as contact_id, patients.patient_key, patients.state, patients.is_deceased, patients.is_do_not_contact,
        left_out.suppress_reason, coalesce(left_out.is_held_out, false) as is_held_out,
        list.patient_key is not null as is_listed,
        coalesce(list.n_attempts_30_days, left_out.n_attempts_30_days, 0) as n_attempts_30_days
    from marts.dim_patient_links as links
    inner join marts.dim_patients as patients using (patient_key)
    left join delivery.out_outreach_suppressions as left_out using (patient_key)
    left join delivery.out_outreach_list as list using (patient_key)
    where links.source_system = $source and links.source_record_type = $record_type
"""
_CHANNELS = """
    select links.source_id as contact_id, channels.channel
    from marts.dim_patient_links as links
    inner join delivery.out_patient_channels as channels using (patient_key)
    where links.source_system = $source and links.source_record_type = $record_type and channels.may_contact
"""
_RECORDS = "select source_system, source_record_type, source_id, patient_key from marts.dim_patient_links"
_KNOWN = "select outcome_id from marts.fct_outreach_outcomes"
_KNOWN_TASKS = "select source_system, task_id from marts.fct_outreach_tasks where completed_at is not null"


# Nobody who is held out: see `pipelines/connect/chart.py`.
_IN_CHART = """
    marts.dim_patient_links as links
    inner join marts.dim_patients as patients using (patient_key)
    left join delivery.out_outreach_suppressions as left_out using (patient_key)
    where links.source_system = $source and links.source_record_type = $record_type
        and not coalesce(left_out.is_held_out, false) and patients.is_deceased is false
"""
_SCORES = f"""
    select people.contact_id, scores.score, scores.tier, concat_ws(' ', scores.method, scores.model_version) as method,
        scores.index_on, scores.reason_1, scores.reason_2, scores.reason_3
    from ml.disengagement_scores as scores
    inner join (select links.source_id as contact_id, patient_key from {_IN_CHART}) as people using (patient_key)
    where scores.score is not null
    order by people.contact_id
"""
_GAPS = f"""
    select distinct people.contact_id, results.measure_code, measures.title
    from marts.fct_measure_results as results
    inner join marts.dim_measures as measures using (measure_code)
    inner join (select links.source_id as contact_id, patient_key from {_IN_CHART}) as people using (patient_key)
    where results.gap_status = 'open' and results.period_type = 'year' and measures.is_for_outreach
        and results.period_start_on = (select max(period_start_on) from marts.fct_measure_results where period_type = 'year')
    order by people.contact_id, results.measure_code
"""


@dataclass(frozen=True)
class Facts:
    """What the publication knows of a contact's person, as far as it decides whether they may be contacted."""

    patient_key: int
    is_deceased: bool
    is_do_not_contact: bool
    is_held_out: bool
    is_listed: bool
    suppress_reason: str | None
    n_attempts_30_days: int
    channels: frozenset[str]
    state: str | None


@dataclass(frozen=True)
class Told:
    """An outcome that a system told and no run has landed yet: of the task `task_id` of `source_system`."""

    source_system: str
    contact_id: str
    task_id: str
    outcome: str


@dataclass(frozen=True)
class Worklist:
    """The tasks of one system's contacts by `external_id`, most urgent first, and the facts of every contact of that system.

    `capacity` is a site's number of patients a month, by location id.
    """

    publication: Publication
    source_system: str
    tasks: dict[str, Task]
    facts: dict[str, Facts]
    capacity: dict[str, int]
    _records: dict[tuple[str, str, str], int] = field(repr=False)
    _known_outcomes: frozenset[str] = field(repr=False)
    _known_tasks: frozenset[tuple[str, str]] = field(repr=False)

    def outcomes_since(self, home: Home, told: Iterable[Told]) -> dict[int, frozenset[str]]:
        """The outcomes by person that the publication does not have: recorded on the page, or told by a system; and `RESTRICTED`
        where the person's data is kept from use now."""
        since: dict[int, set[str]] = defaultdict(set)
        entries = recorded(home, self.publication.practice_id, "outreach_outcomes").filter(~pl.col("is_withdrawn"))
        for entry in entries.iter_rows(named=True):
            record = entry["patient_source_system"], entry["patient_record_type"], entry["patient_source_id"]
            if entry["outcome_id"] not in self._known_outcomes and record in self._records:
                since[self._records[record]].add(entry["outcome"] or "attempted")
        for one in told:
            record = one.source_system, _record_type(one.source_system), one.contact_id
            if (one.source_system, one.task_id) not in self._known_tasks and record in self._records:
                since[self._records[record]].add(one.outcome)
        for held in restricted(home, self.publication.practice_id).iter_rows():
            if held in self._records:
                since[self._records[held]].add(RESTRICTED)
        return {person: frozenset(outcomes) for person, outcomes in since.items()}


def read_worklist(home: Home, publication: Publication, source_system: str) -> Worklist:
    """What the publication has for the contacts of `source_system`: CRM contacts, or an EHR's patients."""
    named = {"source": source_system, "record_type": _record_type(source_system)}
    with open_file(home.published / publication.id / WAREHOUSE, read_only=True) as connection:

        def rows(query: str, parameters: dict[str, str] | None = None) -> list[dict[str, Any]]:
            answer = connection.execute(query, parameters) if parameters else connection.execute(query)
            names = [column[0] for column in answer.description]
            return [dict(zip(names, values, strict=True)) for values in answer.fetchall()]

        tasks, people, channels = (rows(query, named) for query in (_TASKS, _PEOPLE, _CHANNELS))
        records, known, known_tasks = (rows(query) for query in (_RECORDS, _KNOWN, _KNOWN_TASKS))
    usable: dict[str, set[str]] = defaultdict(set)
    for row in channels:
        usable[row["contact_id"]].add(row["channel"])
    return Worklist(
        publication=publication,
        source_system=source_system,
        tasks={row["external_id"]: _task(row) for row in tasks},
        facts={row["contact_id"]: _facts(row, usable[row["contact_id"]]) for row in people},
        capacity={row["location_id"]: row["site_capacity"] for row in tasks if row["location_id"]},
        _records={(row["source_system"], row["source_record_type"], row["source_id"]): row["patient_key"] for row in records},
        _known_outcomes=frozenset(row["outcome_id"] for row in known),
        _known_tasks=frozenset((row["source_system"], row["task_id"]) for row in known_tasks),
    )


def read_chart(home: Home, publication: Publication, source_system: str) -> tuple[list[Score], list[Gap]]:
    """The scores and open gaps of an EHR's patients, without those who are held out or have died."""
    named = {"source": source_system, "record_type": _record_type(source_system)}
    with open_file(home.published / publication.id / WAREHOUSE, read_only=True) as connection:
        scores = connection.execute(_SCORES, named).fetchall()
        gaps = connection.execute(_GAPS, named).fetchall()
    return (
        [
            Score(one, round(score, 3), tier, method, on, tuple(filter(None, reasons)))
            for one, score, tier, method, on, *reasons in scores
        ],
        [Gap(*gap) for gap in gaps],
    )


def published_at(publication: Publication) -> datetime:
    return datetime.fromisoformat(publication.published_at)


def _record_type(source_system: str) -> str:
    return _RECORD_TYPES[name_of_kind(source_system)]


def _task(row: dict[str, Any]) -> Task:
    due_on: date = row["due_on"]
    return Task(
        external_id=row["external_id"],
        contact_id=row["contact_id"],
        reason=row["reason"],
        channel=row["channel"],
        due_on=due_on,
        is_urgent=row["is_urgent"],
        priority_rank=row["priority_rank"],
        contact_from=time.fromisoformat(row["contact_from"]),
        contact_until=time.fromisoformat(row["contact_until"]),
        site_id=row["location_id"],
        assigned_to=row["assigned_to"],
        link=row["link"],
    )


def _facts(row: dict[str, Any], channels: set[str]) -> Facts:
    return Facts(
        patient_key=row["patient_key"],
        # What is not known keeps a person from being contacted.
        is_deceased=row["is_deceased"] is not False,
        is_do_not_contact=row["is_do_not_contact"] is not False,
        is_held_out=row["is_held_out"],
        is_listed=row["is_listed"],
        suppress_reason=row["suppress_reason"],
        n_attempts_30_days=row["n_attempts_30_days"],
        channels=frozenset(channels),
        state=row["state"],
    )
