"""A home that was published once, and runs on copies of it that are stopped at a named point."""

import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from dashboards.outreach.outcomes import Outcome, record
from pipelines.home import Home
from pipelines.warehouse.build import newest_build
from tests.built_by_hand import write_build
from tests.conftest import Done, Hashes, Once, caregap_process
from tests.dbt.conftest import GOLDEN
from tests.faults.points import ENDS_WITH, POINTS

ROLLOUT = "program_name,location_id,go_live_on,updated_at\nreach,{site},2026-03-01,2026-03-31T00:00:00Z\n"


@dataclass(frozen=True)
class Scene:
    """A published home and its practice, to which a file was delivered and a record added since."""

    home: Path
    practice: Path


Run = Callable[..., Done]


@pytest.fixture(scope="session")
def short_run(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """`short_run(home, practice, CAREGAP_FAULT="publish.swapped:kill")`: a run of `caregap run`, and how it ended."""
    with serving(once, tmp_path_factory.mktemp("said") / "said.txt") as run:
        yield run


@contextmanager
def serving(once: Once, said: Path, build: Path | None = None) -> Iterator[Run]:
    """A process that makes one run at a time, from a build by hand, and writes what it says to `said`."""
    build = build or once("build-to-copy", write_one_row) / "1"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.short_run", str(build)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as server:

        def run(home: Path, practice: Path, *arguments: str, **environment: str) -> Done:
            asked = {"home": str(home), "said": str(said), "environment": environment}
            asked["arguments"] = list(arguments) or ["run", str(practice), "--json"]
            print(json.dumps(asked), file=server.stdin, flush=True)
            return Done(int(server.stdout.readline()), said.read_text(), said.read_text())

        yield run
        server.stdin.close()


def write_one_row(folder: Path) -> None:
    """One row in every table; that of the baselines is final and was not published yet."""
    write_build(folder / "1", 1)
    with duckdb.connect(str(folder / "1" / "warehouse.duckdb")) as connection:
        connection.execute("update marts.fct_baselines set publication_id = null, is_final = true")


@pytest.fixture(scope="session")
def scene(once: Once, short_run: Run) -> Scene:
    """Two runs have published. Since then a file was delivered, an outcome recorded, a build begun and what was kept of published
    months removed, so that the next run has all there is to do."""

    def make(folder: Path) -> None:
        practice, home = folder / "practice", folder / "home"
        (practice / "crm").mkdir(parents=True)
        home.mkdir(mode=0o700)
        (practice / "practice.toml").write_text('id = "test"\nname = "Test"\ntime_zone = "UTC"\nis_synthetic = true\n')
        for month, site in (("01-31", "north"), ("02-28", "south")):
            (practice / "crm" / f"program_rollout_2026-{month}.csv").write_text(ROLLOUT.format(site=site))
            done = short_run(home, practice)
            assert done.returncode == 0, done.stdout
        (practice / "crm" / "program_rollout_2026-04-30.csv").write_text(ROLLOUT.format(site="east"))
        record(home / "outcomes" / "test", Outcome("ehr", "ehr_patient", "p-1", "phone", "no_answer", "kim@example.org"))
        unfinished = home / "build" / "20200101T000000-unfinished"
        shutil.copytree(newest_build(Home(home)).folder, unfinished)
        facts = json.loads((unfinished / "build.json").read_text())
        (unfinished / "build.json").write_text(json.dumps(facts | {"passed": "derived", "number": 0}))
        shutil.rmtree(home / "history")

    folder = once("scene", make)
    return Scene(folder / "home", folder / "practice")


@pytest.fixture
def again(scene: Scene, tmp_path: Path) -> Callable[[], Path]:
    """A new copy of the scene's home."""
    numbers = itertools.count()

    def copy() -> Path:
        home = tmp_path / f"home-{next(numbers)}"
        return Path(shutil.copytree(scene.home, home, symlinks=True))

    return copy


@pytest.fixture(scope="session")
def undisturbed(scene: Scene, short_run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple]]:
    """The tables of a run that nobody stopped, which passes every point of the list and no other."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(scene.home, folder / "home", symlinks=True)
    done = short_run(folder / "home", scene.practice, CAREGAP_POINTS=str(folder / "points"))
    assert done.returncode == 0, done.stdout
    assert sorted(passed_points(folder / "points")) == sorted(POINTS) and len(POINTS) == 79
    return tables(folder / "home")


@pytest.fixture
def stopped(
    scene: Scene, again: Callable[[], Path], short_run: Run, undisturbed: dict[str, list[tuple]]
) -> Callable[[str, str], None]:
    """Stops a run at a point, runs again plainly, and compares."""

    def check(point: str, fault: str) -> None:
        home = again()
        done = short_run(home, scene.practice, CAREGAP_FAULT=f"{point}:{fault}")
        told = json.loads((home / "published" / "last_run.json").read_text())
        if point.startswith("last_run.") and fault == "enospc":
            assert (done.returncode, told["status"]) == (0, "published"), "the space that is kept was not used"
        else:
            assert done.returncode == ENDS_WITH[fault], done.stdout
        if done.returncode == 13:
            (said,) = done.stdout.splitlines()
            assert "the disk is full" in said and told["status"] == "failed" and f"caregap: {told['reason']}" == said
        assert "Traceback" not in done.stdout
        rerun = short_run(home, scene.practice)
        assert rerun.returncode == 0, rerun.stdout
        assert tables(home) == undisturbed
        assert left_over(home) == []
        assert len(list((home / "published").glob("2*"))) == 1
        assert json.loads((home / "published" / "last_run.json").read_text())["status"] == "published"

    return check


@pytest.fixture(scope="session")
def golden_tables(once: Once, parsed_dbt: Path, table_hashes: Callable[[Path], Hashes]) -> Hashes:
    """Of a whole run on the golden practice, whose eight patients make the shortest."""

    def run(folder: Path) -> None:
        (folder / "dbt").symlink_to(parsed_dbt)
        done = caregap_process(Home(folder), "run", GOLDEN)
        assert done.returncode == 0, done.stderr

    return table_hashes((once("golden-run", run) / "published" / "current" / "warehouse.duckdb").resolve())


@pytest.fixture
def stopped_whole(
    new_home: Callable[[], Home],
    golden_tables: Hashes,
    table_hashes: Callable[[Path], Hashes],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], None]:
    """Stops a whole run by a fault (`publish.swapped:kill`), runs again plainly, and compares."""

    def check(fault: str) -> None:
        home = new_home()
        monkeypatch.setenv("CAREGAP_TESTING", "1")
        monkeypatch.setenv("CAREGAP_FAULT", fault)
        stopped = caregap_process(home, "run", GOLDEN, "--json")
        assert stopped.returncode == ENDS_WITH[fault.rpartition(":")[2]], stopped.stderr
        assert "Traceback" not in stopped.stderr
        monkeypatch.delenv("CAREGAP_FAULT")
        rerun = caregap_process(home, "run", GOLDEN, "--json")
        assert rerun.returncode == 0, rerun.stderr
        assert table_hashes((home.published / "current" / "warehouse.duckdb").resolve()) == golden_tables

    return check


def tables(home: Path) -> dict[str, list[tuple]]:
    """Every row that a reader can see, that the newest build landed, and that is kept of what was published.

    Without what says when: ids of publications, their times, and the name of a journal, which has its time.
    """
    found: dict[str, list[tuple]] = {}
    with duckdb.connect(str((home / "published" / "current").resolve() / "warehouse.duckdb"), read_only=True) as connection:
        _add(found, connection, "")
    with duckdb.connect(str(newest_build(Home(home)).warehouse), read_only=True) as connection:
        _add(found, connection, "raw.", "and schema_name = 'raw'")
    for path in sorted((home / "history").rglob("*.parquet")):
        kept = "select * exclude (publication_id, published_at) from read_parquet(?) order by all"
        name = path.name if path.name.count("-") == 2 and len(path.stem) == 10 else path.parent.name
        found[f"history {name}"] = duckdb.execute(kept, [str(path)]).fetchall()
    return found


def _add(found: dict[str, list[tuple]], connection: duckdb.DuckDBPyConnection, named: str, only: str = "") -> None:
    columns = connection.execute(
        "select schema_name || '.' || table_name, list(column_name order by column_index) "
        f"from duckdb_columns() where not internal {only} group by all"
    ).fetchall()
    for table, names in columns:
        timed = {"file_name", "_file_name", "publication_id", "published_at", "built_at"}
        told = ", ".join(f'"{name}"' for name in names if name not in timed)
        found[f"{named}{table}"] = connection.execute(f"select {told} from {table} order by all").fetchall()


def left_over(home: Path) -> list[str]:
    """What no run should leave behind: scratch folders, half-written files, builds that are not finished."""
    scratch = [path for path in home.rglob(".scratch-*")]
    new = [path for path in home.rglob("*.new") if path.is_file()]
    return [str(path.relative_to(home)) for path in (*scratch, *new)]


def passed_points(path: Path) -> list[str]:
    """The points in a file of `CAREGAP_POINTS`, each once, in the order in which they were passed first."""
    return list(dict.fromkeys(path.read_text().split()))
