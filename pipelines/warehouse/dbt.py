"""Runs dbt in this process, on one warehouse file.

It uses dbtRunner instead of a subprocess: on 2 cores a subprocess took 23 s for 20 models, the runner 8 s the first time and 2 s
with a preloaded manifest.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import nullcontext, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import duckdb

from pipelines.errors import ChecksFailed, without_values
from pipelines.home import Home
from pipelines.sql.connection import open_file
from pipelines.warehouse.dbt_project import QUIET, SPARK, dbt_manifest, parsed_project, places, read_manifest
from pipelines.warehouse.engine import Spark
from pipelines.warehouse.rules import as_variable, evaluate_with_tables, rules_by_table, rules_of

RESULTS = {"LogModelResult", "LogSeedResult", "LogTestResult", "LogSnapshotResult"}
FAILURE = "CatchableExceptionOnRun"
BROKEN = re.compile(r"broken rule ([\w.]+): (\d+) rows")
"""What the macro `hold_rules` says of each rule that a table breaks."""
FEW_ROWS = 500_000
"""Delivered rows below which Spark, too, is told to make little of each statement; the sample has 464,000."""
ONE_THREAD_ROWS = 5_000_000
"""Delivered rows below which a query has one thread. dbt runs two models at once, and sharing out each among both cores took 153
CPU seconds instead of 113 for the 3 million rows of 10,000 patients, and a quarter more for the sample's."""
Ask = Callable[[str], Sequence[Any]]
"""Answers a query, in DuckDB's dialect, of the tables that dbt has made."""


def run_dbt(
    parsed: Path,
    warehouse: Path,
    variables: Mapping[str, object],
    select: list[str],
    command: str = "build",
    *,
    spark: Spark | None = None,
    read: Set[str] = frozenset(),
) -> Iterator[dict[str, Any]]:
    """Run `dbt build` (or another command) for the selected nodes of a parsed project on the file `warehouse`.

    With `spark`, that makes the models, from what the file has, and those that are read later, `read` among them, go back
    into the file (`pipelines/warehouse/spark/`). Seeds are DuckDB's on either engine: Spark took 41 s for 2,000 rows.

    Yields dbt's result event of each model, seed and test as it ends, as the dictionary that dbt logs with `--log-format json`;
    beside its data, `broken` has the number of rows by the name of each rule (`pipelines/warehouse/rules.py`) that a model's
    table breaks. dbt's unit tests run in the test suite only: they test code, not data. At the end of the iterator the file is
    closed, so that others may open it. Raises `ChecksFailed` naming each failed node, its table and the number of failing rows,
    never a value.
    """

    def ask_file(sql: str) -> Sequence[Any]:
        with open_file(warehouse, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    os.environ["CAREGAP_BUILD"] = str(warehouse)
    n_rows = _delivered_rows(warehouse)
    os.environ["CAREGAP_BUILD_THREADS"] = "1" if n_rows < ONE_THREAD_ROWS else str(os.cpu_count() or 1)
    target = warehouse.parent / "dbt"
    if spark is None:
        yield from _run(parsed, target, variables, select, command, ask_file)
        return
    from pipelines.warehouse.spark.session import find_packages

    find_packages()
    from pipelines.warehouse.spark.dbt_session import dbt_on_spark

    seeds = [f"{one},resource_type:seed" for one in select]
    yield from _run(parsed, target, variables, seeds, command, ask_file)
    parsed = parsed_project(Home(warehouse.parents[2]), *SPARK)  # build/<run>/warehouse.duckdb
    with dbt_on_spark(warehouse, spark, read_manifest(parsed), read, has_few_rows=n_rows < FEW_ROWS) as tables:
        words = [*SPARK, "--exclude", "resource_type:seed", "--no-populate-cache"]
        yield from _run(parsed, target, variables, select, command, lambda sql: tables.answer(sql).collect(), words)


def _run(
    parsed: Path,
    target: Path,
    variables: Mapping[str, object],
    select: list[str],
    command: str,
    ask: Ask,
    words: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """One run of dbt, as `run_dbt` describes it. `target`: the folder for what dbt writes; `words`: more that dbt is told."""
    from dbt.cli.main import dbtRunner, dbtRunnerResult
    from google.protobuf.json_format import MessageToDict

    from pipelines.warehouse.dbt_sparing import keep_called_macros, sparing

    events: SimpleQueue[dict[str, Any] | dbtRunnerResult] = SimpleQueue()
    broken: dict[str, dict[str, int]] = {}

    def report(event: Any) -> None:
        if event.info.name == FAILURE:
            broken[event.data.node_info.unique_id] = broken_rules(event.data.exc)
        if event.info.name in RESULTS:
            told = MessageToDict(event, preserving_proto_field_name=True)
            events.put(told | {"broken": broken.get(event.data.node_info.unique_id, {})})

    manifest, described = dbt_manifest(parsed), read_manifest(parsed)
    runner = dbtRunner(manifest=manifest, callbacks=[report])
    arguments = [*QUIET, command, *places(target), *words]
    # Otherwise a test that also reads an unselected table would fail because that table is missing.
    if command == "build":
        rules = rules_by_table(described)
        keep_called_macros(manifest)  # while it still has the tests whose macros a table calls
        evaluate_with_tables(manifest, rules)
        variables = {**variables, "rules": as_variable(described, rules)}
        arguments += ["--indirect-selection", "buildable", "--use-fast-test-edges"]
    arguments += ["--vars", json.dumps(dict(variables), default=str), "--select", *select]

    def invoke() -> None:
        try:
            with sparing(RESULTS | {FAILURE}) if command == "build" else nullcontext():
                events.put(runner.invoke(arguments))
        finally:
            _release()

    with ThreadPoolExecutor(1, thread_name_prefix="dbt") as worker:  # waits for dbt to end, even if the reader stops
        running = worker.submit(invoke)
        try:
            while isinstance(event := events.get(), dict):
                yield event
        except BaseException:  # whoever reads wants no more, or a user or the machine stops the run
            _stop(running)
            raise
    _raise_failures(event, described, ask)


def _delivered_rows(warehouse: Path) -> int:
    if not warehouse.exists():
        return 0
    with open_file(warehouse, read_only=True) as connection:
        ((n_rows,),) = connection.execute("select coalesce(sum(n_delivered), 0) from raw.deliveries").fetchall()
    return int(n_rows)


def write_lineage(parsed: Path, warehouse: Path, variables: Mapping[str, object], folder: Path) -> Path:
    """Write dbt's documentation as one HTML file in `folder`. Returns its path. Raises `ChecksFailed` if dbt cannot write it."""
    from dbt.cli.main import dbtRunner

    target = warehouse.parent / "dbt"
    os.environ["CAREGAP_BUILD"] = str(warehouse)
    flags = [flag for flag in QUIET if flag != "--no-write-json"]
    arguments = [*flags, "docs", "generate", "--static", *places(target)]
    arguments += ["--vars", json.dumps(dict(variables), default=str)]
    try:
        _raise_failures(dbtRunner(manifest=dbt_manifest(parsed)).invoke(arguments), read_manifest(parsed))
    finally:
        _release()
    return Path(shutil.copy(target / "static_index.html", folder / "lineage.html"))


def _stop(running: Future[None]) -> None:
    """Have dbt end now: otherwise a run that is stopped goes on to its last model (the sample's, on a busy machine, for 69 s).

    The statements that run are interrupted, and dbt begins no other after one that failed.
    """
    from dbt.adapters.contracts.connection import LazyHandle
    from dbt.adapters.factory import FACTORY
    from dbt.flags import get_flags

    object.__setattr__(get_flags(), "FAIL_FAST", True)  # type: ignore[no-untyped-call]
    while not running.done():
        opened = [one._handle for adapter in list(FACTORY.adapters.values()) for one in _connections(adapter)]
        for handle in opened:
            if handle is not None and not isinstance(handle, LazyHandle):
                with suppress(duckdb.Error, AttributeError):  # closed meanwhile, or another engine's
                    handle.cursor().interrupt()
        wait([running], timeout=0.1)


def _connections(adapter: Any) -> list[Any]:
    with adapter.connections.lock:
        return list(adapter.connections.thread_connections.values())


def _release() -> None:
    """Close dbt-duckdb's connections: they keep DuckDB's file lock after the runner has returned."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    environment = DuckDBConnectionManager._ENV
    reset_adapters()  # type: ignore[no-untyped-call]
    if environment is not None:
        environment.close()


def _raise_failures(result: Any, manifest: Mapping[str, Any], ask: Ask = lambda sql: ()) -> None:
    if result.success:
        return
    nodes = [one for one in getattr(result.result, "results", []) if one.status in {"fail", "error", "runtime error"}]
    lines = [f"  {line}" for one in nodes for line in _reasons(one, manifest, ask)]
    lines = lines or [f"  {without_values(str(result.exception))}"]
    failed = f"{len(lines)} of dbt's nodes failed; nothing was published."
    raise ChecksFailed("\n".join([f"{failed} Correct the data at its source, or report the rule, then run again:", *lines]))


def broken_rules(message: str) -> dict[str, int]:
    """The number of rows by the name of each rule that a model's table breaks, from dbt's message on the model."""
    return {name: int(n_rows) for name, n_rows in BROKEN.findall(message)}


def _reasons(result: Any, manifest: Mapping[str, Any], ask: Ask) -> list[str]:
    """A line for a failed node, or for each rule that it breaks."""
    if broken := broken_rules(result.message or ""):
        rules = {rule.id: rule for test in rules_by_table(manifest)[result.node.unique_id] for rule in rules_of(test)}
        named = [(rules[id], n_rows) for id, n_rows in broken.items()]
        return [f"{'.'.join(filter(None, (result.node.name, one.column)))} {one.kind}: {n_rows} rows" for one, n_rows in named]
    if result.status != "fail":
        return [f"{_name(result.node)}: {without_values(result.message or 'failed')}"]
    metadata = getattr(result.node, "test_metadata", None)
    if metadata is None or metadata.name != "columns_hold":
        return [f"{_name(result.node)}: {result.failures} rows"]
    table = _name(result.node).removesuffix(" columns_hold")
    return [f"{table}.{column} {rule}: {n_rows} rows" for column, rule, n_rows in ask(result.node.compiled_code)]


def _name(node: Any) -> str:
    if node.resource_type != "test":
        return f"{node.schema}.{node.name}"
    table = (getattr(node, "attached_node", None) or next(iter(node.depends_on.nodes), "")).rpartition(".")[2]
    column = f".{node.column_name}" if getattr(node, "column_name", None) else ""
    kind = node.test_metadata.name if getattr(node, "test_metadata", None) else node.name
    return f"{table}{column} {kind}"
