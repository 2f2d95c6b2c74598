"""One push with nobody at the keyboard: as far as the settings allow it, and never past a limit that a person must confirm."""

from models.settings.push import Push
from pipelines.audit_log import record
from pipelines.connect.approvals import newest_approval
from pipelines.connect.connectors import Connection
from pipelines.connect.outcomes import read_outcomes
from pipelines.connect.plan import read_plan
from pipelines.connect.session import carried_out, drawn, session
from pipelines.connect.state import folder_of
from pipelines.home import Home
from pipelines.practice import Practice

SCHEDULE = "schedule"


def is_scheduled(connection: Connection) -> bool:
    """Whether the settings let a schedule push to the system."""
    settings: Push | None = connection.settings.push
    return settings is not None and settings.when != "by_hand"


def push_as_set(home: Home, practice: Practice, connection: Connection) -> dict[str, int]:
    """Fetch outcomes, then carry out what was approved, or where the settings say `always` what is due; rows by fate.

    A plan that was approved is carried out once. Raises `PushRefused` where it is not what would be sent now, or a limit is
    passed; otherwise as `session` does.
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
        return carried_out(pushing, agreed, approval.approved_by, approval.confirm_reason)
