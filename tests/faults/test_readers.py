"""A reader in a process of its own, over a hundred publications: it opens, asks and closes, and never gets a wrong answer."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from models.published import PUBLISHED
from pipelines.home import Home
from pipelines.publications.store import KEPT, publications
from pipelines.publish.publish import publish
from pipelines.warehouse.build import STEPS, Build
from tests.built_by_hand import write_build
from tests.conftest import Once
from tests.faults.short_run import publish_in_short

N_PUBLICATIONS = 100
TABLES = ["marts.dim_patients", "marts.fct_kpi_periods", "ml.model_evaluations", "delivery.out_outreach_list"]
READER = """
import json, sys, time
from pathlib import Path
import duckdb

current, tables, answers = Path(sys.argv[1]), sys.argv[2].split(), []
print("ready", flush=True)
while not (current.parent / "over").exists():
    shown = current.resolve()
    number = json.loads((shown / "manifest.json").read_text())["number"]
    with duckdb.connect(str(shown / "warehouse.duckdb"), read_only=True) as connection:
        asked = [connection.execute(f"select count(*) from {table}").fetchone()[0] for table in tables]
    answers.append([number, *asked])
    time.sleep(0.02)  # who publishes needs the core too: without a pause a hundred publications took 450 s
print(json.dumps(answers))
"""


@pytest.fixture
def builds(once: Once) -> list[Build]:
    """Builds with one, two and three rows in every table."""
    folder = once("builds", lambda folder: [write_build(folder / str(n), n) for n in (1, 2, 3)])
    return [
        Build(folder / str(n), "test", "Test", "America/New_York", True, date(2026, 4, 1), {}, "print", STEPS[-1])
        for n in (1, 2, 3)
    ]


@contextmanager
def reading(home: Home) -> Iterator[list[list[int]]]:
    """The number of the publication and the rows of each table, for each time that a reader asked in the meantime."""
    answers: list[list[int]] = []
    command = [sys.executable, "-c", READER, str(home.published / "current"), " ".join(TABLES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stdout.readline() == "ready\n"
        yield answers
        (home.published / "over").touch()
        said, error = reader.communicate()
        assert reader.returncode == 0, error
        answers.extend(json.loads(said))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_reader_of_a_hundred_publications_is_answered_each_time_and_by_one_of_them(
    builds, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    publish_in_short(monkeypatch)  # a hundred publications of all tables took 237 CPU seconds
    home = Home(tmp_path)
    rows_of = {}
    first = publish(home, builds[0])
    rows_of[first.number] = 1
    with reading(home) as answers:
        for n in range(1, N_PUBLICATIONS):
            made = publish(home, builds[n % 3])
            rows_of[made.number] = n % 3 + 1
            assert made.n_rows == dict.fromkeys(PUBLISHED, n % 3 + 1)
    assert [answer for answer in answers if answer[1:] != [rows_of[answer[0]]] * len(TABLES)] == []
    seen = [number for number, *_ in answers]
    assert seen == sorted(seen) and len(set(seen)) > N_PUBLICATIONS / 2
    assert len(publications(home)) == KEPT
    print(f"{len(answers)} times asked, {len(set(seen))} of {N_PUBLICATIONS} publications seen")  # noqa: T201
