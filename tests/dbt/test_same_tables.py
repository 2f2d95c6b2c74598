"""The same deliveries give the same tables to the last digit, however many threads read them and in whatever order rows lie."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import duckdb
import numpy as np
import pytest

from pipelines.defs.run import run
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import SAMPLE, Practice, read_practice
from pipelines.warehouse.build import DERIVED, start_build
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import parsed_project
from tests.conftest import Hashes
from tests.dbt.conftest import GOLDEN

OF_FILES = {
    "marts.fct_deliveries",
    "marts.fct_data_findings",
    *(f"intermediate.int_money__{answers}" for answers in ("remittances", "claim_denials", "claim_submissions")),
}
"""The table of files, whose keys are hashes of their bytes, that of findings, which names a row of a file as an example, and the
answers of payers with their place in a file."""


@contextmanager
def _threads(n: int) -> Iterator[None]:
    """DuckDB with `n` threads; it takes as many as there are cores by default."""
    connect = duckdb.connect

    def limited(database: object = ":memory:", read_only: bool = False, config: dict | None = None) -> duckdb.DuckDBPyConnection:
        return connect(database, read_only=read_only, config=(config or {}) | {"threads": n})

    with mock.patch("duckdb.connect", limited):
        yield


def _with_rows_shuffled(folder: Path, seed: int) -> None:
    """Write every file of a practice with its rows in another order; the first line of a CSV file stays."""
    random = np.random.default_rng(seed)
    for path in sorted(folder.rglob("*.*")):
        if path.suffix in {".csv", ".ndjson"}:
            lines = path.read_text(encoding="utf-8").splitlines()
            head = lines[:1] if path.suffix == ".csv" else []
            rows = lines[len(head) :]
            random.shuffle(rows)
            path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")


def _differing(one: Hashes, other: Hashes) -> set[str]:
    return {table for table in one.keys() | other.keys() if one.get(table) != other.get(table)}


@pytest.mark.slow
def test_four_threads_and_shuffled_rows_build_the_same_tables(
    golden_warehouse: Path, new_home: Callable[[], Home], table_hashes: Callable[[Path], Hashes], tmp_path: Path
):
    folder = shutil.copytree(GOLDEN, tmp_path / "golden")
    _with_rows_shuffled(folder, seed=1)
    home, practice = new_home(), read_practice(folder)
    with _threads(4):
        build = start_build(home, practice, land(practice, home).ledger)
        for command, select in (("seed", ["resource_type:seed"]), ("run", DERIVED)):
            for _ in run_dbt(parsed_project(home), build.warehouse, build.variables, select, command):
                pass

    hashes = [table_hashes(path) for path in (golden_warehouse, build.warehouse)]
    derived = [{name: found for name, found in one.items() if not name.startswith(("raw.", "staging."))} for one in hashes]
    assert len(derived[0]) > 100
    assert _differing(*derived) == OF_FILES


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("threads", [1, 4])
def test_any_number_of_threads_and_any_order_of_arrival_publish_the_same_tables(
    threads: int,
    sample_warehouse: Path,
    new_home: Callable[[], Home],
    table_hashes: Callable[[Path], Hashes],
    tmp_path: Path,
):
    home, practice = new_home(), read_practice(SAMPLE)
    with _threads(threads):
        arrived = _arrived_shuffled(practice, home, tmp_path, seed=threads)
        publication = run(home, arrived).publication

    published = home.published / publication.id / "warehouse.duckdb"
    assert _differing(table_hashes(sample_warehouse), table_hashes(published)) == set()


def _arrived_shuffled(practice: Practice, home: Home, folder: Path, seed: int) -> Practice:
    """The practice after its files have arrived one by one in another order, landed five times in between.

    The simulator's truth lies beside them, by which risk models are compared with the best possible one.
    """
    moved = replace(practice, sources={name: folder / name for name in practice.sources})
    files = sorted(
        (name, path.relative_to(root)) for name, root in practice.sources.items() for path in root.rglob("*") if path.is_file()
    )
    np.random.default_rng(seed).shuffle(files)
    shutil.copytree(SAMPLE / "truth", folder / "truth")
    for name in practice.sources:
        (folder / name).mkdir()
    for number, (name, place) in enumerate(files, 1):
        (folder / name / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(practice.sources[name] / place, folder / name / place)
        if number % (len(files) // 5) == 0:
            land(moved, home)
    return moved
