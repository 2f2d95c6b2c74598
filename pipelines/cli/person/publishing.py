"""Makes a new publication at once, for what a person's right demands."""

from collections.abc import Callable

from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.progress import Progress


def publishing(home: Home, practice: Practice, progress: Progress) -> Callable[[], object]:
    """What runs everything on what has landed, and on what is delivered where the source folders are there."""

    def publish() -> None:
        from pipelines.defs.run import run
        from pipelines.publications.last_run import recorded_last_run

        is_delivered = all(place.is_dir() for place in practice.sources.values())
        with recorded_last_run(home):
            run(home, practice, progress, is_delivered=is_delivered)

    return publish
