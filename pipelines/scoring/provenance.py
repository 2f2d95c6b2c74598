"""What is on record of a model: what it was made from, and why there is no figure where there is none."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from ml.risk.persistence import Origin, sha256
from pipelines.home import CHECKOUT


def note(model_version: str, metric: str, reason: str) -> pl.DataFrame:
    """A row of `ml.model_evaluations` that says, instead of a figure, why there is none."""
    everybody = {"model_version": model_version, "subgroup_type": "all", "subgroup": "all", "metric": metric, "note": reason}
    return pl.DataFrame([everybody | {"n_rows": 0, "n_patients": 0, "n_events": 0}])


def origin_of(task: str, rows: pl.DataFrame, sql: Path) -> Origin:
    """What a model is made from: `rows`, the SQL files in `sql`, and the code that learns (`ml/risk/` and `ml/metrics.py`)."""
    values = b"".join(
        rows[name].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().tobytes()
        for name in rows.columns
        if name != "location_key"
    )
    code = [*(CHECKOUT / "ml" / "risk").glob("*.py"), CHECKOUT / "ml" / "metrics.py"]
    return Origin(task, sha256(values), _hash_of(sql.glob("*.sql")), _hash_of(code))


def _hash_of(files: Iterable[Path]) -> str:
    return sha256(b"".join(path.name.encode() + path.read_bytes() for path in sorted(files)))
