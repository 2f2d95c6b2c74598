"""Dagster's own executors run the same definitions: each step in a process of its own, on the build that its run has started."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from pipelines.defs.build_in_hand import BuildInHand
from pipelines.defs.executor import executor
from pipelines.errors import NotPublished, UsageError
from pipelines.home import CHECKOUT, Home
from pipelines.practice import read_practice
from pipelines.publications.store import current
from pipelines.warehouse.build import newest_build

GOLDEN = CHECKOUT / "tests" / "dbt" / "golden_practice"


def test_steps_run_in_this_process_where_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAREGAP_EXECUTOR", raising=False)
    assert executor() is dg.in_process_executor


def test_the_environment_names_an_executor_and_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREGAP_EXECUTOR", "dagster:multiprocess_executor")
    monkeypatch.setenv("CAREGAP_EXECUTOR_CONFIG", '{"max_concurrent": 1}')
    assert executor().name == "multiprocess"


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        ("dagster_k8s:no_such_executor", "", "install its package"),
        ("dagster:asset", "", "no executor of Dagster's"),
        ("dagster:multiprocess_executor", "max_concurrent: 1", "does not take it"),
    ],
)
def test_an_executor_that_is_not_there_or_does_not_take_its_settings_is_named(
    name: str, config: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAREGAP_EXECUTOR", name)
    monkeypatch.setenv("CAREGAP_EXECUTOR_CONFIG", config)
    with pytest.raises(UsageError, match=said):
        executor()


def test_a_step_goes_on_with_the_build_of_its_run_and_never_with_that_of_another(
    new_home: Callable[[], Home], tmp_path: Path
) -> None:
    home, practice = new_home(), read_practice(GOLDEN)
    own = BuildInHand(home, "run-1", starts=True).start(practice, (), fingerprint="", arrived="")
    assert BuildInHand(home, "run-1", starts=True).now() == own
    assert BuildInHand(home, "run-2").now() == own
    BuildInHand(home, "run-2", starts=True).start(practice, (), fingerprint="", arrived="")
    with pytest.raises(NotPublished, match="Start the run again"):
        BuildInHand(home, "run-1", starts=True).now()


@pytest.mark.slow
def test_the_multiprocess_executor_publishes(new_home: Callable[[], Home], tmp_path: Path) -> None:
    """A process for each of the steps, one at a time, as Dagster's own command starts them."""
    home = new_home()
    sources = "\n".join(f'{kind} = "{GOLDEN / kind}"' for kind in ("ehr", "crm", "billing") if (GOLDEN / kind).is_dir())
    settings = (GOLDEN / "practice.toml").read_text()
    (home.root / "practice.toml").write_text(f"{settings}\n[sources]\n{sources}\n")
    (tmp_path / "dagster").mkdir()
    environment = os.environ | {
        "CAREGAP_HOME": str(home.root),
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "CAREGAP_EXECUTOR": "dagster:multiprocess_executor",
        "CAREGAP_EXECUTOR_CONFIG": '{"max_concurrent": 1}',
    }
    command = [
        str(Path(sys.executable).with_name("dagster")),
        "job",
        "execute",
        "-m",
        "pipelines.defs.definitions",
        "-j",
        "refresh",
    ]
    done = subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    # time - dagster - level - job - run - process - step - event
    processes = {line.split(" - ")[5] for line in done.stderr.splitlines() if "STEP_SUCCESS" in line}
    assert len(processes) > 5
    assert current(home).n_rows["marts.dim_patients"] == 8
    assert newest_build(home).passed == "catalogued"
