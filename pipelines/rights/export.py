"""Everything that is kept about one person, in one file that people can read and one that machines can (45 CFR 164.524, GDPR 15).

    person.json     by place and table, with what each table and column is
    person.html     the same, to read

The tables come from the contracts: published tables with a column that refers to a person, extracts whose rows name one.
What a row says of somebody else is left out: other people have rights too (GDPR 15(4)).
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from models.audit_log.disclosing import PERSON
from models.contract import Contract
from models.extracts.caregap import EXTRACTS
from models.landing import LANDING
from models.published import PUBLISHED
from models.published.persons import KEY, person_columns
from models.sources import SOURCE_KINDS, name_of_kind, source_title
from pipelines.audit_log import record
from pipelines.clock import now
from pipelines.connect.state import FILE as PUSHED
from pipelines.connect.state import open_state
from pipelines.durable import write_durably
from pipelines.errors import UsageError
from pipelines.extract.reading import EXTRA
from pipelines.home import Home
from pipelines.landing.journal import recorded
from pipelines.landing.persons import Part, find_rows, landed_parts, rows_of_parts, rows_sql
from pipelines.landing.tombstones import without_key
from pipelines.practice import Practice
from pipelines.privacy import profile
from pipelines.publications.kept_facts import OF_PERSONS, kept_of_persons
from pipelines.publications.store import CURRENT, WAREHOUSE, current
from pipelines.rights.disclosures import as_table, disclosures
from pipelines.rights.person import Person
from pipelines.rights.readable import as_html
from pipelines.sql.connection import open_file, open_memory

Table = dict[str, Any]
"""`table`, `place`, `what` (one row per …), `columns` (name to description), `rows`."""


def everything_about(home: Home, practice: Practice, person: Person) -> dict[str, Any]:
    """All that is kept about the person: `records`, `patient_key`, and `tables` that have rows of theirs."""
    tables = [
        *_published(home, person),
        *_landed(home, practice, person),
        *_recorded(home, practice, person),
        *_kept(home, practice, person),
        *_pushed(home, practice, person),
        _disclosed(home, person),
    ]
    law = profile(practice.privacy)
    return {
        "practice": practice.name,
        "made_at": now().isoformat(timespec="seconds"),
        "law": law.title,
        "legal_basis": law.legal_basis,
        "purpose": law.purpose,
        "patient_key": person.key,
        "records": [
            {"source_system": one.source_system, "record_type": one.record_type, "source_id": one.source_id}
            for one in person.records
        ],
        "tables": [table for table in tables if table["rows"]],
    }


def write_export(home: Home, practice: Practice, person: Person, folder: Path) -> dict[Path, int]:
    """Write the files into `folder`, audited; returns each file's number of rows. For the holder of the home's lock.

    Raises `UsageError` where nothing is kept about the person, and `EnvironmentNotReady` where the audit log cannot be written;
    then nothing was written.
    """
    everything = everything_about(home, practice, person)
    n_rows = sum(len(table["rows"]) for table in everything["tables"])
    if not n_rows:
        raise UsageError("--patient: nothing is kept about that person or record.")
    said = str(person.key or "a record")
    record(home, "person_exported", subject=said, n_rows=n_rows, patients=person.keys, purpose="individual", to=PERSON)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    contents = {
        "person.json": json.dumps(everything, indent=1, default=str, ensure_ascii=False),
        "person.html": as_html(everything),
    }
    for name, content in contents.items():
        write_durably(folder / name, content, "person.export")
        (folder / name).chmod(0o600)
    return {folder / name: n_rows for name in contents}


def _published(home: Home, person: Person) -> Iterable[Table]:
    if not (home.published / CURRENT).exists() or person.key is None:
        return
    shown = current(home)
    with open_file(home.published / shown.id / WAREHOUSE, read_only=True) as connection:
        for table, contract in PUBLISHED.items():
            if table in shown.n_rows and (columns := person_columns(table, contract)):
                theirs = " or ".join(f"{name} = {person.key}" for name in columns)
                selected = _without_others(_columns(connection, f"from {table}"), columns, person.key)
                rows = _rows(connection, f"select {selected} from {table} where {theirs} order by all")
                yield _table(table, f"publication {shown.id}", contract, rows)


def _without_others(there: Iterable[str], columns: Sequence[str], key: int) -> str:
    """The columns of a table; of a row of two people, those of the other, which begin as their key does, are empty."""
    sides = {name.removesuffix(KEY): name for name in columns if name != KEY}
    selected = []
    for name in there:
        side = next((own for start, own in sides.items() if name.startswith(start)), None)
        selected.append(f"case when {side} = {key} then {name} end as {name}" if side else name)
    return ", ".join(selected)


def _landed(home: Home, practice: Practice, person: Person) -> Iterable[Table]:
    with closing(open_memory(home.landing(practice.id) / "duckdb")) as connection:
        without_key(connection, person.names)
        for part in find_rows(connection, landed_parts(home.landing(practice.id))):
            kind = SOURCE_KINDS[name_of_kind(part.source_system)]
            if contract := kind.extracts.get(part.extract):
                place = f"{source_title(part.source_system)}, delivered file {part.folder.name}"
                yield _table(f"{part.source_system}/{part.extract}", place, contract, _rows_of(connection, part, contract))


def _rows_of(connection: duckdb.DuckDBPyConnection, part: Part, contract: Contract) -> list[dict[str, Any]]:
    """The rows of a landed part that are the person's; of rows of several people, what names the person."""
    rows, extra = rows_of_parts([part]), part.place / EXTRA
    more = (
        f"left join (select * exclude (filename) from {rows_sql([extra])}) as extra using (_row_number)"
        if extra.is_file()
        else ""
    )
    only = {naming.column: naming.only for naming in part.subjects.columns} if part.subjects else {}
    selected = ", ".join(
        f'case when found.is_whole then "{name}" else {only[name]} end as "{name}"' if name in only else f'"{name}"'
        for name in _columns(connection, f"from {rows}")
        if name == "_row_number" or name in contract.fields
    )
    return _rows(
        connection,
        f"""
        select {selected}{", extra.* exclude (_row_number)" if more else ""} from {rows} {more}
        join found on found.path = filename and found.row_number = _row_number
        order by _row_number
        """,
    )


def _columns(connection: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    return [name for name, *_ in connection.execute(f"describe {source}").fetchall()]


def _recorded(home: Home, practice: Practice, person: Person) -> Iterable[Table]:
    """Entries of the journals, those that no run has taken yet among them."""
    for name, contract in EXTRACTS.items():
        sides = [column.removesuffix("_record_type") for column in contract.fields if column.endswith("_record_type")]
        rows = recorded(home, practice.id, name).to_dicts() if sides else []
        theirs = [row for row in rows if any(_is_named(row, side, person) for side in sides)]
        yield _table(f"recorded/{name}", "recorded in Caregap", contract, theirs)


def _is_named(row: dict[str, Any], side: str, person: Person) -> bool:
    id = row.get(f"{side}_source_id", row.get(f"{side}_id"))
    return any(
        (row[f"{side}_source_system"], row[f"{side}_record_type"], id) == (one.source_system, one.record_type, one.source_id)
        for one in person.records
    )


def _kept(home: Home, practice: Practice, person: Person) -> Iterable[Table]:
    """What is kept of earlier publications."""
    keys = ", ".join(map(str, sorted(person.keys)))
    for folder, files in kept_of_persons(home, practice.id).items():
        if files:
            with closing(open_memory(home.history(practice.id) / "duckdb")) as connection:
                query = f"select * exclude (filename) from {rows_sql(files)} where {KEY} in ({keys}) order by all"
                contract = LANDING[OF_PERSONS[folder]]
                yield _table(f"history/{folder}", "kept of earlier publications", contract, _rows(connection, query))


def _pushed(home: Home, practice: Practice, person: Person) -> Iterable[Table]:
    """Tasks that were pushed to connected systems, or are to be."""
    if not (home.connect(practice.id) / PUSHED).is_file():
        return
    ids = {(one.source_system, one.source_id) for one in person.records}
    with open_state(home, practice.id) as state:
        rows = [
            vars(row)
            for connector in state.connectors()
            for row in state.rows(connector).values()
            if (row.source_system, row.contact_id) in ids
        ]
    yield _table("connect/tasks", "pushed to connected systems", EXTRACTS["sync_rows"], rows)


def _disclosed(home: Home, person: Person) -> Table:
    what = "One row per time that the data was shown or handed out, from the audit log of six years."
    columns = {
        "at": "When, in UTC.",
        "who": "Who did it.",
        "what": "What was done.",
        "subject": "Of what.",
        "to": "To whom it went, where that is known.",
        "purpose": "For what purpose.",
        "exempt": "Why it is exempt from an accounting of disclosures (45 CFR 164.528); empty: it is not.",
        "is_all": "All patients were handed out.",
    }
    return {"table": "audit", "place": "audit log", "what": what, "columns": columns, "rows": as_table(disclosures(home, person))}


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    answer = connection.execute(query)
    names = [column[0] for column in answer.description or ()]
    return [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in answer.fetchall()]


def _table(name: str, place: str, contract: Contract, rows: list[dict[str, Any]]) -> Table:
    descriptions = {column: field.description for column, field in contract.fields.items()}
    return {"table": name, "place": place, "what": contract.description, "columns": descriptions, "rows": rows}
