"""What an analyst may write into the SQL page: each attack is tried on the real process."""

import os
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dashboards.sandbox import runner
from dashboards.sandbox.runner import Answer, Busy, start

SECRET = "Quenby"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema hidden")
        connection.execute(f"create table marts.people as select i as id, '{SECRET}' as name from range(100) as t(i)")
        connection.execute("create table hidden.secrets as select 1 as secret; create table loose as select 1 as secret")
    return path


@pytest.fixture
def ask(published: Path):
    def run(query: str, **limits: int) -> Answer:
        running = start(published, query, **limits)
        running.wait(30)
        return running.answer()

    return run


def test_a_query_gives_its_rows_typed_and_says_which_tables_it_read(ask):
    answer = ask("with few as (from marts.people) select id, id / 2.0 as half, date '2026-01-01' as day from few order by id; ")
    assert answer.problem == ""
    assert answer.rows.row(3) == (3, 1.5, date(2026, 1, 1))
    assert (answer.tables, answer.is_cut, len(answer.rows)) == (("marts.people",), False, 100)


def test_no_more_rows_come_back_than_may_and_the_answer_says_so(ask):
    answer = ask("from marts.people -- all of them", max_rows=10)
    assert (len(answer.rows), answer.is_cut) == (10, True)


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/etc/*')",
        "select * from read_parquet('https://example.org/x.parquet')",
        "attach '/tmp/other.duckdb'",
        "copy marts.people to '/tmp/stolen.csv'",
        "install httpfs",
        "load httpfs",
        "set memory_limit = '100GB'",
        "pragma database_list",
        "call pragma_version()",
        "select 1; select 2",
        "select 1) as x; attach '/tmp/other.duckdb'; from (select 1",
        "create table t as select 1",
        "insert into marts.people values (1, 'x')",
        "drop table marts.people",
        "explain analyze select 1",
        "select * from hidden.secrets",
        "select * from loose",
        "select * from published.hidden.secrets",
        "select * from information_schema.tables",
        "select * from duckdb_settings()",
        "select * from query('select * from hidden.secrets')",
        "select * from query_table('loose')",
        "select current_setting('temp_directory')",
        "select * from json_execute_serialized_sql(json_serialize_sql('select * from hidden.secrets'))",
        "select (select max(secret) from hidden.secrets)",
        "show databases",
        "select * from loose, (with loose as (select 1) select * from loose)",
        "select (with loose as (select 1 as secret) select max(secret) from loose) from loose",
        "with a as (from loose), loose as (select 1) from a",
        "with loose as (from loose) from loose",
        "(with loose as (select 1) from loose) union all from loose",
        "with recursive loose as (from loose union all select 1 from loose where false) from loose",
        "select sleep_ms(20000)",
        "select SLEEP_MS(20000) from marts.people",
        "asked",
        "from asked",
        "from duckdb",
        "",
    ],
)
def test_an_attack_gives_a_problem_and_no_rows(ask, query):
    answer = ask(query)
    assert answer.rows is None
    assert answer.problem


def test_what_slips_past_the_syntax_tree_meets_a_locked_engine(published, monkeypatch, tmp_path):
    """The second wall alone: the same file, opened as the child opens it, with no look at the query before."""
    from dashboards.sandbox import child

    monkeypatch.setattr(child, "_tables", lambda connection, query: ([], []))
    attacks = (
        "select * from read_csv('/etc/passwd')",
        "select * from glob('/etc/*')",
        "select * from '/etc/passwd'",
        "select * from read_parquet('https://example.org/x.parquet')",
        "from asked",
    )
    for number, attack in enumerate(attacks):
        asked = {
            "opening": [
                f"attach '{published}' as published (read_only)",
                f"attach '{tmp_path / f'{number}.duckdb'}' as result",
            ],
            "query": attack,
            "n_rows": 9,
            "n_bytes": 1000,
            "megabytes": 200,
        }
        with pytest.raises(duckdb.Error):
            child._run(asked)


@pytest.mark.parametrize(
    "query",
    [
        "select repeat('x', 1000000000000)",
        "select length(repeat('x', 4000000000))",
        "select repeat('x', 1000000) from range(100000)",
        "with recursive r as (select 1 as i union all select i + 1 from r) select max(i) from r",
        "select count(*) from range(1000000000) a, range(1000000000) b where a.range * b.range % 7 = 3",
        "select list(i) from range(100000000000) as t(i)",
        "select " + "(" * 20000 + "1" + ")" * 20000,
    ],
)
def test_a_query_that_would_exhaust_the_machine_is_ended_in_time(ask, query):
    began = time.monotonic()
    answer = ask(query, max_seconds=1, max_megabytes=256)
    assert answer.rows is None and answer.problem
    assert time.monotonic() - began < 15  # of 1 second allowed; the rest is a busy machine


@pytest.mark.parametrize(
    "query",
    [
        "select cast(name as integer) from marts.people",
        "select error(name) from marts.people",
        "select strptime(name, '%Y') from marts.people",
        "select name::date from marts.people",
    ],
)
def test_an_error_says_nothing_of_a_value_that_it_met(ask, query):
    problem = ask(query).problem
    assert problem and SECRET not in problem


def test_an_error_in_the_query_itself_is_shown_unchanged(ask):
    """But for a name that is not there, which is answered with those that are."""
    assert 'column "id" must appear in the GROUP BY clause' in ask("select id, count(*) from marts.people").problem


@pytest.mark.parametrize(
    ("query", "is_forbidden"),
    [("select * from read_csv('/etc/passwd')", True), ("drop table marts.people", True), ("select nam from marts.people", False)],
)
def test_a_query_for_what_none_may_do_is_told_from_a_mistake(ask, query, is_forbidden):
    answer = ask(query)
    assert answer.rows is None and answer.is_forbidden is is_forbidden


def test_the_child_has_an_empty_environment_and_its_folder_goes_when_it_has_ended(published):
    running = start(published, "with recursive r as (select 1 as i union all select i + 1 from r) select max(i) from r")
    environment = Path(f"/proc/{running.process.pid}/environ")
    for _ in range(100):
        if b"sandbox/child" in Path(f"/proc/{running.process.pid}/cmdline").read_bytes():
            break
        time.sleep(0.02)
    assert environment.read_bytes().strip(b"\0") == b""
    assert not running.wait(0.1)
    running.stop()
    assert running.wait(0) and running.answer().problem == "The query was stopped."
    assert not running.folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(running.process.pid, 0)


def test_no_more_queries_run_at_once_than_may(published, monkeypatch):
    monkeypatch.setattr(runner, "MAX_RUNNING", 1)
    first = start(published, "with recursive r as (select 1 as i union all select i + 1 from r) select max(i) from r")
    try:
        with pytest.raises(Busy):
            start(published, "select 1")
    finally:
        first.forget()
    second = start(published, "select 1")
    assert second.wait(30) and second.answer().problem == ""


def test_a_name_of_a_with_is_known_where_sql_knows_it(ask):
    query = """
        with a as (select id from marts.people), b as (with a as (select 7 as id) from a), c as (from a union all from b)
        select count(*) as n from c where id in (with d as (from b) select id from d)
    """
    assert ask(query).rows.item() == 2
    recursive = "with recursive r as (select 1 as i union all select i + 1 from r where i < 5) select max(i) as i from r"
    assert ask(recursive).rows.item() == 5


def test_an_answer_is_bounded_in_bytes_as_well_as_in_rows(ask):
    answer = ask("select id, repeat('x', 1000) as text from marts.people order by id", max_bytes=10_500)
    assert answer.is_cut and answer.rows["id"].to_list() == list(range(10))
    assert "larger than 1 MB" in ask("select repeat('x', 1100000) as text", max_bytes=2**20).problem
    whole = ask("select id, repeat('x', 1000) as text from marts.people")
    assert not whole.is_cut and len(whole.rows) == 100


def test_one_person_holds_one_place_alone_and_others_get_theirs(published):
    endless = "with recursive r as (select 1 as i union all select i + 1 from r) select max(i) from r"
    first = start(published, endless, user_id="ann")
    try:
        with pytest.raises(Busy, match="You are running"):
            start(published, "select 1", user_id="ann")
        other = start(published, "select 1 as one", user_id="bo")
        assert other.wait(60) and other.answer().rows.item() == 1
    finally:
        first.forget()


def test_a_table_is_found_without_its_schema_and_nothing_but_published_tables_is(ask):
    """The published schema of the fixture is `marts`; `hidden` and the file's own `main` are not, nor are DuckDB's own views."""
    answer = ask("select count(*) as n from people inner join marts.people as again using (id)")
    assert (answer.problem, answer.rows.item(), answer.tables) == ("", 100, ("marts.people",))
    for name in ("secrets", "loose", "rows", "duckdb_tables", "pg_tables", "sqlite_master", "tables"):
        refused = ask(f"select * from {name}")
        assert refused.rows is None and refused.is_forbidden, name
    refused = ask("select * from peopel")
    assert (refused.problem, refused.unknown) == ("There is no table peopel.", "peopel")


def test_a_wrong_table_with_its_schema_is_named_like_one_without_and_is_a_mistake_and_no_attack(ask):
    answer = ask("select * from people inner join marts.peopel using (id)")
    assert (answer.problem, answer.unknown) == ("There is no table marts.peopel.", "marts.peopel")
    assert answer.rows is None and not answer.is_forbidden


@pytest.mark.parametrize(
    "query",
    [
        "select nmae from people",
        "select few.nmae from marts.people as few",
        "with few as (from people) select id from few order by nmae",
        "select id from people join people as other using (nmae)",
        'select id from people where name = "nmae"',
    ],
)
def test_a_column_that_is_not_there_is_named_with_the_tables_that_lack_it(ask, query: str):
    answer = ask(query)
    assert (answer.problem, answer.unknown_column, answer.tables) == ("There is no column nmae.", "nmae", ("marts.people",))
    assert not answer.is_forbidden and answer.rows is None


@pytest.mark.parametrize("query", ["", "  \n", "-- nothing yet", ";"])
def test_an_empty_query_is_no_attack_and_says_to_write_one(ask, query):
    answer = ask(query)
    assert (answer.problem, answer.is_forbidden) == ("Write a query.", False)


@pytest.mark.parametrize("pivot", ["pivot marts.people on name using count(*)", "from (pivot people on name using count(*))"])
def test_a_pivot_is_refused_by_its_name(ask, pivot):
    assert ask(pivot).problem.startswith("PIVOT is not among what may run here.")
    assert ask("create table a (i int); select 1").problem == "Only a single SELECT is allowed here."
