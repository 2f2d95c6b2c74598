"""A home in which a practice of two people has landed and is published by hand: in seconds, without dbt."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from models.published import PUBLISHED
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.numbering import next_number
from pipelines.practice import Practice, read_practice
from pipelines.publications.gap_months import keep_gap_history
from pipelines.publications.store import MANIFEST, SHOWN, WAREHOUSE, Publication, point_to
from pipelines.rights.export import person_columns
from pipelines.rights.person import Record
from tests.built_by_hand import write_build
from tests.conftest import Once
from tests.rights.two_people import PEOPLE, write_journal, write_practice

RECORDS = {
    person: (
        Record("billing", "billing_account", f"account_id-secret-{person}"),
        Record("crm", "crm_contact", f"contact_id-secret-{person}"),
        Record("ehr", "ehr_patient", f"p-secret-{person}"),
    )
    for person in PEOPLE
}
KEYS = {person: records[2].key for person, records in RECORDS.items()}


@pytest.fixture(scope="session")
def two_people(once: Once) -> Path:
    """The folder `practice`, and `home`, in which it has landed, an outcome was recorded, and both people are published."""

    def make(folder: Path) -> None:
        practice = read_practice(write_practice(folder / "practice"))
        home = Home(folder / "home")
        home.root.mkdir(mode=0o700)
        write_journal(home.outcomes("test"))
        write_build(folder / "build" / "whole", 3)
        _name_people(folder / "build" / "whole" / "warehouse.duckdb")
        land(practice, home)
        publish(home, practice, folder / "build" / "whole" / "warehouse.duckdb")

    return once("two-people", make)


@pytest.fixture
def home(two_people: Path, tmp_path: Path) -> Home:
    """A copy of the home."""
    return Home(Path(shutil.copytree(two_people / "home", tmp_path / "home", symlinks=True)))


@pytest.fixture
def practice(two_people: Path, tmp_path: Path) -> Practice:
    """A copy of the practice's folder."""
    return read_practice(Path(shutil.copytree(two_people / "practice", tmp_path / "practice")))


@pytest.fixture
def publish_anew(two_people: Path, home: Home, practice: Practice) -> Callable[[], None]:
    """Stands for a run: lands, and publishes the tables with the rows of those only who have landed."""

    def run() -> None:
        land(practice, home)
        built = home.root / "build" / f"{next_number(home)}-by-hand"
        shutil.copytree(two_people / "build" / "whole", built)
        rows = home.landing("test").glob("ehr/Patient/*/rows.parquet")
        there = {id for path in rows for (id,) in duckdb.sql(f"select id from read_parquet('{path}')").fetchall()}
        with duckdb.connect(str(built / "warehouse.duckdb")) as connection:
            for person in PEOPLE:
                if f"p-secret-{person}" not in there:
                    for table, contract in PUBLISHED.items():
                        for column in person_columns(table, contract):
                            connection.execute(f"delete from {table} where {column} = {KEYS[person]}")
        publish(home, practice, built / "warehouse.duckdb")

    return run


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
    shutil.copyfile(warehouse, folder / WAREHOUSE)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        n_rows = {table: connection.execute(f"select count(*) from {table}").fetchall()[0][0] for table in PUBLISHED}
    facts = (id, practice.id, practice.name, True, "UTC", "2026-04-01", f"build-{number}", str(number), at, n_rows, number)
    shown = Publication(*facts)
    (folder / MANIFEST).write_text(json.dumps(asdict(shown)))
    point_to(home, id)
    assert (folder / SHOWN).exists()
    keep_gap_history(home)
