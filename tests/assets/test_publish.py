"""Write, audit, publish: what readers see is whole, whatever happens to the writer."""

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import duckdb
import pytest

from models.published import PUBLISHED
from pipelines.errors import ChecksFailed, NotPublished, UsageError
from pipelines.home import Home
from pipelines.publications.store import current, point_to, publications, roll_back
from pipelines.publish.audit import audit
from pipelines.publish.catalog import DICTIONARY
from pipelines.publish.publish import publish, settle
from pipelines.publish.selection import whole
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import STEPS, Build
from tests.conftest import Once

MakeBuild = Callable[..., Build]


@pytest.fixture(scope="module")
def published_homes(once: Once, builds: Path) -> Path:
    """A home in which the build of one row and then that of two is published."""

    def make(root: Path) -> None:
        home = Home(root)
        for n in (1, 2):
            build = Build(builds / str(n), "test", "Test", "America/New_York", True, date(2026, 4, 1), {}, "print", STEPS[-1])
            publish(home, build)
            shutil.copytree(root / "published", root / f"after-{n}", symlinks=True)

    return once("published-by-hand", make)


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def published_home(published_homes: Path, home: Home) -> Callable[[int], Home]:
    """`published_home(2)`: a home of the test's own after so many publications, which have one row in every table, and two."""

    def make(n: int) -> Home:
        shutil.copytree(published_homes / f"after-{n}", home.published, symlinks=True)
        return home

    return make


@pytest.fixture
def make_build(home: Home, builds: Path) -> MakeBuild:
    """A build of the test's own, of one, two or three rows in every table."""

    def make(n_rows: int = 3, *, passed: str = STEPS[-1], practice_id: str = "test", without: str = "") -> Build:
        folder = home.build / f"{n_rows}-{passed}-{without}"
        shutil.copytree(builds / str(n_rows), folder)
        build = Build(folder, practice_id, "Test", "America/New_York", True, date(2026, 4, 1), {}, "print", passed).save()
        if without:
            with build.connect() as connection:
                connection.execute(f"drop table {without}")
        return build

    return make


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`clock(at)` sets the one clock of the product."""

    def set_to(at: datetime) -> None:
        monkeypatch.setattr("pipelines.clock.datetime", SimpleNamespace(now=lambda zone: at.astimezone(zone)))

    return set_to


def open_current(home: Home, file: str = "warehouse.duckdb") -> duckdb.DuckDBPyConnection:
    return open_file((home.published / "current").resolve() / file, read_only=True)


def test_a_publication_holds_every_contracts_table_described_and_nothing_else(home, make_build):
    publication = publish(home, make_build(n_rows=3))
    assert publication.n_rows == dict.fromkeys(PUBLISHED, 3)
    with open_current(home) as connection:
        named = "schema_name || '.' || table_name"
        tables = connection.execute(f"select {named}, comment from duckdb_tables()").fetchall()
        columns = connection.execute(f"select {named}, column_name, comment from duckdb_columns() where not internal").fetchall()
        described = {(table, column): comment for table, column, comment in columns if table not in DICTIONARY}
        listed = connection.execute("select table_name, description from catalog.tables").fetchall()
        explained = connection.execute("select table_name, column_name, description, phi from catalog.columns").fetchall()
    tables = [(table, comment) for table, comment in tables if table not in DICTIONARY]
    assert dict(tables) == {table: contract.description for table, contract in PUBLISHED.items()}
    assert described == {
        (t, name): field.description for t, contract in PUBLISHED.items() for name, field in contract.fields.items()
    }
    assert sorted(listed) == sorted(tables)
    assert {(table, name): description for table, name, description, _ in explained} == described
    assert all(phi == PUBLISHED[table].phi_of(name) for table, name, _, phi in explained)


@pytest.mark.parametrize("passed", STEPS[:-1])
def test_a_build_that_has_not_passed_every_step_leaves_what_is_published(published_home, make_build, passed):
    home = published_home(1)
    before = current(home)
    with pytest.raises(ChecksFailed):
        publish(home, make_build(2, passed=passed))
    assert current(home) == before


def test_a_publication_that_breaks_off_half_way_leaves_what_is_published_and_no_trace(published_home, make_build):
    home = published_home(1)
    before = current(home)
    with pytest.raises(duckdb.CatalogException):
        publish(home, make_build(2, without=next(reversed(PUBLISHED))))
    assert current(home) == before
    assert [path.name for path in home.published.iterdir() if path.name not in {before.id, "current"}] == []


def test_a_step_that_fails_or_is_made_in_part_does_not_count_as_passed(make_build):
    build = make_build(passed="derived")
    with pytest.raises(ZeroDivisionError), build.step("scored"):
        raise ZeroDivisionError
    with build.step("scored", is_whole=False):
        pass
    with pytest.raises(ChecksFailed), make_build(2, passed="raw").step("delivered"):
        pass


def test_no_write_ahead_log_is_left_beside_a_published_file(published_homes):
    """A reader of a file with a stale log sees an older state, or fails to open it."""
    files = [path.suffix for path in published_homes.rglob("*.*")]
    assert ".duckdb" in files and ".wal" not in files


@pytest.mark.slow
def test_a_published_path_is_never_used_again_and_the_last_five_are_kept(home, make_build):
    build = make_build()
    ids = [publish(home, build).id for _ in range(6)]
    assert len(set(ids)) == 6
    assert [one.id for one in publications(home)] == sorted(ids)[-5:]


def test_the_audit_names_what_is_not_as_it_was_built(published_homes, builds, tmp_path):
    """A row that was lost, a column that is not the contract's, a table that nobody knows, a log that was left."""
    (publication,) = (published_homes / "after-1").glob("[0-9]*")
    build = Build(builds / "1", "test", "Test", "America/New_York", True, date(2026, 4, 1), {}, "print", STEPS[-1])
    file = Path(shutil.copy(publication / "warehouse.duckdb", tmp_path))
    audit(build, {file: whole})
    with open_file(file) as connection:
        connection.execute("delete from marts.fct_appointments")
        connection.execute("alter table marts.dim_patients rename column state to region")
        connection.execute("create table marts.unknown as select 1 as x")
    file.with_name("warehouse.duckdb.wal").touch()
    with pytest.raises(ChecksFailed) as found:
        audit(build, {file: whole})
    assert str(found.value).splitlines()[1:] == [
        "  warehouse.duckdb: a write-ahead log was left",
        "  warehouse.duckdb marts.dim_patients: its columns are not those of its contract",
        "  warehouse.duckdb marts.fct_appointments: rows were lost on the way from the build",
        "  warehouse.duckdb marts.unknown: its columns are not those of its contract",
    ]


def test_going_back_shows_the_publication_before_until_none_is_left(published_home):
    home = published_home(2)
    first, second = publications(home)
    assert {*first.n_rows.values()} == {1} and {*second.n_rows.values()} == {2}
    assert current(home) == second
    assert roll_back(home) == first == current(home)
    with pytest.raises(NotPublished):
        roll_back(home)
    assert current(home) == first


def test_publications_follow_each_other_by_number_and_not_by_the_time_in_their_names(published_home, monkeypatch):
    """Two whose numbers are changed for each other, as if the clock had been set back: the older by name is the newer one."""
    home = published_home(2)
    first, second = publications(home)
    for one, number in ((first, second.number), (second, first.number)):
        manifest = home.published / one.id / "manifest.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"number": number}))
    assert [one.id for one in publications(home)] == [second.id, first.id]
    with pytest.raises(NotPublished):
        roll_back(home)
    point_to(home, first.id)
    monkeypatch.setattr("pipelines.publications.store.KEPT", 1)
    settle(home)
    assert [one.id for one in publications(home)] == [first.id]


@pytest.mark.slow
def test_a_publication_of_a_home_without_numbers_precedes_every_numbered_one(published_home, make_build, clock):
    """An older version's publication, whose name says a later day than today's clock: going back leads to it."""
    home = published_home(1)
    (old,) = publications(home)
    manifest = home.published / old.id / "manifest.json"
    manifest.write_text(
        json.dumps({name: value for name, value in asdict(old).items() if name not in ("number", "files", "arrived")})
    )
    (home.published / old.id / "shown").unlink()
    clock(datetime(2019, 1, 1, tzinfo=UTC))
    new = publish(home, make_build(2))
    assert [one.id for one in publications(home)] == [old.id, new.id]
    assert (current(home), roll_back(home).id) == (new, old.id)


def test_a_publication_whose_run_was_killed_before_the_swap_was_never_shown_and_is_removed(published_home, make_build):
    home = published_home(1)
    (shown,) = publications(home)
    with mock.patch("pipelines.publish.publish.point_to", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        publish(home, make_build(2))
    assert len(list(home.published.glob("2*"))) == 2
    assert publications(home) == [shown]
    settle(home)
    assert [path.name for path in home.published.glob("2*")] == [shown.id]


@pytest.mark.slow
def test_readers_see_the_whole_old_or_the_whole_new_publication_while_it_is_swapped(home, make_build):
    """Each build has as many rows in every table: a reader that saw parts of two would count two numbers."""
    builds = [make_build(n) for n in (1, 2, 3)]
    publish(home, builds[0])
    counts, errors, is_over = set(), [], threading.Event()
    tables = list(PUBLISHED)[:3]

    def read():
        while not is_over.is_set():
            try:
                with open_current(home) as connection:
                    counts.add(tuple(connection.execute(f"select count(*) from {table}").fetchall()[0][0] for table in tables))
            except Exception as error:
                errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for build in builds[1:]:
        publish(home, build)
    is_over.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert counts <= {(n, n, n) for n in (1, 2, 3)} and counts


def test_a_home_of_one_practice_does_not_publish_another(home, make_build, tmp_path):
    (home.root / "practice.toml").write_text('id = "ours"\nname = "Ours"\ntime_zone = "UTC"\n[sources]\nehr = "."\n')
    with pytest.raises(UsageError, match="ours"):
        publish(home, make_build(practice_id="sample"))
