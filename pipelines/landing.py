"""Lands delivered files: each content is read once, whatever it is called, into a folder of its own.

    landing/<practice>/<source_system>/<extract>/<file key>/
        rows.parquet         the rows that kept their contract
        quarantine.parquet   the rows that were kept out: row_number, field, reason
        extra.parquet        columns that the contract does not know, where there were any
        manifest.json        how many rows there were, or why the file was ignored or refused; and what read it

A folder is written beside its place and renamed into it: after `kill -9` at any moment it is there whole or not at all.
What a folder holds follows from the file's bytes, the contract and the practice's time zone alone. Where one of the latter
two, or the reader, has changed (`manifest.json: reader`), the file is read again if it still lies where it was delivered.
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from models.contract import Contract
from models.extracts import EXTRACTS
from pipelines.errors import ExtractRefused, UsageError
from pipelines.extract.csv_file import read_csv
from pipelines.extract.deletions import DELETED, DELETIONS
from pipelines.extract.delivery import Delivery, find_deliveries
from pipelines.extract.fhir_bulk import read_fhir
from pipelines.extract.preflight import LIMITS, Limits, count_lines, plain_file
from pipelines.extract.reading import Reading, Request
from pipelines.home import Home
from pipelines.ledger import Entry, Ledger, stamp_of
from pipelines.practice import Practice
from pipelines.progress import Progress, silent
from pipelines.sql_type import literal

LEDGER = "deliveries.json"
MANIFEST = "manifest.json"
_BESIDE = ".beside"
_READER_VERSION = 1
"""Raise it when the same bytes would be read otherwise than before."""
_MEMORY = "2GB"
_UNSTABLE = "was written to while it was read. Wait until it is complete, and run again."


@dataclass(frozen=True)
class LandedFile:
    """What became of one delivered file.

    `status`: `landed`, `ignored` (of a kind that is not read) or `refused`; for the latter two `reason` says why.
    `n_delivered` = `n_read` + `n_quarantined` where it landed. `is_new`: this run read it.
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


@dataclass(frozen=True)
class LandingReport:
    """Every file that lies in the practice's source folders now, in the order of their names."""

    files: tuple[LandedFile, ...]


def land(practice: Practice, home: Home, progress: Progress = silent, limits: Limits = LIMITS) -> LandingReport:
    """Land what is new in the practice's source folders.

    Raises `UsageError` where a source folder is not there, and `ExtractRefused` where files were refused: after all others were
    landed, and naming each.
    """
    root = home.landing(practice.id)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.rmtree(root / _BESIDE, ignore_errors=True)
    try:
        deliveries = find_deliveries(practice)
    except FileNotFoundError as missing:
        raise UsageError(f"{missing}: this source folder is not there. Correct practice.toml, or deliver into it.") from None
    ledger = Ledger(root / LEDGER)
    entries = [ledger.enter(delivery) for delivery in deliveries]
    ledger.save()
    files, refused = [], []
    for delivery, entry in zip(deliveries, entries, strict=True):
        is_new = _must_be_read(delivery, entry, root, practice)
        if is_new:
            progress(f"Reading: {delivery.source_system}/{delivery.place}")
            _land(delivery, entry, root, practice, limits)
        if not folder_of(root, entry).exists():
            refused.append(f"{delivery.source_system}/{delivery.place} {_UNSTABLE}")
            continue
        manifest = read_manifest(folder_of(root, entry))
        manifest.pop("reader")
        file = LandedFile(entry.source_system, entry.extract, delivery.place, entry.file_key, is_new=is_new, **manifest)
        files.append(file)
        if file.status == "refused":
            refused.append(f"{file.source_system}/{file.file_name} {file.reason}")
    shutil.rmtree(root / _BESIDE, ignore_errors=True)
    if refused:
        raise ExtractRefused("\n  ".join([f"{len(refused)} files were refused, and nothing of them was landed:", *refused]))
    return LandingReport(tuple(files))


def folder_of(root: Path, entry: Entry) -> Path:
    """Where a delivered content lies in a practice's landing."""
    return root / entry.source_system / entry.extract / entry.file_key


def read_manifest(folder: Path) -> dict:
    """What was written down when the folder was landed."""
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))


def _contract(delivery: Delivery) -> Contract | None:
    if delivery.source == "ehr" and delivery.extract == DELETED:
        return DELETIONS
    return EXTRACTS[delivery.source].get(delivery.extract)


def _reader(contract: Contract | None, practice: Practice) -> str:
    """What the rows depend on besides the file's bytes, as a hash."""
    fields = (
        {name: (str(c.dtype), c.nullable, [str(check.error) for check in c.checks]) for name, c in contract.fields.items()}
        if contract
        else {}
    )
    return hashlib.sha256(json.dumps([_READER_VERSION, practice.time_zone, fields]).encode()).hexdigest()[:32]


def _must_be_read(delivery: Delivery, entry: Entry, root: Path, practice: Practice) -> bool:
    folder = folder_of(root, entry)
    return not folder.exists() or read_manifest(folder)["reader"] != _reader(_contract(delivery), practice)


def _land(delivery: Delivery, entry: Entry, root: Path, practice: Practice, limits: Limits) -> None:
    folder, beside, scratch = folder_of(root, entry), root / _BESIDE / "folder", root / _BESIDE / "scratch"
    for new in (beside, scratch):
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
    contract = _contract(delivery)
    manifest = {"status": "landed", "reason": None, "reader": _reader(contract, practice)} | asdict(Reading(0, 0, 0))
    try:
        if contract:
            manifest |= asdict(_read(delivery, entry, contract, beside, scratch, practice, limits))
        else:
            manifest |= {
                "status": "ignored",
                "reason": "is of a kind that is not read",
                "n_delivered": count_lines(delivery.path, limits),
            }
    except ExtractRefused as refusal:
        manifest |= {"status": "refused", "reason": str(refusal)}
        for left in beside.iterdir():
            left.unlink()
    if stamp_of(delivery.path) != entry.stamp:
        return
    (beside / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    _put_in_place(beside, folder, scratch)


def _read(
    delivery: Delivery, entry: Entry, contract: Contract, folder: Path, scratch: Path, practice: Practice, limits: Limits
) -> Reading:
    plain = plain_file(delivery.path, scratch, limits)
    marks = {"source_system": entry.source_system, "_file_key": entry.file_key}
    with duckdb.connect() as connection:
        connection.execute(f"set TimeZone = 'UTC'; set memory_limit = '{_MEMORY}'; set temp_directory = {literal(str(scratch))}")
        read = read_fhir if delivery.source == "ehr" else read_csv
        return read(Request(connection, plain, contract, folder, scratch, marks, practice.time_zone, limits))


def _put_in_place(beside: Path, folder: Path, scratch: Path) -> None:
    """Rename the finished folder into its place. What an earlier reader made of the file is moved out of the way first."""
    for path in [*beside.iterdir(), beside]:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rename(scratch / "replaced")
    beside.rename(folder)
