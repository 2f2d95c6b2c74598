"""The build that a run works on."""

from collections.abc import Sequence

from pipelines.errors import NotPublished
from pipelines.home import Home
from pipelines.landing.ledger import Entry
from pipelines.practice import Practice
from pipelines.warehouse.build import Build, newest_build, read_build, start_build


class BuildInHand:
    """The build that this run has started; in a run that starts none, such as `caregap score`, the home's newest.

    `run_id`: Dagster's; steps may run in processes of their own, which know each other's build by it. `starts`: whether one of
    the run's steps starts a build.
    """

    def __init__(self, home: Home, run_id: str = "", *, starts: bool = False) -> None:
        self._home, self._run_id, self._starts = home, run_id, starts
        self._started: Build | None = None

    def start(self, practice: Practice, ledger: Sequence[Entry], *, fingerprint: str, arrived: str) -> Build:
        """Start a build, which all later steps of this run work on."""
        self._started = start_build(self._home, practice, ledger, fingerprint=fingerprint, arrived=arrived, run_id=self._run_id)
        return self._started

    def now(self) -> Build:
        """The build as its last step has left it. Raises `NotPublished` if there is none, or another command has removed it."""
        if self._started:
            return read_build(self._started.folder)
        newest = newest_build(self._home)
        if self._starts and newest.run_id != self._run_id:
            raise NotPublished(f"Build {newest.id} began between two steps of this run, whose own is gone. Start the run again.")
        return newest
