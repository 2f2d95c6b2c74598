"""Write, audit, publish: what readers see is whole, whatever happens to the writer."""

import threading
from collections.abc import Callable
from datetime import date

import duckdb
import polars as pl
import pytest

from models.phi import Phi
from models.published import PUBLISHED
from pipelines.errors import ChecksFailed, NotPublished, UsageError
from pipelines.home import Home
from pipelines.publications.store import KEPT as N_KEPT
from pipelines.publications.store import current, publications, roll_back
from pipelines.publish.catalog import DICTIONARY
from pipelines.publish.deidentify import KEPT, SHARED_IDS, deidentified
from pipelines.publish.publish import publish
from pipelines.sql.connection import open_file
from pipelines.sql.types import sql_type
from pipelines.warehouse.build import STEPS, Build

MakeBuild = Callable[..., Build]


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


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def make_build(home) -> MakeBuild:
    """Writes a build by hand, with as many rows in every table of a contract as is asked."""

    def make(n_rows: int = 3, *, passed: str = STEPS[-1], practice_id: str = "test", without: str = "") -> Build:
        folder = home.build / f"{n_rows}-{passed}-{without}"
        folder.mkdir(parents=True)
        build = Build(folder, practice_id, "Test", "America/New_York", True, date(2026, 4, 1), {}, "print", passed).save()
        with build.connect() as connection:
            for table, contract in PUBLISHED.items():
                connection.execute(f"create schema if not exists {table.partition('.')[0]}")
                columns = ", ".join(f"{name} {sql_type(field.dtype.type)}" for name, field in contract.fields.items())
                connection.execute(f"create table {table} ({columns})")
                for row in range(n_rows if table != without else 0):
                    connection.execute(
                        f"insert into {table} values ({', '.join(value(*one, row) for one in contract.fields.items())})"
                    )
            if without:
                connection.execute(f"drop table {without}")
        return build

    return make


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
def test_a_build_that_has_not_passed_every_step_leaves_what_is_published(home, make_build, passed):
    before = publish(home, make_build(1))
    with pytest.raises(ChecksFailed):
        publish(home, make_build(2, passed=passed))
    assert current(home) == before


def test_a_publication_that_breaks_off_half_way_leaves_what_is_published_and_no_trace(home, make_build):
    before = publish(home, make_build(1))
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


def test_no_write_ahead_log_is_left_beside_a_published_file(home, make_build):
    """A reader of a file with a stale log sees an older state, or fails to open it."""
    publish(home, make_build())
    assert list(home.published.rglob("*.wal")) == []


@pytest.mark.slow
def test_a_published_path_is_never_used_again(home, make_build):
    build = make_build()
    ids = [publish(home, build).id for _ in range(N_KEPT + 2)]
    assert len(set(ids)) == len(ids)
    assert [one.id for one in publications(home)] == sorted(ids)[-N_KEPT:]


def test_going_back_shows_the_publication_before_until_none_is_left(home, make_build):
    first, second = publish(home, make_build(1)), publish(home, make_build(2))
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


def test_the_deidentified_file_has_no_direct_identifier_date_or_free_text(home, make_build):
    publish(home, make_build())
    with open_current(home, "deidentified.duckdb") as connection:
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


def test_deidentified_patients_have_a_year_an_area_and_an_age_of_at_most_90(home, make_build):
    """45 CFR 164.514(b)(2)(i)(B) and (C): 02138 is area 021; 03601 lies in area 036 of few people; 97 becomes 90."""
    build = make_build()
    with build.connect() as connection:
        connection.execute(
            "update marts.dim_patients set age_years = 97 - 40 * patient_key, "
            "postal_code = case patient_key when 0 then '02138' when 1 then '03601' else 'K1A 0B1' end"
        )
    publish(home, build)
    with open_current(home, "deidentified.duckdb") as connection:
        rows = connection.execute("select age_years, postal_area from marts.dim_patients order by age_years desc").fetchall()
    assert rows == [(90, "021"), (57, "000"), (17, "000")]


def test_deidentified_keys_join_within_a_publication_and_never_across_two(home, make_build):
    build, seen = make_build(), []
    for _ in range(2):
        publish(home, build)
        with open_current(home, "deidentified.duckdb") as connection:
            joined = connection.execute("select count(*) from marts.fct_appointments join marts.dim_patients using (patient_key)")
            assert joined.fetchall() == [(3,)]
            seen.append({key for (key,) in connection.execute("select patient_key from marts.dim_patients").fetchall()})
    assert not seen[0] & seen[1] and not {0, 1, 2} & (seen[0] | seen[1])


def test_deidentified_kpis_are_of_the_whole_practice(home, make_build):
    """A cell of one site, clinician, payer class and segment can be one person's month; (0 + 1 + 2) × 20 = 60."""
    build = make_build()
    with build.connect() as connection:
        connection.execute(
            "update marts.fct_kpis set kpi_code = 'no_show_rate', month_on = date '2026-03-01', "
            "numerator = 20 * numerator, denominator = 20 * denominator"
        )
    publish(home, build)
    with open_current(home, "deidentified.duckdb") as connection:
        rows = connection.execute("select kpi_code, month_on, numerator, denominator from marts.fct_kpis").fetchall()
    assert rows == [("no_show_rate", date(2026, 3, 1), 60, 60)]


@pytest.mark.parametrize(
    ("numerator", "denominator", "is_told"),
    [
        (20, 40, True),
        (0, 40, True),
        (40, 40, True),
        (11, 22, True),
        (10, 40, False),
        (30, 40, False),
        (0, 10, False),
        (0, 0, True),
    ],
)
def test_a_deidentified_count_of_1_to_10_is_not_told_nor_one_of_all_but_so_few(home, make_build, numerator, denominator, is_told):
    build = make_build(1)
    with build.connect() as connection:
        connection.execute(f"update marts.fct_kpis set numerator = {numerator}, denominator = {denominator}")
    publish(home, build)
    with open_current(home, "deidentified.duckdb") as connection:
        rows = connection.execute("select numerator, denominator from marts.fct_kpis").fetchall()
    assert rows == [(numerator, denominator) if is_told else (None, None)]


def test_deidentified_slices_count_the_whole_practice_once(home, make_build):
    """Of one row of the whole practice and two of sites, 0 + 1 + 2 each 20 times, the first alone is left."""
    build = make_build()
    with build.connect() as connection:
        connection.execute(
            "update marts.fct_kpi_slices set kpi_code = 'no_show_rate', month_on = date '2026-03-01', "
            "slice_type = case when numerator = 2 then 'all' else 'location' end, "
            "numerator = 20 * numerator, denominator = 20 * denominator"
        )
    publish(home, build)
    with open_current(home, "deidentified.duckdb") as connection:
        rows = connection.execute("select kpi_code, month_on, numerator, denominator from marts.fct_kpi_slices").fetchall()
    assert rows == [("no_show_rate", date(2026, 3, 1), 40, 40)]


def test_what_no_rule_lets_through_is_dropped():
    """Quasi-identifiers without a rule of their own are absent, so that a new field is safe before somebody thinks of it."""
    for table, contract in PUBLISHED.items():
        remaining = deidentified(contract).keys() & contract.fields.keys()
        for name in remaining:
            field = contract.fields[name]
            if field.metadata["phi"] is Phi.QUASI and not name.endswith("_key") and not name.startswith("n_"):
                assert name in KEPT | {"age_years"} or field.metadata["values"] or field.dtype.type == pl.Boolean, (table, name)
