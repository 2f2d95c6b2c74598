"""Lands delivered files: each content once, as Parquet, in a folder of its own.

landing/<practice>/<source_system>/<extract>/<file key>/{rows.parquet, quarantine.parquet, manifest.json}
"""

import gzip
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import polars as pl

from models.contract import Contract, field
from models.extracts import EXTRACTS
from pipelines.errors import ExtractRefused
from pipelines.extract.csv_file import read_csv
from pipelines.extract.delivery import DELETED, Delivery, find_deliveries
from pipelines.extract.fhir_bulk import read_fhir
from pipelines.home import Home
from pipelines.ledger import Entry, Ledger
from pipelines.practice import Practice

_REQUEST = pl.Struct({"method": pl.String, "url": pl.String})
DELETIONS = Contract(
    DELETED,
    "bundle of deletions",
    (),
    {
        "timestamp": field(pl.String, "When.", nullable=True),
        "meta": field(pl.Struct({"lastUpdated": pl.String}), "When.", nullable=True),
        "entry": field(pl.List(pl.Struct({"request": _REQUEST})), "What.", nullable=True),
    },
)


@dataclass(frozen=True)
class LandedFile:
    source_system: str
    extract: str
    file_name: str
    file_key: str
    status: str
    n_delivered: int
    n_read: int
    n_quarantined: int
    reason: str | None = None
    is_new: bool = False


@dataclass(frozen=True)
class LandingReport:
    files: tuple[LandedFile, ...]


def land(practice: Practice, home: Home, progress: Callable[[str], None] = lambda _: None) -> LandingReport:
    root = home.landing(practice.id)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    ledger = Ledger(root / "deliveries.json")
    found = [(delivery, ledger.enter(delivery)) for delivery in find_deliveries(practice)]
    ledger.save()
    files = []
    for delivery, entry in found:
        folder = folder_of(root, entry)
        is_new = not folder.exists()
        if is_new:
            progress(f"{delivery.source_system}/{delivery.place}")
            _land(delivery, entry, root, folder)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        files.append(LandedFile(entry.source_system, entry.extract, delivery.place, entry.file_key, is_new=is_new, **manifest))
    if refused := [file for file in files if file.status == "refused"]:
        raise ExtractRefused("\n".join(f"{file.source_system}/{file.file_name}: {file.reason}" for file in refused))
    return LandingReport(tuple(files))


def folder_of(root: Path, entry: Entry) -> Path:
    return root / entry.source_system / entry.extract / entry.file_key


def _land(delivery: Delivery, entry: Entry, root: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".landing-", dir=root) as temporary:
        beside = Path(temporary) / "file"
        beside.mkdir()
        manifest = {"status": "ignored", "n_delivered": 0, "n_read": 0, "n_quarantined": 0, "reason": None}
        path = delivery.path
        if path.suffix == ".gz":
            path = Path(temporary) / "plain"
            with gzip.open(delivery.path, "rb") as source, path.open("wb") as out:
                shutil.copyfileobj(source, out)
        if delivery.is_read:
            marks = {"source_system": entry.source_system, "_file_key": entry.file_key}
            contract = DELETIONS if delivery.extract == DELETED else EXTRACTS[delivery.source][delivery.extract]
            read = read_fhir if delivery.source == "ehr" else read_csv
            connection = duckdb.connect()
            connection.execute("set TimeZone = 'UTC'")
            try:
                n = read(connection, path, contract, beside, marks=marks)
                n_read = pl.scan_parquet(beside / "rows.parquet").select(pl.len()).collect().item()
                n_bad = pl.read_parquet(beside / "quarantine.parquet")["row_number"].n_unique()
                manifest |= {"status": "landed", "n_delivered": n, "n_read": n_read, "n_quarantined": n_bad}
            except ExtractRefused as refusal:
                manifest |= {"status": "refused", "reason": str(refusal)}
            finally:
                connection.close()
        else:
            with path.open("rb") as lines:
                manifest["n_delivered"] = sum(1 for line in lines if line.strip())
        (beside / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside.rename(folder)


__all__ = ["LandedFile", "LandingReport", "asdict", "folder_of", "land"]
