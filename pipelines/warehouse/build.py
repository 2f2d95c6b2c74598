"""A build: a new warehouse file made from landing, beside the published one."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from pipelines.errors import ChecksFailed, NotPublished
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.landing.ledger import Entry
from pipelines.practice import Practice
from pipelines.raw.as_of import as_of
from pipelines.raw.value_sets import build_value_sets
from pipelines.raw.views import build_raw
from pipelines.sql.connection import open_file
from pipelines.warehouse.dbt import default_settings, parsed_project, run_dbt

DERIVED = ["resource_type:seed", *(f"resource_type:model,fqn:caregap.{layer}" for layer in ("staging", "intermediate", "marts"))]
"""The layers that dbt derives from raw; the delivery layer follows after scoring."""
STEPS = ("raw", "derived", "scored", "delivered", "catalogued")
"""The steps of a build. A step has passed when it was completely built and tested, and all earlier steps have passed."""
FACTS = "build.json"


@dataclass(frozen=True)
class Build:
    """One build. `folder` holds `warehouse.duckdb` and `build.json`, which is written last: without it, there is no build.

    `passed`: the last of `STEPS` that passed. `fingerprint`: a hash of its inputs (`pipelines/warehouse/fingerprint.py`).
    """

    folder: Path
    practice_id: str
    practice_name: str
    time_zone: str
    is_synthetic: bool
    as_of_on: date
    settings: dict[str, Any]
    fingerprint: str = ""
    passed: str = "raw"

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def variables(self) -> dict[str, object]:
        """dbt's variables of this build."""
        return {"as_of_on": self.as_of_on.isoformat(), "time_zone": self.time_zone} | self.settings

    def connect(self) -> duckdb.DuckDBPyConnection:
        """An open connection to the warehouse; close it before dbt or another process opens the file."""
        return open_file(self.warehouse)

    def save(self) -> "Build":
        facts = {name: value for name, value in asdict(self).items() if name != "folder"}
        beside = self.folder / f"{FACTS}.new"
        beside.write_text(json.dumps(facts, default=str, indent=2), encoding="utf-8")
        beside.rename(self.folder / FACTS)
        return self

    @contextmanager
    def step(self, name: str, *, is_whole: bool = True) -> Iterator[None]:
        """Run one step. It passes if its body succeeds, unless only some of its tables were built (`is_whole` false).

        Raises `ChecksFailed` if the previous step has not passed.
        """
        before = STEPS[STEPS.index(name) - 1]
        if STEPS.index(self.passed) < STEPS.index(before):
            raise ChecksFailed(f"Build {self.id} has not passed the step {before!r}. Run `caregap build`, then `caregap score`.")
        replace(self, passed=before).save()
        yield
        if is_whole:
            replace(self, passed=name).save()


def start_build(
    home: Home,
    practice: Practice,
    ledger: Sequence[Entry],
    *,
    fingerprint: str = "",
    variables: Mapping[str, object] | None = None,
) -> Build:
    """Start a new build with schema `raw` from what has landed (`ledger`). Only the newest of the older builds is kept."""
    home.build.mkdir(parents=True, exist_ok=True)
    for old in sorted(home.build.iterdir())[:-1]:
        shutil.rmtree(old)
    folder = home.build / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
    folder.mkdir()
    build = Build(
        folder=folder,
        practice_id=practice.id,
        practice_name=practice.name,
        time_zone=practice.time_zone,
        is_synthetic=practice.is_synthetic,
        as_of_on=date.min,
        settings={
            **default_settings(),
            "targets": practice.targets,
            "holdout_salt": practice.id,
            **practice.variables,
            **(variables or {}),
        },
        fingerprint=fingerprint,
    )
    with build.connect() as connection:
        build_raw(connection, practice, home, ledger)
        build_value_sets(connection, home, with_sample=practice.is_synthetic)
        build = replace(build, as_of_on=as_of(connection, practice))
    return build.save()


def newest_build(home: Home) -> Build:
    """The build that was started last. Raises `NotPublished` if there is none."""
    finished = sorted(home.build.glob(f"*/{FACTS}"))
    if not finished:
        raise NotPublished(f"{home.build}: there is no build yet. Make one with `caregap build`.")
    facts = json.loads(finished[-1].read_text(encoding="utf-8"))
    return Build(folder=finished[-1].parent, **facts | {"as_of_on": date.fromisoformat(facts["as_of_on"])})


def build_warehouse(
    home: Home, practice: Practice, *, select: list[str] | None = None, variables: Mapping[str, object] | None = None
) -> Path:
    """Land, then build raw and the dbt nodes of `select` (default: every layer before scoring). Returns the warehouse file.

    `variables` override those of the practice. Raises what `land` and `run_dbt` raise.
    """
    landed = land(practice, home)
    build = start_build(home, practice, landed.ledger, variables=variables)
    with build.step("derived", is_whole=select is None):
        for _ in run_dbt(parsed_project(home), build.warehouse, build.variables, select or DERIVED):
            pass
    return build.warehouse
