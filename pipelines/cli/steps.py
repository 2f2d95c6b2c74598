"""Runs one step of the flow: the job's assets of some layers, on the newest build."""

from pipelines.cli.console import shown_progress
from pipelines.cli.summary import print_warnings
from pipelines.defs.execution import execute, warned
from pipelines.home import Home
from pipelines.landing.land import LandingReport
from pipelines.practice import Practice


def run_step(home: Home, practice: Practice, selection: list[str], landed: LandingReport | None = None) -> None:
    """Materialise the assets of these layers or tables (`marts`, `ml.model_evaluations`); shows progress and warnings.

    `landed`: the result of a landing just made, for the layer `raw`.
    """
    with shown_progress(quiet=False) as progress:
        result = execute(home, practice, selection=selection, progress=progress, landed=landed)
    print_warnings(warned(result))
