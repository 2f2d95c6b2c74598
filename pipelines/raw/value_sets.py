"""The codes of each value set: loaded ones, otherwise those that the project may ship.

`load_value_sets` keeps every loaded version; `build_value_sets` writes the tables `raw.value_sets` and `raw.value_set_codes` for
SQL.
"""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.audit_log import record
from pipelines.durable import put_in_place
from pipelines.errors import ExtractRefused, UsageError
from pipelines.extract.value_set_files import CODES, DIRECT_CODES, read_value_set_file
from pipelines.faults import passing
from pipelines.home import CHECKOUT, Home
from pipelines.scratch import scratch

_USES = CHECKOUT / "dbt_project" / "seeds" / "measure_value_sets.csv"
"""Which measure asks for which value set."""
SHIPPED = CHECKOUT / "models" / "code_sets"
DIRECT_URL = "urn:caregap:direct:"


def known_value_sets() -> list[dict[str, str]]:
    """The value sets that measures use: `name`, `value_set_url`, `value_set_oid`, `version`, `title`, `n_codes`."""
    with (SHIPPED / "value_sets.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class Loaded:
    """What `load_value_sets` took from one file: its `codes`; and what not: `cut` value sets, or why the file is `refused`."""

    file_name: str
    codes: pl.DataFrame
    cut: dict[str, str] = field(default_factory=dict)
    refused: str | None = None


def load_value_sets(home: Home, path: Path) -> list[Loaded]:
    """Read one value set file, or all in a folder, and keep what is whole; loading the same bytes again changes nothing.

    Raises `UsageError` if there is nothing to read, and `ExtractRefused` if a single file is not a value set file.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in {".json", ".csv", ".txt", ".xlsx"})
    else:
        files = [path] if path.is_file() else []
    if not files:
        raise UsageError(f"{path}: no value set files here. Give a .json, .xlsx or .csv file, or a folder of them.")
    loaded = []
    for file in files:
        try:
            read = read_value_set_file(file)
        except ExtractRefused as refusal:
            if len(files) == 1:
                raise
            loaded.append(Loaded(file.name, pl.DataFrame(schema=CODES), refused=str(refusal)))
            continue
        if read.codes.height:
            _keep(home, file, read.codes)
        loaded.append(Loaded(file.name, read.codes, read.cut))
    return loaded


def _keep(home: Home, file: Path, codes: pl.DataFrame) -> None:
    key = hashlib.sha256(file.read_bytes()).hexdigest()[:32]
    record(home, "value_sets_loaded", subject=key, n_rows=codes.height)
    folder = _folder(home, "direct_codes" if "measure_code" in codes.columns else "codes")
    with scratch(folder) as beside:
        codes.write_parquet(beside / "codes.parquet")
        passing("value_sets.written", folder)
        put_in_place(beside / "codes.parquet", folder / f"{key}.parquet")
    passing("value_sets.placed", folder)


def measures_without(home: Home, urls: Iterable[str]) -> dict[str, list[str]]:
    """For each of these value sets that has no codes for real patients: the measures that cannot be computed without it."""
    with duckdb.connect() as connection:
        build_value_sets(connection, home, with_sample=False)
        found = connection.execute(
            """
            select sets.value_set_url, list(uses.measure_code order by uses.measure_code)
            from raw.value_sets as sets
            join read_csv($uses, header = true, all_varchar = true) as uses on uses.value_set = sets.value_set
            where sets.status = 'missing' and list_contains($urls, sets.value_set_url)
            group by sets.value_set_url
            """,
            {"uses": str(_USES), "urls": list(urls)},
        ).fetchall()
    return dict(found)


def _folder(home: Home, kind: str) -> Path:
    return home.root / "value_sets" / kind


def _loaded(home: Home, kind: str, schema: dict[str, Any]) -> pl.DataFrame:
    files = sorted(_folder(home, kind).glob("*.parquet"))
    return pl.concat([pl.read_parquet(file) for file in files] or [pl.DataFrame(schema=schema)]).unique()


def build_value_sets(connection: duckdb.DuckDBPyConnection, home: Home, *, with_sample: bool) -> None:
    """Create `raw.value_sets` and `raw.value_set_codes` (`models/landing.py`) in the open warehouse.

    `with_sample`: also use incomplete shipped sets. For synthetic practices only: real patients whose codes are missing from a
    sample would silently count as people without the disease or the test.
    """
    known = pl.DataFrame(known_value_sets()).with_columns(pl.col("n_codes").cast(pl.Int64))
    shipped = pl.read_csv(SHIPPED / "codes.csv", infer_schema=False)
    connection.register("known_value_sets", known)
    connection.register("loaded_codes", _loaded(home, "codes", CODES))
    connection.register("shipped_codes", shipped)
    connection.register("direct_codes", pl.read_csv(SHIPPED / "direct_codes.csv", infer_schema=False))
    connection.register("licensed_codes", pl.read_csv(SHIPPED / "licensed_direct_codes.csv", infer_schema=False))
    connection.register("loaded_direct_codes", _loaded(home, "direct_codes", DIRECT_CODES))
    connection.execute("create schema if not exists raw")
    connection.execute(
        """
        create or replace table raw.value_set_codes as
        with shipped as (
            select codes.value_set_url, codes.value_set_oid, codes.version, codes.system, codes.code
            from shipped_codes as codes
            inner join known_value_sets as known using (value_set_url)
            where codes.value_set_url not in (select value_set_url from loaded_codes)
            qualify $with_sample or count(*) over (partition by codes.value_set_url) = known.n_codes
        ),
        direct as (
            select name, system, code from direct_codes
            union
            select licensed.name, loaded.system, loaded.code
            from licensed_codes as licensed
            inner join loaded_direct_codes as loaded
                on licensed.measure_code = loaded.measure_code and licensed.system = loaded.system
                and starts_with(loaded.code, licensed.code_begins)
        )
        select value_set_url, value_set_oid, version, system, code from loaded_codes
        union select * from shipped
        union select $direct_url || name, null, null, system, code from direct
        """,
        {"with_sample": with_sample, "direct_url": DIRECT_URL},
    )
    connection.execute(
        """
        create or replace table raw.value_sets as
        with names as (
            select name as value_set, value_set_url, value_set_oid, title, n_codes as n_full, false as is_licensed
            from known_value_sets
            union all
            select name, $direct_url || name, null, replace(name, '_', ' '), min(n), bool_or(is_licensed)
            from (
                select name, count(*) as n, false as is_licensed from direct_codes group by name
                union all select name, null, true from licensed_codes
            )
            group by name
        ),
        versions as (
            select value_set_url, version, count(*) as n_codes
            from raw.value_set_codes
            group by value_set_url, version
            qualify row_number() over (partition by value_set_url order by version desc nulls last) = 1
        )
        select
            names.value_set, names.value_set_url, names.value_set_oid, versions.version, names.title,
            case
                when names.is_licensed and not exists (
                    from licensed_codes as licensed
                    inner join loaded_direct_codes as loaded
                        on licensed.measure_code = loaded.measure_code and licensed.system = loaded.system
                    where licensed.name = names.value_set
                ) then 'withheld'
                when names.is_licensed or names.value_set_url in (select value_set_url from loaded_codes) then 'loaded'
                when versions.n_codes = names.n_full then 'shipped'
                when versions.n_codes > 0 then 'sample'
                when $with_sample and names.value_set_url not in (select value_set_url from shipped_codes) then 'withheld'
                else 'missing'
            end as status,
            coalesce(versions.n_codes, 0) as n_codes
        from names
        left join versions using (value_set_url)
        """,
        {"with_sample": with_sample, "direct_url": DIRECT_URL},
    )
    for view in ("known_value_sets", "loaded_codes", "shipped_codes", "direct_codes", "licensed_codes", "loaded_direct_codes"):
        connection.unregister(view)
