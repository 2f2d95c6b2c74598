"""A disk that is really full, at whatever step: one message, code 13, and the next run with space ends in the same tables.

The disk is a small tmpfs, which only root may mount; `test_stopped_runs.py` injects the same error at every named point.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.disk import DiskFull
from pipelines.home import Home
from pipelines.lock import only_writer
from pipelines.sql.connection import open_file
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import parsed_project
from tests.faults.conftest import Run, Scene, left_over, tables

MB = (0.25, 0.5, 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32)
ENOUGH = 200


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[float], Path]]:
    """`disk(4)` is a disk of 4 MB; `disk(200)` makes room on it."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def size(megabytes: float) -> Path:
        again = "remount," if folder.is_mount() else ""
        command = ["mount", "-t", "tmpfs", "-o", f"{again}size={int(megabytes * 1024)}k", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only root may mount a disk")
        return folder

    yield size
    if folder.is_mount():
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def expected(scene: Scene, short_run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple]]:
    """The tables of a home with space."""
    home = tmp_path_factory.mktemp("space") / "home"
    shutil.copytree(scene.home, home, symlinks=True)
    assert short_run(home, scene.practice).returncode == 0
    return tables(home)


def size_of(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1024**2


@pytest.mark.slow
@pytest.mark.parametrize("more", MB)
def test_a_run_on_a_full_disk_says_so_and_the_next_with_space_ends_in_the_same_tables(scene, short_run, disk, expected, more):
    """`more`: the megabytes that are free above what the home holds. With 32 everything fits."""
    home = disk(size_of(scene.home) + 1 + more) / "home"
    shutil.copytree(scene.home, home, symlinks=True)
    before = (home / "published" / "current").resolve().name
    done = short_run(home, scene.practice)
    assert "Traceback" not in done.stdout
    if done.returncode:
        assert done.returncode == 13, done.stdout
        (said,) = done.stdout.splitlines()
        assert "the disk is full" in said and str(disk(ENOUGH)) in said
        told = json.loads((home / "published" / "last_run.json").read_text())
        assert told["status"] == "failed" and "the disk is full" in told["reason"]
        assert (home / "published" / "current").resolve().name == before
    disk(ENOUGH)
    rerun = short_run(home, scene.practice)
    assert rerun.returncode == 0, rerun.stdout
    assert tables(home) == expected
    assert left_over(home) == []


LARGE = "select hash(range) as key, repeat('x', 100) || range as filling from range(3_000_000) order by key"
"""300 MB, of which DuckDB may keep 64 MB in memory."""
PROFILE = """
caregap:
  target: build
  outputs:
    build: {type: duckdb, path: "{{ env_var('CAREGAP_BUILD') }}", threads: 2, settings: {memory_limit: 64MB}}
"""


@pytest.mark.slow
def test_a_disk_that_is_full_when_duckdb_spills_is_said_to_be_full(disk):
    home = Home(disk(50))
    said = pytest.raises(DiskFull, match=f"{home.root}.*the disk is full")
    with said, only_writer(home), open_file(home.root / "build.duckdb") as connection:
        connection.execute("set memory_limit = '64MB'")
        connection.execute(f"create table large as {LARGE}")
    assert [path.name for path in home.root.iterdir() if path.suffix not in (".duckdb", ".wal")] == ["lock"]


@pytest.mark.slow
def test_a_disk_that_is_full_when_a_model_of_dbts_spills_is_said_to_be_full(disk, tmp_path, monkeypatch):
    """By a model of its own: those of the project sort too little for it."""
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: spilling\nprofile: caregap\n")
    (project / "profiles.yml").write_text(PROFILE)
    (project / "models" / "large.sql").write_text("{{ config(materialized='table') }}\n" + LARGE)
    monkeypatch.setattr("pipelines.warehouse.dbt_project.PROJECT", project)
    home = Home(disk(50))
    with pytest.raises(DiskFull, match=f"{home.root}.*the disk is full"), only_writer(home):
        for _ in run_dbt(parsed_project(home), home.root / "warehouse.duckdb", {}, ["large"], "run"):
            pass
