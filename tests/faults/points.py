"""The named points at which runs are stopped (`pipelines/faults.py`), and by what."""

import signal

POINTS_OF = {
    "settle": "gaps.written gaps.placed gaps.kept baselines.written baselines.placed baselines.kept "
    "campaigns.written campaigns.placed campaigns.kept done",
    "build": "forgetting forgotten folder.making folder.made raw.views",
    "landing": "journal.taking journal.taken folder.written folder.placing folder.placed",
    "publish": "warehouse.written deidentified.written lists.written reports.written audited sealed placed recorded swapping "
    "swapped",
    "cleanup": "publication.removing publication.removed",
}
STEPS = ("derived", "scored", "delivered", "catalogued")
FILES = [
    "settle.gaps.seal",
    "settle.baselines.seal",
    "settle.campaigns.seal",
    "landing.ledger",
    "landing.ledger.copy",
    "number",
    "publish.shown",
    "last_run",
]
FILES += [f"build.{step}.facts" for step in ("raw", *STEPS)]
POINTS = [
    *(f"{area}.{point}" for area, points in POINTS_OF.items() for point in points.split()),
    *(f"build.{step}.{point}" for step in STEPS for point in ("starting", "ending")),
    *(f"{file}.{point}" for file in FILES for point in ("writing", "written", "replaced")),
]
QUICK = [
    ("landing.ledger.written", "enospc"),
    ("publish.swapped", "kill"),
]
"""The first thing that lasts and the last; each of the others takes five seconds, too."""
ENDS_WITH = {"kill": -signal.SIGKILL, "term": 130, "enospc": 13, "error": 1}
"""How a command ends that was stopped so."""
OF_WHOLE_RUNS = [
    "build.derived.node#100:kill",
    "build.derived.node#50:term",
    "build.derived.node#300:enospc",
    "score.table.written#3:kill",
    "score.table.written#8:enospc",
    "build.delivered.node#3:error",
    "publish.swapped:kill",
]
"""Points of Dagster, dbt and the models, which a short run has not, and the one from which on the publication is shown."""


def others(fault: str) -> list[str]:
    """The points at which the quick tests do not stop a run by this fault.

    Of the errors every third: a full disk is one, too, and takes the same way through the code.
    """
    points = [point for point in POINTS if (point, fault) not in QUICK]
    return points[::3] if fault == "error" else points
