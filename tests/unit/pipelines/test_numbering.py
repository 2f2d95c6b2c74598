"""Numbers only go up, also when the counter's file was lost."""

import json
from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.numbering import next_number


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_each_number_is_one_above_the_last(home):
    assert [next_number(home) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("damaged", [None, "", "four"])
def test_a_lost_counter_starts_above_every_number_in_use(home, damaged):
    """A build 7 and a publication 9 are there, and a build of before there were numbers; a damaged manifest counts as none."""
    for place, facts in {
        "build/a/build.json": '{"number": 7}',
        "build/b/build.json": "{}",
        "published/2026-c/manifest.json": json.dumps({"number": 9}),
        "published/2026-d/manifest.json": '{"num',
    }.items():
        (home.root / place).parent.mkdir(parents=True)
        (home.root / place).write_text(facts)
    if damaged is not None:
        (home.root / "number").write_text(damaged)
    assert next_number(home) == 10
