"""What every test may use: homes, a small simulated practice, the published sample, and how tables are compared."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.practice import SAMPLE
from pipelines.sql.connection import open_file

Hashes = dict[str, tuple[int, int]]


def _kept(pytestconfig: pytest.Config, name: str) -> Path:
    """A folder beside pytest's cache, which is there even where `-p no:cacheprovider` switches the cache off."""
    folder = pytestconfig.rootpath / ".pytest_cache" / "d" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def parsed_dbt(pytestconfig: pytest.Config) -> Path:
    """Where dbt's project is kept parsed, from one session to the next: parsing takes longer than most tests."""
    return _kept(pytestconfig, "caregap-dbt")


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory, parsed_dbt: Path) -> Callable[[], Home]:
    """Makes a home of its own for a test, in which dbt's project is parsed already."""

    def make() -> Home:
        home = Home(tmp_path_factory.mktemp("home"))
        home.root.chmod(0o700)
        home.dbt.symlink_to(parsed_dbt)
        return home

    return make


@pytest.fixture(scope="session")
def small_practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a simulated practice: 60 patients, 15 months, EHR, CRM and billing, with the usual dirt."""
    from data_samples.simulator.simulate import Simulation, simulate

    folder = tmp_path_factory.mktemp("practice")
    simulate(Simulation(n_patients=60, n_months=15, seed=7), folder)
    return folder


def caregap(home: Home, *arguments: object) -> subprocess.CompletedProcess:
    """Run the command as a user does, in a process of its own; its output is text."""
    environment = {**os.environ, "CAREGAP_HOME": str(home.root)}
    command = [str(Path(sys.executable).with_name("caregap")), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="session")
def sample_run(pytestconfig: pytest.Config, parsed_dbt: Path) -> dict:
    """What `caregap run data_samples/practice --json` says; it builds again only when code or data have changed."""
    home = Home(_kept(pytestconfig, "caregap-home"))
    home.root.chmod(0o700)
    if not home.dbt.exists():
        home.dbt.symlink_to(parsed_dbt)
    done = caregap(home, "run", SAMPLE, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def sample_home(sample_run: dict, pytestconfig: pytest.Config) -> Home:
    """A home in which the committed sample practice is published."""
    return Home(_kept(pytestconfig, "caregap-home"))


@pytest.fixture(scope="session")
def sample_warehouse(sample_home: Home) -> Path:
    """The published `warehouse.duckdb` of the sample practice."""
    return (sample_home.published / "current" / "warehouse.duckdb").resolve()


@pytest.fixture(scope="session")
def table_hashes() -> Callable[[Path], Hashes]:
    """Rows and hash of every table of a DuckDB file, whatever the order of its rows: equal tables have equal hashes.

    Floats count to nine digits: threads add them up in any order.
    """

    def hashes(path: Path) -> Hashes:
        with open_file(path, read_only=True) as connection:
            columns = connection.execute(
                "select schema_name || '.' || table_name, list(case when data_type in ('DOUBLE', 'FLOAT') "
                "then 'round(' || column_name || ', 9)' else column_name end order by column_name) "
                "from duckdb_columns() where not internal group by all order by all"
            ).fetchall()
            query = "select count(*), coalesce(sum(cast(hash({}) as hugeint)), 0) from {}"
            return {table: connection.execute(query.format(", ".join(names), table)).fetchall()[0] for table, names in columns}

    return hashes
