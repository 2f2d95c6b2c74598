"""Going back to an earlier publication holds until there is something new, and hides nothing that arrives after it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.faults.conftest import ROLLOUT, Scene, tables


@pytest.fixture
def practice(scene: Scene, tmp_path: Path) -> Path:
    return Path(shutil.copytree(scene.practice, tmp_path / "practice"))


def shown(home: Path) -> dict:
    return json.loads((home / "published" / "current" / "manifest.json").read_text())


@pytest.mark.slow
def test_after_going_back_runs_wait_for_new_data_and_then_publish_all_of_it(again, practice, short_run):
    home, undisturbed = again(), again()
    first = shown(home)
    assert short_run(home, practice, SHORT_RUN_KEPT="5").returncode == 0
    second = shown(home)
    assert short_run(home, practice, "publish", "--rollback").returncode == 0
    assert shown(home) == first

    waiting = short_run(home, practice, SHORT_RUN_KEPT="5")
    assert waiting.returncode == 0 and not json.loads(waiting.stdout)["is_new"]
    assert "`caregap publish` shows the newest build again" in waiting.stdout
    assert shown(home) == first

    (practice / "crm" / "program_rollout_2026-05-31.csv").write_text(ROLLOUT.format(site="up"))
    assert short_run(home, practice, SHORT_RUN_KEPT="5").returncode == 0
    third = shown(home)
    assert third["number"] > second["number"] > first["number"]
    assert short_run(undisturbed, practice, SHORT_RUN_KEPT="5").returncode == 0
    assert tables(home) == tables(undisturbed)

    assert short_run(home, practice, "publish", "--rollback").returncode == 0
    assert shown(home) == second
