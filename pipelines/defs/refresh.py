"""When the assets are rebuilt: one job, one nightly schedule, one sensor for arriving files."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import dagster as dg

from pipelines.clock import now
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.landing.land import arrived_state
from pipelines.lock import is_held
from pipelines.practice import Practice
from pipelines.publications.store import gone_back_from, publications

JOB = "refresh"
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
"""Before a run of the same arrival is asked for again: twice as long each time."""

refresh = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("connect"),
    description="From delivered files to a new publication.",
)


def nightly(home: Home, practice: Practice) -> dg.ScheduleDefinition:
    """03:30 in the practice's zone: after the nightly extracts, and outside the hour that daylight saving skips or repeats.

    Where somebody went back to an earlier publication and nothing has arrived since, it waits: a run would publish again what
    they went back from.
    """

    @dg.schedule(name="nightly", job=refresh, cron_schedule="30 3 * * *", execution_timezone=practice.time_zone)
    def schedule() -> dg.SkipReason | dg.RunRequest:
        if gone_back_from(home) and arrived_state(practice) == _published_state(home):
            return dg.SkipReason(
                "An earlier publication is shown since `caregap publish --rollback`, and nothing has arrived since."
            )
        return dg.RunRequest()

    return schedule


@dataclass(frozen=True)
class _Cursor:
    """`state` of the source folders at the last look, how often a run of it was asked for, and when it was last."""

    state: str = ""
    n_asked: int = 0
    asked_at: str = ""

    @classmethod
    def read(cls, text: str | None) -> "_Cursor":
        try:
            return cls(**json.loads(text or "{}"))
        except (ValueError, TypeError):  # an earlier version's
            return cls()

    def again_at(self) -> datetime | None:
        """When a run may be asked for again; None: at once."""
        if not self.n_asked:
            return None
        asked_at = datetime.fromisoformat(self.asked_at)
        wait = min(FIRST_WAIT * 2 ** min(self.n_asked - 1, 10), LONGEST_WAIT)
        return asked_at + wait if asked_at <= now() < asked_at + wait else None


def arrivals(home: Home, practice: Practice) -> dg.SensorDefinition:
    """Starts a run when files have arrived. If a folder changes between two checks, it waits: a copy may be in progress.

    An arrival is done when it is published, not when a run was asked for: after a run that failed, was killed or was turned
    away, another is asked for, ever more rarely.
    """

    @dg.sensor(name="arrivals", job=refresh, minimum_interval_seconds=60, description="Runs when delivered files have settled.")
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest:
        state, seen = arrived_state(practice), _Cursor.read(context.cursor)
        if state == _published_state(home):
            return dg.SkipReason("Everything that has arrived is published.")
        if state != seen.state:
            context.update_cursor(json.dumps(asdict(_Cursor(state))))
            return dg.SkipReason("Files are arriving.")
        if is_held(home):
            return dg.SkipReason("Another run is writing to this home.")
        if again_at := seen.again_at():
            return dg.SkipReason(f"A run was asked for, and has published nothing yet; the next is due at {again_at:%H:%M} UTC.")
        passing("sensor.asking", home.root)
        asked = _Cursor(state, seen.n_asked + 1, now().isoformat())
        context.update_cursor(json.dumps(asdict(asked)))
        return dg.RunRequest(run_key=f"{state}-{asked.n_asked}-{asked.asked_at}")

    return sensor


def _published_state(home: Home) -> str | None:
    """The state of the source folders that the newest publication was made from; going back to an earlier one changes nothing."""
    found = publications(home)
    return found[-1].arrived if found else None
