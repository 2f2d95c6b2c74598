"""Which engine derives a practice's tables, and whether it may."""

from pipelines.errors import UsageError
from pipelines.practice import Practice


def spark_of(practice: Practice) -> str | None:
    """The master of the Spark that derives this practice's tables; None: DuckDB does.

    Spark writes Parquet and what has no room in memory in clear. Raises `UsageError` where patients are real and no setting says
    that the disk encrypts them, `EnvironmentNotReady` where Spark is not installed.
    """
    if practice.engine != "spark":
        return None
    if not practice.is_synthetic and not practice.is_spark_storage_encrypted:
        raise UsageError(
            "Spark writes what it works on in clear, and the patients of this practice are real. Put CAREGAP_HOME on an "
            "encrypted disk and say so in practice.toml (spark_storage_is_encrypted = true), or build on DuckDB "
            '(engine = "duckdb").'
        )
    from pipelines.warehouse.spark.session import find_packages

    find_packages()
    return practice.spark_master
