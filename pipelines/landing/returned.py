"""Names delivered records that have a record number of somebody who was erased, under an id that the list does not have.

The list's marks are of ids (`pipelines/landing/tombstones.py`), and a source may give the same person a new one. So an erasure
puts marks of the person's record numbers on the list, too. A record number alone does not remove anything, because a source may
give it to somebody else: people decide.
"""

from collections.abc import Iterable
from contextlib import closing
from itertools import groupby
from pathlib import Path

import duckdb

from models.sources import name_of_kind
from pipelines.home import Home
from pipelines.landing.integrity import MANIFEST, landed_damage, read_manifest
from pipelines.landing.persons import Part, landed_parts, rows_of_parts
from pipelines.landing.tombstones import Name, Tombstones
from pipelines.scratch import scratch
from pipelines.sql.connection import open_memory

RECORD_NUMBER = "record_number"
"""The kind of mark that is of a record number, which is of no source."""
_SHORTEST = 4
"""Characters of a number that tells one person from another."""
_NUMBERS = {
    ("ehr", "Patient"): ("id", "list_transform(coalesce(identifier, []), lambda one: one.value)"),
    ("crm", "contacts"): ("contact_id", "[mrn]"),
    ("billing", "accounts"): ("account_id", "[mrn]"),
}
"""By kind of source and extract: the id of a record, and SQL of the list of its numbers."""
_PLAIN = "ltrim(regexp_replace(upper(number), '[^A-Z0-9]', '', 'g'), '0')"
"""Spreadsheets drop zeros, and people write hyphens."""


def number_marks(home: Home, practice_id: str, names: Iterable[Name]) -> list[str]:
    """The marks of the record numbers of landed records, by the records' names. A number that any other record has, too, such as
    one that stands for none, is not among them."""
    tombstones, asked = Tombstones.of(home, practice_id), list(names)
    with scratch(home.landing(practice_id)) as own, closing(open_memory(own / "duckdb")) as connection:
        connection.execute(
            "create temp table asked as select unnest($1::varchar[]) as source_system, unnest($2::varchar[]) as extract, "
            "unnest($3::varchar[]) as id",
            [[name[part] for name in asked] for part in range(3)],
        )
        numbered = _numbered(connection, home.landing(practice_id))
        if not numbered:
            return []
        numbers = connection.execute(
            f"""
            select number
            from ({numbered})
            left join (select distinct *, true as is_asked from asked) as asked using (source_system, extract, id)
            group by number
            having bool_and(coalesce(is_asked, false))
            order by number
            """
        ).fetchall()
    return [tombstones.mark(("", RECORD_NUMBER, number)) for (number,) in numbers]


def returned_records(home: Home, practice_id: str) -> list[str]:
    """Where delivered records stand that have a number of somebody who was erased: file and rows, never an id or number."""
    tombstones, root = Tombstones.of(home, practice_id), home.landing(practice_id)
    if not tombstones.digest():
        return []
    with scratch(root) as own, closing(open_memory(own / "duckdb")) as connection:
        tombstones.prepare(connection)
        numbered = _numbered(connection, root)
        found = (
            numbered
            and connection.execute(
                f"""
            select distinct path, row_number
            from ({numbered})
            where mark('', '{RECORD_NUMBER}', number) in (select mark from theirs)
                and mark(source_system, extract, id) not in (select mark from theirs)
            order by all
            """
            ).fetchall()
        )
    return [_place(Path(path), [row for _, row in rows]) for path, rows in groupby(found or [], key=lambda one: one[0])]


def _numbered(connection: duckdb.DuckDBPyConnection, root: Path) -> str:
    """SQL of the numbers of all landed records of people: `source_system`, `extract`, `id`, `number`, `path`, `row_number`."""
    groups: dict[tuple[str, str], list[Part]] = {}
    for part in landed_parts(root):
        if (kind := (name_of_kind(part.source_system), part.extract)) in _NUMBERS and not landed_damage(part.folder):
            groups.setdefault(kind, []).append(part)
    each = [
        f"""
        select source_system, '{kind[1]}' as extract, {_NUMBERS[kind][0]} as id, unnest({_NUMBERS[kind][1]}) as number,
            filename as path, _row_number as row_number
        from {rows_of_parts(parts)}
        """
        for kind, parts in groups.items()
    ]
    if not each:
        return ""
    plain = f"select * replace ({_PLAIN} as number) from ({' union all '.join(each)})"
    return f"select * from ({plain}) where length(number) >= {_SHORTEST}"


def _place(rows: Path, numbers: list[int]) -> str:
    folder = next(one for one in rows.parents if (one / MANIFEST).is_file())
    delivered = read_manifest(folder)["delivered"]
    shown = ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5:,} more" if len(numbers) > 5 else "")
    return f"{delivered['source_system']}/{delivered['place']} row {shown}"
