"""Writes what a delivery holds: NDJSON and CSV files, and the manifest of the bulk export."""

import gzip
import json
from collections import defaultdict
from pathlib import Path

import polars as pl

from data_samples.simulator.deliveries import Delivery, versioned
from data_samples.simulator.templates import UTC_TEXT
from models.extracts import EXTRACTS

_PLAIN = {"include_header": False, "quote_style": "never"}


class Writer:
    """The files of all deliveries under one folder. Chunks are added one after the other; CSV files grow, NDJSON files are one a chunk.

    With `is_gzip` every file is compressed, with a time stamp of 0, so that the same rows are the same bytes.
    """

    def __init__(self, folder: Path, deliveries: tuple[Delivery, ...], *, is_gzip: bool) -> None:
        self.folder, self.deliveries, self.is_gzip = folder, deliveries, is_gzip
        self._csv: dict[Path, bool] = {}
        self._exported: dict[Delivery, dict[str, list[str]]] = {delivery: defaultdict(list) for delivery in deliveries}
        self.n_rows: dict[str, int] = defaultdict(int)

    def resources(self, resource_type: str, chunk: int | None, versions: pl.DataFrame, extra: dict[str, list[str]] | None = None) -> None:
        """Write one NDJSON file a delivery of `versions` (updated_at, superseded_at, line); `extra` lines by delivery folder."""
        for delivery in self.deliveries:
            lines = versions.filter(delivery.takes()).select("line")
            if spoilt := (extra or {}).get(delivery.folder):
                lines = pl.concat([lines, pl.DataFrame({"line": spoilt})])
            if lines.is_empty():
                continue
            name = f"{resource_type}.ndjson" if chunk is None else f"{resource_type}.{chunk:03d}.ndjson"
            path = self._open_folder("ehr", delivery) / (name + (".gz" if self.is_gzip else ""))
            if self.is_gzip:
                self._compress(path, lines.write_csv(**_PLAIN).encode())
            else:
                lines.write_csv(path, **_PLAIN)
            self._exported[delivery][resource_type].append(path.name)
            self.n_rows[f"ehr/{resource_type}"] += lines.height

    def rows(self, source: str, extract: str, versions: pl.DataFrame) -> None:
        """Append to one CSV file a delivery of `versions`, which has the columns of the extract's contract."""
        columns = list(EXTRACTS[source][extract].fields)
        versions = versioned(versions)
        for delivery in self.deliveries:
            taken = versions.filter(delivery.takes()).select(columns)
            path = self._open_folder(source, delivery) / f"{extract}.csv"
            is_new = path not in self._csv
            if is_new:
                path.unlink(missing_ok=True)
                self._csv[path] = True
            with path.open("ab") as file:
                taken.write_csv(file, include_header=is_new, datetime_format=UTC_TEXT, float_precision=2)
            self.n_rows[f"{source}/{extract}"] += taken.height

    def append_text(self, source: str, extract: str, delivery: Delivery, text: str) -> int:
        """Append lines to a CSV file as they are; returns the row number of the first of them (the header is row 1)."""
        path = self._open_folder(source, delivery) / f"{extract}.csv"
        with path.open("rb") as file:
            n_lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
        return n_lines + 1

    def deleted(self, delivery: Delivery, bundles: list[str]) -> None:
        """Write the export's bundles of deletions."""
        path = self._open_folder("ehr", delivery) / "deleted" / ("deleted.ndjson" + (".gz" if self.is_gzip else ""))
        path.parent.mkdir(exist_ok=True)
        content = ("\n".join(bundles) + "\n").encode()
        self._compress(path, content) if self.is_gzip else path.write_bytes(content)
        self._exported[delivery]["deleted"].append(f"deleted/{path.name}")

    def finish(self) -> None:
        """Write the manifest of each bulk export, and compress the CSV files where that was asked for."""
        for delivery, exported in self._exported.items():
            at = delivery.at.strftime(UTC_TEXT)
            listing = [{"type": kind, "url": name} for kind, names in sorted(exported.items()) if kind != "deleted" for name in names]
            manifest = {
                "transactionTime": at,
                "request": "$export" + (f"?_since={delivery.since.strftime(UTC_TEXT)}" if delivery.since else ""),
                "requiresAccessToken": False,
                "output": listing,
                "deleted": [{"type": "Bundle", "url": name} for name in exported.get("deleted", [])],
                "error": [],
            }
            path = self._open_folder("ehr", delivery) / "manifest.json"
            path.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        if self.is_gzip:
            for path in self._csv:
                self._compress(path.with_name(path.name + ".gz"), path.read_bytes())
                path.unlink()

    def _open_folder(self, source: str, delivery: Delivery) -> Path:
        folder = self.folder / source / delivery.folder
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @staticmethod
    def _compress(path: Path, content: bytes) -> None:
        with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=9) as file:
            file.write(content)
