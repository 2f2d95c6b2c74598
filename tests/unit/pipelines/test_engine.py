"""Which engine derives a practice's tables, and where Spark is refused."""

import ast
import re
from pathlib import Path

import pytest

from pipelines.errors import EnvironmentNotReady, UsageError
from pipelines.home import CHECKOUT
from pipelines.practice import read_practice
from pipelines.warehouse.engine import Spark, spark_of
from pipelines.warehouse.spark import session

NAMED = 'id = "north"\nname = "North"\ntime_zone = "America/Chicago"\n'


def written(folder: Path, *settings: str) -> Path:
    (folder / "practice.toml").write_text(NAMED + "\n".join(settings), encoding="utf-8")
    return folder


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `make setup-spark`, on a path that nobody imports from."""
    (tmp_path / "packages" / "pyspark").mkdir(parents=True)
    monkeypatch.setattr(session, "PACKAGES", tmp_path / "packages")
    monkeypatch.setattr("sys.path", ["", str(tmp_path / "packages")])


def test_duckdb_builds_unless_another_engine_is_named(tmp_path: Path) -> None:
    assert spark_of(read_practice(written(tmp_path))) is None


@pytest.mark.usefixtures("installed")
def test_spark_uses_every_core_unless_a_master_is_named(tmp_path: Path) -> None:
    synthetic = ("is_synthetic = true", 'engine = "spark"')
    assert spark_of(read_practice(written(tmp_path, *synthetic))) == Spark("local[*]")
    for master in ("local[4]", "local-cluster[2,1,2048]"):
        assert spark_of(read_practice(written(tmp_path, *synthetic, f'spark_master = "{master}"'))) == Spark(master)


@pytest.mark.usefixtures("installed")
def test_executors_on_other_machines_need_storage_that_they_share(tmp_path: Path) -> None:
    cluster = ("is_synthetic = true", 'engine = "spark"', 'spark_master = "spark://one.example:7077,two.example:7077"')
    with pytest.raises(UsageError, match="do not see the build's folder"):
        spark_of(read_practice(written(tmp_path, *cluster)))
    with pytest.raises(UsageError, match="spark_storage does not exist"):
        spark_of(read_practice(written(tmp_path, *cluster, f'spark_storage = "{tmp_path}/none"')))
    spark = spark_of(read_practice(written(tmp_path, *cluster, f'spark_storage = "{tmp_path}"')))
    assert spark == Spark("spark://one.example:7077,two.example:7077", tmp_path)


@pytest.mark.usefixtures("installed")
def test_spark_takes_no_real_patients_unless_its_storage_is_declared_encrypted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="spark_storage_is_encrypted = true"):
        spark_of(read_practice(written(tmp_path, 'engine = "spark"')))
    declared = written(tmp_path, 'engine = "spark"', "spark_storage_is_encrypted = true")
    assert spark_of(read_practice(declared)) == Spark("local[*]")


def test_spark_that_is_not_installed_is_named_with_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PACKAGES", tmp_path)
    with pytest.raises(EnvironmentNotReady, match="make setup-spark"):
        spark_of(read_practice(written(tmp_path, 'engine = "spark"', "is_synthetic = true")))


def test_spark_connect_is_refused_with_what_to_write_instead(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'Write the cluster behind it: "spark://host:7077"'):
        read_practice(written(tmp_path, 'spark_master = "sc://elsewhere:15002"'))


@pytest.mark.parametrize(
    "setting", ['engine = "sparks"', 'spark_master = "yarn"', 'spark_master = "k8s://x"', "spark_master = 2"]
)
def test_an_engine_or_master_that_no_run_was_tried_on_is_refused(tmp_path: Path, setting: str) -> None:
    with pytest.raises(UsageError, match=setting.partition(" ")[0]):
        read_practice(written(tmp_path, setting))


def test_code_for_spark_is_imported_where_spark_is_asked_for_alone() -> None:
    """At the top of no module, so that a run on DuckDB imports neither it nor its libraries."""
    package = "pipelines.warehouse.spark"
    for path in (CHECKOUT / "pipelines").rglob("*.py"):
        if package.rpartition(".")[2] not in path.parent.parts:
            tops = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
            assert not [node for node in tops if (node.module or "").startswith(package)], path


def test_what_code_reads_of_the_intermediate_layer_comes_back_from_spark() -> None:
    """Measure decks read a build of their own, which DuckDB makes."""
    pytest.importorskip("sqlglot")
    from pipelines.warehouse.spark.dbt_session import READ_BY_CODE

    rooms = (
        path
        for path in (CHECKOUT / "pipelines").rglob("*.py")
        if {"warehouse", "proof"}.isdisjoint(path.relative_to(CHECKOUT).parts)
    )
    text = "\n".join(path.read_text(encoding="utf-8") for path in rooms)
    assert set(re.findall(r"intermediate\.int_\w+", text)) == READ_BY_CODE
