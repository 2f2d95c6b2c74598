"""Saves and loads trained models: skops (not pickle, so loading a file runs no code) with a manifest of the model's origin."""

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ml.risk.risk_model import RiskModel
from ml.risk.selection import Selection
from ml.risk.trusted_types import TRUSTED, skops_io

MODEL_FILE, MANIFEST_FILE = "model.skops", "manifest.json"
LIBRARIES = ("numpy", "polars", "scikit-learn", "scipy", "skops")
N_GOLDEN = 8
"""Rows whose risks are saved, to verify a reloaded model."""


class ModelMismatch(ValueError):
    """A saved model is not what its manifest or its reader expects. The text says how they differ."""


@dataclass(frozen=True)
class Origin:
    """A model's origin: hashes of the rows, the SQL and the code. Its `version` names the model."""

    task: str
    data_cut: str
    feature_sql: str
    code: str

    @property
    def libraries(self) -> dict[str, str]:
        return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}

    @property
    def version(self) -> str:
        """The task and 12 hex digits that change with any part of the origin."""
        return f"{self.task}-{sha256(json.dumps([self.data_cut, self.feature_sql, self.code, self.libraries]).encode())[:12]}"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def save(model: RiskModel, origin: Origin, golden: np.ndarray, folder: Path, metrics: Mapping[str, float | None]) -> None:
    """Write the model and its manifest to `folder`/<version>/; written aside, then renamed, so a kill leaves nothing incomplete.

    `golden` are a few rows of the model's matrix; their risks are saved, and a reloaded model must reproduce them.
    """
    target = folder / origin.version
    beside = folder / f"{origin.version}.{os.getpid()}"
    beside.mkdir(parents=True, mode=0o700)
    skops_io.dump(model.estimator, beside / MODEL_FILE)
    golden = golden[:N_GOLDEN]
    manifest = {
        "version": origin.version,
        "data_cut": origin.data_cut,
        "feature_sql": origin.feature_sql,
        "code": origin.code,
        "libraries": origin.libraries,
        "model_file": sha256((beside / MODEL_FILE).read_bytes()),
        "features": model.features,
        "trained_from_on": model.trained_from_on.isoformat(),
        "trained_to_on": model.trained_to_on.isoformat(),
        "selection": asdict(model.selection),
        "metrics": dict(metrics),
        "golden_rows": [[None if np.isnan(value) else float(value) for value in row] for row in golden],
        "golden_risks": model.risk_of(golden).tolist(),
    }
    (beside / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    beside.rename(target)


def load(origin: Origin, folder: Path) -> RiskModel:
    """Load the model of that origin.

    Raises `FileNotFoundError` if none is saved, and `ModelMismatch` if the file, its manifest, the code, the libraries or the
    risks of its golden rows differ from those saved.
    """
    place = folder / origin.version
    manifest = json.loads((place / MANIFEST_FILE).read_text(encoding="utf-8"))
    expected = {
        "version": origin.version,
        "data_cut": origin.data_cut,
        "feature_sql": origin.feature_sql,
        "code": origin.code,
        "libraries": origin.libraries,
        "model_file": sha256((place / MODEL_FILE).read_bytes()),
    }
    if differing := [name for name, value in expected.items() if manifest.get(name) != value]:
        raise ModelMismatch(f"{place}: differs from its manifest in {', '.join(differing)}. Train again with `caregap train`.")
    estimator = skops_io.load(place / MODEL_FILE, trusted=TRUSTED)
    first_on, last_on = (date.fromisoformat(manifest[name]) for name in ("trained_from_on", "trained_to_on"))
    selection = Selection(**manifest["selection"] | {"calibration": tuple(manifest["selection"]["calibration"])})
    model = RiskModel(estimator, tuple(manifest["features"]), first_on, last_on, selection)
    golden = np.array(manifest["golden_rows"], dtype=float)
    if not np.allclose(model.risk_of(golden), manifest["golden_risks"], rtol=0, atol=1e-12):
        raise ModelMismatch(f"{place}: does not reproduce the saved risks of its golden rows. Train again with `caregap train`.")
    return model
