"""The build that a run works on."""

from collections.abc import Sequence

from pipelines.home import Home
from pipelines.landing.ledger import Entry
from pipelines.practice import Practice
from pipelines.warehouse.build import Build, newest_build, read_build, start_build


class BuildInHand:
    """The build that this run has started; in a run that starts none, such as `caregap score`, the home's newest."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._started: Build | None = None

    def start(self, practice: Practice, ledger: Sequence[Entry], *, fingerprint: str, arrived: str) -> Build:
        """Start a build, which all later steps of this run work on."""
        self._started = start_build(self._home, practice, ledger, fingerprint=fingerprint, arrived=arrived)
        return self._started

    def now(self) -> Build:
        """The build as its last step has left it. Raises `NotPublished` if there is none."""
        return read_build(self._started.folder) if self._started else newest_build(self._home)
