"""The record of a model: its origin, and why a metric is missing."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from ml.risk.persistence import Origin, sha256
from pipelines.home import CHECKOUT


def note(model_version: str, metric: str, reason: str) -> pl.DataFrame:
    """A row of `ml.model_evaluations` that says why there is no metric."""
    everybody = {"model_version": model_version, "subgroup_type": "all", "subgroup": "all", "metric": metric, "note": reason}
    return pl.DataFrame([everybody | {"n_rows": 0, "n_patients": 0, "n_events": 0}])


def origin_of(task: str, rows: pl.DataFrame, sql: Path) -> Origin:
    """A model's origin: `rows`, the SQL files in `sql`, and the training code (`ml/risk/` and `ml/metrics.py`)."""
    values = b"".join(
        rows[name].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().tobytes()
        for name in rows.columns
        if name != "location_key"
    )
    code = [*(CHECKOUT / "ml" / "risk").glob("*.py"), CHECKOUT / "ml" / "metrics.py"]
    return Origin(task, sha256(values), _hash_of(sql.glob("*.sql")), _hash_of(code))


def _hash_of(files: Iterable[Path]) -> str:
    return sha256(b"".join(path.name.encode() + path.read_bytes() for path in sorted(files)))
