"""A new kind of source is a contract module and a record: finding, landing and raw need nothing else."""

import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from types import ModuleType

import duckdb
import polars as pl
import pytest

from models.contract import INSTANT, Contract, field
from models.sources import SOURCE_KINDS, SourceKind
from pipelines.errors import UsageError
from pipelines.extract.csv_names import CsvNames
from pipelines.extract.readers import READERS, Reader
from pipelines.extract.reading import ROWS, Quarantine, Reading, Request
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice, read_practice
from pipelines.raw.views import build_raw

WAITING_LIST = Contract(
    "waiting_list",
    "patient who waits for a visit",
    ("entry_id",),
    {
        "entry_id": field(pl.String, "The entry."),
        "wanted_on": field(pl.Date, "The day that the patient asked for."),
        "changed_on_file_at": field(INSTANT, "When the row was last changed."),
    },
)


@pytest.fixture
def scheduling(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of source that Caregap does not have: a module with its contracts, and its record."""
    module = ModuleType("models.extracts.scheduling")
    module.EXTRACTS = {WAITING_LIST.name: WAITING_LIST}
    monkeypatch.setitem(sys.modules, module.__name__, module)
    record = SourceKind("scheduling", "Scheduling", "CSV extracts", reader="csv", changed_at="changed_on_file_at")
    monkeypatch.setitem(SOURCE_KINDS, record.name, record)


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    """A practice with two deliveries of the new source: entry 1 was changed after its first delivery, one row is broken."""
    (tmp_path / "practice.toml").write_text('id = "p"\nname = "P"\ntime_zone = "UTC"\nencryption = "disk"\n')
    folder = tmp_path / "scheduling"
    folder.mkdir()
    header = "entry_id,wanted_on,changed_on_file_at\n"
    (folder / "waiting_list_2026-03-01.csv").write_text(
        f"{header}1,2026-04-01,2026-02-27T08:00:00Z\n2,2026-04-02,2026-02-27T08:00:00Z\n"
    )
    (folder / "waiting_list_2026-03-08.csv").write_text(
        f"{header}1,2026-05-01,2026-03-05T08:00:00Z\n3,soon,2026-03-05T08:00:00Z\n"
    )
    return tmp_path


def test_a_new_kind_of_source_is_found_landed_and_shown_in_its_current_version(scheduling: None, practice: Path):
    home, read = Home(practice / "home"), read_practice(practice)
    assert read.sources == {"scheduling": practice / "scheduling"}

    landed = land(read, home)
    with duckdb.connect() as connection:
        build_raw(connection, read, home, landed.ledger)
        rows = connection.execute("select entry_id, cast(wanted_on as varchar) from raw.scheduling_waiting_list order by 1")
        assert rows.fetchall() == [("1", "2026-05-01"), ("2", "2026-04-02")]
        counts = connection.execute(
            "select sum(n_delivered), sum(n_landed), sum(n_quarantined), sum(n_superseded) from raw.deliveries"
        )
        assert counts.fetchall() == [(4, 2, 1, 1)]
        extracts = connection.execute("select extract, n_files, n_rows from raw.extracts where source_system = 'scheduling'")
        assert extracts.fetchall() == [("waiting_list", 2, 2)]


ARRIVAL = Contract(
    "arrivals",
    "patient who came",
    ("entry_id",),
    {
        "entry_id": field(pl.String, "The entry."),
        "changed_on_file_at": field(INSTANT, "When the row was last changed."),
    },
)


def _read_log(request: Request) -> Reading:
    """A log whose lines are `WAIT 1` or `CAME 1`: each an entry, and the second also an arrival."""
    lines = [line.split() for line in request.path.read_text().splitlines()[1:]]
    rows = {"": [key for _, key in lines], "arrivals": [key for kind, key in lines if kind == "CAME"]}
    for name, keys in rows.items():
        (request.folder / name).mkdir(exist_ok=True)
        marks = [pl.lit(value).alias(mark) for mark, value in request.marks.items()]
        frame = pl.DataFrame(
            {"entry_id": keys, "_row_number": list(range(1, len(keys) + 1))}, schema_overrides={"_row_number": pl.Int64}
        )
        entry = {"wanted_on": pl.lit(date(2026, 4, 1))} if not name else {}
        changed_at = pl.lit(datetime(2026, 3, 1)).dt.replace_time_zone("UTC")
        frame.with_columns(*marks, changed_on_file_at=changed_at, **entry).write_parquet(request.folder / name / ROWS)
        with Quarantine(request.folder / name):
            pass
    n_arrived = len(rows["arrivals"])
    return Reading(len(lines), len(lines), 0, parts={"arrivals": Reading(n_arrived, n_arrived, 0)})


def test_a_file_that_holds_rows_of_several_extracts_goes_to_the_reader_that_recognises_it(
    scheduling: None, practice: Path, monkeypatch: pytest.MonkeyPatch
):
    """Three entries, two of which came, beside the two CSV files of the fixture (entries 1 and 2)."""
    record = SOURCE_KINDS["scheduling"]
    record.extracts[ARRIVAL.name] = ARRIVAL
    monkeypatch.setitem(SOURCE_KINDS, record.name, replace(record, other_readers=("log",)))
    log = Reader(CsvNames, _read_log, recognises=lambda start: start.startswith(b"LOG"), divides=True)
    monkeypatch.setitem(READERS, "log", log)
    (practice / "scheduling" / "waiting_list.log").write_text("LOG\nCAME 7\nWAIT 8\nCAME 9\n")

    home, read = Home(practice / "home"), read_practice(practice)
    landed = land(read, home)
    assert [file.file_name for file in land(read, home).files if file.is_new] == []
    with duckdb.connect() as connection:
        build_raw(connection, read, home, landed.ledger)
        entries = connection.execute("select entry_id from raw.scheduling_waiting_list order by 1").fetchall()
        assert entries == [("1",), ("2",), ("7",), ("8",), ("9",)]
        assert connection.execute("select entry_id from raw.scheduling_arrivals order by 1").fetchall() == [("7",), ("9",)]
        counts = connection.execute(
            "select extract, n_delivered, n_landed from raw.deliveries where file_name = 'waiting_list.log' order by 1"
        )
        assert counts.fetchall() == [("arrivals", 2, 2), ("waiting_list", 3, 3)]


def test_without_its_record_the_kind_is_refused(practice: Path):
    unknown = Practice("p", "P", "UTC", {"scheduling": practice / "scheduling"})
    with pytest.raises(UsageError, match="scheduling: not a kind of source"):
        land(unknown, Home(practice / "home"))


@pytest.mark.parametrize("name", SOURCE_KINDS)
def test_each_record_names_a_reader_and_a_column_of_change(name: str):
    kind = SOURCE_KINDS[name]
    assert {kind.reader, *kind.other_readers} <= READERS.keys()
    added_by_reader = kind.changed_at.startswith("_")
    assert [one.name for one in kind.extracts.values() if not added_by_reader and kind.changed_at not in one.fields] == []
