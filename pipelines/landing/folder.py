"""Reads a delivered content into the folder that it lands in, which is complete or absent, also after `kill -9`."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from models.contract import Contract
from models.sources import SOURCE_KINDS
from pipelines.durable import put_in_place
from pipelines.errors import ExtractRefused
from pipelines.extract.csv_header import DESCRIBE
from pipelines.extract.delivery import Delivery
from pipelines.extract.fhir_version import OtherVersion
from pipelines.extract.preflight import Limits, count_lines, opening, other_format, plain_file
from pipelines.extract.reading import ROWS, Reading, Request
from pipelines.extract.workbook import sheet_as_csv
from pipelines.faults import passing
from pipelines.keys import is_encrypted
from pipelines.landing.integrity import MANIFEST, folder_of, landed_damage, read_manifest
from pipelines.landing.ledger import Entry, stamp_of
from pipelines.practice import Practice
from pipelines.progress import Progress
from pipelines.readers import Readers
from pipelines.scratch import clear_scratch, scratch
from pipelines.sealed import seal
from pipelines.sql.connection import open_memory
from pipelines.sql.literals import literal
from pipelines.sql.parquet import write_rows

IGNORED = "is of a kind that is not read"
UNKNOWN = "is of no kind that is known, by its name or its first line. Name it by what it holds: contacts.csv, Patient.ndjson"
_READER_VERSION = 8
"""Increase it when the same bytes would be read differently than before."""
_MEMORY = "2GB"
_SHARED_OUT = 128 * 2**20
"""Bytes of a file from which on threads share reading it. DuckDB gives each 32 MB at a time: of 40 MB, two threads took up to a
third more CPU time than one, and no less of the clock's."""
Pending = tuple[Delivery, Entry]


class Landing:
    """Writes to one practice's landing, with one DuckDB session for all files. `is_alone`: no other process reads beside it."""

    def __init__(self, root: Path, practice: Practice, limits: Limits, *, is_alone: bool = True):
        self._root, self._practice, self._limits, self._is_alone = root, practice, limits, is_alone

    def __enter__(self) -> "Landing":
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

    def read_free(
        self, pending: Sequence[Pending], readers: Readers, progress: Progress, *, waits: bool = False
    ) -> list[Pending]:
        """Read each content that nobody reads and that is lacking still; returns those that other processes read. With `waits`,
        wait for them, and read what they have not: one that was killed, for example."""
        left = []
        for delivery, entry in pending:
            folder = folder_of(self._root, entry)
            with readers.alone(folder.relative_to(self._root).as_posix(), waits=waits) as is_mine:
                if not is_mine:
                    left.append((delivery, entry))
                elif self.lacks(delivery, entry):
                    progress(f"Reading: {delivery.source_system}/{delivery.place}")
                    self.add(delivery, entry)
        return left

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
        self._connection.execute("reset threads" if self._is_alone and not is_small else "set threads = 1")
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
        rules = [contract.asked for contract in delivery.contracts.values()] or [{}]
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


def of_kind(delivery: Delivery, entry: Entry) -> Pending:
    """A delivery, of the kind that a manifest said, even if that has been taken away since; and its entry."""
    if entry.dated_by > delivery.dated_by:
        return replace(delivery, extract=entry.extract, is_known=True), entry
    return delivery, entry


def rules_of(practice: Practice) -> str:
    """A hash of everything besides the files' bytes that the rows of a practice's landing depend on."""
    contracts = {kind.name: {name: one.asked for name, one in kind.extracts.items()} for kind in SOURCE_KINDS.values()}
    layouts = {name: layout.model_dump(mode="json") for name, layout in practice.layouts.items()}
    own = [practice.time_zone, sorted(practice.modifier_extensions), practice.is_synthetic]
    return hashlib.sha256(json.dumps([_READER_VERSION, own, layouts, contracts], sort_keys=True).encode()).hexdigest()


def _account(reading: Reading) -> dict[str, Any]:
    """A reading as the manifest states it: what is not read is a part, too, of its own status."""
    unread = {name: asdict(Reading(n, 0, 0)) | {"status": "ignored", "reason": IGNORED} for name, n in reading.unread.items()}
    account = {name: value for name, value in asdict(reading).items() if name != "unread"}
    return account | {"parts": account["parts"] | unread}
