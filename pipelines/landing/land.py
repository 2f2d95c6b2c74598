"""Lands delivered files: reads each content once, whatever its file name, into a folder of its own.

    landing/<practice>/<source_system>/<extract>/<file key>/
        rows.parquet         rows that meet the contract
        quarantine.parquet   rows that do not: row_number, field, reason
        extra.parquet        columns that are not in the contract, if any
        doubts.parquet       cells that are used though they may be damaged, if any: row_number, field, finding
        test_patients.parquet   marks of quarantined test patients, if any (`extract/fhir_test_data.py`)
        <extract>/           the same of each extract, where a file holds rows of several
        manifest.json        row counts, or why the file was ignored or refused; version of its reader; its delivery; size and
                             hash of each file

A folder is written elsewhere and then renamed into place, so even after `kill -9` it is either complete or absent.
Its content depends only on the file's bytes, the contract and the practice's time zone. If the contract, the time zone or the
reader changes (`manifest.json: reader`), the file is read again, provided that it is still in its source folder.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from pipelines.audit_log import note_settings
from pipelines.errors import ExtractRefused
from pipelines.extract.bundles import BUNDLE, DELETED
from pipelines.extract.delivery import Delivery, find_deliveries, source_files
from pipelines.extract.preflight import LIMITS, Limits
from pipelines.extract.reading import ROWS
from pipelines.home import Home
from pipelines.keys import is_encrypted, key_for
from pipelines.landing.encryption import secure
from pipelines.landing.erasing import erase_again, erase_recorded
from pipelines.landing.folder import Landing, of_kind, rules_of
from pipelines.landing.integrity import folder_of, landed_damage, note_damaged, read_manifest, refuse_damaged
from pipelines.landing.joining import joined_by
from pipelines.landing.journal import take_journals, with_journals
from pipelines.landing.ledger import LEDGER, Entry, Ledger, stamp_of
from pipelines.landing.replacing import settle_replaced
from pipelines.landing.returned import returned_records
from pipelines.practice import Practice
from pipelines.progress import Progress, silent
from pipelines.readers import Readers
from pipelines.stores import fetch

TOLD = "told"
"""In the folder of a refused file: the refusal was reported. A file that another reader reads again is reported again."""
_OF_THE_FOLDER = {"is_change", "denied", "reader", "file_key", "delivered", "files"}
"""Fields of a manifest that describe the folder, not the delivered file."""


@dataclass(frozen=True)
class LandedFile:
    """The result of landing one delivered file.

    `status`: `landed`, `ignored` (a kind that is not read), `unknown` (of no kind that is known) or `refused`; for the last
    three, `reason` says why. `parts`: the same numbers of each extract, where the file holds rows of several. `read_as`: what was
    found and is not plain: layout, encoding, row of the header, sheet.
    `n_delivered` = `n_read` + `n_quarantined` + `n_erased` if it landed. `is_new`: this run read it. `is_told`: a command that
    has ended has named this refusal. `folder`: where it landed. `version`: that of FHIR for which it is refused.
    """

    source_system: str
    extract: str
    file_name: str
    file_key: str
    status: str
    n_delivered: int
    n_read: int
    n_quarantined: int
    extra_columns: list[str]
    absent_columns: list[str]
    reason: str | None
    is_new: bool
    is_told: bool
    folder: Path
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    read_as: str = ""
    n_doubts: int = 0
    version: str = ""
    n_erased: int = 0

    @property
    def is_read(self) -> bool:
        """Whether it landed, and holds not only rows of kinds that are not read."""
        return self.status == "landed" and not (self.n_delivered == 0 and self._unread and len(self._unread) == len(self.parts))

    @property
    def said(self) -> str:
        """The file and what became of it, in words: `crm/notes.txt is of no kind that is known`."""
        reason = self.reason or f"holds nothing but {', '.join(self._unread)}, which is not read"
        return f"{self.source_system}/{self.file_name} {reason}"

    @property
    def _unread(self) -> list[str]:
        return [name for name, part in sorted(self.parts.items()) if part.get("status") == "ignored"]


@dataclass(frozen=True)
class LandingReport:
    """`files`: all files now in the practice's source folders, sorted by name.

    `ledger`: every content ever delivered, under each of its names; all later steps are built from it. `arrived`: the state of
    the source folders before anything was read (`arrived_state`). `waiting`: files that are not whole yet, each with the reason.
    `returned`: where records stand that have a record number of somebody who was erased.
    """

    files: tuple[LandedFile, ...]
    ledger: tuple[Entry, ...]
    arrived: str = ""
    waiting: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()

    def refused(self, *, untold: bool = False) -> list[str]:
        """The refused files that lie in the source folders, each with its reason; `untold`: those not reported yet."""
        return [file.said for file in self.files if file.status == "refused" and not (untold and file.is_told)]

    def note_told(self) -> None:
        """Note that the refused files were named by a command that came to its end: one that is killed before has told nobody."""
        for file in self.files:
            if file.status == "refused":
                (file.folder / TOLD).touch()

    def not_read(self) -> list[str]:
        """Every file that lies in the source folders and was not read although it should be, with the reason."""
        unknown = [file.said for file in self.files if file.status == "unknown"]
        return [*self.refused(), *unknown, *self.waiting]

    def warning(self) -> str | None:
        """`not_read` and `returned` in a sentence each; None if everything was read and nobody came back."""
        left = self.not_read()
        said = [f"{len(left)} of the delivered files were not read: {'; '.join(left)}"] if left else []
        if self.returned:
            said.append(
                f"records with a record number of somebody who was erased came in: {'; '.join(self.returned)}. If it is the same "
                "person under a new id, erase that record, too (caregap person erase)"
            )
        return ". ".join(said) or None


def land(
    practice: Practice,
    home: Home,
    progress: Progress = silent,
    limits: Limits = LIMITS,
    *,
    is_delivered: bool = True,
    strict: bool = False,
    workers: int = 1,
) -> LandingReport:
    """Land new files in the practice's source folders, and new records from the dashboards.

    `workers`: how many processes of this machine read, each a content at a time. Processes of other machines may join them
    (`pipelines/landing/joining.py`); the rows are the same, however many there are.
    Not `is_delivered`: the source folders are not there, as after a restore, and what has landed before is all there is.

    A file that is refused stays out, and the rest goes on without it. Raises `UsageError` if a source folder does not exist,
    `ConnectionFailed` if one cannot be fetched, and `ExtractRefused`, after all others were landed, if the rest cannot go on: a
    link leads out of a source folder or nowhere; no file of a source was read, or the source is of another FHIR version; what may
    be deletions was refused, so that deleted patients would come back; with `strict`, any file was.
    """
    secure(home, practice, progress)
    note_settings(home, f"practice {practice.id}", asdict(practice))
    for source, url in practice.fetched.items() if is_delivered else ():
        fetch(url, practice.sources[source], progress)
    whole = with_journals(practice, home)
    practice = practice if is_delivered else practice.with_sources({})
    arrived = arrived_state(practice) if is_delivered else ""
    take_journals(practice, home)
    erase_recorded(home, practice.id)
    practice = with_journals(practice, home)
    root = home.landing(practice.id)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    settle_replaced(root)
    if is_encrypted(root / ROWS):
        key_for(root / ROWS)  # made by one process, before others may ask for it
    readers = Readers(root, rules_of(practice))
    files, growing = [], []
    with readers.opened(), Landing(root, practice, limits, is_alone=workers == 1) as landing:
        ledger, found = Ledger(root / LEDGER), source_files(practice)
        entered = [_entered(delivery, ledger) for delivery in found.deliveries]
        ledger.save()
        lacking = [(delivery, entry) for delivery, entry in entered if entry and landing.lacks(delivery, entry)]
        new = {folder_of(root, entry) for _, entry in lacking}
        with joined_by(min(workers, len(new)) - 1 if new else 0, practice, home, limits):
            left = landing.read_free(lacking, readers, progress)
            landing.read_free(left, readers, progress, waits=True)
        for delivery, entry in entered:
            place = f"{delivery.source_system}/{delivery.place}"
            if entry is None or landing.lacks(delivery, entry):
                growing.append(f"{place} is still being written")
                if entry:
                    ledger.forget(entry)
                continue
            folder = folder_of(root, entry)
            told: dict[str, Any] = {"is_new": folder in new, "is_told": (folder / TOLD).exists(), "folder": folder}
            new.discard(folder)
            told |= _stated(folder)
            files.append(LandedFile(entry.source_system, entry.extract, delivery.place, entry.file_key, **told))
    if growing:
        ledger.save()
    if erase_again(home, practice.id):
        files = [replace(file, **_stated(file.folder)) for file in files]
    returned = tuple(returned_records(home, practice.id))
    report = LandingReport(tuple(files), ledger.entries, arrived, (*found.waiting, *growing), returned)
    blocking = [*found.stray, *_blocking(report, root, strict)]
    if blocking:
        n_files = len(found.deliveries) + len(found.stray)
        raise ExtractRefused("\n  ".join([f"{len(blocking)} of {n_files} files refused; nothing in them was landed:", *blocking]))
    refuse_damaged(home, whole, ledger.entries)
    return report


def _stated(folder: Path) -> dict[str, Any]:
    """What a folder's manifest says of the delivered file."""
    return {name: value for name, value in read_manifest(folder).items() if name not in _OF_THE_FOLDER}


def _entered(delivery: Delivery, ledger: Ledger) -> tuple[Delivery, Entry | None]:
    """The delivery with its entry in the ledger."""
    entry = ledger.enter(delivery)
    return of_kind(delivery, entry) if entry else (delivery, None)


def _blocking(report: LandingReport, root: Path, strict: bool) -> list[str]:
    """The files without which the rest does not go on, each with its reason."""
    blocking = []
    for source_system, group in groupby(report.files, key=lambda file: file.source_system):
        files = list(group)
        is_any_read = any(file.is_read for file in files)
        folders = {folder_of(root, entry) for entry in report.ledger if entry.source_system == source_system}
        has_landed = is_any_read or any(map(_is_landed, folders))
        others = _of_other_version(files, folders)
        blocking += [
            file.said
            for file in files
            if (file.status == "refused" and (strict or not has_landed or _stops(file, others)))
            or (file.status != "refused" and not file.is_read and not is_any_read)
        ]
    return blocking


def _stops(file: LandedFile, others: set[str]) -> bool:
    """Whether the rest cannot go on without a refused file: its source is of its version, or it may hold deletions."""
    return file.version in others if file.version else file.extract in (BUNDLE, DELETED)


def _of_other_version(files: list[LandedFile], folders: Iterable[Path]) -> set[str]:
    """The versions of FHIR of which a source is: as many files are refused for it as have landed that are of R4 and not of it."""
    refused = Counter(file.version for file in files if file.version)
    denied = Counter(version for folder in folders if refused and _is_landed(folder) for version in _denied(folder))
    return {version for version, n_files in refused.items() if n_files >= denied[version]}


def _denied(folder: Path) -> list[str]:
    found: list[str] = read_manifest(folder).get("denied", [])
    return found


def _is_landed(folder: Path) -> bool:
    return not landed_damage(folder) and bool(read_manifest(folder)["status"] == "landed")


def land_whole(
    practice: Practice,
    home: Home,
    progress: Progress = silent,
    landed: LandingReport | None = None,
    *,
    is_delivered: bool = True,
) -> LandingReport:
    """As `land`, or what it reported before (`landed`), once everything landed was read to its end and found to be what was
    written. What is damaged is read again from its delivery.

    For a build. Raises what `land` raises, and `EnvironmentNotReady` naming what is damaged and no longer delivered.
    """
    report = landed or land(practice, home, progress, is_delivered=is_delivered)
    damaged = note_damaged(home, with_journals(practice, home), report.ledger)
    return land(practice, home, progress, is_delivered=is_delivered) if damaged else report


def arrived_state(practice: Practice) -> str:
    """A hash over names, sizes and times of the files in the practice's source folders: it changes when something arrives."""
    found = [(one.source_system, one.place, stamp_of(one.path)) for one in find_deliveries(practice)]
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def landed_before(practice: Practice, home: Home) -> tuple[Entry, ...]:
    """The ledger after the last landing, for use when `land` raised an error."""
    return Ledger(home.landing(practice.id) / LEDGER).entries
