"""Finds what is damaged among the home's files, and says what makes it good."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.disk import needed_by_a_run
from pipelines.errors import EnvironmentNotReady, NotPublished
from pipelines.home import Home
from pipelines.landing.integrity import landed_damage
from pipelines.landing.ledger import LEDGER, Ledger
from pipelines.publications.kept_facts import damaged
from pipelines.publications.store import current, damage_of, publications
from pipelines.sealed import note_damage


@dataclass(frozen=True)
class Diagnosis:
    """One check: its `state` in words and, if something is wrong, the `remedy`."""

    what: str
    is_well: bool
    state: str
    remedy: str = ""
    is_optional: bool = False


def files_of(home: Home, *, is_deep: bool) -> list[Diagnosis]:
    """Space, landing and publications of a home; `is_deep`: by the hash of every file, and what is found is noted there."""
    return [_space(home), *_landing(home, is_deep=is_deep), _publications(home, is_deep=is_deep), _history(home)]


def _space(home: Home) -> Diagnosis:
    free, needed = shutil.disk_usage(home.root).free, needed_by_a_run(home)
    state = f"{free / 1024**2:,.0f} MB are free, a run needs about {needed / 1024**2:,.0f} MB"
    return Diagnosis("Space", free >= needed, state, f"Free {(needed - free) / 1024**2:,.0f} MB.")


def _landing(home: Home, *, is_deep: bool) -> Iterator[Diagnosis]:
    for root in sorted((home.root / "landing").glob("[!.]*/")):
        what = f"Landing of {root.name}"
        try:
            n_entries = len(Ledger(root / LEDGER).entries)
        except EnvironmentNotReady as error:
            yield Diagnosis(what, False, str(error), "Restore a backup into an empty home: `caregap restore`.")
            continue
        folders = [path for path in root.glob("[!.]*/*/*/") if path.is_dir()]
        broken = [(folder, wrong) for folder in folders if (wrong := landed_damage(folder, deep=is_deep))]
        _note(broken, is_deep)
        state = f"{len(folders)} files of {n_entries} deliveries, {'all' if is_deep else 'as far as can be seen'} whole"
        if broken:
            state = f"{len(broken)} of {len(folders)} landed files are damaged, the first: {broken[0][1][0]} ({broken[0][0]})"
        remedy = "`caregap run` reads them again from their deliveries, and names those that are no longer there."
        yield Diagnosis(what, not broken, state, remedy)


def _publications(home: Home, *, is_deep: bool) -> Diagnosis:
    shown = None
    with suppress(NotPublished):
        shown = current(home)
    if shown is None:
        is_empty = not (home.published / "current").is_symlink()
        state = "nothing is published yet" if is_empty else "the current one has no manifest, or a damaged one"
        return Diagnosis("Publications", is_empty, state, "`caregap run` publishes anew.")
    kept = publications(home)
    broken = [(home.published / one.id, wrong) for one in kept if (wrong := damage_of(home, one, deep=is_deep))]
    _note(broken, is_deep)
    state = f"{len(kept)} kept, {'all' if is_deep else 'as far as can be seen'} whole; shown: {shown.id}"
    if broken:
        state = f"{len(broken)} of {len(kept)} are damaged, the first: {broken[0][1][0]} ({broken[0][0].name})"
    remedy = "`caregap run` publishes anew where the current one is damaged, and removes the others."
    return Diagnosis("Publications", not broken, state, remedy)


def _history(home: Home) -> Diagnosis:
    files = sorted((home.root / "history").glob("*/*/[0-9]*.parquet"))
    wrong = damaged(files)
    state = f"{len(files)} files, all whole" if not wrong else f"{len(wrong)} of {len(files)} are damaged, the first: {wrong[0]}"
    remedy = "Restore it from a backup, or remove it: what it holds then counts as never published."
    return Diagnosis("History", not wrong, state, remedy)


def _note(broken: list[tuple[Path, list[str]]], is_deep: bool) -> None:
    if is_deep:
        for folder, wrong in broken:
            note_damage(folder, wrong)
