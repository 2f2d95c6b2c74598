"""Writes the files of a delivery: NDJSON, CSV, and the manifest of the bulk export."""

import gzip
import json
from collections import defaultdict
from pathlib import Path

import polars as pl

from data_samples.simulator.deliveries import Delivery, versioned
from data_samples.simulator.templates import UTC_TEXT
from models.sources import SOURCE_KINDS


class Writer:
    """The files of all deliveries under one folder; chunks are added one after the other.

    A CSV file grows with every chunk; NDJSON has one file per chunk, so that no file of a large practice is huge.
    `n_rows` counts what was written, by `<source>/<extract>`.
    """

    def __init__(self, folder: Path, deliveries: tuple[Delivery, ...]) -> None:
        self.folder, self.deliveries = folder, deliveries
        self.n_rows: dict[str, int] = defaultdict(int)
        self._csv: set[Path] = set()
        self._exported: dict[Delivery, dict[str, list[Path]]] = {delivery: defaultdict(list) for delivery in deliveries}

    def resources(self, resource_type: str, chunk: int | None, versions: pl.DataFrame) -> None:
        """Write one NDJSON file a delivery of `versions` (updated_at, superseded_at, line)."""
        for delivery in self.deliveries:
            lines = versions.filter(delivery.takes()).select("line")
            if lines.is_empty():
                continue
            name = f"{resource_type}.ndjson" if chunk is None else f"{resource_type}.{chunk:03d}.ndjson"
            path = self._place("ehr", delivery) / name
            lines.write_csv(path, include_header=False, quote_style="never")
            self._exported[delivery][resource_type].append(path)
            self.n_rows[f"ehr/{resource_type}"] += lines.height

    def rows(self, source: str, extract: str, versions: pl.DataFrame) -> None:
        """Append to one CSV file a delivery of `versions`, in the order of the contract's columns.

        Columns that the contract lets a file leave out, and `versions` has not, are not written.
        """
        versions = versioned(versions)
        columns = [name for name in SOURCE_KINDS[source].extracts[extract].fields if name in versions.columns]
        for delivery in self.deliveries:
            taken = versions.filter(delivery.takes()).select(columns)
            path = self.csv(source, extract, delivery)
            is_new = path not in self._csv
            self._csv.add(path)
            with path.open("wb" if is_new else "ab") as file:
                taken.write_csv(file, include_header=is_new, datetime_format=UTC_TEXT, float_precision=2)
            self.n_rows[f"{source}/{extract}"] += taken.height

    def csv(self, source: str, extract: str, delivery: Delivery) -> Path:
        """The path of a delivery's CSV file."""
        return self._place(source, delivery) / f"{extract}.csv"

    def ndjson(self, resource_type: str, delivery: Delivery) -> Path | None:
        """A delivery's first file of a resource type; None if there is none."""
        return next(iter(self._exported[delivery][resource_type]), None)

    def text(self, place: str, delivery: Delivery, name: str, content: bytes) -> None:
        """Write another file of a delivery; a bundle of deletions (`deleted…`) is listed in the export's manifest."""
        path = self._place(place, delivery) / name
        path.write_bytes(content)
        if name.startswith("deleted"):
            self._exported[delivery]["deleted"].append(path)
        elif path.suffix == ".csv":
            self._csv.add(path)

    def finish(self, *, is_gzip: bool) -> None:
        """Write the manifest of each bulk export; with `is_gzip` compress every file, with a time stamp of 0."""
        ending = ".gz" if is_gzip else ""
        for delivery, exported in self._exported.items():
            listed = {kind: [path.name + ending for path in paths] for kind, paths in sorted(exported.items())}
            deleted = listed.pop("deleted", [])
            manifest = {
                "transactionTime": delivery.at.strftime(UTC_TEXT),
                "request": "$export" + (f"?_since={delivery.since.strftime(UTC_TEXT)}" if delivery.since else ""),
                "requiresAccessToken": False,
                "output": [{"type": kind, "url": name} for kind, names in listed.items() for name in names],
                "deleted": [{"type": "Bundle", "url": name} for name in deleted],
                "error": [],
            }
            path = self._place("ehr", delivery) / "manifest.json"
            path.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        if is_gzip:
            everything = [path for exported in self._exported.values() for paths in exported.values() for path in paths]
            for path in [*everything, *sorted(self._csv)]:
                _compress(path)

    def _place(self, source: str, delivery: Delivery) -> Path:
        folder = self.folder / source / delivery.folder
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _compress(path: Path) -> None:
    with (
        path.with_name(path.name + ".gz").open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=9) as file,
    ):
        file.write(path.read_bytes())
    path.unlink()
