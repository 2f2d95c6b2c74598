"""Write, audit, publish: what readers see is whole, whatever happens to the writer."""

import shutil
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from models.phi import Phi
from models.published import PUBLISHED
from pipelines.errors import ChecksFailed, NotPublished, UsageError
from pipelines.home import Home
from pipelines.publications.store import DEIDENTIFIED, current, publications, roll_back
from pipelines.publish.audit import audit
from pipelines.publish.catalog import DICTIONARY
from pipelines.publish.deidentify import deidentified
from pipelines.publish.publish import _whole as whole
from pipelines.publish.publish import publish, write_file
from pipelines.sql.connection import open_file
from pipelines.sql.types import sql_type
from pipelines.warehouse.build import STEPS, Build
from tests.conftest import Once

MakeBuild = Callable[..., Build]
N_ROWS = (1, 2, 3)
SHARED_IDS = {"group_id", "payer_id", "campaign_id"}
"""Ids that many patients share."""
LEFT_AS_THEY_ARE = {"state", "sex", "race", "ethnicity", "language", "age_years"}
"""Quasi-identifiers that safe harbor leaves, the age up to 89."""


def value(name: str, field, row: int) -> str:
    """SQL of a value that fits the field: the first allowed one, else one that says where it stands."""
    kind = sql_type(field.dtype.type)
    if field.metadata["values"]:
        return f"'{field.metadata['values'][0]}'"
    match field.dtype.type:
        case pl.String:
            return f"'{name} {row}'"
        case pl.Boolean:
            return "true"
        case pl.Date:
            return f"date '1930-05-17' + {row}"
        case pl.Datetime():
            return f"timestamptz '2026-03-08 07:30:00+00' + interval {row} day"
        case _:
            return f"cast({row} as {kind})"


def write_build(folder: Path, n_rows: int) -> None:
    """A build by hand, with as many rows in every table of a contract."""
    folder.mkdir(parents=True)
    build = Build(folder, "test", "Test", "America/New_York", True, date(2026, 4, 1), {}, "print", STEPS[-1]).save()
    with build.connect() as connection:
        connection.execute("begin")
        for table, contract in PUBLISHED.items():
            connection.execute(f"create schema if not exists {table.partition('.')[0]}")
            columns = ", ".join(f"{name} {sql_type(field.dtype.type)}" for name, field in contract.fields.items())
            rows = (f"({', '.join(value(*one, row) for one in contract.fields.items())})" for row in range(n_rows))
            connection.execute(f"create table {table} ({columns}); insert into {table} values {', '.join(rows)}")
        connection.execute("commit")


@pytest.fixture(scope="module")
def builds(once: Once) -> Path:
    """The folders `1`, `2` and `3`: a build with so many rows in every table."""
    return once("builds", lambda folder: [write_build(folder / str(n), n) for n in N_ROWS])


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
def told(tmp_path: Path, make_build: MakeBuild) -> Callable[..., list[tuple]]:
    """`told(table, columns, change)`: these columns of the de-identified table, whose three rows were changed so in the build."""

    def ask(table: str, columns: str, change: str, n_rows: int = 3) -> list[tuple]:
        build = make_build(n_rows)
        with build.connect() as connection:
            connection.execute(change)
        write_file(build, tmp_path / DEIDENTIFIED, deidentified, {table: PUBLISHED[table]})
        with open_file(tmp_path / DEIDENTIFIED, read_only=True) as connection:
            return connection.execute(f"select {columns} from {table} order by all desc").fetchall()

    return ask


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
    ids = [publish(home, build).id for _ in range(7)]
    assert len(set(ids)) == 7
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


def test_the_deidentified_file_has_no_direct_identifier_date_or_free_text(published_home):
    with open_current(published_home(1), DEIDENTIFIED) as connection:
        columns = connection.execute(
            "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
            "where not internal and schema_name <> 'catalog'"
        ).fetchall()
    for table, name, kind in columns:
        contract = PUBLISHED[table]
        if name in contract.fields and not name.endswith("_key"):
            assert contract.phi_of(name) is not Phi.DIRECT, (table, name)
        if "patient_key" in contract.fields:
            assert kind not in ("DATE", "TIMESTAMP WITH TIME ZONE"), (table, name)
            assert not name.endswith("_id") or name in SHARED_IDS, (table, name)
            assert not name.startswith(("reason", "note", "first_name", "birth")), (table, name)


def test_deidentified_patients_have_a_year_an_area_and_an_age_of_at_most_90(told):
    """45 CFR 164.514(b)(2)(i)(B) and (C): 02138 is area 021; 03601 lies in area 036 of few people; 97 becomes 90."""
    change = (
        "update marts.dim_patients set age_years = 97 - 40 * patient_key, "
        "postal_code = case patient_key when 0 then '02138' when 1 then '03601' else 'K1A 0B1' end"
    )
    rows = told("marts.dim_patients", "age_years, postal_area", change)
    assert rows == [(90, "021"), (57, "000"), (17, "000")]


def test_deidentified_keys_join_within_a_publication_and_never_across_two(published_homes):
    """Both were made of builds in which patient 0 is a patient; patient 1 is in the second alone."""
    seen = []
    for n_patients, publication in enumerate(publications(Home(published_homes)), start=1):
        with open_file(published_homes / "published" / publication.id / DEIDENTIFIED, read_only=True) as connection:
            joined = connection.execute("select count(*) from marts.fct_appointments join marts.dim_patients using (patient_key)")
            assert joined.fetchall() == [(n_patients,)]
            seen.append({key for (key,) in connection.execute("select patient_key from marts.dim_patients").fetchall()})
    assert [len(keys) for keys in seen] == [1, 2]
    assert not seen[0] & seen[1] and not {0, 1} & (seen[0] | seen[1])


def test_deidentified_kpis_are_of_the_whole_practice(told):
    """A cell of one site, clinician, payer class and segment can be one person's month; (0 + 1 + 2) × 20 = 60."""
    change = (
        "update marts.fct_kpis set kpi_code = 'no_show_rate', month_on = date '2026-03-01', "
        "numerator = 20 * numerator, denominator = 20 * denominator"
    )
    rows = told("marts.fct_kpis", "kpi_code, month_on, numerator, denominator", change)
    assert rows == [("no_show_rate", date(2026, 3, 1), 60, 60)]


def test_a_deidentified_count_of_1_to_10_or_of_all_but_1_to_10_is_empty(told):
    """Of 40, 10 and 30 are not told: 30 tells the other 10. Of 22, 11 is."""
    cells = {
        "20 of 40": (20, 40, True),
        "0 of 40": (0, 40, True),
        "40 of 40": (40, 40, True),
        "11 of 22": (11, 22, True),
        "10 of 40": (10, 40, False),
        "30 of 40": (30, 40, False),
        "0 of 10": (0, 10, False),
        "0 of 0": (0, 0, True),
    }
    rows = ", ".join(f"('{name}', {numerator}, {denominator})" for name, (numerator, denominator, _) in cells.items())
    change = (
        "create table marts.cells as select kpis.* replace (cell.c0 as kpi_code, cell.c1 as numerator, cell.c2 as denominator) "
        f"from marts.fct_kpis as kpis, (values {rows}) as cell(c0, c1, c2); "
        "drop table marts.fct_kpis; alter table marts.cells rename to fct_kpis"
    )
    found = told("marts.fct_kpis", "kpi_code, numerator, denominator", change, n_rows=1)
    assert {name: (numerator, denominator) for name, numerator, denominator in found} == {
        name: (numerator, denominator) if is_told else (None, None) for name, (numerator, denominator, is_told) in cells.items()
    }


def test_deidentified_slices_count_the_whole_practice_once(told):
    """Of one row of the whole practice and two of sites, 0 + 1 + 2 each 20 times, the first alone is left."""
    change = (
        "update marts.fct_kpi_slices set kpi_code = 'no_show_rate', month_on = date '2026-03-01', "
        "slice_type = case when numerator = 2 then 'all' else 'location' end, "
        "numerator = 20 * numerator, denominator = 20 * denominator"
    )
    rows = told("marts.fct_kpi_slices", "kpi_code, month_on, numerator, denominator", change)
    assert rows == [("no_show_rate", date(2026, 3, 1), 40, 40)]


@pytest.mark.parametrize("table", ["marts.fct_kpi_rows", "marts.fct_kpi_periods"])
def test_rows_and_periods_of_kpis_are_in_the_file_with_patients_alone(published_homes, table):
    """A row is one person's visit, claim or month; from sums over several months a suppressed month could be worked out."""
    named = "select schema_name || '.' || table_name from duckdb_tables() union select table_name from catalog.tables"
    for file, is_there in (("warehouse.duckdb", True), ("deidentified.duckdb", False)):
        with open_file(published_homes / "published" / "current" / file, read_only=True) as connection:
            tables = {table for (table,) in connection.execute(named).fetchall()}
        assert (table in tables) == is_there


def test_what_no_rule_lets_through_is_dropped():
    """Quasi-identifiers without a rule of their own are absent, so that a new field is safe before somebody thinks of it."""
    for table, contract in PUBLISHED.items():
        remaining = deidentified(contract).keys() & contract.fields.keys()
        for name in remaining:
            field = contract.fields[name]
            if field.metadata["phi"] is Phi.QUASI and not name.endswith("_key") and not name.startswith("n_"):
                assert name in LEFT_AS_THEY_ARE or field.metadata["values"] or field.dtype.type == pl.Boolean, (table, name)
