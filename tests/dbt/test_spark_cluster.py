"""Spark with executors of their own: functions reach them, and a run goes on when one of them is killed.

Run by `make test-spark`.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import psutil
import pytest

from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home
from pipelines.scratch import PREFIX
from pipelines.warehouse.spark.session import FUNCTIONS, PACKAGES, find_packages, in_duckdb, session
from tests.conftest import caregap_process
from tests.dbt.parity import parity

pytestmark = [pytest.mark.spark, pytest.mark.timeout(7200)]
EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
TWO_EXECUTORS = 'engine = "spark"\nspark_master = "local-cluster[2,1,2048]"\n'


def children(process: psutil.Process, named: str) -> list[psutil.Process]:
    """Those so named, without what they start themselves: a process for each file whose mode Spark sets, which is soon over."""
    found = list[psutil.Process]()
    for one in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if one.parent() not in found and any(named in word for word in one.cmdline()):
                found.append(one)
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_reaches_an_executor_that_has_duckdb_and_pyarrow_and_not_this_package(name: str, tmp_path: Path) -> None:
    find_packages()
    from pyspark import cloudpickle

    (tmp_path / "function").write_bytes(cloudpickle.dumps(in_duckdb(*FUNCTIONS[name])))
    arity = FUNCTIONS[name][1]
    given = {"best_name_similarity": "[['ana']]", "one_decimal": "[0.25]"}.get(name, "['ana']")
    asked = (
        f"import pickle, sys; sys.path.append({str(PACKAGES)!r}); sys.modules['pipelines'] = None; import pyarrow;"
        f"made = pickle.load(open({str(tmp_path / 'function')!r}, 'rb'));"
        f"print(made(*[pyarrow.array({given})] * {arity}).to_pylist())"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = {"damerau_levenshtein": "[0]", "strip_accents": "['ana']", "one_decimal": "['0.2']"}
    assert done.stdout.strip() == expected.get(name, "[1.0]")


def test_where_java_ends_before_its_work_the_error_says_what_to_do_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReady, match="Free memory"), session("local[1]", tmp_path, has_few_rows=True) as spark:
        assert spark.sql("select 1").collect() == [(1,)]
        [java] = children(psutil.Process(), "org.apache.spark.deploy.SparkSubmit")
        java.kill()
        java.wait()
        spark.sql("select 1").collect()
    assert children(psutil.Process(), "org.apache.spark.deploy.SparkSubmit") == []


def test_an_executor_of_this_machine_keeps_values_to_it(tmp_path: Path) -> None:
    """It logs none: a text that is no number is an error, which Spark's own log repeats with the text. What it says of its start
    goes with the session's folder. And nobody else can ask it for rows: it listens to this machine alone."""
    with session("local-cluster[1,1,1024]", tmp_path, has_few_rows=True) as spark:
        with pytest.raises(Exception, match="Quixote2"):
            spark.sql("select cast(concat('Quixote', id + 2) as int) from range(1)").collect()
        [log] = tmp_path.rglob("stderr")
        assert "BlockManager" in log.read_text()
        listening = [one for process in children(psutil.Process(), EXECUTOR) for one in process.net_connections("tcp")]
        assert {one.laddr.ip.removeprefix("::ffff:") for one in listening} == {"127.0.0.1"}
        assert [path for path in tmp_path.rglob("*") if path.is_file() and b"Quixote" in path.read_bytes()] == []
    assert not (PACKAGES / "pyspark" / "work").exists()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """The address of a cluster of Spark's own on this machine: a master and one worker, with one core and 1,500 MB."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url, run = f"spark://127.0.0.1:{port}", str(PACKAGES / "pyspark" / "bin" / "spark-class")
    environment = {
        **os.environ,
        "SPARK_LOCAL_DIRS": str(tmp_path),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    place = ["--host", "127.0.0.1", "--webui-port", "0"]
    commands = [
        [run, "org.apache.spark.deploy.master.Master", *place, "--port", str(port)],
        [run, "org.apache.spark.deploy.worker.Worker", *place, "--cores", "1", "--memory", "1500m", "-d", str(tmp_path), url],
    ]
    started = [subprocess.Popen(one, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for one in commands]
    yield url
    for process in started[::-1]:
        process.terminate()
        process.wait()


def test_a_cluster_makes_tables_on_shared_storage_and_runs_our_functions(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    own, shared = tmp_path / "own", tmp_path / "shared"
    own.mkdir()
    shared.mkdir()
    with session(cluster, own, shared, has_few_rows=True) as spark:
        spark.sql("create schema marts")
        spark.sql("create table marts.names as select best_name_similarity(array('ana'), array('ana')) as alike from range(3)")
        assert spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() == 2
    with duckdb.connect() as connection:
        files = str(shared / "marts.db" / "names" / "*.parquet")
        assert connection.sql(f"select count(*), min(alike) from read_parquet('{files}')").fetchall() == [(3, 1.0)]


def test_a_cluster_that_does_not_answer_is_named_with_what_to_do(tmp_path: Path) -> None:
    """Nobody listens at port 1 of this machine. Spark asks three times, for a minute."""
    with pytest.raises(EnvironmentNotReady, match=r"spark://127.0.0.1:1.*spark_master"), session("spark://127.0.0.1:1", tmp_path):
        pass
    assert children(psutil.Process(), "org.apache.spark.deploy.SparkSubmit") == []


def test_a_run_ends_right_when_one_of_two_executors_is_killed_in_the_middle(
    small_practice: Path, new_home: Callable[[], Home], tmp_path: Path
) -> None:
    """The master starts another, and Spark does again what was lost. Published is what DuckDB publishes."""
    home, plain = new_home(), new_home()
    practice = tmp_path / "practice"
    practice.mkdir()
    for part in small_practice.iterdir():
        if part.name != "practice.toml":
            (practice / part.name).symlink_to(part)
    (practice / "practice.toml").write_text(TWO_EXECUTORS + (small_practice / "practice.toml").read_text())
    command = [str(Path(sys.executable).with_name("caregap")), "run", str(practice)]
    with (tmp_path / "said").open("w") as said:
        started = subprocess.Popen(command, env={**os.environ, "CAREGAP_HOME": str(home.root)}, stdout=said, stderr=said)
    try:
        while len([*home.build.glob(f"*/{PREFIX}*/intermediate.db/*")]) < 40:
            assert started.poll() is None, (tmp_path / "said").read_text()
            time.sleep(1)
        first, second = children(psutil.Process(started.pid), EXECUTOR)
        first.kill()
        first.wait(60)
        while len(left := children(psutil.Process(started.pid), EXECUTOR)) < 2:
            assert started.poll() is None, (tmp_path / "said").read_text()
            time.sleep(1)
        assert first not in left and second in left
        assert started.wait() == 0, (tmp_path / "said").read_text()
    finally:
        started.terminate()
    assert not [*home.build.rglob(f"{PREFIX}*")]
    assert caregap_process(plain, "run", small_practice).returncode == 0
    files = [(one.published / "current" / "warehouse.duckdb").resolve() for one in (plain, home)]
    compared = parity(*files)
    assert len(compared) > 60
    assert [str(one) for one in compared if not one.is_same] == []
