"""A home in which a practice of two people has landed and is published by hand: in seconds, without dbt."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import duckdb
import pytest

from models.published import PUBLISHED
from models.published.persons import person_columns
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.numbering import next_number
from pipelines.practice import Practice, read_practice
from pipelines.publications.gap_months import keep_gap_history
from pipelines.publications.store import MANIFEST, SHOWN, WAREHOUSE, Publication, point_to
from pipelines.rights.person import Record
from pipelines.sql.connection import attach, open_file, open_memory
from pipelines.sql.parquet import rows_of
from tests.built_by_hand import write_build
from tests.conftest import Once
from tests.rights.two_people import FEW, PEOPLE, write_journal, write_practice

RECORDS = {
    person: (
        Record("billing", "billing_account", f"account_id-secret-{person}"),
        Record("crm", "crm_contact", f"contact_id-secret-{person}"),
        Record("ehr", "ehr_patient", f"p-secret-{person}"),
    )
    for person in PEOPLE
}
KEYS = {person: records[2].key for person, records in RECORDS.items()}


TABLES = (
    "marts.dim_patients",
    "marts.dim_patient_links",
    "marts.fct_care_gap_months",
    "marts.fct_identity_reviews",
    "delivery.out_outreach_list",
)


@pytest.fixture(scope="session")
def two_people(once: Once) -> Path:
    """The folders `all` and `few`, each with `practice`, and `home`, in which it has landed, an outcome was recorded, and both
    people are published; `few` has some of the extracts and tables."""

    def make(folder: Path) -> None:
        write_build(folder / "build", 3)
        _name_people(folder / "build" / "warehouse.duckdb")
        for name, extracts, tables in (("all", None, tuple(PUBLISHED)), ("few", FEW, TABLES)):
            practice = read_practice(write_practice(folder / name / "practice", extracts))
            home = Home(folder / name / "home")
            home.root.mkdir(mode=0o700)
            write_journal(home.outcomes("test"))
            land(practice, home)
            _copy(folder / "build" / "warehouse.duckdb", folder / name / "warehouse.duckdb", tables)
            publish(home, practice, folder / name / "warehouse.duckdb")

    return once("two-people", make)


@pytest.fixture
def which() -> str:
    """Which of the homes a test takes a copy of: it may be parametrised."""
    return "few"


@pytest.fixture
def home(two_people: Path, which: str, tmp_path: Path) -> Home:
    """A copy of the home."""
    return Home(Path(shutil.copytree(two_people / which / "home", tmp_path / "home", symlinks=True)))


@pytest.fixture
def practice(two_people: Path, which: str, tmp_path: Path) -> Practice:
    """A copy of the practice's folder."""
    return read_practice(Path(shutil.copytree(two_people / which / "practice", tmp_path / "practice")))


@pytest.fixture
def publish_anew(two_people: Path, which: str, home: Home, practice: Practice) -> Callable[[], None]:
    """Stands for a run: lands, and publishes the tables with the rows of those only who have landed."""
    return partial(run_by_hand, two_people / which / "warehouse.duckdb", home, practice)


def run_by_hand(warehouse: Path, home: Home, practice: Practice) -> None:
    land(practice, home)
    built = home.root / "build" / f"{next_number(home)}-by-hand"
    built.mkdir(parents=True)
    rows = list(home.landing("test").glob("ehr/Patient/*/rows.parquet"))
    with open_memory(home.landing("test") / "duckdb") as connection:
        there = {id for (id,) in connection.execute(f"select id from {rows_of(rows)}").fetchall()}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables() where not internal").fetchall()
    gone = [str(KEYS[person]) for person in PEOPLE if f"p-secret-{person}" not in there]
    _copy(warehouse, built / "warehouse.duckdb", [table for (table,) in tables], gone)
    publish(home, practice, built / "warehouse.duckdb")


def _copy(source: Path, target: Path, tables: Sequence[str], gone: Sequence[str] = ()) -> None:
    """Copy tables of a warehouse without the rows of these keys: a file that rows are deleted from still holds them."""
    with open_file(target) as connection:
        attach(connection, source, "source")
        for table in tables:
            connection.execute(f"create schema if not exists {table.partition('.')[0]}")
            columns = person_columns(table, PUBLISHED[table])
            kept = " and ".join(f"{column} is distinct from {key}" for column in columns for key in gone) or "true"
            connection.execute(f"create table {table} as from source.{table} where {kept}")


def _name_people(warehouse: Path) -> None:
    """Rows 0 and 1 of every table are of person 1 and 2, and say so in every direct identifier; row 2 is of nobody."""
    with duckdb.connect(str(warehouse)) as connection:
        for table, contract in PUBLISHED.items():
            for column in person_columns(table, contract):
                for person in PEOPLE:
                    connection.execute(f"update {table} set {column} = {KEYS[person]} where {column} = {person - 1}")
            if person_columns(table, contract):
                for column, field in contract.fields.items():
                    if field.metadata["phi"] == "direct" and not field.metadata["values"]:
                        said = f"'{column}-secret-' || (right({column}, 1)::int + 1)"
                        connection.execute(f"update {table} set {column} = {said} where right({column}, 1) in ('0', '1')")
        connection.execute("update marts.dim_patients set last_visit_on = date '2026-03-01'")
        connection.execute("delete from marts.dim_patient_links")
        for person, records in RECORDS.items():
            for one in records:
                row = [one.source_system, one.record_type, one.source_id, KEYS[person], "own_record", 1.0]
                connection.execute("insert into marts.dim_patient_links values (?, ?, ?, ?, ?, ?)", row)


def publish(home: Home, practice: Practice, warehouse: Path) -> None:
    """Publish a warehouse as it is."""
    number = next_number(home)
    id, at = f"2026040{number:07d}", "2026-04-01T00:00:00+00:00"
    folder = home.published / id
    folder.mkdir(parents=True)
    with open_file(folder / WAREHOUSE) as connection:
        attach(connection, warehouse, "built")
        connection.execute(f"copy from database built to {(folder / WAREHOUSE).stem}")
        sizes = "select schema_name || '.' || table_name, estimated_size from duckdb_tables() where database_name = 'built'"
        tables = connection.execute(sizes).fetchall()
    facts = (id, practice.id, practice.name, True, "UTC", "2026-04-01", f"build-{number}", str(number), at, dict(tables), number)
    shown = Publication(*facts)
    (folder / MANIFEST).write_text(json.dumps(asdict(shown)))
    point_to(home, id)
    assert (folder / SHOWN).exists()
    keep_gap_history(home)
