"""Reads the ground truth of simulated patients: only to evaluate a model, never to train one."""

import duckdb
import polars as pl

from pipelines.practice import Practice
from pipelines.sql.literals import literal

RISK_FILE = "disengagement_risk.parquet"


def best_possible(connection: duckdb.DuckDBPyConnection, practice: Practice) -> pl.DataFrame | None:
    """The best possible risk of a simulated practice, from the folder `truth/` beside its extracts; None if there is none.

    One row per patient and index: `patient_key`, `index_on`, `best_possible`. Reads the identities of the open build.
    """
    path = next(iter(practice.sources.values())).parent / "truth" / RISK_FILE
    if not practice.is_synthetic or not path.is_file():
        return None
    return connection.sql(
        f"""
        select links.patient_key, truth.index_on, max(truth.best_possible) as best_possible
        from read_parquet({literal(str(path))}) as truth
        inner join intermediate.int_identity__patient_links as links
            on truth.patient_id = links.source_id and links.source_record_type = 'ehr_patient'
        group by all
        order by all
        """
    ).pl()
