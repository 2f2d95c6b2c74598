"""Finds landed rows that are not current: an older version, a duplicate, or deleted.

For each key, the row with the highest (whole or part, time of last change, time of export, arrival, file name, file key, row
number) is current; unknown times sort lowest. So the order of landing decides only between rows that both times call equally new:
the later delivery is taken, as the ledger first saw them, and where their content differs, the row passed over is counted as
contradicted.
"""

from datetime import datetime

import duckdb

from models.contract import Contract
from models.fhir_reference import id_of, type_of
from models.sources import SourceKind
from pipelines.extract.bundles import DELETED
from pipelines.sql.literals import literal

NEWER = "a newer version was delivered"
IN_PART = "is a part of a record of which the whole was delivered"
CONTRADICTED = "another row says otherwise for the same time of change, and came later"


def find_older(connection: duckdb.DuckDBPyConnection, rows: str, contract: Contract, changed_at: str) -> None:
    """Add to `raw.superseded_rows` the rows of one extract that have a newer version.

    `rows` is the SQL that reads the extract; the temp table `files` has the time of export of each file. The first pass groups
    only hashes of the key, which takes 20 to 40 bytes of memory a row; the rest is done only for repeated keys.
    """
    key = ", ".join(f'landed."{name}"' for name in ("source_system", *contract.key))
    times = f"landed.{changed_at} desc nulls last, files.exported_at desc nulls last"
    # https://terminology.hl7.org/CodeSystem-v3-ObservationValue.html#SUBSETTED: what a part leaves out was not deleted.
    is_part = "list_contains(list_transform(landed.meta.tag, lambda tag: tag.code), 'SUBSETTED')"
    is_part = f"coalesce({is_part}, false)" if "meta" in contract.fields else "false"
    connection.execute(
        f"""
        create or replace temp table repeated as
        select hash({key}) as key_hash from {rows} as landed group by key_hash having count(*) > 1
        """
    )
    connection.execute(
        f"""
        create or replace temp table versions as
        select
            landed.source_system, landed._file_key, landed._row_number, hash({key}) as _key_hash,
            {is_part} as _is_part,
            row_number() over (
                partition by {key}
                order by
                    {is_part}, {times},
                    files.arrival desc, files.file_name desc, files.file_key desc, landed._row_number desc
            ) as _place,
            rank() over (partition by {key} order by {is_part}, {times}) = 1
            and count(*) over (partition by {key}, {is_part}, landed.{changed_at}, files.exported_at) > 1
            and not files.is_change as _is_equally_new
        from {rows} as landed
        join files
            on files.source_system = landed.source_system and files.file_key = landed._file_key
            and files.extract = {literal(contract.name)}
        where hash({key}) in (select key_hash from repeated)
        """
    )
    connection.execute(
        f"""
        insert into raw.superseded_rows
        select source_system, {literal(contract.name)}, _file_key, _row_number, reason
        from (
            select *, case when _is_part and not min(_is_part) over (partition by _key_hash) then {literal(IN_PART)}
                else {literal(NEWER)} end as reason
            from versions
        )
        where _place > 1
        """
    )
    if connection.execute("select 1 from versions where _is_equally_new limit 1").fetchall():
        _mark_contradicted(connection, rows, contract)


def _mark_contradicted(connection: duckdb.DuckDBPyConnection, rows: str, contract: Contract) -> None:
    """Give the superseded rows their reason whose key and times are those of the row that is current, and whose content is not.

    The content is hashed of such rows alone: where an export repeats an earlier one, the time of export differs.
    """
    connection.execute(
        f"""
        update raw.superseded_rows as superseded
        set reason = {literal(CONTRADICTED)}
        from (
            select
                source_system, _file_key, _row_number, _key_hash,
                hash(*columns(* exclude (_file_key, _row_number, _key_hash))) as content
            from {rows} as landed
            join (select * exclude (_place, _is_equally_new, _is_part) from versions where _is_equally_new) as equally_new
                using (source_system, _file_key, _row_number)
            qualify min(content) over (partition by _key_hash) <> max(content) over (partition by _key_hash)
        ) as differing
        where superseded.extract = {literal(contract.name)} and superseded.source_system = differing.source_system
            and superseded.file_key = differing._file_key and superseded.row_number = differing._row_number
        """
    )


def find_deleted(connection: duckdb.DuckDBPyConnection, rows: str, listed: str, contract: Contract, kind: SourceKind) -> None:
    """Add to `raw.superseded_rows` the current rows of one extract that a source says it has deleted since.

    `rows` and `listed` are the SQL that reads the extract and the deletions. A version's time is that of its change, otherwise
    its export; without either, it is before all deletions.
    """
    is_fhir = kind.reader == "fhir"
    deletions = _deleted_resources(listed, contract) if is_fhir else _deleted_rows(listed, contract)
    key = ", ".join(f'landed."{name}"' for name in contract.key)
    connection.execute(
        f"""
        insert into raw.superseded_rows
        with deletions as ({deletions})
        select landed.source_system, {literal(contract.name)}, landed._file_key, landed._row_number, 'was deleted'
        from {rows} as landed
        join files
            on files.source_system = landed.source_system and files.file_key = landed._file_key
            and files.extract = {literal(contract.name)}
        join deletions
            on deletions.source_system = landed.source_system and deletions.row_id = concat_ws('/', {key})
        anti join raw.superseded_rows as superseded
            on superseded.source_system = landed.source_system and superseded.extract = {literal(contract.name)}
            and superseded.file_key = landed._file_key and superseded.row_number = landed._row_number
        where coalesce(landed.{kind.changed_at}, files.exported_at, '-infinity') <= deletions.deleted_at
        """
    )


def deleted_for_long(
    connection: duckdb.DuckDBPyConnection, rows: str, listed: str, contract: Contract, kind: SourceKind, before: datetime
) -> list[tuple[str, str, int]]:
    """Source system, key of the file and number of every row, whatever version, of what was deleted before an instant and is not
    there again since. After `find_deleted`."""
    deletions = _deleted_resources(listed, contract) if kind.reader == "fhir" else _deleted_rows(listed, contract)
    key = f"concat_ws('/', {', '.join(f'landed.{chr(34)}{name}{chr(34)}' for name in contract.key)})"
    return connection.execute(
        f"""
        with deletions as ({deletions}), gone as (
            select landed.source_system, {key} as row_id
            from {rows} as landed
            join deletions on deletions.source_system = landed.source_system and deletions.row_id = {key}
            left join raw.superseded_rows as superseded
                on superseded.source_system = landed.source_system and superseded.extract = {literal(contract.name)}
                and superseded.file_key = landed._file_key and superseded.row_number = landed._row_number
            where deletions.deleted_at < $1
            group by all
            having bool_and(superseded.reason is not null)
        )
        select landed.source_system, landed._file_key, landed._row_number
        from {rows} as landed
        join gone on gone.source_system = landed.source_system and gone.row_id = {key}
        order by all
        """,
        [before],
    ).fetchall()


def _deleted_resources(bundles: str, contract: Contract) -> str:
    """The latest deletion of each resource of a type. A bundle takes effect at its `timestamp`, otherwise its `meta.lastUpdated`,
    otherwise its export; without any of these, after all versions."""
    return f"""
        select source_system, {id_of("request.url")} as row_id, max(deleted_at) as deleted_at
        from (
            select
                bundle.source_system, unnest(bundle.entry).request as request,
                coalesce(
                    try_cast(bundle.timestamp as timestamptz), bundle._last_updated, files.exported_at, 'infinity'
                ) as deleted_at
            from {bundles} as bundle
            join files
                on files.source_system = bundle.source_system and files.file_key = bundle._file_key
                and files.extract = {literal(DELETED)}
        )
        where request.method = 'DELETE' and {type_of("request.url")} = {literal(contract.name)}
        group by all
        """


def _deleted_rows(listed: str, contract: Contract) -> str:
    """The latest deletion of each row of an extract that comes as CSV (`pipelines/extract/csv_deletions.py`)."""
    return f"""
        select source_system, row_id, max(deleted_at) as deleted_at
        from {listed}
        where extract = {literal(contract.name)}
        group by all
        """
