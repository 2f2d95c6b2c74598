"""One push with nobody at the keyboard: as far as the settings allow it, and never past a limit that a person must confirm."""

from models.settings.push import Push
from pipelines.audit_log import record
from pipelines.connect.approvals import newest_approval
from pipelines.connect.connectors import Connection
from pipelines.connect.outcomes import read_outcomes
from pipelines.connect.plan import read_plan
from pipelines.connect.session import carried_out, drawn, session
from pipelines.connect.state import folder_of
from pipelines.connect.told import read_status
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.publications.store import current

SCHEDULE = "schedule"


def is_scheduled(connection: Connection) -> bool:
    """Whether the settings let a schedule push to the system."""
    settings: Push | None = connection.settings.push
    return settings is not None and settings.when != "by_hand"


def awaits_push(home: Home, practice: Practice, connection: Connection) -> str | None:
    """The id of a plan that was approved and not carried out yet, of the publication that is shown; asks no system."""
    approval = newest_approval(home, practice.id, connection.name)
    if approval is None:
        return None
    said = read_status(home, practice.id).get("connectors", {}).get(connection.name, {})
    done, plan = said.get("last_push") or {}, said.get("plan") or {}
    is_done = done.get("plan_id") == approval.plan_id and done.get("ended_at")
    is_of_today = plan.get("id") == approval.plan_id and plan.get("publication_id") == current(home).id
    return approval.plan_id if is_of_today and not is_done else None


def push_as_set(home: Home, practice: Practice, connection: Connection) -> dict[str, int]:
    """Fetch outcomes, then carry out what was approved, or where the settings say `always` what is due; rows by fate.

    A plan that was approved is carried out once; where there is none, today's is drawn, for somebody to approve.
    Raises `PushRefused` where it is not what would be sent now, or a limit is passed; otherwise as `session` does.
    """
    settings, source = connection.settings.push, connection.settings.source
    with session(home, practice, connection) as pushing:
        record(home, "outcomes_read", subject=connection.name)
        read_outcomes(home, practice.id, connection.name, pushing.adapter, pushing.state, source, practice.sources[source])
        if settings is not None and settings.when == "always":
            return carried_out(pushing, drawn(pushing), SCHEDULE)
        approval = newest_approval(home, practice.id, connection.name)
        last = pushing.state.last_push(connection.name, is_ended=True)
        if approval is None or (last and last["plan_id"] == approval.plan_id):
            drawn(pushing)
            return {}
        agreed = read_plan(folder_of(home, practice.id), connection.name, approval.plan_id)
        if agreed.publication_id != pushing.worklist.publication.id:  # approved too late: a person sees today's plan first
            drawn(pushing)
            return {}
        return carried_out(pushing, agreed, approval.approved_by, approval.confirm_reason)
