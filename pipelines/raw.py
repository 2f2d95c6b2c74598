"""Makes schema `raw`: one typed, deduplicated view per extract over landing.

land(practice, home)                                   # pipelines.landing: read what is new
with duckdb.connect("warehouse.duckdb") as connection:
    build_raw(connection, practice, home)              # raw.ehr_patient, raw.crm_contacts, …, raw.deliveries
"""

import json
import re

import duckdb
import polars as pl

from models.extracts import EXTRACTS
from pipelines.extract.column_types import column_types, literal, quoted
from pipelines.extract.delivery import DELETED
from pipelines.home import Home
from pipelines.landing import folder_of
from pipelines.ledger import Entry, Ledger
from pipelines.practice import Practice


def raw_name(source: str, extract: str) -> str:
    """`ehr_medication_request` of `ehr` and `MedicationRequest`."""
    return f"{source}_{re.sub(r'(?<=[a-z])(?=[A-Z])', '_', extract).lower()}"


def build_raw(connection: duckdb.DuckDBPyConnection, practice: Practice, home: Home) -> None:
    root = home.landing(practice.id)
    connection.execute("set TimeZone = 'UTC'; create schema if not exists raw")
    files: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in Ledger(root / "deliveries.json").entries:
        if entry.source_system in practice.sources and (folder_of(root, entry) / "manifest.json").exists():
            files.setdefault((entry.source_system, entry.extract, entry.file_key), []).append(entry)
    rows = []
    for (source_system, extract, key), entries in sorted(files.items()):
        folder = folder_of(root, entries[0])
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        rows.append(
            {
                "source_system": source_system,
                "extract": extract,
                "file_key": key,
                "file_name": min(entry.place.rpartition("/")[2] for entry in entries),
                "exported_at": min(filter(None, (entry.exported_at for entry in entries)), default=None),
                "n_bytes": entries[0].n_bytes,
                "n_delivered": manifest["n_delivered"],
                "n_read": manifest["n_read"],
                "n_quarantined": manifest["n_quarantined"],
                "status": manifest["status"],
                "reason": manifest["reason"],
                "folder": str(folder),
            }
        )
    kinds = dict.fromkeys(("source_system", "extract", "file_key", "file_name", "exported_at"), pl.String)
    kinds |= dict.fromkeys(("n_bytes", "n_delivered", "n_read", "n_quarantined"), pl.Int64)
    frame = pl.DataFrame(rows, schema=kinds | dict.fromkeys(("status", "reason", "folder"), pl.String))
    connection.register("_files", frame.to_arrow())
    connection.execute(
        "create or replace table raw._files as select * replace (exported_at::timestamptz as exported_at) from _files;"
        "create or replace table raw.superseded_rows (source_system varchar, extract varchar, file_key varchar, row_number bigint)"
    )
    landed = frame.filter(pl.col("status") == "landed")
    quarantines = [f"{folder}/quarantine.parquet" for folder in landed["folder"]]
    connection.execute(
        "create or replace table raw.quarantined_rows as "
        + (
            "select f.source_system, f.extract, f.file_key, f.file_name, q.row_number, q.field, q.reason from "
            f"read_parquet([{', '.join(map(literal, quarantines))}], filename = true) q "
            "join raw._files f on q.filename = f.folder || '/quarantine.parquet'"
            if quarantines
            else "select null::varchar source_system, null::varchar extract, null::varchar file_key, null::varchar file_name, "
            "null::bigint row_number, null::varchar field, null::varchar reason limit 0"
        )
    )
    for source, contracts in EXTRACTS.items():
        for extract, contract in contracts.items():
            view = f"raw.{raw_name(source, extract)}"
            types = column_types(contract) | {"source_system": "VARCHAR", "_file_key": "VARCHAR", "_row_number": "BIGINT"}
            types |= {"_last_updated": "TIMESTAMPTZ"} if source == "ehr" else {}
            folders = [
                row["folder"]
                for row in landed.iter_rows(named=True)
                if row["extract"] == extract and row["source_system"].partition(":")[0] == source
            ]
            if not folders:
                empty = ", ".join(f"null::{kind} as {quoted(n)}" for n, kind in (types | {"_exported_at": "TIMESTAMPTZ"}).items())
                connection.execute(f"create or replace view {view} as select {empty} limit 0")
                continue
            paths = f"read_parquet([{', '.join(literal(f + '/rows.parquet') for f in folders)}])"
            version = "_last_updated" if source == "ehr" else "updated_at"
            key = ", ".join(["r.source_system", *(f"r.{quoted(k)}" for k in contract.key)])
            connection.execute(
                f"""
                insert into raw.superseded_rows
                with repeated as (select hash({key}) as h from {paths} r group by all having count(*) > 1)
                select r.source_system, {literal(extract)}, r._file_key, r._row_number
                from {paths} r join raw._files f
                  on f.file_key = r._file_key and f.source_system = r.source_system and f.extract = {literal(extract)}
                where hash({key}) in (select h from repeated)
                qualify row_number() over (partition by {key} order by r.{version} desc nulls last,
                    f.exported_at desc nulls last, f.file_name desc, f.file_key desc, r._row_number desc) > 1
                """
            )
            if source == "ehr":
                _delete(connection, landed, extract, paths)
            columns = ", ".join(f"r.{quoted(name)}" for name in types)
            connection.execute(
                f"""
                create or replace view {view} as
                select {columns}, f.exported_at as _exported_at
                from {paths} r join raw._files f
                  on f.file_key = r._file_key and f.source_system = r.source_system and f.extract = {literal(extract)}
                anti join (select * from raw.superseded_rows where extract = {literal(extract)}) s
                  on s.source_system = r.source_system and s.file_key = r._file_key and s.row_number = r._row_number
                """
            )
    connection.execute(
        """
        create or replace table raw.deliveries as
        with superseded as (select source_system, extract, file_key, count(*) as n from raw.superseded_rows group by all)
        select f.source_system, f.extract, f.file_key, f.file_name, f.exported_at, f.n_bytes, f.n_delivered,
            f.n_read - coalesce(s.n, 0) as n_landed, f.n_quarantined, coalesce(s.n, 0) as n_superseded, f.status, f.reason
        from raw._files f left join superseded s using (source_system, extract, file_key)
        order by all
        """
    )
    every = [
        (system, extract)
        for system in sorted(set(practice.sources) | set(EXTRACTS))
        for extract in EXTRACTS[system.partition(":")[0]]
        if system in practice.sources or not any(s.partition(":")[0] == system for s in practice.sources)
    ]
    connection.register("_every", pl.DataFrame(every, schema=["source_system", "extract"], orient="row").to_arrow())
    connection.execute(
        """
        create or replace table raw.extracts as
        select e.source_system, e.extract, count(d.file_key) > 0 as is_delivered, count(d.file_key) as n_files,
            coalesce(sum(d.n_landed), 0)::bigint as n_rows, max(d.exported_at) as newest_exported_at
        from _every e left join raw.deliveries d
          on d.source_system = e.source_system and d.extract = e.extract and d.status = 'landed'
        group by all order by all
        """
    )


def _delete(connection: duckdb.DuckDBPyConnection, landed: pl.DataFrame, extract: str, paths: str) -> None:
    folders = landed.filter(pl.col("extract") == DELETED)["folder"].to_list()
    if not folders:
        return
    bundles = f"read_parquet([{', '.join(literal(f + '/rows.parquet') for f in folders)}])"
    connection.execute(
        f"""
        insert into raw.superseded_rows
        with deletions as (
            select b.source_system, split_part(u.url, '/', -1) as id,
                max(coalesce(try_cast(b.timestamp as timestamptz), b._last_updated, f.exported_at, 'infinity')) as deleted_at
            from (select *, unnest(entry).request as u from {bundles}) b
            join raw._files f on f.file_key = b._file_key and f.source_system = b.source_system and f.extract = {literal(DELETED)}
            where u.method = 'DELETE' and split_part(u.url, '/', -2) = {literal(extract)}
            group by all
        )
        select r.source_system, {literal(extract)}, r._file_key, r._row_number
        from {paths} r
        join raw._files f on f.file_key = r._file_key and f.source_system = r.source_system and f.extract = {literal(extract)}
        join deletions d on d.source_system = r.source_system and d.id = r.id
        anti join raw.superseded_rows s
          on s.extract = {literal(extract)} and s.source_system = r.source_system and s.file_key = r._file_key
          and s.row_number = r._row_number
        where coalesce(r._last_updated, f.exported_at, '-infinity') <= d.deleted_at
        """
    )
