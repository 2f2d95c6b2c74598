"""The de-identified file, attacked as somebody would who has the file and its documentation: 45 CFR 164.514(b)(2)(i)."""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import pytest

from models.contract import Contract, field
from models.deidentification import only
from models.phi import Phi
from models.published import PUBLISHED
from models.published.measures import AGES_AT_BOUNDS
from pipelines.home import CHECKOUT, Home
from pipelines.publications.store import DEIDENTIFIED, current
from pipelines.publish.deidentify import deidentified
from pipelines.publish.held_year import HeldYear, held_year, uncovered
from pipelines.publish.k_anonymity import Anonymity, anonymity, in_words
from pipelines.publish.publish import write_file
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import Build

COLUMNS = (
    "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
    "where not internal and database_name = 'current' and schema_name <> 'catalog'"
)


OF_2026 = HeldYear(2026, frozenset(PUBLISHED))


@pytest.fixture
def held(builds: Path, tmp_path: Path) -> Callable[..., list[tuple]]:
    """`held(table, columns, change)`: these columns of the de-identified table, after a change to the build's three rows.

    The file is of 2026, in which each person has an appointment; or of the year that it holds on the day `as_of_on`.
    """

    def ask(table: str, columns: str, change: str, as_of_on: date | None = None) -> list[tuple]:
        shutil.copytree(builds / "3", tmp_path / "build")
        build = Build(tmp_path / "build", "test", "Test", "America/New_York", True, date(2026, 4, 1), {}, "print", "delivered")
        with build.connect() as connection:
            connection.execute("update marts.fct_appointments set starts_on = date '2026-05-01'")
            connection.execute("update marts.dim_measures set is_restricted = false")
            connection.execute(change)
            year = held_year(connection, as_of_on) if as_of_on else OF_2026
        write_file(build, tmp_path / DEIDENTIFIED, partial(deidentified, held=year), {table: PUBLISHED[table]})
        with open_file(tmp_path / DEIDENTIFIED, read_only=True) as connection:
            return connection.execute(f"select {columns} from {table} order by all desc").fetchall()

    return ask


@pytest.fixture(scope="module")
def attacker(sample_home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The sample's de-identified file as `current`, and for judging alone the warehouse beside it."""
    folder = (sample_home.published / "current").resolve()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder / DEIDENTIFIED}' as current (read_only)")
        connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as judge (read_only)")
        connection.execute("use current")
        yield connection


def test_the_file_knows_no_day(attacker):
    """A year alone remains; and no number of days, weeks, months, hours or minutes from which a day could be computed."""
    columns = [one for one in attacker.execute(COLUMNS).fetchall() if not PUBLISHED[one[0]].deidentified.is_reference]
    assert len(columns) > 60
    for table, name, kind in columns:
        assert kind not in ("DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), (table, name)
        assert kind == "BOOLEAN" or not set(name.split("_")) & {"day", "days", "week", "weeks", "month", "months"}, (table, name)
        assert kind == "BOOLEAN" or not set(name.split("_")) & {"hour", "hours", "minute", "minutes", "rank"}, (table, name)
    years = [(table, name) for table, name, _ in columns if name.endswith("_year")]
    assert len(years) == 8


def test_the_file_is_of_one_year(attacker):
    """Each row of a person is of 2025: two years would show chains over New Year, and a file of the next year the same rows."""
    for table, name, _ in attacker.execute(COLUMNS).fetchall():
        if name.endswith("_year") and not PUBLISHED[table].deidentified.is_reference:
            assert attacker.execute(f"select distinct {name} from {table}").fetchall() == [(2025,)], (table, name)


@pytest.mark.parametrize(("as_of_on", "year"), [(date(2026, 6, 29), 2024), (date(2026, 6, 30), 2025), (date(2027, 1, 5), 2025)])
def test_a_year_is_held_when_it_has_been_over_for_180_days(builds, as_of_on, year):
    """Of a claim that is open on 5 January, the service was days before; of one that is open in July, months."""
    with open_file(builds / "1" / "warehouse.duckdb", read_only=True) as connection:
        assert held_year(connection, as_of_on).year == year


MONTHLY = "from range(timestamp '{}', timestamp '{}', interval 1 month) as months(day), {} where patient_key = 0"


@pytest.mark.parametrize(
    ("began", "as_of_on", "table", "n"),
    [
        ("2024-05-01", date(2025, 11, 1), "fct_encounters", 12),
        ("2024-05-01", date(2025, 11, 1), "fct_appointments", 0),
        ("2024-01-01", date(2025, 11, 1), "fct_appointments", 0),
        ("2023-12-01", date(2025, 11, 1), "fct_appointments", 12),
        ("2024-05-01", date(2026, 11, 1), "fct_appointments", 12),
        ("2024-05-01", date(2025, 11, 1), "fct_measure_results", 0),
        ("2023-12-01", date(2025, 11, 1), "fct_measure_results", 3),
    ],
)
def test_a_table_that_began_in_the_year_is_not_subtracted_from_one_that_did_not(held, began, as_of_on, table, n):
    """Visits of 2024 less completed appointments of May to December were the visits of January to April, for 286 of 286."""
    change = (
        "update marts.fct_measure_results set period_start_on = date '2024-01-01', period_type = 'year'; "
        "update marts.dim_patients set birth_date = date '1974-05-17'; "
        + "".join(
            f"create temp table old as from marts.{name}; truncate marts.{name}; insert into marts.{name} by name "
            f"select old.* replace (cast(day as date) as {day}) {MONTHLY.format(start, '2026-03-01', 'old')}; drop table old; "
            for name, day, start in (
                ("fct_encounters", "started_on", "2022-05-01"),
                ("fct_appointments", "starts_on", began),
            )
        )
        + "".join(f"truncate {name}; " for name in OTHER_TABLES_OF_DAYS)
    )
    assert held(f"marts.{table}", "count(*)", change, as_of_on) == [(n,)]


@pytest.mark.parametrize(("began", "n"), [("2024-05-01", 0), ("2023-12-01", 24), ("2026-02-01", 12)])
def test_every_source_of_a_table_covers_the_year(held, began, n):
    """A second EHR whose appointments begin in May, beside visits from January; one that begins after the year is no matter."""
    both = (("first", "2022-05-01"), ("second", began))
    rows = " union all ".join(
        f"select old.* replace (cast(day as date) as starts_on, '{source}' as source_system) "
        f"{MONTHLY.format(start, '2026-03-01', 'old')}"
        for source, start in both
    )
    change = (
        "create temp table old as from marts.fct_appointments; truncate marts.fct_appointments; "
        f"insert into marts.fct_appointments by name {rows}"
    )
    assert held("marts.fct_appointments", "count(*)", change, date(2025, 11, 1)) == [(n,)]


@pytest.mark.parametrize(("monthly", "n"), [(11, 0), (10, 112)])
def test_a_month_with_less_than_a_fifth_of_the_usual_one_was_not_delivered_yet(held, monthly, n):
    """Two bookings that came from elsewhere stand in January, before the table begins in February. Two are a fifth of 10: the
    year is covered, with 2 and 11 times 10 appointments."""
    rows = " union all ".join(
        f"select old.* replace (cast(day as date) as starts_on) {MONTHLY.format(start, end, 'old')} cross join range({times})"
        for start, end, times in (
            ("2023-12-01", "2024-01-01", monthly),
            ("2024-01-01", "2024-02-01", 2),
            ("2024-02-01", "2025-02-01", monthly),
        )
    ).replace("where patient_key = 0 cross join", "cross join")
    change = (
        "create temp table old as from marts.fct_appointments where patient_key = 0; truncate marts.fct_appointments; "
        f"insert into marts.fct_appointments by name {rows}"
    )
    assert held("marts.fct_appointments", "count(*)", change, date(2025, 11, 1)) == [(n,)]


OTHER_TABLES_OF_DAYS = [f"marts.fct_{name}" for name in ("touches", "portal_events", "charges", "claims", "payments")]


def test_who_came_after_the_year_is_not_in_the_file(held):
    """Patient 0 had an appointment in the year; 1 first came in January after it; 2, of whom it has one, was born after it."""
    change = (
        "update marts.dim_patients set birth_date = [date '1980-05-17', date '1980-05-17', date '2027-01-09'][patient_key + 1]; "
        "update marts.fct_appointments set starts_on = date '2027-01-04' where patient_key = 1"
    )
    assert held("marts.dim_patients", "age_years", change) == [(46,)]


def test_nothing_of_a_person_is_as_of_today():
    """Who had a portal account but no event of it by the year's end opened it afterwards."""
    columns = deidentified(PUBLISHED["marts.dim_patients"], OF_2026).columns.keys()
    assert {*columns} == {"patient_key", "age_years", "sex", "race", "ethnicity", "language", "state", "postal_area"}
    billed = {"marts.fct_charges", "marts.fct_claims", "marts.fct_payments"}
    for table, contract in PUBLISHED.items():
        assert "payer_class" not in contract.deidentified.columns or table in billed


def test_no_appointment_says_that_another_followed():
    """`is_rescheduled` with n rebookings in one year, and n + 1 in the next, named 21 pairs of December and January."""
    columns = deidentified(PUBLISHED["marts.fct_appointments"], OF_2026).columns.keys()
    assert not columns & {"is_rescheduled", "n_rebookings", "chain_final_status", "first_appointment_id", "last_appointment_id"}


def test_no_row_leads_to_the_sites_that_had_the_program(held):
    """Trials, tasks and automated messages were of the sites that were live in the year."""
    for table in ("fct_outreach_trials", "fct_outreach_tasks"):
        assert not deidentified(PUBLISHED[f"marts.{table}"], OF_2026).columns
    touches = deidentified(PUBLISHED["marts.fct_touches"], OF_2026)
    assert touches.columns.keys() == {"touch_key", "patient_key", "channel", "touched_year"}
    change = (
        "update marts.fct_touches set touched_on = date '2026-05-01', "
        "direction = ['inbound', 'outbound', 'outbound'][touch_key + 1]"
    )
    assert held("marts.fct_touches", "count(*)", change) == [(1,)]


def test_no_measure_result_gives_a_birthday(held):
    """Of three who turn 18 in the year, a measure from 18 on 1 January has the one born on that day: no result at 18 is held."""
    change = (
        "update marts.fct_measure_results set period_start_on = date '2026-01-01', period_type = 'year'; "
        "update marts.dim_patients set birth_date = [date '2008-01-01', date '2007-01-01', null][patient_key + 1]"
    )
    assert held("marts.fct_measure_results", "count(*)", change) == [(2,)]


def test_no_result_of_a_restricted_measure_is_held(held):
    change = (
        "update marts.fct_measure_results set period_start_on = date '2026-01-01', period_type = 'year'; "
        "update marts.dim_patients set birth_date = null; "
        "update marts.dim_measures set is_restricted = measure_code = (select min(measure_code) from marts.fct_measure_results)"
    )
    assert held("marts.fct_measure_results", "count(*)", change) == [(2,)]


def test_every_age_that_a_measure_reads_at_a_birthday_is_left_out():
    """Of `between 18 and 75` at a period's start: 18 and 76 at its end. Of `age >= 18` on a visit: 18.

    CMS154 asks for three months on the first day: 1 at its end. CMS159 asks for 12 on a day two to 14 months before it: 13 or 14.
    CMS136 asks for 6 ten months before it: 7.
    """
    folder = CHECKOUT / "dbt_project" / "models" / "intermediate" / "measures"
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("cms*.sql"))
    age = r"(?:age_at_start|\{\{ age_on\([^)]*\) \}\})"
    spans = re.findall(rf"{age} between (\d+) and (\d+)", text)
    bounds = {int(low) for low, _ in spans} | {int(high) + 1 for _, high in spans}
    bounds |= {int(one) for one in re.findall(rf"{age} >= (\d+)", text)}
    bounds |= {int(one) + 1 for one in re.findall(rf"{age} <= (\d+)", text)}
    assert bounds | {1, 7, 13, 14} == {*AGES_AT_BOUNDS}


@pytest.mark.parametrize("table", PUBLISHED)
def test_no_row_has_two_years(table: str):
    """Of 20 charges served in one year and posted in the next, 19 were served from 27 to 31 December."""
    years = [name for name in deidentified(PUBLISHED[table], OF_2026).columns if name.endswith("_year")]
    assert len(years) <= 1 or PUBLISHED[table].deidentified.is_reference


def test_no_amount_is_told_to_less_than_a_hundred_dollars(attacker):
    """Sixteen prices, to ten dollars, were twelve: each named its service to whoever sees the price list."""
    amounts = [(table, name) for table, name, _ in attacker.execute(COLUMNS).fetchall() if name.endswith("_usd")]
    assert len(amounts) > 9
    for table, name in amounts:
        assert attacker.execute(f"select count(*) from {table} where {name} % 100 <> 0").fetchall() == [(0,)], (table, name)


def test_no_count_is_told_beyond_two(attacker):
    counts = [
        (table, name) for table, name, _ in attacker.execute(COLUMNS).fetchall() if re.match("n_(?!value|incomplete)", name)
    ]
    assert {name for _, name in counts} == {"n_submissions", "n_denials"}
    for table, name in counts:
        assert attacker.execute(f"select max({name}) <= 2 from {table}").fetchall() == [(True,)], (table, name)


def test_no_attribute_of_a_person_is_shared_by_fewer_than_five(attacker):
    for name in ("sex", "race", "ethnicity", "language", "state"):
        groups = attacker.execute(f"select coalesce({name}, ''), count(*) from marts.dim_patients group by 1").fetchall()
        assert not [group for group, n in groups if n < 5 and group != "other"], name


def test_no_score_leads_from_a_dashboard_to_a_row(attacker):
    assert not [name for _, name, _ in attacker.execute(COLUMNS).fetchall() if "score" in name or "tier" in name]


def test_measures_are_held_for_calendar_years_alone(held):
    """From rolling years, the one in which a person turns 50 gave the month of birth."""
    change = (
        "update marts.fct_measure_results set period_start_on = date '2026-01-01', "
        "period_type = ['year', 'rolling', 'rolling'][patient_key + 1]"
    )
    assert held("marts.fct_measure_results", "period_start_year", change) == [(2026,)]


def test_no_row_leads_to_a_site_or_a_clinician(attacker):
    """Every key finds its table in the file, and neither the sites nor the clinicians are one."""
    columns = attacker.execute(COLUMNS).fetchall()
    tables = {table for table, _, _ in columns}
    assert not tables & {"marts.dim_locations", "marts.dim_providers", "marts.dim_programs"}
    assert not {name for _, name, _ in columns if "location" in name or "provider" in name or "site" in name}
    for table, name, _ in columns:
        refers_to = PUBLISHED[table].fields[name].metadata["refers_to"] if name in PUBLISHED[table].fields else ""
        assert not refers_to or f"marts.{refers_to.partition('.')[0]}" in tables, (table, name)


def test_no_value_of_the_file_names_anybody_or_any_place(attacker):
    """Every text of the file against every direct identifier, town, site and clinician of the warehouse."""
    texts = [(table, name) for table, name, kind in attacker.execute(COLUMNS).fetchall() if kind == "VARCHAR"]
    said = " union ".join(f"select {name}::varchar as word from current.{table}" for table, name in texts)
    named = [
        f"select {name}::varchar as word from judge.{table}"
        for table, contract in PUBLISHED.items()
        for name, column in contract.fields.items()
        if column.metadata["phi"] is Phi.DIRECT
        or name
        in ("location_id", "location_name", "city", "address_line", "postal_code", "provider_name", "npi", "practitioner_id")
    ]
    both = f"select word from ({said}) where word <> '' intersect select word from ({' union '.join(named)})"
    # The portal is a channel and, for those who have an account, its own contact point.
    assert attacker.execute(both).fetchall() == [("portal",)]
    assert attacker.execute(f"select count(*) > 1000 from ({' union '.join(named)})").fetchall() == [(True,)]


def test_no_number_of_the_file_is_a_key_of_the_warehouse(attacker):
    for table, name, _ in attacker.execute(COLUMNS).fetchall():
        if name.endswith("_key"):
            same = f"select {name} from current.{table} where {name} is not null intersect select {name} from judge.{table}"
            assert attacker.execute(same).fetchall() == [], (table, name)


def test_rows_do_not_lie_in_the_order_in_which_they_came(attacker):
    """Rows in the order of their days would give each day between two that are known."""
    for table in attacker.execute(
        "select table_name, key_columns from catalog.tables where table_name not like '%.dim_kpis'"
    ).fetchall():
        name, key = table
        if PUBLISHED[name].deidentified.is_reference:
            continue
        order = f"select count(*) from (select rowid as place, row_number() over (order by {key}) - 1 as sorted from {name})"
        assert attacker.execute(f"{order} where place <> sorted").fetchall() == [(0,)], name


def test_the_catalog_of_the_file_describes_the_file_and_its_grain(attacker):
    """Every table and column there is, none that is not; one row for each key; words name nothing that the file lacks."""
    columns = {(table, name) for table, name, _ in attacker.execute(COLUMNS).fetchall()}
    assert {*attacker.execute("select table_name, column_name from catalog.columns").fetchall()} == columns
    lacking = {name for contract in PUBLISHED.values() for name in contract.fields} | {one.name for one in PUBLISHED.values()}
    lacking -= {name for _, name in columns} | {table.partition(".")[2] for table, _ in columns}
    tables = attacker.execute("select table_name, grain || description, key_columns from catalog.tables").fetchall()
    assert {table for table, _, _ in tables} == {table for table, _ in columns}
    for table, words, key in tables:
        assert attacker.execute(f"select count(*) - count(distinct ({key})) from {table}").fetchall() == [(0,)], table
        assert PUBLISHED[table].deidentified.is_reference or not {name for name in lacking if f"`{name}`" in words}, table
    for table, name, words in attacker.execute("select table_name, column_name, description from catalog.columns").fetchall():
        is_of_rows = not PUBLISHED[table].deidentified.is_reference
        assert not (is_of_rows and {one for one in lacking if f"`{one}`" in words}), (table, name)


def test_k_anonymity_is_measured_and_reported(attacker, sample_home):
    """Counted here over every attribute of a person that somebody else may know."""
    known = "age_years, sex, race, ethnicity, language, state, postal_area"
    groups = attacker.execute(f"select count(*) from marts.dim_patients group by {known}").fetchall()
    alone = sum(n for (n,) in groups if n == 1)
    assert min(groups) == (1,) and alone > 200
    said, _, with_counts = current(sample_home).anonymity.partition(" (")
    assert said == f"of 2025: k = 1; {alone:,} of {sum(n for (n,) in groups):,} people are unique"
    counted = re.fullmatch(r"([\d,]+) with yearly counts\)", with_counts)
    assert counted and int(counted[1].replace(",", "")) > alone


def test_k_with_yearly_counts_tells_apart_whom_attributes_do_not():
    """Four women: one came twice, three once or never, of whom two had an appointment."""
    with duckdb.connect() as connection:
        connection.execute(
            "create schema marts; "
            "create table marts.dim_patients as select n as patient_key, 'female' as sex from range(4) as t(n); "
            "create table marts.fct_encounters as select unnest([0, 0, 1]) as patient_key; "
            "create table marts.fct_appointments as select unnest([2, 3]) as patient_key; "
            "create schema catalog; create table catalog.columns as select * from (values "
            "('marts.dim_patients', 'sex', 'quasi', 1)) as listed(table_name, column_name, phi, position)"
        )
        alone, counted = anonymity(connection)
    assert (alone.k, alone.n_alone) == (4, 0)
    assert (counted.k, counted.n_alone) == (1, 2)


@pytest.mark.parametrize(("sizes", "k"), [((5, 5), 5), ((3, 1), 1), ((), 0)])
def test_k_is_the_size_of_the_smallest_group(sizes, k):
    with duckdb.connect() as connection:
        connection.execute(
            "create schema marts; create table marts.fct_appointments (patient_key double); "
            "create table marts.fct_encounters (patient_key double); "
            "create table marts.dim_patients (patient_key double, sex varchar, payer_class varchar); "
            "create schema catalog; create table catalog.columns as select * from (values "
            "('marts.dim_patients', 'patient_key', 'quasi', 1), ('marts.dim_patients', 'sex', 'quasi', 2), "
            "('marts.dim_patients', 'payer_class', 'none', 3)) as listed(table_name, column_name, phi, position)"
        )
        for group, size in enumerate(sizes):
            for _ in range(size):
                connection.execute("insert into marts.dim_patients values (random(), ?, random())", (str(group),))
        found, _ = anonymity(connection)
    assert (found.k, found.n_people, found.n_alone) == (k, sum(sizes), sizes.count(1))


@pytest.mark.parametrize(
    ("k", "n_people", "n_alone", "said"),
    [
        (4, 1_090, 0, "of 2025: k = 4; none of 1,090 people is unique (2 with yearly counts)"),
        (1, 1_090, 1, "of 2025: k = 1; 1 of 1,090 people is unique (2 with yearly counts)"),
        (1, 1_090, 1_000, "of 2025: k = 1; 1,000 of 1,090 people are unique (2 with yearly counts)"),
        (
            0,
            0,
            0,
            "empty, since no table of persons covers 2025 with the month before and the month after. The first file with rows is "
            "of the calendar year after the one in which the data begin, once it has been over for 180 days",
        ),
    ],
)
def test_a_line_says_how_many_people_of_the_file_are_unique(k, n_people, n_alone, said):
    known, with_counts = Anonymity(k, n_people, n_alone, ("sex",)), Anonymity(1, n_people, 2, ("sex", "n_encounters"))
    assert in_words(known, with_counts, 2025) == said


def test_tables_without_rows_are_named_where_the_file_is_published_and_where_it_is_read():
    """The portal began in May of the year: its events are in the warehouse, and not in the file."""
    held = HeldYear(2025, frozenset(PUBLISHED) - {"marts.fct_portal_events"})
    lacks = uncovered(held, {table: 7 for table in PUBLISHED})
    assert lacks == ["marts.fct_portal_events"]
    assert uncovered(held, {"marts.fct_portal_events": 0, "marts.fct_encounters": 7}) == []
    said = in_words(Anonymity(2, 9, 0, ("sex",)), Anonymity(1, 9, 2, ("sex", "n_encounters")), 2025, lacks)
    assert said.endswith("(2 with yearly counts). Without rows, since they do not cover 2025: marts.fct_portal_events")
    assert deidentified(PUBLISHED["marts.fct_portal_events"], held).description.endswith("No rows: they do not cover 2025.")
    assert deidentified(PUBLISHED["marts.fct_encounters"], held).description.endswith("Of 2025.")


FIVEFOLD = "; ".join(
    f"insert into marts.{table} select * exclude (n) replace (patient_key + 3 * n as patient_key) from marts.{table}, "
    "range(1, 5) as t(n)"
    for table in ("dim_patients", "fct_appointments")
)
"""Each of the three people five times, each with an appointment: values of fewer are pooled."""


def test_patients_have_an_area_and_an_age_at_the_years_end_of_at_most_90(held):
    """164.514(b)(2)(i)(B) and (C): 02138 is area 021; few people live in area 036; born 1929, 1986, on no day known."""
    change = (
        "update marts.dim_patients set birth_date = [date '1929-12-31', date '1986-12-31', null][patient_key + 1], "
        "postal_code = case patient_key when 0 then '02138' when 1 then '03601' else 'K1A 0B1' end, "
        "state = case patient_key when 0 then 'ma' when 1 then 'NH' else 'Smith Farm' end, "
        f"language = case patient_key when 0 then 'es' else 'speaks like her sister Ann' end; {FIVEFOLD}"
    )
    rows = held("marts.dim_patients", "age_years, postal_area, state, language", change)
    assert {*rows} == {(90, "021", "MA", "es"), (40, "000", "NH", None), (None, "000", None, None)}


def test_a_language_of_few_is_pooled(held):
    """One person of three, and then two."""
    change = "update marts.dim_patients set language = ['es', 'vi', 'vi'][patient_key + 1]"
    assert held("marts.dim_patients", "language", change) == [("other",)] * 3


@pytest.mark.parametrize(("area", "is_shown"), [("890", True), ("063", True), ("202", False), ("772", False), ("090", False)])
def test_areas_are_those_of_the_census_of_2020(held, area: str, is_shown: bool):
    """Las Vegas (890) and New London (063) have grown past 20,000 people; 202 and 772 are too small now; nobody lives in 090."""
    rows = held(
        "marts.dim_patients", "distinct postal_area", f"update marts.dim_patients set postal_code = '{area}01'; {FIVEFOLD}"
    )
    assert rows == [(area if is_shown else "000",)]


def test_an_area_of_few_is_pooled(held):
    """Five people live in 021, four in 100: their state is `other`, and their area would say New York."""
    change = (
        f"{FIVEFOLD}; update marts.dim_patients set state = if(patient_key % 3 = 1, 'NY', 'MA'), "
        "postal_code = if(patient_key % 3 = 1, '10001', '02138'); delete from marts.dim_patients where patient_key = 13"
    )
    rows = held("marts.dim_patients", "postal_area, state, count(*) over (partition by postal_area)", change)
    assert {*rows} == {("021", "MA", 10), ("000", "other", 4)}


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("mrn", field(str, "A number.", phi=Phi.DIRECT)),
        ("note", field(str, "Words.")),
        ("lead_time_days", field(int, "Days.")),
        ("score", field(float, "A number.")),
    ],
)
def test_a_column_for_which_no_rule_speaks_is_refused(name: str, column):
    contract = Contract(
        "fct_new", "thing", ("thing_key",), {"thing_key": field(int, "It."), name: column}, deidentified=only(name)
    )
    with pytest.raises(ValueError, match=f"fct_new.{name}"):
        deidentified(contract, OF_2026)


def test_a_column_that_nobody_named_is_absent():
    contract = PUBLISHED["marts.fct_appointments"]
    assert {"lead_time_days", "provider_key", "location_key", "booked_via"} <= contract.fields.keys()
    assert not {"lead_time_days", "provider_key", "location_key", "booked_via"} & deidentified(contract, OF_2026).columns.keys()


def test_keys_join_within_a_file_and_never_across_two(builds, tmp_path):
    """Patient 0 is in both builds, patient 1 in the second alone; every row of them is of 1930."""
    seen = []
    for n in (1, 2):
        build = Build(builds / str(n), "test", "Test", "America/New_York", True, date(2026, 4, 1), {}, "print", "delivered")
        write_file(build, tmp_path / f"{n}.duckdb", partial(deidentified, held=HeldYear(1930, frozenset(PUBLISHED))))
        with open_file(tmp_path / f"{n}.duckdb", read_only=True) as connection:
            joined = connection.execute("select count(*) from marts.fct_appointments join marts.dim_patients using (patient_key)")
            assert joined.fetchall() == [(n,)]
            seen.append({key for (key,) in connection.execute("select patient_key from marts.dim_patients").fetchall()})
    assert [len(keys) for keys in seen] == [1, 2]
    assert not seen[0] & seen[1] and not {0, 1} & (seen[0] | seen[1])
