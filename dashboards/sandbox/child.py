"""The process that runs one query and ends. It is started by its path, and imports DuckDB and nothing of this project.

In: one JSON object on standard input: `opening` (statements that attach a published file as `published` and a new one as
`result`; they may hold keys), `query`, `n_rows` and `n_bytes` (at most), `seconds`, `megabytes`. Out: one JSON object on standard
output: `tables`, `n_rows`, `is_cut`, or `problem`, with `is_forbidden` where the query asked for what none may do, `unknown`,
the name that is no table, or `unknown_column`, the name that is no column of the `tables`.
The rows themselves go into the result file, as its table `rows`.

What a query may do is decided three times over: by its syntax tree (one SELECT, on published schemas, calling no function
that reaches out), by DuckDB's own lock, and by limits of the operating system.

No statement here has a parameter: binding one makes DuckDB import pandas and PyArrow, which takes 2 s where the rest takes 0.3.
"""

import json
import os
import re
import resource
import signal
import sys
from collections.abc import Iterator
from typing import Any

import duckdb

SCHEMAS = {"marts", "ml", "delivery", "catalog"}
TABLE_FUNCTIONS = {"range", "generate_series", "unnest"}
REFUSED_FUNCTIONS = {"current_setting", "getenv", "getvariable", "json_serialize_plan", "nextval", "sleep_ms", "write_log"}
REACHES_OUT = re.compile(r"^(read_|parquet_|sniff_|glob$|query|pragma_|duckdb_|sqlite_|postgres_|mysql_|pg_|http_)")
N_THREADS = 2
NO_COLUMN = re.compile(
    r'Referenced column "([^"]+)" not found|does not have a column named "([^"]+)"|Column "([^"]+)" does not exist'
)
NO_PIVOT = "PIVOT is not among what may run here. In its place, write sum(…) filter (where …) for each column."


class Refused(Exception):
    """The query is not run. The text gives the reason; `unknown`: the name of a table that is not there."""

    def __init__(self, why: str, unknown: str = "") -> None:
        super().__init__(why)
        self.unknown = unknown


class NoTable(Exception):
    """The query names a table with its published schema, which has none of that name: a mistake, and no reach for more."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no table {name}.")
        self.name = name


class NoColumn(Exception):
    """The query names a column that is in none of its tables."""

    def __init__(self, name: str, tables: list[str]) -> None:
        super().__init__(f"There is no column {name}.")
        self.name, self.tables = name, tables


class NothingAsked(Exception):
    """The query has no statement."""


def main() -> None:
    asked = json.load(sys.stdin)
    _limit(asked["seconds"], asked["megabytes"])
    try:
        answer = _run(asked)
    except Refused as why:
        answer = {"problem": str(why), "is_forbidden": True, "unknown": why.unknown}
    except NoTable as why:
        answer = {"problem": str(why), "unknown": why.name}
    except NoColumn as why:
        answer = {"problem": str(why), "unknown_column": why.name, "tables": why.tables}
    except NothingAsked:
        answer = {"problem": "Write a query."}
    except duckdb.Error as error:
        answer = {"problem": _without_data(error, asked["query"])}
    except (MemoryError, RecursionError):
        answer = {"problem": "The query is too large: it needs more memory than a query may have."}
    print(json.dumps(answer))  # noqa: T201
    sys.stdout.flush()
    # Closing would wait for threads that may never end; nothing is lost without it.
    os._exit(0)


def _limit(seconds: int, megabytes: int) -> None:
    """Set the operating system's limits, because some DuckDB functions ignore its timeout and memory limit.

    The alarm kills the process even if its parent is gone.
    """
    os.nice(10)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds + 2)
    # The address space holds DuckDB itself and the file, mapped, as well: some 2 GB before the first row.
    for kind, limit in (
        (resource.RLIMIT_AS, (megabytes + 2048) * 2**20),
        (resource.RLIMIT_CPU, seconds * N_THREADS + 2),
        (resource.RLIMIT_FSIZE, megabytes * 2**20),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (limit, limit))


def _run(asked: dict[str, Any]) -> dict[str, Any]:
    connection = duckdb.connect(":memory:", config={"threads": N_THREADS, "memory_limit": f"{asked['megabytes']}MB"})
    tables, loose = _tables(connection, asked["query"])
    for name in ("autoload_known_extensions", "autoinstall_known_extensions", "allow_community_extensions"):
        connection.execute(f"set {name} = false")
    connection.execute("set python_enable_replacements = false; set temp_directory = ''; set TimeZone = 'UTC'")
    for statement in asked["opening"]:
        connection.execute(statement)
    tables += _resolved(connection, tables, loose)
    connection.execute("use published")
    if loose:
        # A name without a schema is looked for in the published schemas alone, and `_resolved` has found it there.
        schemas = sorted({table.partition(".")[0] for table in tables})
        connection.execute(f"set search_path = '{','.join(f'published.{schema}' for schema in schemas)}'")
    connection.execute("set enable_external_access = false; set lock_configuration = true")
    n_rows = asked["n_rows"]
    try:
        connection.execute(f"create table result.main.rows as from query({_quoted(asked['query'])}) limit {n_rows + 1}")
    except duckdb.BinderException as error:
        if not (named := NO_COLUMN.search(str(error))):
            raise
        raise NoColumn(next(filter(None, named.groups())), sorted(set(tables))) from error
    n_found = connection.execute("select count(*) from result.main.rows").fetchall()[0][0]
    n_given = min(n_found, n_rows, _n_within(connection, asked["n_bytes"]))
    if n_found and not n_given:
        raise Refused(f"The first row alone is larger than {asked['n_bytes'] // 2**20} MB, the limit of an answer.")
    connection.execute("detach result")
    return {"tables": sorted(set(tables)), "n_rows": n_given, "is_cut": n_found > n_given}


def _n_within(connection: duckdb.DuckDBPyConnection, n_bytes: int) -> int:
    """The number of leading rows that fit into the limit of an answer.

    Sizes are those of the written rows: repeated text takes no room in DuckDB's file, but full room in a page.
    """
    return connection.execute(f"""
        select count(*) from (
            select sum(strlen(cast(one as varchar))) over (order by number rows unbounded preceding) as n_so_far
            from (select rowid as number, rows as one from result.main.rows as rows)
        ) where n_so_far <= {n_bytes}
    """).fetchall()[0][0]


def _resolved(connection: duckdb.DuckDBPyConnection, tables: list[str], names: list[str]) -> list[str]:
    """The published tables that are meant by names without a schema. Raises `Refused` where a name is none, or two; `NoTable`
    where one of `tables`, named with their schema, is none.
    """
    found = connection.execute("""
        select schema_name || '.' || table_name from duckdb_tables() where database_name = 'published'
        union all
        select schema_name || '.' || view_name from duckdb_views() where database_name = 'published' and not internal
    """).fetchall()
    published: dict[str, list[str]] = {}
    for (full,) in found:
        schema, _, table = full.lower().partition(".")
        if schema in SCHEMAS:
            published.setdefault(table, []).append(full.lower())
    for table in tables:
        if table not in published.get(table.partition(".")[2], ()):
            raise NoTable(table)
    for name in names:
        if name not in published:
            raise Refused(f"There is no table {name}.", unknown=name)
        if len(published[name]) > 1:
            raise Refused(f"{name} is the name of several tables: write {' or '.join(sorted(published[name]))}.")
    return [published[name][0] for name in names]


def _tables(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[list[str], list[str]]:
    """The published tables that the query reads: those named with their schema, and the names without one. Raises `Refused`
    unless it is a single SELECT on tables.
    """
    statements = connection.extract_statements(query)
    if not statements:
        raise NothingAsked
    # DuckDB makes types of what a PIVOT without a list is to have as columns, before it selects.
    if [one.type for one in statements[:-1]] == [duckdb.StatementType.CREATE] and re.match(r"(?i)\s*create", query) is None:
        raise Refused(NO_PIVOT)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Refused("Only a single SELECT is allowed here.")
    parsed = json.loads(connection.execute(f"select json_serialize_sql({_quoted(query)})").fetchall()[0][0])
    if parsed["error"] or len(parsed["statements"]) != 1:
        raise Refused(NO_PIVOT)
    tables, loose = set(), set()
    for node, known in _nodes(parsed):
        kind = node.get("type")
        if kind == "BASE_TABLE":
            schema, table = node["schema_name"].lower(), node["table_name"].lower()
            if not schema and not node["catalog_name"] and table in known:
                continue
            if not schema and not node["catalog_name"]:
                loose.add(table)
                continue
            if schema not in SCHEMAS or node["catalog_name"]:
                raise Refused(f"Name a table with its schema, one of {', '.join(sorted(SCHEMAS))}: marts.dim_kpis, say.")
            tables.add(f"{schema}.{table}")
        elif kind == "TABLE_FUNCTION" and node["function"].get("function_name", "").lower() not in TABLE_FUNCTIONS:
            raise Refused(f"Of the functions that give tables, only {', '.join(sorted(TABLE_FUNCTIONS))} may be called here.")
        elif kind == "SHOW_REF" and node["table_name"]:
            raise Refused("SHOW is not allowed here: catalog.tables and catalog.columns list what there is.")
        elif node.get("class") == "FUNCTION":
            name = node["function_name"].lower()
            if name in REFUSED_FUNCTIONS or REACHES_OUT.match(name):
                raise Refused(f"The function {name} may not be called here.")
    return sorted(tables), sorted(loose)


def _nodes(tree: object) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """Every object in the tree, with the names that a WITH has given where it stands; without recursion: how deep the tree is,
    is up to whoever wrote the query.

    A name of a WITH is known in its own query and in the later parts of its WITH, and nowhere else: not beside it, not before.
    """
    waiting: list[tuple[object, frozenset[str]]] = [(tree, frozenset())]
    while waiting:
        part, known = waiting.pop()
        if isinstance(part, list):
            waiting += [(one, known) for one in part]
        elif isinstance(part, dict):
            if part.get("type") == "RECURSIVE_CTE_NODE":
                waiting.append((part.get("left"), known))
                known |= {part["cte_name"].lower()}
            inner = known
            for entry in (part.get("cte_map") or {}).get("map", ()):
                waiting.append((entry["value"], inner))
                inner |= {entry["key"].lower()}
            yield part, inner
            waiting += [(value, inner) for name, value in part.items() if name != "cte_map"]


def _without_data(error: duckdb.Error, query: str) -> str:
    """The query's error without row values: DuckDB's message quotes the value that caused it."""
    if isinstance(error, duckdb.ParserException | duckdb.BinderException | duckdb.CatalogException):
        return str(error).partition("\n\nLINE")[0]
    if isinstance(error, duckdb.OutOfMemoryException):
        return "The query needs more memory than a query may have."
    if isinstance(error, duckdb.PermissionException):
        return "The query uses something that is not published."
    kind = str(error).partition(":")[0]
    return f"{kind}: the query cannot use a value. Values are not shown; try_cast gives null instead."


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
