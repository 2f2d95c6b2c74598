"""Risk scores and open gaps for the charts of an EHR, where the practice wants them there. Never for a CRM.

Whoever is held out at random gets neither: a score in the chart is a reason to call, and the trial would compare contacted with
contacted. What is clinical leaves by this door alone, to the system of record that the patient's chart is in.
"""

from collections.abc import Mapping, Sequence

from models.settings.push import FhirPush
from models.sources import name_of_kind
from pipelines.connect.adapter import Fate
from pipelines.connect.charting import Entry, Gap
from pipelines.connect.push import Pushing
from pipelines.connect.worklist import read_chart
from pipelines.errors import PushRefused, UsageError
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.publications.store import Publication

_BATCH = 100


def write_chart(pushing: Pushing, settings: FhirPush, confirm: str | None) -> dict[str, int]:
    """Send what changed since the last time; returns the number of entries by fate.

    Raises `UsageError` where the system is no EHR, `PushRefused` where more would be sent than `most_rows` without a reason, and
    `ConnectionFailed`.
    """
    connector, worklist, state = pushing.connector, pushing.worklist, pushing.state
    if name_of_kind(worklist.source_system) != "ehr" or not hasattr(pushing.adapter, "chart"):
        raise UsageError(f"{connector}: scores and gaps go to an EHR alone.")
    due = _due(
        _entries(pushing.home, worklist.publication, worklist.source_system, settings), state.noted_all(connector, "chart:")
    )
    if len(due) > settings.most_rows and confirm is None:
        raise PushRefused(
            f"{connector}: {len(due):,} entries of charts would be sent, more than most_rows ({settings.most_rows:,}). The tasks "
            "were sent, the charts not. Add --confirm REASON."
        )
    fates = dict.fromkeys(map(str, Fate), 0)
    for start in range(0, len(due), _BATCH):
        batch = due[start : start + _BATCH]
        passing("connect.chart.sending")
        results = pushing.adapter.chart(batch, settings.gaps)
        for entry, result in zip(batch, results, strict=False):
            fates[result.fate] += 1
            if result.fate in (Fate.CREATED, Fate.UPDATED, Fate.UNCHANGED):
                state.note(connector, f"chart:{entry.key}", entry.hash)
        passing("connect.chart.sent")
    return fates


def _entries(home: Home, publication: Publication, source: str, settings: FhirPush) -> list[Entry]:
    scores, gaps = read_chart(home, publication, source)
    entries = [Entry(f"score|{one.contact_id}", one) for one in scores] if settings.scores else []
    if settings.gaps != "no":
        entries += [Entry(f"gap|{one.contact_id}|{one.measure_code}", one) for one in gaps]
    return entries


def _due(entries: Sequence[Entry], known: Mapping[str, str]) -> list[Entry]:
    """What is new or other than it was; a gap that was sent and is open no more is closed."""
    hashes = {name.removeprefix("chart:"): digest for name, digest in known.items()}
    due = [entry for entry in entries if hashes.get(entry.key) != entry.hash]
    there = {entry.key for entry in entries}
    for key in sorted(set(hashes) - there):
        kind, _, rest = key.partition("|")
        if kind == "gap":
            contact_id, _, measure_code = rest.rpartition("|")
            closed = Entry(key, Gap(contact_id, measure_code, ""), is_closed=True)
            due += [closed] if hashes[key] != closed.hash else []
    return due
