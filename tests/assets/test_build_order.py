"""The newest build is the one that was started last, whatever the clock says."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.warehouse.build import STEPS, newest_build, start_build

ROLLOUT = "program_name,location_id,go_live_on,updated_at\nreach,north,2026-03-01,2026-03-31T00:00:00Z\n"


def test_the_newest_build_is_the_one_started_last_though_the_clock_was_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The first is as an earlier version made it, without a number, and its name says a later day than those of the others.

    Of the earlier ones the newest finished is kept: the first, as the second has not come to its end.
    """
    home, practice = Home(tmp_path / "home"), Practice("p", "P", "UTC", {"crm": tmp_path / "crm"})
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "program_rollout_2026-03-31.csv").write_text(ROLLOUT)
    ledger = land(practice, home).ledger
    made = []
    for day in (20, 19, 18):
        at = datetime(2026, 11, day, tzinfo=UTC)
        monkeypatch.setattr("pipelines.clock.datetime", SimpleNamespace(now=lambda zone, at=at: at))
        made.append(start_build(home, practice, ledger))
        assert newest_build(home) == made[-1]
        if day == 20:
            facts = json.loads((made[0].folder / "build.json").read_text()) | {"passed": STEPS[-1]}
            del facts["number"], facts["arrived"]
            (made[0].folder / "build.json").write_text(json.dumps(facts))
    assert sorted(path.name[:8] for path in home.build.iterdir()) == ["20261118", "20261120"]
