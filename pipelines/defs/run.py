"""One run: land new files; if there are any, rebuild every asset and publish."""

from dataclasses import dataclass

from pipelines.connect.pulls.state import failed_pulls
from pipelines.errors import NotPublished
from pipelines.home import Home
from pipelines.landing.land import LandingReport, land, land_whole
from pipelines.practice import Practice
from pipelines.progress import Progress, silent
from pipelines.publications.store import Publication, current, damage_of, gone_back_from, is_left_in_clear
from pipelines.publish.copied import copy_publication
from pipelines.publish.publish import settle
from pipelines.warehouse.build import forget_unfinished
from pipelines.warehouse.fingerprint import fingerprint

GONE_BACK = (
    "An earlier publication is shown since `caregap publish --rollback`, and nothing has changed since; `caregap publish` shows "
    "the newest build again"
)


@dataclass(frozen=True)
class Run:
    """The result of a run: the current publication, whether this run made it, what was landed, and the checks that warned."""

    publication: Publication
    is_new: bool
    landed: LandingReport
    warnings: tuple[str, ...] = ()

    @property
    def refused(self) -> list[str]:
        """The files that the publication lacks and that were not reported yet, each with its reason."""
        return self.landed.refused(untold=True)


def run(home: Home, practice: Practice, progress: Progress = silent, *, is_delivered: bool = True, strict: bool = False) -> Run:
    """Bring the publication up to date with the deliveries, once what a killed run has left undone is done.

    If deliveries, settings and code are those of the current publication, or of the newest where somebody went back from that,
    and its files are whole, nothing is built, which takes a twentieth of a full run. Raises what landing (`strict`: if any file
    is refused), the checks and publishing raise; the current publication then stays unchanged. Not `is_delivered`: from what has
    landed before, without the source folders. The caller holds the home's lock, and records how the run ends.
    """
    settle(home)
    forget_unfinished(home)
    progress("Reading: deliveries")
    landed = land(practice, home, progress, is_delivered=is_delivered, strict=strict)
    if publication := _unchanged(home, practice, landed):
        copy_publication(home, practice, publication, progress)
        said = [landed.warning(), *failed_pulls(home, practice.id), GONE_BACK if gone_back_from(home) else None]
        return Run(publication, False, landed, tuple(filter(None, said)))
    from pipelines.defs.execution import execute, warned

    landed = land_whole(practice, home, progress, landed, is_delivered=is_delivered)
    result = execute(home, practice, progress=progress, landed=landed)
    return Run(current(home), True, landed, warned(result))


def _unchanged(home: Home, practice: Practice, landed: LandingReport) -> Publication | None:
    """The current publication, if this run would produce the same one, or the one that somebody went back from."""
    try:
        publication = current(home)
    except NotPublished:
        return None
    if damage_of(home, publication) or is_left_in_clear(home, publication):
        return None
    newest = gone_back_from(home) or publication
    return publication if fingerprint(home, practice, landed.ledger) in (publication.fingerprint, newest.fingerprint) else None
