"""The publications: immutable folders, a link to the current one, and the way back.

    published/<id>/warehouse.duckdb       every contract's table, with patient data
    published/<id>/deidentified.duckdb    the same without identifying data
    published/<id>/manifest.json          number, day, build, numbers of rows, size and hash of each file
    published/<id>/shown                  it was the current one: without it, its run was killed before the swap
    published/current                     link to one <id>

Publications are ordered by their number, never by the clock.

Replacing a file in place under its readers leaves a stale WAL, and every later open fails; swapping a link survived 971 reads
over 44 versions and 15 killed publishers without an error. A path is never reused: a process that opens the same name again may
get the old data.
"""

import json
import shutil
from dataclasses import dataclass, field, fields
from pathlib import Path

from pipelines.audit_log import record
from pipelines.disposal import dispose
from pipelines.durable import sync, write_durably
from pipelines.errors import NotPublished
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.keys import forget_gone, is_encrypted_home, key_of
from pipelines.scratch import PREFIX
from pipelines.sealed import Seal, damage

CURRENT = "current"
MANIFEST = "manifest.json"
WAREHOUSE = "warehouse.duckdb"
DEIDENTIFIED = "deidentified.duckdb"
SHOWN = "shown"
KEPT, KEPT_LARGE, LARGE = 5, 2, 2 * 10**9
"""How many publications are kept; of those of so many bytes, five would need more room than the build that makes the next."""
ERASED = "publications_through"
"""In a practice's folder of erasures: the number of the newest publication that may hold somebody who was erased since, or is
withheld by the privacy profile (`pipelines/rights/restrict.py`)."""


@dataclass(frozen=True)
class Publication:
    """One publication, as its manifest states it. `n_rows` maps `schema.table` to its rows; `published_at` is UTC.

    `number`: its place in the order of publications; 0 if it was made before there were numbers. `files`: size and hash of each
    file. `arrived`: the state of the source folders that it was made from (`pipelines/landing/land.py`).
    """

    id: str
    practice_id: str
    practice_name: str
    is_synthetic: bool
    time_zone: str
    as_of_on: str
    build_id: str
    fingerprint: str
    published_at: str
    n_rows: dict[str, int]
    number: int = 0
    files: Seal = field(default_factory=dict)
    arrived: str = ""
    anonymity: str = ""
    """The k-anonymity of the de-identified file, in words."""
    deidentified_lacks: list[str] = field(default_factory=list)
    """Tables of persons without rows in that file, since they do not cover its year."""

    @property
    def n_bytes(self) -> int:
        """Of all its files; 0 if it was made before their sizes were stated."""
        return sum(int(one["n_bytes"]) for one in self.files.values())

    @property
    def order(self) -> tuple[int, str]:
        return self.number, self.id


def publications(home: Home) -> list[Publication]:
    """All publications that were shown, are kept and can be read, oldest first."""
    found = (_read(path) for path in home.published.glob("[0-9]*"))
    return sorted((one for one in found if one and _was_shown(home, one)), key=lambda one: one.order)


def whole_publications(home: Home) -> list[Publication]:
    """Those whose files are whole, as far as can be seen without reading them to the end."""
    return [one for one in publications(home) if not damage_of(home, one)]


def current(home: Home) -> Publication:
    """The publication that readers see. Raises `NotPublished` if there is none, or if its manifest cannot be read."""
    link = home.published / CURRENT
    if not link.is_symlink():
        raise NotPublished(f"{home.published}: nothing is published yet. Run `caregap run`.")
    publication = _read(link.resolve())
    if publication is None:
        raise NotPublished(f"{link.resolve()}: the manifest is missing or damaged. `caregap run` publishes anew.")
    return publication


def damage_of(home: Home, publication: Publication, *, deep: bool = False) -> list[str]:
    """What is wrong with a publication's files, in words. Before there were hashes, only what can be seen without them."""
    folder = home.published / publication.id
    if publication.files:
        return damage(folder, publication.files, deep=deep)
    return [] if (folder / WAREHOUSE).is_file() else [f"{WAREHOUSE} is missing"]


def is_left_in_clear(home: Home, publication: Publication) -> bool:
    """Whether a publication was made before its home was encrypted."""
    return is_encrypted_home(home.root) and key_of(home.published / publication.id / WAREHOUSE) is None


def point_to(home: Home, id: str) -> None:
    """Swap the link: readers see either the whole old or the whole new publication."""
    passing("publish.swapping", home.published)
    beside = home.published / f".{CURRENT}"
    beside.unlink(missing_ok=True)
    beside.symlink_to(id)
    beside.replace(home.published / CURRENT)
    sync(home.published)
    passing("publish.swapped", home.published)
    note_shown(home)


def note_shown(home: Home) -> None:
    """Note that the current publication was shown, so that going back may return to it."""
    folder = (home.published / CURRENT).resolve()
    if folder.is_dir() and not (folder / SHOWN).exists():
        write_durably(folder / SHOWN, "", "publish.shown")


def roll_back(home: Home) -> Publication:
    """Return to the whole publication before the current one. Raises `NotPublished` if none is kept."""
    now = current(home)
    earlier = [one for one in whole_publications(home) if one.order < now.order]
    if not earlier:
        raise NotPublished(f"{home.published}: no whole publication before {now.id} is kept; it stays shown.")
    record(home, "rolled_back", subject=f"{earlier[-1].id} from {now.id}")
    point_to(home, earlier[-1].id)
    return earlier[-1]


def gone_back_from(home: Home) -> Publication | None:
    """The newest whole publication, if an earlier one is shown because somebody went back; None otherwise."""
    shown, newest = _read((home.published / CURRENT).resolve()), whole_publications(home)[-1:]
    return newest[0] if shown and newest and newest[0].order > shown.order else None


def note_erased(home: Home, practice_id: str, through: int) -> None:
    """Note that the publications up to this number hold somebody who is erased: none of them stays once a later one is shown."""
    home.erasures(practice_id).mkdir(parents=True, exist_ok=True, mode=0o700)
    path = home.erasures(practice_id) / ERASED
    known = int(path.read_text(encoding="ascii")) if path.is_file() else 0
    write_durably(path, str(max(known, through)), "erase.noted")


def holds_erased(home: Home, publication: Publication) -> bool:
    """Whether a publication was made before the last erasure."""
    path = home.erasures(publication.practice_id) / ERASED
    return path.is_file() and publication.number <= int(path.read_text(encoding="ascii"))


def forget_old(home: Home) -> None:
    """Remove all but the newest few (of large ones, two) and the current publication, and those that were never shown, are
    damaged, are in clear in a home that has been encrypted since, or hold somebody who was erased since."""
    shown = (home.published / CURRENT).resolve().name
    if not home.published.is_dir():
        return
    whole = whole_publications(home)
    newest = whole[-(KEPT_LARGE if whole and whole[-1].n_bytes >= LARGE else KEPT) :]
    keep = {*(one.id for one in newest if not is_left_in_clear(home, one) and not holds_erased(home, one)), shown}
    for folder in home.published.iterdir():
        if folder.is_dir() and not folder.is_symlink() and folder.name not in keep and not folder.name.startswith(PREFIX):
            passing("cleanup.publication.removing", folder)
            _remove(home, folder)
            passing("cleanup.publication.removed", folder)
    forget_gone(home.root)


def _remove(home: Home, folder: Path) -> None:
    """Remove a publication; one that holds somebody who was erased is overwritten, even under those who still read it."""
    publication = _read(folder)
    if publication is None or holds_erased(home, publication):
        dispose(folder)
    else:
        shutil.rmtree(folder)


def _read(folder: Path) -> Publication | None:
    """What the folder's manifest says; None where it is missing, cut off or of another form."""
    try:
        stated = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        known = {one.name for one in fields(Publication)}
        return Publication(**{name: value for name, value in stated.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _was_shown(home: Home, publication: Publication) -> bool:
    folder = home.published / publication.id
    return not publication.number or (folder / SHOWN).exists() or folder == (home.published / CURRENT).resolve()
