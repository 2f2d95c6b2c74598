"""Puts a landed folder that was written anew in the place of the old one, which is disposed of.

No delivery may be left to read it from again, so the old folder stays aside until the new one is there, and comes back where a
command was stopped in between.
"""

from pathlib import Path

from pipelines.disposal import dispose
from pipelines.durable import put_in_place, sync
from pipelines.faults import passing

_ASIDE = ".replaced"


def replace_landed(beside: Path, folder: Path) -> None:
    """Give the finished folder `beside` the name of the landed `folder`, and dispose of what had it."""
    aside = folder.with_name(f"{folder.name}{_ASIDE}")
    passing("landing.replacing", folder)
    folder.rename(aside)
    sync(folder.parent)
    passing("landing.aside", folder)
    put_in_place(beside, folder)
    passing("landing.replaced", folder)
    dispose(aside)


def settle_replaced(root: Path) -> None:
    """End what was begun with folders of a practice's landing (`root`) that were put aside."""
    for aside in root.glob(f"[!.]*/*/*{_ASIDE}"):
        folder = aside.with_name(aside.name.removesuffix(_ASIDE))
        if folder.exists():
            dispose(aside)
        else:
            aside.rename(folder)
            sync(folder.parent)
