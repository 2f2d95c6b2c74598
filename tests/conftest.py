"""What every test may use: homes, a small simulated practice, the published sample, and how tables are compared.

What takes long is made once in a test run and kept in a folder that all of its processes share (`once`).
"""

import gc
import io
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest
from filelock import FileLock
from hypothesis import settings

from data_samples.simulator.simulate import Simulation, simulate
from pipelines.home import Home
from pipelines.practice import SAMPLE, read_practice
from pipelines.sql.connection import open_file

# A test that is slow on a busy machine is not wrong. `make test` tries the same examples each time, so that it says something of
# a change; `make test-all` searches among others (`--hypothesis-profile search`).
settings.register_profile("any_machine", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("any_machine")

Hashes = dict[str, tuple[int, int]]
SMALL = Simulation(n_patients=60, n_months=15, seed=7)
"""What `small_practice` is made of."""
Once = Callable[[str, Callable[[Path], object]], Path]


def pytest_configure() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """What was imported stays to the end: Python looks for garbage among what tests make alone, and rarely. That took a
    twentieth of all tests, and a seventh of their collection."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files in the order in which processes take them, so that none waits for what another is making.

    A file that makes the sample's run comes first: the run takes a fifth of all that the tests cost. What needs no dbt follows
    meanwhile, then one that builds the golden practice, and last the others that share one of the two. Among these, files with
    slow tests come first, those that are given the most time before others, lest one process be busy with them when the others
    have nothing left. A test in a browser counts as a slow one: the file of 90 came last, and three processes waited for it.
    """

    def files_that_need(fixture: str) -> list[Path]:
        return sorted({item.path for item in items if fixture in getattr(item, "fixturenames", ())})

    sample, golden, dbt = map(files_that_need, ("sample_home", "golden_warehouse", "parsed_dbt"))
    turns = [sample[:1], {item.path for item in items} - {*dbt}, golden[:1], {*dbt} - {*sample, *golden}, golden, sample]
    slow: Counter[Path] = Counter()
    for item in items:
        if item.get_closest_marker("slow") or item.get_closest_marker("browser"):
            given = item.get_closest_marker("timeout")
            slow[item.path] += given.args[0] if given else 1
    items.sort(key=lambda item: (next(turn for turn, files in enumerate(turns) if item.path in files), -slow[item.path]))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """`once("golden", make)`: a folder of this test run that the first process to ask has filled with `make(folder)`.

    Whoever asks in the meantime waits. Nobody writes into it later: a test that must works on a copy. What could not be made is
    not tried again: every later test is told why.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has a folder of its own below that of the test run
        shared = shared.parent

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, is_made, failed = shared / name, shared / f"{name}.made", shared / f"{name}.failed"
        with FileLock(shared / f"{name}.lock"):
            if failed.exists():
                pytest.fail(f"{name} could not be made: {failed.read_text()}", pytrace=False)
            if not is_made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(mode=0o700)
                try:
                    make(folder)
                except Exception as reason:
                    failed.write_text(str(reason))
                    raise
                is_made.touch()
        return folder

    return made


def _kept(pytestconfig: pytest.Config, name: str) -> Path:
    """A folder beside pytest's cache, which is there even where `-p no:cacheprovider` switches the cache off."""
    folder = pytestconfig.rootpath / ".pytest_cache" / "d" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def parsed_dbt(pytestconfig: pytest.Config) -> Path:
    """Where dbt's project is kept parsed, from one test run to the next: parsing takes longer than most tests.

    What the set-up has parsed serves here too: to parse it again took 12 CPU seconds of `make test` in a fresh clone.
    """
    from pipelines.warehouse.dbt_project import parsed_project

    root = _kept(pytestconfig, "caregap-parsed")
    with FileLock(root / "lock"):
        parsed = parsed_project(Home(root))
        kept = root / "dbt" / parsed.name
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            kept.unlink(missing_ok=True)  # a link to what a later set-up has replaced
            kept.symlink_to(parsed)
    return root / "dbt"


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory, parsed_dbt: Path) -> Callable[[], Home]:
    """Makes a home of its own for a test, in which dbt's project is parsed already."""

    def make() -> Home:
        return _home(tmp_path_factory.mktemp("home"), parsed_dbt)

    return make


def _home(root: Path, parsed_dbt: Path) -> Home:
    home = Home(root)
    home.root.chmod(0o700)
    if not home.dbt.exists():
        home.dbt.symlink_to(parsed_dbt)
    return home


@pytest.fixture(scope="session")
def small_practice(once: Once) -> Path:
    """The folder of a simulated practice: 60 patients, 15 months, EHR, CRM and billing, with the usual dirt."""
    return once("small-practice", lambda folder: simulate(SMALL, folder))


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def caregap(home: Home, *arguments: object) -> Done:
    """Run the command in this process, which has imported what the command needs; `caregap_process` is what a user starts."""
    from pipelines.cli import main

    umask = os.umask(0o077)
    out, err = io.StringIO(), io.StringIO()
    try:
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            mock.patch.dict(os.environ, CAREGAP_HOME=str(home.root)),
            mock.patch.object(sys, "argv", ["caregap", *map(str, arguments)]),
        ):
            main()
        code = 0
    except SystemExit as ended:
        code = ended.code
    finally:
        os.umask(umask)
    return Done(code, out.getvalue(), err.getvalue())


def caregap_process(home: Home, *arguments: object) -> Done:
    """Run the command as a user does, in a process of its own."""
    environment = {**os.environ, "CAREGAP_HOME": str(home.root)}
    command = [str(Path(sys.executable).with_name("caregap")), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    return Done(done.returncode, done.stdout, done.stderr)


def _is_current(home: Home) -> bool:
    """Whether the sample is published in this home as the code of today publishes it."""
    from pipelines.errors import NotPublished
    from pipelines.landing.land import landed_before
    from pipelines.publications.store import current
    from pipelines.warehouse.fingerprint import fingerprint

    practice = read_practice(SAMPLE)
    try:
        return current(home).fingerprint == fingerprint(home, practice, landed_before(practice, home))
    except NotPublished:
        return False


@pytest.fixture(scope="session")
def sample_home(once: Once, pytestconfig: pytest.Config, parsed_dbt: Path) -> Home:
    """A home in which the committed sample practice is published. It is kept, and built again when code or data have changed."""
    home = _home(_kept(pytestconfig, "caregap-home"), parsed_dbt)

    def run(said: Path) -> None:
        if not _is_current(home):  # baselines that an earlier state of the code has frozen are no part of a new home
            for path in home.root.iterdir():
                if path != home.dbt:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        done = caregap_process(home, "run", SAMPLE, "--json")
        assert done.returncode == 0, done.stderr
        (said / "run.json").write_text(done.stdout)

    once("sample-run", run)
    return home


@pytest.fixture(scope="session")
def sample_run(once: Once, sample_home: Home) -> dict:
    """What `caregap run data_samples/practice --json` said."""
    return json.loads((once("sample-run", lambda folder: None) / "run.json").read_text())


@pytest.fixture(scope="session")
def sample_warehouse(sample_home: Home) -> Path:
    """The published `warehouse.duckdb` of the sample practice."""
    return (sample_home.published / "current" / "warehouse.duckdb").resolve()


@pytest.fixture(scope="session")
def table_hashes() -> Callable[[Path], Hashes]:
    """Rows and hash of every table of a DuckDB file, whatever the order of its rows: equal tables have equal hashes."""

    def hashes(path: Path) -> Hashes:
        with open_file(path, read_only=True) as connection:
            columns = connection.execute(
                "select schema_name || '.' || table_name, list(column_name order by column_name) "
                "from duckdb_columns() where not internal group by all order by all"
            ).fetchall()
            found = {}
            for table, names in columns:
                row = ", ".join(f'"{name}"' for name in names)
                query = f"select count(*), coalesce(sum(cast(hash({row}) as hugeint)), 0) from {table}"
                found[table] = connection.execute(query).fetchall()[0]
            return found

    return hashes
