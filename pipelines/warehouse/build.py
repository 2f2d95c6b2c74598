"""A build: a new warehouse file made from landing, beside the published one."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from pipelines.clock import now
from pipelines.durable import write_durably
from pipelines.errors import ChecksFailed, NotPublished
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.keys import forget_gone
from pipelines.landing.land import land_whole
from pipelines.landing.ledger import Entry
from pipelines.numbering import next_number
from pipelines.practice import Practice
from pipelines.privacy import profile
from pipelines.raw.as_of import as_of
from pipelines.raw.value_sets import build_value_sets
from pipelines.raw.views import build_raw
from pipelines.sql.connection import open_file
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import default_settings, parsed_project
from pipelines.warehouse.engine import Spark, spark_of

DERIVED = ["tag:derived"]
"""The layers that dbt derives from raw; the delivery layer follows after scoring."""
STEPS = ("raw", "derived", "scored", "delivered", "catalogued")
"""The steps of a build. A step has passed when it was completely built and tested, and all earlier steps have passed."""
FACTS = "build.json"


@dataclass(frozen=True)
class Build:
    """One build. `folder` holds `warehouse.duckdb` and `build.json`, which is written last: without it, there is no build.

    `number`: its place in the order of the home's builds and publications. `passed`: the last of `STEPS` that passed.
    `fingerprint`: a hash of its inputs (`pipelines/warehouse/fingerprint.py`). `arrived`: the state of the source folders that it
    was made from. `withholds_restricted`: what is published of it names no person whose data is restricted.
    `spark`: the Spark that derives its tables; None: DuckDB does. `run_id`: of Dagster's run that has started it.
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
    number: int = 0
    arrived: str = ""
    withholds_restricted: bool = False
    spark: Spark | None = None
    run_id: str = ""

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
        write_durably(self.folder / FACTS, json.dumps(facts, default=str, indent=2), f"build.{self.passed}.facts")
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
        passing(f"build.{name}.starting", self.folder)
        yield
        passing(f"build.{name}.ending", self.folder)
        if is_whole:
            replace(self, passed=name).save()


def start_build(
    home: Home,
    practice: Practice,
    ledger: Sequence[Entry],
    *,
    fingerprint: str = "",
    arrived: str = "",
    run_id: str = "",
    variables: Mapping[str, object] | None = None,
) -> Build:
    """Start a new build with schema `raw` from what has landed (`ledger`).

    Of the older builds the newest finished one is kept: others are of no use, and their space is needed. Raises what
    `spark_of` raises.
    """
    spark = spark_of(practice)
    home.build.mkdir(parents=True, exist_ok=True)
    forget_unfinished(home)
    number = next_number(home)
    folder = home.build / f"{now():%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
    passing("build.folder.making", folder)
    folder.mkdir()
    passing("build.folder.made", folder)
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
        number=number,
        arrived=arrived,
        withholds_restricted=not profile(practice.privacy).restriction.is_shown,
        spark=spark,
        run_id=run_id,
    )
    with build.connect() as connection:
        build_raw(connection, practice, home, ledger)
        passing("build.raw.views", folder)
        build_value_sets(connection, home, with_sample=practice.is_synthetic)
        build = replace(build, as_of_on=as_of(connection, practice))
    return build.save()


def newest_build(home: Home) -> Build:
    """The build that was started last. Raises `NotPublished` if there is none."""
    found = _builds(home)
    if not found:
        raise NotPublished(f"{home.build}: there is no build yet. Make one with `caregap build`.")
    return found[-1]


def read_build(folder: Path) -> Build:
    """The build in a folder, as its last step has left it. Raises `NotPublished` where its facts cannot be read."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        said = {"as_of_on": date.fromisoformat(facts["as_of_on"]), "spark": _spark(facts.get("spark"))}
        return Build(folder=folder, **facts | said)
    except (OSError, ValueError, KeyError, TypeError):
        raise NotPublished(f"{folder / FACTS}: missing or damaged. Build anew with `caregap build`.") from None


def _spark(said: dict[str, Any] | None) -> Spark | None:
    return Spark(said["master"], Path(said["storage"]) if said["storage"] else None) if said else None


def _builds(home: Home) -> list[Build]:
    """All builds whose facts can be read, in the order in which they were started."""
    found = []
    for path in home.build.glob(f"*/{FACTS}"):
        with suppress(NotPublished):
            found.append(read_build(path.parent))
    return sorted(found, key=lambda build: (build.number, build.id))


def forget_unfinished(home: Home) -> None:
    """Remove all builds but the newest finished one: a run makes its own, and needs the space."""
    finished = [build for build in _builds(home) if build.passed == STEPS[-1]]
    for old in home.build.iterdir() if home.build.is_dir() else ():
        if not finished or old != finished[-1].folder:
            passing("build.forgetting", old)
            shutil.rmtree(old)
            passing("build.forgotten", old)
    forget_gone(home.root)


def build_warehouse(
    home: Home,
    practice: Practice,
    *,
    select: list[str] | None = None,
    variables: Mapping[str, object] | None = None,
    read: Set[str] = frozenset(),
) -> Path:
    """Land, then build raw and the dbt nodes of `select` (default: every layer before scoring). Returns the warehouse file.

    `read`: the tables, as `schema.name`, that the caller reads beside those that every run does. `variables` override those of
    the practice. Raises what `land` and `run_dbt` raise.
    """
    landed = land_whole(practice, home)
    build = start_build(home, practice, landed.ledger, variables=variables)
    with build.step("derived", is_whole=select is None):
        selected = select or DERIVED
        parsed = parsed_project(home)
        for _ in run_dbt(parsed, build.warehouse, build.variables, selected, spark=build.spark, read=read):
            pass
    return build.warehouse
