"""The practice that a run is for: its name, time zone, settings and source folders."""

import csv
import math
import tomllib
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.sources import delivered_kinds
from pipelines.errors import UsageError
from pipelines.home import CHECKOUT, Home
from pipelines.names import PLAIN
from pipelines.scenarios import written_scenarios

SAMPLE = CHECKOUT / "data_samples" / "practice"
SETTINGS_FILE = "practice.toml"
KPI_CATALOG = CHECKOUT / "dbt_project" / "seeds" / "kpi_catalog.csv"


@dataclass(frozen=True)
class Practice:
    """One practice.

    `sources` maps a source's name to its delivery folder. The name is the `source_system` of every row; its part before a
    colon is a kind of source (`models/sources.py`) and determines the extracts to expect: `ehr`, `ehr:north`.
    `as_of` is the day that the run looks back from; None: derived from the deliveries (`pipelines/raw/as_of.py`).
    `targets` are the practice's own, by KPI code and in the KPI's unit; `variables` are passed to dbt unchanged;
    `scenarios` is the content of its scenario files, by file name (`pipelines/scenarios.py`).
    """

    id: str
    name: str
    time_zone: str
    sources: dict[str, Path]
    is_synthetic: bool = False
    as_of: date | None = None
    targets: dict[str, float] = field(default_factory=dict)
    variables: dict[str, object] = field(default_factory=dict)
    scenarios: dict[str, dict] = field(default_factory=dict)

    def with_sources(self, sources: dict[str, Path]) -> "Practice":
        return replace(self, sources=sources)


def read_practice(folder: Path) -> Practice:
    """Read the practice from `practice.toml` in `folder`.

    Raises `UsageError` if the file is missing or invalid. Sources are the folders listed under `[sources]`, relative to
    `folder`; without that table, the subfolders named like a kind of source that exist.
    """
    path = folder / SETTINGS_FILE
    if not path.is_file():
        raise UsageError(f"{path}: not found. Give a folder with a practice.toml, or create one with `caregap init`.")
    names = [kind.name for kind in delivered_kinds()]
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        time_zone = settings["time_zone"]
        ZoneInfo(time_zone)
        declared = settings.get("sources") or {name: name for name in names if (folder / name).is_dir()}
        if not isinstance(settings["id"], str) or not PLAIN.fullmatch(settings["id"]):
            raise ValueError("id must be up to 64 letters, digits, _, ., : or -, and begin with a letter or digit")
        return Practice(
            id=settings["id"],
            name=settings["name"],
            time_zone=time_zone,
            sources={name: (folder / place).resolve() for name, place in declared.items()},
            is_synthetic=settings.get("is_synthetic", False),
            as_of=settings.get("as_of"),
            targets=_targets(settings.get("targets", {})),
            variables=settings.get("variables", {}),
            scenarios=written_scenarios(folder),
        )
    except KeyError as missing:
        raise UsageError(f"{path}: {missing} is missing. Add it; docs/operators.md lists every setting.") from None
    except (tomllib.TOMLDecodeError, ZoneInfoNotFoundError, ValueError) as wrong:
        raise UsageError(f"{path}: {wrong}. Correct it; docs/operators.md lists every setting.") from None


def _targets(targets: dict[str, object]) -> dict[str, float]:
    """Raise `ValueError` naming a KPI that is not in the catalog, or whose target is not a number."""
    with KPI_CATALOG.open(encoding="utf-8", newline="") as catalog:
        known = {row["kpi_code"] for row in csv.DictReader(catalog)}
    for code, target in targets.items():
        if code not in known:
            raise ValueError(f"[targets] {code}: no such KPI; `dim_kpis` lists them")
        if isinstance(target, bool) or not isinstance(target, int | float) or not math.isfinite(target):
            raise ValueError(f"[targets] {code}: not a number; write a share as 0.05, not 5 %")
    return {code: float(target) for code, target in targets.items()}


def practice_of(home: Home, folder: Path | None) -> Practice:
    """The practice in `folder`, otherwise the one that `caregap init` wrote to the home, otherwise the sample practice."""
    if folder is not None:
        return read_practice(folder)
    return read_practice(home.root if (home.root / SETTINGS_FILE).is_file() else SAMPLE)
