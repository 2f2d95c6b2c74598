"""A whole run on Spark: what it publishes is what DuckDB publishes, and nothing of its work is left.

Run by `make test-spark`, which shows the table of what was compared.
"""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from data_samples.simulator.simulate import Simulation, simulate
from pipelines.home import Home
from pipelines.practice import SAMPLE
from pipelines.scratch import PREFIX
from pipelines.warehouse.dbt_project import SPARK, parsed_project, read_manifest
from pipelines.warehouse.engine import Spark
from pipelines.warehouse.spark.session import find_packages
from tests.conftest import caregap
from tests.dbt.parity import HEAD, parity

pytestmark = [pytest.mark.spark, pytest.mark.timeout(7200)]
N_PATIENTS = int(os.environ.get("CAREGAP_PATIENTS", "0"))


def published(home: Home, practice: Path, engine: str) -> Path:
    done = caregap(home, "run", practice, "--engine", engine)
    assert done.returncode == 0, done.stderr
    assert not [*home.build.rglob(f"{PREFIX}*")]
    return (home.published / "current" / "warehouse.duckdb").resolve()


def holds_the_same(one: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys and values of each mart and delivery table; money to the cent, floats to the ninth digit."""
    compared = parity(one, other)
    with capsys.disabled():
        sys.stdout.write("\n".join(["", HEAD, *map(str, compared), ""]))
    assert len(compared) > 60
    assert sum(one.n_rows for one in compared) > 100_000
    assert [str(one) for one in compared if not one.is_same] == []


def test_every_published_table_of_the_sample_is_the_same_on_both_engines(
    sample_warehouse: Path, new_home: Callable[[], Home], capsys: pytest.CaptureFixture[str]
) -> None:
    """464,000 delivered rows: with the settings for few."""
    holds_the_same(sample_warehouse, published(new_home(), SAMPLE, "spark"), capsys)


@pytest.mark.skipif(not N_PATIENTS, reason="CAREGAP_PATIENTS names no number of patients to compare: 2000 are enough")
def test_every_published_table_of_a_larger_practice_is_the_same_on_both_engines(
    tmp_path: Path, new_home: Callable[[], Home], capsys: pytest.CaptureFixture[str]
) -> None:
    """From some 1,700 patients on with the settings for many rows: code is compiled, and plans adapt as they run."""
    simulate(Simulation(n_patients=N_PATIENTS, n_months=30, seed=1, rare_share=0.25), tmp_path)
    holds_the_same(*(published(new_home(), tmp_path, engine) for engine in ("duckdb", "spark")), capsys)


def test_a_run_that_is_stopped_ends_with_130_and_leaves_neither_java_nor_its_folder(
    small_practice: Path, new_home: Callable[[], Home]
) -> None:
    """As a service is stopped: SIGTERM, while Spark makes tables."""
    home = new_home()
    command = [str(Path(sys.executable).with_name("caregap")), "run", str(small_practice), "--engine", "spark"]
    started = subprocess.Popen(command, env={**os.environ, "CAREGAP_HOME": str(home.root)}, stderr=subprocess.PIPE, text=True)
    process = psutil.Process(started.pid)
    while len([*home.build.glob(f"*/{PREFIX}*/staging.db/*")]) < 20:
        assert started.poll() is None
        time.sleep(1)
    jvms = [one for one in process.children(recursive=True) if one.name() == "java"]
    started.send_signal(signal.SIGTERM)
    _, said = started.communicate(timeout=120)
    assert (started.returncode, len(jvms)) == (130, 1), said
    assert "Traceback" not in said
    assert not any(one.is_running() for one in jvms)
    assert not [*home.build.rglob(f"{PREFIX}*")]


def test_spark_works_in_a_folder_of_the_build_for_its_owner_alone_which_goes_with_an_error(
    typed_warehouse: Path, parsed_dbt: Path, tmp_path: Path
) -> None:
    find_packages()
    from pipelines.warehouse.spark.dbt_session import dbt_on_spark

    (tmp_path / "build" / "one").mkdir(parents=True)
    warehouse = tmp_path / "build" / "one" / "warehouse.duckdb"
    warehouse.write_bytes(typed_warehouse.read_bytes())
    (tmp_path / "dbt").symlink_to(parsed_dbt)
    manifest = read_manifest(parsed_project(Home(tmp_path), *SPARK))
    with pytest.raises(ZeroDivisionError), dbt_on_spark(warehouse, Spark("local[1]"), manifest, has_few_rows=True) as tables:
        tables.answer("create schema if not exists marts")
        tables.answer("create table marts.dim_kpis as (select * from seeds.kpi_catalog)")
        folders = [*warehouse.parent.glob(f"{PREFIX}*")]
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700, 0o700]
        assert [path for folder in folders for path in folder.rglob("*.parquet")]
        raise ZeroDivisionError
    assert [path.name for path in warehouse.parent.iterdir()] == [warehouse.name]
