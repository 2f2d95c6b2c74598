"""dbt on a Spark session of ours: dbt-spark with the statements of `Tables`."""

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.scratch import scratch, sweep_in
from pipelines.warehouse.engine import Spark
from pipelines.warehouse.spark.session import session
from pipelines.warehouse.spark.tables import Tables

READ_BY_CODE = {
    "intermediate.int_disengagement__contact_months",
    "intermediate.int_disengagement__features",
    "intermediate.int_disengagement__index",
    "intermediate.int_disengagement__labels",
    "intermediate.int_identity__patient_links",
    "intermediate.int_no_show__features",
    "intermediate.int_patients__demographics",
    "intermediate.int_patients__profile",
    "intermediate.int_patients__restricted",
}
"""Tables without a contract that scoring and publishing read."""


@contextmanager
def dbt_on_spark(
    warehouse: Path, at: Spark, manifest: Mapping[str, Any], read: Set[str] = frozenset(), *, has_few_rows: bool
) -> Iterator[Tables]:
    """While this is open, dbt's target `spark` is a session there, which knows the tables of the build's file.

    What dbt has made that is read later, `read` among it, goes back into the file at the end, unless it ends with an error. Its
    working folder is in the build's, that of its tables where `at` says, and both are removed in either case.
    """
    shared = at.storage or warehouse.parent
    sweep_in(shared)
    with (
        scratch(warehouse.parent) as own,
        scratch(shared) as folder,
        session(at.master, own, folder, has_few_rows=has_few_rows) as spark,
    ):
        tables = Tables(spark, warehouse, folder, _read_later(manifest) | read)
        with _answering(tables):
            yield tables
        tables.give_back()


def _read_later(manifest: Mapping[str, Any]) -> Set[str]:
    """The tables, as `schema.name`, that are published, that delivery reads after the scores, or that code reads."""
    models = {id: node for id, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    for_delivery = {parent for node in models.values() if node["schema"] == "delivery" for parent in node["depends_on"]["nodes"]}
    later = [node for id, node in models.items() if id in for_delivery or node["schema"] in {"marts", "delivery"}]
    return {f"{node['schema']}.{node['name']}" for node in later} | READ_BY_CODE


@contextmanager
def _answering(tables: Tables) -> Iterator[None]:
    """dbt-spark's cursor runs each statement by `tables`; its own would start a session without ANSI. A run that is stopped
    interrupts its statements, as it does DuckDB's."""
    from dbt.adapters.spark.session import Cursor, SessionConnectionWrapper

    def execute(cursor: Any, sql: str, *_: Any) -> None:
        cursor._df = tables.answer(sql)

    own = Cursor.execute
    Cursor.execute = execute
    SessionConnectionWrapper.interrupt = lambda _: tables.spark.sparkContext.cancelAllJobs()
    try:
        yield
    finally:
        Cursor.execute = own
        del SessionConnectionWrapper.interrupt
