"""The practice's own targets are read with the practice, or refused by name."""

from pathlib import Path

import pytest

from pipelines.errors import UsageError
from pipelines.practice import read_practice


def practice(folder: Path, targets: str):
    (folder / "practice.toml").write_text(f'id = "p"\nname = "P"\ntime_zone = "UTC"\n[targets]\n{targets}\n')
    return read_practice(folder)


def test_a_target_of_ones_own_is_a_number_for_a_kpi(tmp_path: Path):
    assert practice(tmp_path, "no_show_rate = 0.06\ndays_in_ar = 38").targets == {"no_show_rate": 0.06, "days_in_ar": 38.0}


@pytest.mark.parametrize(
    ("targets", "complaint"),
    [
        ("no_shows = 0.06", "is no such KPI"),
        ('no_show_rate = "6 %"', "must be a number"),
        ("no_show_rate = true", "must be a number"),
        ("no_show_rate = inf", "must be a number"),
    ],
)
def test_a_target_that_cannot_be_meant_is_refused(tmp_path: Path, targets: str, complaint: str):
    with pytest.raises(UsageError, match=complaint):
        practice(tmp_path, targets)
