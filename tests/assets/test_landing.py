"""Landing reads each content once, keeps what it read whole or not at all, and refuses loudly."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from pipelines.errors import ExtractRefused, UsageError
from pipelines.extract.csv_file import read_csv
from pipelines.extract.readers import READERS
from pipelines.home import CHECKOUT, Home
from pipelines.landing.land import land
from pipelines.lock import only_writer
from pipelines.practice import Practice

HEADER = "program_name,location_id,go_live_on,updated_at"
ROWS = [f"reach,l{i},2026-03-0{i},2026-03-31T00:00:00Z" for i in range(1, 6)]


def practice(folder: Path, *, time_zone: str = "America/New_York", source: str = "crm") -> Practice:
    folder.mkdir(exist_ok=True)
    return Practice("p", "P", time_zone, {source: folder})


def csv(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def landed(home: Home) -> dict[str, bytes]:
    """Every file that landing keeps, with its bytes."""
    root = home.landing("p")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "program_rollout.csv").write_text(csv(*ROWS))
    return tmp_path / "crm"


def test_a_re_delivered_file_changes_nothing_whatever_it_is_called(home: Home, folder: Path):
    (first,) = land(practice(folder), home).files
    shutil.copy(folder / "program_rollout.csv", folder / "program_rollout_2026-05-01.csv")
    again = land(practice(folder), home).files

    assert first.is_new
    assert [(file.is_new, file.file_key) for file in again] == [(False, first.file_key)] * 2
    assert len(list(home.root.rglob("rows.parquet"))) == 1


def test_a_second_run_reads_nothing_not_even_to_hash(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch):
    land(practice(folder), home)
    before = landed(home)

    def fail(*_):
        raise AssertionError("the file was opened again")

    monkeypatch.setattr("pipelines.landing.ledger._hash", fail)
    land(practice(folder), home)

    assert landed(home) == before


def test_a_file_written_over_is_a_new_delivery_and_the_old_one_stays(home: Home, folder: Path):
    land(practice(folder), home)
    (folder / "program_rollout.csv").write_text(csv(*ROWS[:2]))
    land(practice(folder), home)

    assert sorted(pl.read_parquet(path).height for path in home.root.rglob("rows.parquet")) == [2, 5]


def test_delivered_rows_stay_when_their_file_is_removed(home: Home, folder: Path):
    land(practice(folder), home)
    before = landed(home)
    (folder / "program_rollout.csv").unlink()

    assert land(practice(folder), home).files == ()
    assert landed(home) == before


def test_a_bad_file_is_refused_once_and_the_rest_goes_on(home: Home, folder: Path):
    (folder / "contacts.csv").write_text("who\n")
    (folder / "touches.csv").write_text("\n")

    first, untold = (land(practice(folder), home) for _ in range(2))
    untold.note_told()
    second = land(practice(folder), home)

    for report in (first, untold):
        assert [line.partition(".")[0] for line in report.refused(untold=True)] == ["crm/contacts", "crm/touches"]
    assert first.refused()[0].startswith("crm/contacts.csv has no header")
    assert first.refused()[1].startswith("crm/touches.csv is empty")
    assert (second.refused(), second.refused(untold=True)) == (first.refused(), [])
    assert len(list(home.root.rglob("rows.parquet"))) == 1


def test_strictly_a_bad_file_stops_the_rest_as_long_as_it_lies_there(home: Home, folder: Path):
    (folder / "contacts.csv").write_text("who\n")
    (folder / "touches.csv").write_text("\n")

    for _ in range(2):
        with pytest.raises(ExtractRefused) as refusal:
            land(practice(folder), home, strict=True)

    assert "2 of 3 files refused" in str(refusal.value)
    assert "crm/contacts.csv has no header" in str(refusal.value)
    assert "crm/touches.csv is empty" in str(refusal.value)
    assert len(list(home.root.rglob("rows.parquet"))) == 1


def test_a_refused_file_that_is_taken_away_or_replaced_is_named_no_more(home: Home, folder: Path):
    (folder / "program_rollout-part2.csv").write_text("\n")
    assert len(land(practice(folder), home).refused()) == 1
    (folder / "program_rollout-part2.csv").write_text(csv("reach,l9,,2026-03-31T00:00:00Z"))
    report = land(practice(folder), home)

    assert report.refused() == []
    assert [file.status for file in report.files] == ["landed", "landed"]


def test_refused_deletions_stop_the_rest_since_deleted_patients_would_come_back(home: Home, tmp_path: Path):
    ehr = tmp_path / "ehr"
    ehr.mkdir()
    (ehr / "Patient.ndjson").write_text('{"resourceType": "Patient", "id": "1"}\n')
    (ehr / "deleted.ndjson").write_text("<html>\n")

    with pytest.raises(ExtractRefused, match="1 of 2 files refused"):
        land(practice(ehr, source="ehr"), home)


def test_a_source_of_which_no_file_was_read_is_refused(home: Home, folder: Path, tmp_path: Path):
    """The other source is landed all the same."""
    billing = tmp_path / "billing"
    billing.mkdir()
    (billing / "Export of July.csv").write_text("Who;What\nAda;30\n")
    (billing / "read me.txt").write_text("Regards\n")
    both = Practice("p", "P", "America/New_York", {"crm": folder, "billing": billing})

    with pytest.raises(ExtractRefused) as refusal:
        land(both, home)

    assert "2 of 3 files refused" in str(refusal.value)
    assert "billing/Export of July.csv is of no kind that is known" in str(refusal.value)
    assert len(list(home.root.rglob("rows.parquet"))) == 1


def test_a_file_of_no_known_kind_is_counted_named_and_left_where_it_lies(home: Home, folder: Path):
    (folder / "notes.txt").write_text("one\n\ntwo\n")

    report = land(practice(folder), home)

    (notes,) = [file for file in report.files if file.extract == "notes"]
    assert (notes.status, notes.n_delivered, notes.n_read) == ("unknown", 2, 0)
    assert [line for line in report.not_read() if line.startswith("crm/notes.txt is of no kind that is known")]


@pytest.mark.parametrize(
    "name",
    [
        "program_rollout (1).csv",
        "Program_Rollout_v2.csv",
        "PROGRAM_ROLLOUT_final.csv",
        "program_rollout 2026-10-31.csv",
        "program_rollout_2026-10-31_copy.csv",
        "whatever it is.csv",
    ],
)
def test_a_table_is_read_whatever_people_call_its_file(home: Home, folder: Path, name: str):
    """The last one by its header, which is that of no other table."""
    (folder / "program_rollout.csv").rename(folder / name)

    (file,) = land(practice(folder), home).files

    assert (file.extract, file.status, file.n_read) == ("program_rollout", "landed", 5)


@pytest.mark.parametrize("name", ["x.csv.part", "x.tmp", "x.csv~", "x.csv.filepart", "~$x.xlsx", "contacts.csv"])
def test_a_file_that_is_not_whole_is_left_for_later_and_named(home: Home, folder: Path, name: str):
    """By its name, or because nothing is in it yet."""
    (folder / name).write_text("" if name == "contacts.csv" else csv(*ROWS))

    report = land(practice(folder), home)

    assert [file.file_name for file in report.files] == ["program_rollout.csv"]
    assert len(report.waiting) == 1 and report.waiting[0].startswith(f"crm/{name} ")
    assert [entry.place for entry in report.ledger] == ["program_rollout.csv"]


def test_links_within_the_folder_are_followed_to_files_and_folders(home: Home, folder: Path):
    (folder / "2026").mkdir()
    (folder / "program_rollout.csv").rename(folder / "2026" / "program_rollout.csv")
    (folder / "latest").symlink_to("2026", target_is_directory=True)
    (folder / "program_rollout-link.csv").symlink_to("2026/program_rollout.csv")

    files = land(practice(folder), home).files

    assert [(file.file_name, file.status) for file in files] == [
        ("2026/program_rollout.csv", "landed"),
        ("latest/program_rollout.csv", "landed"),
        ("program_rollout-link.csv", "landed"),
    ]
    assert len({file.file_key for file in files}) == 1


def test_links_out_of_the_folder_to_nowhere_or_back_fail_the_ingest(home: Home, folder: Path, tmp_path: Path):
    (tmp_path / "contacts.csv").write_text("private\n")
    (tmp_path / "elsewhere").mkdir()
    links = {"file.csv": tmp_path / "contacts.csv", "folder": tmp_path / "elsewhere", "dangling.csv": "gone", "loop": folder}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    (folder / "itself").symlink_to("itself")

    with pytest.raises(ExtractRefused) as refusal:
        land(practice(folder), home)

    said = str(refusal.value)
    assert "5 of 6 files refused" in said
    assert "crm/file.csv is a link out of the source folder" in said and "crm/folder is a link out of the source folder" in said
    assert "crm/dangling.csv is a link that leads nowhere" in said and "crm/itself is a link that leads nowhere" in said
    assert "crm/loop is a link to a folder that it lies in" in said
    assert len(list(home.root.rglob("rows.parquet"))) == 1


def test_one_bad_row_never_stops_the_file(home: Home, folder: Path):
    (folder / "program_rollout.csv").write_text(csv(*ROWS, "reach,,soon,"))

    (file,) = land(practice(folder), home).files

    assert (file.n_delivered, file.n_read, file.n_quarantined) == (6, 5, 1)


def test_when_the_reader_changes_the_file_is_read_again(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Here the practice's time zone does: midnight is another instant."""
    (folder / "program_rollout.csv").write_text(csv("reach,l1,,2026-03-31"))
    land(practice(folder), home)
    (file,) = land(practice(folder, time_zone="America/Chicago"), home).files

    assert file.is_new
    (rows,) = home.root.rglob("rows.parquet")
    assert pl.read_parquet(rows)["updated_at"].dt.hour().to_list() == [5]


def test_a_file_that_grows_while_it_is_read_is_left_until_it_is_whole(home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch):
    def read_while_it_grows(request):
        with (folder / "program_rollout.csv").open("a") as out:
            out.write("reach,l6,,2026-03-31T00:00:00Z\n")
        return read_csv(request)

    monkeypatch.setitem(READERS, "csv", replace(READERS["csv"], read=read_while_it_grows))
    report = land(practice(folder), home)
    monkeypatch.undo()

    assert (report.files, report.ledger) == ((), ())
    assert report.waiting == ("crm/program_rollout.csv is still being written",)
    (file,) = land(practice(folder), home).files
    assert file.n_read == 6


def test_a_source_folder_that_is_not_there_is_named(home: Home, tmp_path: Path):
    with pytest.raises(UsageError, match=r"missing: this source folder does not exist"):
        land(Practice("p", "P", "UTC", {"crm": tmp_path / "missing"}), home)


def test_a_source_of_an_unknown_kind_is_named(home: Home, folder: Path):
    with pytest.raises(UsageError, match="lab: not a kind of source"):
        land(practice(folder, source="lab"), home)


def test_landing_is_for_its_owner_only_and_leaves_nothing_beside(home: Home, folder: Path):
    land(practice(folder), home)

    assert home.landing("p").stat().st_mode & 0o077 == 0
    assert {path.name for path in home.landing("p").iterdir()} == {
        *("crm", "deliveries.json", "deliveries.copy.json"),
        ".readers",
    }


def test_two_ehrs_land_apart_though_their_files_are_the_same(home: Home, tmp_path: Path):
    patient = json.dumps({"resourceType": "Patient", "id": "1"}) + "\n"
    folders = {f"ehr:{name}": tmp_path / name for name in ("north", "south")}
    for place in folders.values():
        place.mkdir()
        (place / "Patient.ndjson").write_text(patient)

    land(Practice("p", "P", "UTC", folders), home)

    found = [pl.read_parquet(path)["source_system"].to_list() for path in sorted(home.root.rglob("rows.parquet"))]
    assert found == [["ehr:north"], ["ehr:south"]]


LAND = """
import sys
from pathlib import Path
from pipelines.extract.csv_file import read_csv
from pipelines.extract.readers import READERS
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.lock import only_writer
from pipelines.practice import Practice
print("imported", flush=True)
land(Practice("p", "P", "America/New_York", {"crm": Path(sys.argv[1])}), Home(Path(sys.argv[2])))
"""


@pytest.mark.slow
def test_after_kill_9_at_any_moment_a_rerun_ends_as_if_undisturbed(home: Home, folder: Path, tmp_path: Path):
    """Ten landings of twelve files, each killed a little later than the one before, all into one home."""
    for i in range(12):
        rows = (f"reach,l{i}-{j},2026-03-01,2026-03-31T00:00:00Z" for j in range(5_000))
        (folder / f"program_rollout-{i}.csv").write_text(csv(*rows))
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", LAND, folder, tmp_path / "warm"], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    n_killed = 0
    for i in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", LAND, folder, home.root], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        time.sleep(seconds * i / 40)
        os.kill(process.pid, signal.SIGKILL)
        n_killed += process.wait() == -signal.SIGKILL
        process.stdout.close()

    with only_writer(home):
        land(practice(folder), home)
    undisturbed = Home(tmp_path / "undisturbed")
    land(practice(folder), undisturbed)

    assert n_killed > 0
    assert landed(home) == landed(undisturbed)


@pytest.mark.parametrize("name", ["program_rollout.csv", "program_rollout.csv.gz", "program_rollout.csv.zst"])
@pytest.mark.parametrize("packed", [None, "gzip", "zstd"])
def test_a_file_is_unpacked_by_its_content_and_not_by_its_name(home: Home, tmp_path: Path, name: str, packed: str | None):
    """DuckDB goes by the name: plain text named `.gz` raised an error of its own."""
    content, folder = csv(*ROWS).encode(), practice(tmp_path / "crm").sources["crm"]
    (folder / name).write_bytes(pa.compress(content, packed, asbytes=True) if packed else content)

    (file,) = land(practice(folder), home).files

    assert (file.status, file.n_read) == ("landed", 5)
