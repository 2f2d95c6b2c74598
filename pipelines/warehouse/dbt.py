"""Runs dbt in this process, on one warehouse file.

It uses dbtRunner instead of a subprocess: on 2 cores a subprocess took 23 s for 20 models, the runner 8 s the first time and 2 s
with a preloaded manifest. The manifest is parsed once for each state of the project and kept in the home.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.errors import ChecksFailed, without_values
from pipelines.faults import passing
from pipelines.home import CHECKOUT, Home
from pipelines.keys import key_of
from pipelines.scratch import PREFIX, scratch
from pipelines.sealed import damage, seal
from pipelines.sql.connection import open_file

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT = CHECKOUT / "dbt_project"
OF_A_BUILD = {"as_of_on", "time_zone"}
"""Variables that each build states; their values in `dbt_project.yml` serve unit tests alone."""
PARSED = "partial_parse.msgpack"
"""dbt's own file of a parsed project, which it reads faster than `manifest.json`."""
MANIFEST, SEAL = "manifest.json", "seal.json"
RESULTS = {"LogModelResult", "LogSeedResult", "LogTestResult", "LogSnapshotResult"}
# dbt logs every statement, including values; and it sends usage statistics unless disabled.
QUIET = ["--quiet", "--log-level", "none", "--log-level-file", "none", "--no-send-anonymous-usage-stats", "--no-write-json"]


def default_settings() -> dict[str, object]:
    """The practice's settings with their defaults, which `dbt_project.yml` holds for SQL and Python alike."""
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return {name: value for name, value in variables.items() if name not in OF_A_BUILD}


def parsed_project(home: Home) -> Path:
    """The folder in the home with `manifest.json` of the current dbt project; parses the project if needed.

    Raises `ChecksFailed` if the project does not parse.
    """
    state = hashlib.sha256()
    for path in sorted(PROJECT.rglob("*")):
        relative = path.relative_to(PROJECT)
        if path.is_file() and relative.parts[0] not in {"target", "logs", "dbt_packages"}:
            state.update(f"{relative}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    folder = home.dbt / state.hexdigest()[:16]
    if not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
        _parse(folder)
        for other in home.dbt.iterdir():
            if other != folder and not other.name.startswith(PREFIX):  # another process may be parsing
                shutil.rmtree(other, ignore_errors=True)
    return folder


def _is_whole(folder: Path) -> bool:
    """Whether the project was parsed into this folder and its files are what was written: over others dbt ends in a traceback."""
    try:
        return not damage(folder, json.loads((folder / SEAL).read_text(encoding="utf-8")), deep=True)
    except (OSError, ValueError):
        return False


def _parse(folder: Path) -> None:
    """Parse into a temporary folder, then rename it: a killed run leaves no partial manifest.

    dbt parses again only what has changed since the state before: 2 s after an edit, 12 s without an earlier state.
    """
    from dbt.cli.main import dbtRunner

    with scratch(folder.parent) as beside:
        (beside / "parsed").mkdir()
        for earlier in folder.parent.glob(f"*/{PARSED}"):
            with suppress(FileNotFoundError):  # another process may be tidying up
                shutil.copy(earlier, beside / "parsed")
        # dbt takes the catalog's name from the file's, and parses everything anew where this variable has changed.
        os.environ["CAREGAP_BUILD"] = str(folder.with_name("warehouse.duckdb"))
        flags = [flag for flag in QUIET if flag != "--no-write-json"]
        result = dbtRunner().invoke([*flags, "parse", *_places(beside / "parsed")])
        if not result.success:
            raise ChecksFailed(
                f"dbt_project does not parse: {result.exception}. Undo what was changed in this checkout's dbt_project/."
            )
        files = (beside / "parsed" / name for name in (MANIFEST, PARSED))
        (beside / "parsed" / SEAL).write_text(json.dumps(seal(files)), encoding="utf-8")
        passing("dbt.parsed", folder)
        if not folder.exists():  # another process may have been faster
            (beside / "parsed").rename(folder)


def _places(target: Path) -> list[str]:
    places = {"project-dir": PROJECT, "profiles-dir": PROJECT, "target-path": target, "log-path": target}
    return [word for name, path in places.items() for word in (f"--{name}", str(path))]


def _target(warehouse: Path) -> list[str]:
    """dbt's own words for an encrypted file, which its plugin attaches (`pipelines/warehouse/dbt_encryption.py`)."""
    return ["--target", "encrypted"] if key_of(warehouse) else []


def _manifest(folder: Path) -> "Manifest":
    """dbt's own manifest object as stored by partial parsing: 0.2 s to read instead of 5 s to parse."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest = Manifest.from_msgpack((folder / PARSED).read_bytes(), decoder=extended_mashumuro_decoder)
    manifest.build_parent_and_child_maps()  # type: ignore[no-untyped-call]
    return manifest


def run_dbt(
    parsed: Path, warehouse: Path, variables: Mapping[str, object], select: list[str], command: str = "build"
) -> Iterator[dict[str, Any]]:
    """Run `dbt build` (or another command) for the selected nodes of a parsed project on the file `warehouse`.

    Yields dbt's result event of each model, seed and test as it ends, as the dictionary that dbt logs with `--log-format json`.
    dbt's unit tests run in the test suite only: they test code, not data. At the end of the iterator the file is closed, so
    that others may open it. Raises `ChecksFailed` naming each failed node, its table and the number of failing rows, never a
    value.
    """
    from dbt.cli.main import dbtRunner, dbtRunnerResult
    from google.protobuf.json_format import MessageToDict

    events: SimpleQueue[dict[str, Any] | dbtRunnerResult] = SimpleQueue()

    def report(event: Any) -> None:
        if event.info.name in RESULTS:
            events.put(MessageToDict(event, preserving_proto_field_name=True))

    runner = dbtRunner(manifest=_manifest(parsed), callbacks=[report])
    arguments = [*QUIET, command, *_places(warehouse.parent / "dbt"), *_target(warehouse)]
    arguments += ["--vars", json.dumps(dict(variables), default=str)]
    # Otherwise a test that also reads an unselected table would fail because that table is missing.
    if command == "build":
        arguments += ["--indirect-selection", "buildable", "--exclude-resource-type", "unit_test"]
    arguments += ["--select", *select]

    def invoke() -> None:
        try:
            events.put(runner.invoke(arguments))
        finally:
            _release()

    os.environ["CAREGAP_BUILD"] = str(warehouse)
    with ThreadPoolExecutor(1, thread_name_prefix="dbt") as worker:  # waits for dbt to end, even if the reader stops
        worker.submit(invoke)
        while isinstance(event := events.get(), dict):
            yield event
    _raise_failures(event, warehouse)


def write_lineage(parsed: Path, warehouse: Path, variables: Mapping[str, object], folder: Path) -> Path:
    """Write dbt's documentation as one HTML file in `folder`. Returns its path. Raises `ChecksFailed` if dbt cannot write it."""
    from dbt.cli.main import dbtRunner

    target = warehouse.parent / "dbt"
    os.environ["CAREGAP_BUILD"] = str(warehouse)
    flags = [flag for flag in QUIET if flag != "--no-write-json"]
    arguments = [*flags, "docs", "generate", "--static", *_places(target), *_target(warehouse)]
    arguments += ["--vars", json.dumps(dict(variables), default=str)]
    try:
        _raise_failures(dbtRunner(manifest=_manifest(parsed)).invoke(arguments), warehouse)
    finally:
        _release()
    return Path(shutil.copy(target / "static_index.html", folder / "lineage.html"))


def _release() -> None:
    """Close dbt-duckdb's connections: they keep DuckDB's file lock after the runner has returned."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    environment = DuckDBConnectionManager._ENV
    reset_adapters()  # type: ignore[no-untyped-call]
    if environment is not None:
        environment.close()


def _raise_failures(result: Any, warehouse: Path) -> None:
    if result.success:
        return
    nodes = [one for one in getattr(result.result, "results", []) if one.status in {"fail", "error", "runtime error"}]
    lines = [f"  {line}" for one in nodes for line in _reasons(one, warehouse)]
    lines = lines or [f"  {without_values(str(result.exception))}"]
    failed = f"{len(lines)} of dbt's nodes failed; nothing was published."
    raise ChecksFailed("\n".join([f"{failed} Correct the data at its source, or report the rule, then run again:", *lines]))


def _reasons(result: Any, warehouse: Path) -> list[str]:
    """A line for a failed node, or for each rule that is broken where one test holds several."""
    if result.status != "fail":
        return [f"{_name(result.node)}: {without_values(result.message or 'failed')}"]
    metadata = getattr(result.node, "test_metadata", None)
    if metadata is None or metadata.name != "columns_hold":
        return [f"{_name(result.node)}: {result.failures} rows"]
    with open_file(warehouse, read_only=True) as connection:
        broken = connection.execute(result.node.compiled_code).fetchall()
    table = _name(result.node).removesuffix(" columns_hold")
    return [f"{table}.{column} {rule}: {n_rows} rows" for column, rule, n_rows in broken]


def _name(node: Any) -> str:
    if node.resource_type != "test":
        return f"{node.schema}.{node.name}"
    table = (getattr(node, "attached_node", None) or next(iter(node.depends_on.nodes), "")).rpartition(".")[2]
    column = f".{node.column_name}" if getattr(node, "column_name", None) else ""
    kind = node.test_metadata.name if getattr(node, "test_metadata", None) else node.name
    return f"{table}{column} {kind}"
