"""A Spark session for one build, and the functions that Spark lacks."""

import logging
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from pkgutil import extend_path
from typing import Any

from pipelines.errors import EnvironmentNotReady
from pipelines.home import CHECKOUT

PACKAGES = CHECKOUT / ".venv" / "spark"
"""Where `make setup-spark` puts pyspark, dbt-spark and sqlglot: apart, since pandera imports pyspark wherever it is found."""
SETTINGS = {
    "spark.sql.ansi.enabled": "true",  # a number that does not fit, or a text that is none, is an error, as in DuckDB
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # What each operator of a task takes at first, however few its rows; Spark reckons 64 MB for 4 GB and two cores. With those a
    # measure of 400 patients failed for want of memory, with 2 MB it did not: the likely cause, not made to happen on its own.
    "spark.buffer.pageSize": "2m",
    "spark.executor.syncLogLevel.enabled": "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # Of each plan Spark writes a text and keeps a picture for its pages, and checks it between the steps of its optimizer.
    "spark.sql.lightweightPlanChangeValidation": "false",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.debug.maxToStringFields": "1",
    "spark.sql.maxPlanStringLength": "100",
    "spark.sql.ui.retainedExecutions": "1",
    "spark.ui.retainedTasks": "1",
    "spark.ui.liveUpdate.period": "60s",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}
OF_THIS_MACHINE = {
    "spark.driver.memory": "4g",
    "spark.sql.shuffle.partitions": "8",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}
"""Settings where all of Spark runs on this machine."""
OF_EXECUTORS = re.compile(r"local-cluster\[(\d+),\d+,(\d+)\]")
"""A master that starts executors on this machine: their number and megabytes."""
OF_FEW_ROWS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",  # each exchange would be a job, after which the rest is planned anew
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.parquet.compression.codec": "uncompressed",
}
"""Settings where few rows were delivered: to compile code for each of 400 statements takes longer than to run it once. With
those about plans, 27 models of 60 patients took 30 CPU seconds of Java instead of 38."""
JAVA_OF_FEW_ROWS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"
"""Java's part in that. Its cache for one compiler alone, 48 MB, was full after three minutes: nothing was compiled any more."""
PATIENCE = 60.0
"""Seconds for which a cluster may take to give an executor."""
FUNCTIONS = {
    "best_name_similarity": (
        "list_max(list_transform(a, lambda x: list_max(list_transform(b, lambda y: jaro_winkler_similarity(x, y)))))",
        2,
        "double",
    ),
    "damerau_levenshtein": ("damerau_levenshtein(a, b)", 2, "bigint"),
    "strip_accents": ("strip_accents(a)", 1, "string"),
    "one_decimal": ("printf('%.1f', a)", 1, "string"),  # Java rounds 0.25 up
}
"""What Spark lacks, evaluated by DuckDB on each batch of rows, so that both engines give the same: SQL of the arguments a and b,
their number, the type of the result. Executors need the Python packages duckdb and pyarrow. None may have the name of a
function of Spark's: that one would be called instead."""


def find_packages() -> None:
    """Make pyspark and dbt-spark importable. Raises `EnvironmentNotReady` where `make setup-spark` has not been run."""
    if not (PACKAGES / "pyspark").is_dir():
        raise EnvironmentNotReady('This installation has no Spark: run `make setup-spark`, or leave out engine = "spark".')
    if str(PACKAGES) in sys.path:
        return
    sys.path.append(str(PACKAGES))
    for name in ("dbt", "dbt.adapters", "dbt.include"):  # where they are imported already, they have looked for their parts
        if name in sys.modules:
            package = sys.modules[name]
            package.__path__ = extend_path(package.__path__, name)


@contextmanager
def session(master: str, own: Path, folder: Path | None = None, *, has_few_rows: bool = False) -> Iterator[Any]:
    """A Spark session whose tables lie under `folder`, and all else that it writes here under `own`; its JVM ends with it.

    Raises `EnvironmentNotReady` where Spark or Java is not there, where the master does not answer or has no executor to give,
    and instead of any other error where Java has ended meanwhile.
    """
    find_packages()
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import arrow_udf

    warnings.filterwarnings("ignore", module="pyspark")
    for name in ("py4j", "SQLQueryContextLogger"):  # which write statements, with values
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    local = own / "local"
    local.mkdir()
    found = OF_EXECUTORS.fullmatch(master)
    settings = {
        **SETTINGS,
        **({} if master.startswith("spark://") else OF_THIS_MACHINE),
        **({"spark.executor.memory": f"{found[2]}m"} if found else {}),
        **(OF_FEW_ROWS if has_few_rows else {}),
        "spark.sql.warehouse.dir": (folder or own).as_uri(),  # a cluster may take a bare path for one of its own store
        "spark.local.dir": str(local),
        "spark.driver.extraJavaOptions": f'"-Djava.io.tmpdir={local}" {JAVA_OF_FEW_ROWS if has_few_rows else ""}',
    }
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # where executors have another Python, its operator names it
    os.environ |= {"PYSPARK_DRIVER_PYTHON": sys.executable, "SPARK_WORKER_DIR": str(local)}
    builder = SparkSession.builder.appName("caregap").master(master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        with _unheard(), _environment(own / "spark", master):
            started = builder.getOrCreate()
    except (PySparkException, Py4JError, OSError, RuntimeError) as error:
        _end_jvm()
        why = f"Spark does not start at {master} ({type(error).__name__})"
        raise EnvironmentNotReady(f"{why}: install Java 17 (Debian: openjdk-17-jre-headless), and check spark_master.") from None
    try:
        if found or master.startswith("spark://"):
            _await_executors(started, master, int(found[1]) if found else 1)
        # Its log has values, and so have those of its executors; one that was about to register would not hear of it.
        started.sparkContext.setLogLevel("OFF")
        for name, function in FUNCTIONS.items():
            started.udf.register(name, arrow_udf(in_duckdb(*function), function[-1]))
        yield started
    except Exception:
        if _has_jvm_ended():
            raise EnvironmentNotReady(
                "Spark's Java ended before its work did: it, or the machine, had too little memory, or somebody ended it. "
                "Nothing was published. Free memory, or give Spark fewer cores (spark_master), and run again."
            ) from None
        raise
    finally:
        with suppress(Py4JError, OSError):  # ended already
            started.stop()
        _end_jvm()


def _await_executors(spark: Any, master: str, least: int) -> None:
    """Wait until a cluster has given so many executors: otherwise the first statement would wait for ever, and say nothing."""
    end = time.monotonic() + PATIENCE
    while spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() <= least:  # the first is this process
        if time.monotonic() > end:
            raise EnvironmentNotReady(
                f"{master} gave no executor within {PATIENCE:.0f} s. See whether its workers are up, with a core and 1 GB free."
            )
        time.sleep(0.2)


def _has_jvm_ended() -> bool:
    from pyspark import SparkContext

    return SparkContext._gateway is None or SparkContext._gateway.proc.poll() is not None


def _end_jvm() -> None:
    """Have the JVM end, which else goes on until Python does, and writes where the first of its sessions did."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    gateway = SparkContext._gateway
    SparkContext._active_spark_context = SparkSession._instantiatedSession = None  # they stay where the JVM ended first
    if gateway is None:  # it did not start
        return
    SparkContext._gateway = SparkContext._jvm = None
    with suppress(OSError):
        gateway.shutdown()
        gateway.proc.stdin.close()
    gateway.proc.wait()


@contextmanager
def _environment(home: Path, master: str) -> Iterator[None]:
    """What is started here has its `SPARK_HOME` in this folder: executors on this machine write into `work` there, which would
    otherwise be in the installation and stay. They also listen to this machine alone."""
    home.mkdir()
    for name in ("bin", "jars", "python"):
        (home / name).symlink_to(PACKAGES / "pyspark" / name)
    own = {"SPARK_HOME": str(home)} | ({} if master.startswith("spark://") else {"SPARK_LOCAL_IP": "127.0.0.1"})
    before = {name: os.environ.get(name) for name in own}
    os.environ |= own
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


@contextmanager
def _unheard() -> Iterator[None]:
    """What the JVM that is started here says goes nowhere, for as long as it runs: it would print statements and values."""
    kept = {handle: os.dup(handle) for handle in (1, 2)}
    try:
        with Path(os.devnull).open("w") as nowhere:
            for handle in kept:
                os.dup2(nowhere.fileno(), handle)
        yield
    finally:
        for handle, copy in kept.items():
            os.dup2(copy, handle)
            os.close(copy)


def in_duckdb(expression: str, arity: int, returns: str) -> Callable[..., Any]:
    """A function of Arrow arrays. What it is made of is nested, so that it is sent to executors whole, without this package."""
    import pyarrow

    made = {"double": pyarrow.float64(), "bigint": pyarrow.int64(), "string": pyarrow.string()}[returns]

    def evaluated(*columns: Any) -> Any:
        import duckdb

        given = pyarrow.table(list(columns), names=["a", "b"][: len(columns)])
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.register("given", given)
            found = connection.execute(f"select {expression} as made from given").to_arrow_table()["made"]
        return pyarrow.array(found.to_pylist(), type=made)

    def of_one(a: pyarrow.Array) -> pyarrow.Array:
        return evaluated(a)

    def of_two(a: pyarrow.Array, b: pyarrow.Array) -> pyarrow.Array:
        return evaluated(a, b)

    return of_one if arity == 1 else of_two
