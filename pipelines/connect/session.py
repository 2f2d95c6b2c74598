"""One system, its state and today's worklist, opened together for one command: under the home's lock, and told to the pages and
the next run when it ends, however it ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from models.settings.push import FhirPush
from pipelines.backup import RESTORED
from pipelines.connect.adapters import open_adapter
from pipelines.connect.chart import write_chart
from pipelines.connect.connectors import Connection
from pipelines.connect.outcomes import read_outcomes
from pipelines.connect.plan import Plan, write_plan
from pipelines.connect.push import Pushing
from pipelines.connect.state import folder_of, open_state
from pipelines.connect.told import share_rows, write_status
from pipelines.connect.worklist import read_worklist
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.lock import only_writer
from pipelines.practice import Practice
from pipelines.publications.store import current


@contextmanager
def session(home: Home, practice: Practice, connection: Connection) -> Iterator[Pushing]:
    """Raises `UsageError` where nothing is to go to the system, `NotPublished` without a publication, `HomeBusy`, and
    `ConnectionFailed`."""
    limits = connection.settings.push
    if limits is None:
        raise UsageError(f"{connection.name}: nothing goes out to it. Add [{connection.name}.push] to connectors.toml.")
    with only_writer(home):
        publication = current(home)
        if publication.practice_id != practice.id:
            raise UsageError(f"{home.root}: shows {publication.practice_id}, and connectors.toml is of {practice.id}.")
        worklist = read_worklist(home, publication, connection.settings.source)
        with open_state(home, practice.id) as state, open_adapter(connection) as adapter:
            pushing = Pushing(home, connection.name, adapter, worklist, state, limits)
            try:
                catch_up(pushing, practice)
                yield pushing
            finally:
                write_status(home, practice.id, state)
                share_rows(home, practice.id, state)


def catch_up(pushing: Pushing, practice: Practice) -> None:
    """Take over what the system holds, once after each restore of the home: the state lacks what was sent since."""
    home, state, name = pushing.home, pushing.state, pushing.connector
    mark = folder_of(home, practice.id) / RESTORED
    restored_at = mark.read_text(encoding="utf-8") if mark.exists() else None
    if restored_at is None or state.noted(name, "caught_up") == restored_at:
        return
    source = pushing.worklist.source_system
    read_outcomes(home, practice.id, name, pushing.adapter, state, source, practice.sources[source])
    pushing.look_again()
    state.note(name, "caught_up", restored_at)


def carried_out(pushing: Pushing, agreed: Plan, approved_by: str, confirm: str | None = None) -> dict[str, int]:
    """Carry out a plan, and bring charts up to date where the settings want it; the number of rows by fate, of both together.

    Raises what `Pushing.apply` and `write_chart` raise.
    """
    fates = pushing.apply(agreed, approved_by, confirm)
    settings = pushing.limits
    if isinstance(settings, FhirPush) and (settings.scores or settings.gaps != "no"):
        charted = write_chart(pushing, settings, confirm)
        fates = {fate: n + charted.get(fate, 0) for fate, n in fates.items()}
    return fates


def drawn(pushing: Pushing) -> Plan:
    """The plan of this moment, kept as a file and shown on the page."""
    plan = pushing.plan()
    practice_id = pushing.worklist.publication.practice_id
    write_plan(folder_of(pushing.home, practice_id), plan)
    write_status(pushing.home, practice_id, pushing.state, plan)
    return plan
