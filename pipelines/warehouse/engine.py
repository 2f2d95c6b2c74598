"""Which engine derives a practice's tables, and whether it may."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.practice import Practice


@dataclass(frozen=True)
class Spark:
    """A Spark that derives tables. `storage`: the folder for them, which all of its executors see; None: that of the build."""

    master: str
    storage: Path | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether its executors may run on other machines."""
        return self.master.startswith("spark://")


def spark_of(practice: Practice) -> Spark | None:
    """The Spark that derives this practice's tables; None: DuckDB does.

    Spark writes Parquet and what has no room in memory in clear. Raises `UsageError` where patients are real and no setting says
    that the disk encrypts them, and where executors on other machines would not see its tables; `EnvironmentNotReady` where Spark
    is not installed.
    """
    if practice.engine != "spark":
        return None
    if not practice.is_synthetic and not practice.is_spark_storage_encrypted:
        raise UsageError(
            "Spark writes what it works on in clear, and the patients of this practice are real. Put CAREGAP_HOME on an "
            "encrypted disk and say so in practice.toml (spark_storage_is_encrypted = true), or build on DuckDB "
            '(engine = "duckdb").'
        )
    spark = Spark(practice.spark_master, practice.spark_storage)
    if spark.is_elsewhere and spark.storage is None:
        raise UsageError(
            f"The executors of {spark.master} do not see the build's folder, where Spark's tables would lie. Name a folder on "
            'storage that this machine and all of them share, at the same path (spark_storage = "/mnt/shared/caregap").'
        )
    if spark.storage and not spark.storage.is_dir():
        raise UsageError(f"{spark.storage}: this folder of spark_storage does not exist. Correct practice.toml, or mount it.")
    from pipelines.warehouse.spark.session import find_packages

    find_packages()
    return spark
