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
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from models.contract import Contract
from pipelines.audit_log import note_settings
from pipelines.durable import put_in_place
from pipelines.errors import ExtractRefused
from pipelines.extract.bundles import BUNDLE, DELETED
from pipelines.extract.csv_header import DESCRIBE
from pipelines.extract.delivery import Delivery, find_deliveries, source_files
from pipelines.extract.fhir_version import OtherVersion
from pipelines.extract.preflight import LIMITS, Limits, count_lines, opening, other_format, plain_file
from pipelines.extract.reading import ROWS, Reading, Request
from pipelines.extract.workbook import sheet_as_csv
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.keys import is_encrypted
from pipelines.landing.encryption import secure
from pipelines.landing.erasing import erase_again, erase_recorded
from pipelines.landing.integrity import MANIFEST, folder_of, landed_damage, note_damaged, read_manifest, refuse_damaged
from pipelines.landing.journal import take_journals, with_journals
from pipelines.landing.ledger import Entry, Ledger, stamp_of
from pipelines.landing.replacing import settle_replaced
from pipelines.landing.returned import returned_records
from pipelines.practice import Practice
from pipelines.progress import Progress, silent
from pipelines.scratch import clear_scratch, scratch
from pipelines.sealed import seal
from pipelines.sql.connection import open_memory
from pipelines.sql.literals import literal
from pipelines.sql.parquet import write_rows

LEDGER = "deliveries.json"
IGNORED = "is of a kind that is not read"
UNKNOWN = "is of no kind that is known, by its name or its first line. Name it by what it holds: contacts.csv, Patient.ndjson"
TOLD = "told"
"""In the folder of a refused file: the refusal was reported. A file that another reader reads again is reported again."""
_READER_VERSION = 8
"""Increase it when the same bytes would be read differently than before."""
_MEMORY = "2GB"
_SHARED_OUT = 128 * 2**20
"""Bytes of a file from which on threads share reading it. DuckDB gives each 32 MB at a time: of 40 MB, two threads took up to a
third more CPU time than one, and no less of the clock's."""
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
) -> LandingReport:
    """Land new files in the practice's source folders, and new records from the dashboards.

    Not `is_delivered`: the source folders are not there, as after a restore, and what has landed before is all there is.

    A file that is refused stays out, and the rest goes on without it. Raises `UsageError` if a source folder does not exist,
    and `ExtractRefused`, after all others were landed, if the rest cannot go on: a link leads out of a source folder or nowhere;
    no file of a source was read, or the source is of another FHIR version; what may be deletions was refused, so that deleted
    patients would come back; with `strict`, any file was.
    """
    secure(home, practice, progress)
    note_settings(home, f"practice {practice.id}", asdict(practice))
    whole = with_journals(practice, home)
    practice = practice if is_delivered else practice.with_sources({})
    arrived = arrived_state(practice) if is_delivered else ""
    take_journals(practice, home)
    erase_recorded(home, practice.id)
    practice = with_journals(practice, home)
    root = home.landing(practice.id)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    settle_replaced(root)
    ledger, found = Ledger(root / LEDGER), source_files(practice)
    entered = [_entered(delivery, ledger) for delivery in found.deliveries]
    ledger.save()
    files, growing = [], []
    with _Landing(root, practice, limits) as landing:
        for delivery, entry in entered:
            place = f"{delivery.source_system}/{delivery.place}"
            if is_new := entry is not None and landing.lacks(delivery, entry):
                progress(f"Reading: {place}")
                landing.add(delivery, entry)
            if entry is None or landing.lacks(delivery, entry):
                growing.append(f"{place} is still being written")
                if entry:
                    ledger.forget(entry)
                continue
            folder = folder_of(root, entry)
            told: dict[str, Any] = {"is_new": is_new, "is_told": (folder / TOLD).exists(), "folder": folder}
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
    """The delivery with its entry in the ledger, and of the kind that a manifest said, even if that has been taken away since."""
    entry = ledger.enter(delivery)
    if entry and entry.dated_by > delivery.dated_by:
        return replace(delivery, extract=entry.extract, is_known=True), entry
    return delivery, entry


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


class _Landing:
    """Writes to one practice's landing, with one DuckDB session for all files."""

    def __init__(self, root: Path, practice: Practice, limits: Limits):
        self._root, self._practice, self._limits = root, practice, limits
        self._rules: defaultdict[str, dict[str, dict[str, list[Any]]]] = defaultdict(dict)

    def __enter__(self) -> "_Landing":
        with ExitStack() as stack:
            own = stack.enter_context(scratch(self._root))
            clear = stack.enter_context(clear_scratch(self._root)) if is_encrypted(own / ROWS) else own
            self._beside, self._replaced = own / "folder", own / "replaced"
            self._read_into, self._scratch = clear / "folder", clear / "scratch"
            self._connection = stack.enter_context(open_memory(own / "duckdb"))
            self._connection.execute(f"set memory_limit = '{_MEMORY}'")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def lacks(self, delivery: Delivery, entry: Entry) -> bool:
        """Whether the content was not landed yet, or by another version of the reader, or what landed is damaged."""
        folder = folder_of(self._root, entry)
        return bool(landed_damage(folder)) or read_manifest(folder)["reader"] != self._reader(delivery)

    def add(self, delivery: Delivery, entry: Entry) -> None:
        """Read a file and put its folder into place, unless the file changed meanwhile."""
        for new in (self._beside, self._scratch, self._read_into):
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._replaced, ignore_errors=True)
        contract = delivery.contract
        manifest: dict[str, Any] = {
            "status": "landed",
            "reason": None,
            "reader": self._reader(delivery),
            "file_key": entry.file_key,
        }
        manifest |= {"delivered": asdict(entry)} | _account(Reading(0, 0, 0))
        try:
            if contract:
                manifest |= _account(self._read(delivery, entry, contract))
                self._encrypt()
            else:
                n_lines = count_lines(delivery.path, self._limits)
                said = other_format(opening(delivery.path)) or UNKNOWN + (DESCRIBE if delivery.kind.reader == "csv" else "")
                status, reason = ("ignored", IGNORED) if delivery.is_known else ("unknown", said)
                manifest |= {"status": status, "reason": reason, "n_delivered": n_lines}
        except ExtractRefused as refusal:
            version = refusal.version if isinstance(refusal, OtherVersion) else ""
            manifest |= {"status": "refused", "reason": str(refusal), "version": version}
            shutil.rmtree(self._beside)
            self._beside.mkdir()
        if stamp_of(delivery.path) == entry.stamp:
            manifest["files"] = seal((path for path in self._beside.rglob("*") if path.is_file()), self._beside)
            (self._beside / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            passing("landing.folder.written", self._beside)
            self._put_in_place(folder_of(self._root, entry))

    def _read(self, delivery: Delivery, entry: Entry, contract: Contract) -> Reading:
        if delivery.sheet:
            delivery.sheet.refuse_if_not_alone()
            plain = sheet_as_csv(delivery.path, delivery.sheet.name, self._scratch, self._limits)
        else:
            plain = plain_file(delivery.path, self._scratch, self._limits)
        is_small = plain.stat().st_size < _SHARED_OUT
        self._connection.execute("set threads = 1" if is_small else "reset threads")
        marks = {"source_system": entry.source_system, "_file_key": entry.file_key}
        time_zone = self._practice.time_zone
        reading = delivery.reader.read(
            Request(
                self._connection,
                plain,
                contract,
                self._read_into,
                self._scratch,
                marks,
                time_zone,
                self._limits,
                delivery.contracts,
                delivery.layout,
                frozenset(self._practice.modifier_extensions),
                self._practice.is_synthetic,
            )
        )
        said = [delivery.sheet.said] if delivery.sheet else []
        return replace(reading, read_as=", ".join([*said, *filter(None, [reading.read_as])]))

    def _encrypt(self) -> None:
        """Write anew, encrypted, what was read: readers write with Arrow, whose encrypted files DuckDB does not read."""
        if self._read_into == self._beside:
            return
        for clear in sorted(self._read_into.rglob("*.parquet")):
            target = self._beside / clear.relative_to(self._read_into)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_rows(self._connection, f"from read_parquet({literal(str(clear))})", target)

    def _reader(self, delivery: Delivery) -> str:
        """A hash of everything besides the file's bytes that the rows depend on."""
        kind, contracts = delivery.kind.name, delivery.contracts
        for name in contracts.keys() - self._rules[kind].keys():
            self._rules[kind][name] = _rules(contracts[name])
        rules = [self._rules[kind][name] for name in contracts] or [{}]
        known = [_READER_VERSION, self._practice.time_zone, *rules] + ([] if delivery.is_known else ["unknown"])
        if delivery.layout:
            known.append(delivery.layout.model_dump(mode="json"))
        if delivery.kind.reader == "fhir":
            known += [sorted(self._practice.modifier_extensions), self._practice.is_synthetic]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]

    def _put_in_place(self, folder: Path) -> None:
        """Rename the finished folder into place, after moving an earlier reader's folder out of the way."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        passing("landing.folder.placing", folder)
        if folder.exists():
            folder.rename(self._replaced)
            passing("landing.folder.replaced", folder)
        put_in_place(self._beside, folder)
        passing("landing.folder.placed", folder)


def _account(reading: Reading) -> dict[str, Any]:
    """A reading as the manifest states it: what is not read is a part, too, of its own status."""
    unread = {name: asdict(Reading(n, 0, 0)) | {"status": "ignored", "reason": IGNORED} for name, n in reading.unread.items()}
    account = {name: value for name, value in asdict(reading).items() if name != "unread"}
    return account | {"parts": account["parts"] | unread}


def _rules(contract: Contract) -> dict[str, list[Any]]:
    return {
        name: [str(one.dtype), one.nullable, *(str(check.error) for check in one.checks)] for name, one in contract.fields.items()
    }
