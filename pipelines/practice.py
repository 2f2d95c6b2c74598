"""The practice that a run is for: its name, time zone, settings and source folders."""

import csv
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from models.settings.layout import Layout
from models.settings.practice import PracticeSettings
from models.settings.privacy import Retention
from models.settings.toml_schema import SettingsRefused, read_settings
from models.sources import delivered_kinds
from pipelines.errors import UsageError
from pipelines.home import CHECKOUT, Home
from pipelines.layouts import written_layouts
from pipelines.scenarios import written_scenarios

SAMPLE = CHECKOUT / "data_samples" / "practice"
SETTINGS_FILE = "practice.toml"
SEEDS = CHECKOUT / "dbt_project" / "seeds"


@dataclass(frozen=True)
class Practice:
    """One practice.

    `sources` maps a source's name to its delivery folder. The name is the `source_system` of every row; its part before a
    colon is a kind of source (`models/sources.py`) and determines the extracts to expect: `ehr`, `ehr:north`.
    `is_encrypted`: what is kept of it is encrypted by a key from outside the home.
    `fetched` says from which address a source's folder is filled before it is read, `published_to` where publications are copied.
    `as_of` is the day that the run looks back from; None: derived from the deliveries (`pipelines/raw/as_of.py`).
    `targets` are the practice's own, by KPI code and in the KPI's unit; `variables` are passed to dbt unchanged;
    `scenarios` is the content of its scenario files, by file name (`pipelines/scenarios.py`); `layouts` are its own, by
    name (`pipelines/layouts.py`). `modifier_extensions`: the addresses of FHIR's that change nothing that is read. `privacy`
    names its profile (`pipelines/privacy.py`), `retention` its own months. `engine` derives its tables, `spark_master` says where
    Spark runs and `spark_storage` where its tables lie meanwhile (`pipelines/warehouse/engine.py`).
    """

    id: str
    name: str
    time_zone: str
    sources: dict[str, Path]
    is_synthetic: bool = False
    is_encrypted: bool = False
    as_of: date | None = None
    fetched: dict[str, str] = field(default_factory=dict)
    published_to: str | None = None
    targets: dict[str, float] = field(default_factory=dict)
    variables: dict[str, object] = field(default_factory=dict)
    scenarios: dict[str, dict[str, Any]] = field(default_factory=dict)
    layouts: dict[str, Layout] = field(default_factory=dict)
    modifier_extensions: tuple[str, ...] = ()
    privacy: str = "hipaa"
    retention: Retention = field(default_factory=Retention)
    engine: str = "duckdb"
    spark_master: str = "local[*]"
    spark_storage: Path | None = None
    is_spark_storage_encrypted: bool = False

    def with_sources(self, sources: dict[str, Path]) -> "Practice":
        return replace(self, sources=sources)


def read_practice(folder: Path) -> Practice:
    """The practice whose `practice.toml` lies in `folder`.

    Raises `UsageError` where there is none, and where a setting is not what its schema allows (`models/settings/practice.py`).
    Sources are the folders named under `[sources]`, relative to `folder`; without that table, the subfolders
    named like a kind of source that exist.
    """
    path = folder / SETTINGS_FILE
    if not path.is_file():
        raise UsageError(f"{path}: not found. Give a folder with a practice.toml, or create one with `caregap init`.")
    known = {"kpi_codes": _codes("kpi_catalog"), "measure_codes": _codes("measure_catalog")}
    try:
        settings = read_settings(path.read_bytes(), PracticeSettings, str(path), known)
    except SettingsRefused as refused:
        raise UsageError(f"{refused}\ndocs/operators.md lists every setting.") from None
    kinds = [kind.name for kind in delivered_kinds()]
    declared = settings.sources or {kind: kind for kind in kinds if (folder / kind).is_dir()}
    return Practice(
        id=settings.id,
        name=settings.name,
        time_zone=settings.time_zone,
        sources={name: (folder / place).resolve() for name, place in declared.items()},
        is_synthetic=settings.is_synthetic,
        is_encrypted=settings.encryption == "home" and not settings.is_synthetic,
        as_of=settings.as_of,
        fetched=_fetched(settings.fetched, declared, path),
        published_to=settings.published_to,
        targets=settings.targets,
        variables=settings.variables.model_dump(exclude_none=True),
        scenarios=written_scenarios(folder),
        layouts=written_layouts(folder, settings.layouts),
        modifier_extensions=tuple(settings.modifier_extensions),
        privacy=settings.privacy,
        retention=settings.retention,
        engine=settings.engine,
        spark_master=settings.spark_master,
        spark_storage=Path(settings.spark_storage) if settings.spark_storage else None,
        is_spark_storage_encrypted=settings.spark_storage_is_encrypted,
    )


def _fetched(stores: dict[str, str], sources: dict[str, str], path: Path) -> dict[str, str]:
    for name in stores:
        if name not in sources:
            raise UsageError(
                f"{path}: [fetched] {name} is of no source. Name the folder that it is fetched into under [sources]: "
                f'{name} = "{name}".'
            )
    return stores


def _codes(catalog: str) -> frozenset[str]:
    """The codes of a catalog that is a seed: the first column of `kpi_catalog` or `measure_catalog`."""
    with (SEEDS / f"{catalog}.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row[0] for row in list(csv.reader(file))[1:])


def practice_of(home: Home, folder: Path | None) -> Practice:
    """The practice in `folder`, otherwise the one that `caregap init` wrote to the home, otherwise the sample practice.

    Raises `UsageError` where neither is given and the home holds what another practice delivered: a step without a folder would
    go on with the sample.
    """
    if folder is not None:
        return read_practice(folder)
    if (home.root / SETTINGS_FILE).is_file():
        return read_practice(home.root)
    sample = read_practice(SAMPLE)
    if others := sorted(path.name for path in (home.root / "landing").glob("[!.]*") if path.name != sample.id):
        raise UsageError(
            f"{home.root} holds deliveries of {', '.join(others)}. Give the folder of the practice, or write its settings into "
            "this home with `caregap init`."
        )
    return sample
