"""Copies the current publication to a store, for readers elsewhere: `<published_to>/<practice>/<id>/`, and `current.json`, which
names the newest that is whole there."""

from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.progress import Progress
from pipelines.publications.store import Publication
from pipelines.stores import send


def copy_publication(home: Home, practice: Practice, publication: Publication, progress: Progress) -> None:
    """Copy a publication to where the practice says, unless it is there. Older ones stay there until somebody removes them.

    Raises `UsageError` where it would lie there in clear and patients are real, `EnvironmentNotReady` and `ConnectionFailed`. The
    publication is shown all the same, and the next run copies it.
    """
    if practice.published_to is None:
        return
    if not practice.is_synthetic and not practice.is_encrypted:
        raise UsageError(
            f"{practice.published_to}: publications of real patients are copied encrypted alone. Leave out published_to, or "
            'encryption = "disk".'
        )
    progress(f"Copying: {publication.id}")
    send(home.published / publication.id, f"{practice.published_to.rstrip('/')}/{practice.id}", publication.id)
