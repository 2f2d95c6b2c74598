"""One run: land new files; if there are any, rebuild every asset and publish."""

from dataclasses import dataclass

from pipelines.errors import NotPublished
from pipelines.home import Home
from pipelines.landing.land import LandingReport, land, land_whole
from pipelines.practice import Practice
from pipelines.progress import Progress, silent
from pipelines.publications.store import Publication, current, damage_of
from pipelines.publish.publish import settle
from pipelines.warehouse.build import forget_unfinished
from pipelines.warehouse.fingerprint import fingerprint


@dataclass(frozen=True)
class Run:
    """The result of a run: the current publication, whether this run made it, what was landed, and the checks that warned."""

    publication: Publication
    is_new: bool
    landed: LandingReport
    warnings: tuple[str, ...] = ()

    @property
    def refused(self) -> list[str]:
        """The files that the publication does without and nobody was told of yet, each with its reason."""
        return self.landed.refused(untold=True)


def run(home: Home, practice: Practice, progress: Progress = silent, *, is_delivered: bool = True, strict: bool = False) -> Run:
    """Bring the publication up to date with the deliveries, once what a killed run has left undone is done.

    If deliveries, settings and code are those of the current publication, and its files are whole, nothing is built, which takes
    a twentieth of a full run. Raises what landing (`strict`: if any file is refused), the checks and publishing raise; the
    current publication then stays unchanged. Not `is_delivered`: from what has landed before, without the source folders. The
    caller holds the home's lock, and records how the run ends.
    """
    settle(home)
    forget_unfinished(home)
    progress("Reading: deliveries")
    landed = land(practice, home, progress, is_delivered=is_delivered, strict=strict)
    if publication := _unchanged(home, practice, landed):
        return Run(publication, False, landed, (said,) if (said := landed.warning()) else ())
    from pipelines.defs.execution import execute, warned

    landed = land_whole(practice, home, progress, landed, is_delivered=is_delivered)
    result = execute(home, practice, progress=progress, landed=landed)
    return Run(current(home), True, landed, warned(result))


def _unchanged(home: Home, practice: Practice, landed: LandingReport) -> Publication | None:
    """The current publication, if this run would produce the same one."""
    try:
        publication = current(home)
    except NotPublished:
        return None
    if damage_of(home, publication):
        return None
    return publication if publication.fingerprint == fingerprint(home, practice, landed.ledger) else None
