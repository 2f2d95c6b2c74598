"""Schema raw holds the current version of every row, whatever order the files came in, and loses none."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import duckdb
import polars as pl
import pytest

from models.landing import LANDING, METADATA, raw_table
from models.sources import SOURCE_KINDS
from pipelines.errors import ChecksFailed
from pipelines.home import Home
from pipelines.landing.integrity import MANIFEST
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.raw.views import build_raw
from pipelines.sql.types import sql_type

Source = Callable[..., None]


def patient(key: str, *, changed: str | None = None, **elements) -> dict:
    meta = {"meta": {"lastUpdated": changed}} if changed else {}
    return {"resourceType": "Patient", "id": key} | meta | elements


def deletions(*urls: str, at: str | None = None) -> dict:
    entries = [{"request": {"method": "DELETE", "url": url}} for url in urls]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries} | ({"timestamp": at} if at else {})


@pytest.fixture
def ehr(tmp_path: Path) -> Source:
    """Writes resources into a file of the source `ehr`."""

    def write(place: str, *resources: dict) -> None:
        path = tmp_path / "ehr" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(resource) + "\n" for resource in resources))

    return write


@pytest.fixture
def raw(tmp_path: Path) -> Callable[[], duckdb.DuckDBPyConnection]:
    """Lands what was written and builds raw from it, in a database of its own."""

    def build() -> duckdb.DuckDBPyConnection:
        return built(Practice("p", "P", "UTC", {"ehr": tmp_path / "ehr"}), Home(tmp_path / "home"))

    return build


def built(practice: Practice, home: Home) -> duckdb.DuckDBPyConnection:
    landed = land(practice, home)
    connection = duckdb.connect()
    build_raw(connection, practice, home, landed.ledger)
    return connection


def patients(connection: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    return dict(connection.execute("select id, gender from raw.ehr_patient order by id").fetchall())


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, ...]]:
    """Of every file: delivered, landed, quarantined, superseded."""
    rows = connection.execute(
        "select file_name, n_delivered, n_landed, n_quarantined, n_superseded from raw.deliveries where status = 'landed'"
    ).fetchall()
    return {name: tuple(found) for name, *found in rows}


@pytest.mark.parametrize("sources", [(), ("ehr",), ("crm", "billing")], ids=str)
def test_every_extract_has_its_table_typed_whether_it_was_delivered_or_not(tmp_path: Path, sources: tuple[str, ...]):
    for source in sources:
        (tmp_path / source).mkdir()
    connection = built(Practice("p", "P", "UTC", {source: tmp_path / source for source in sources}), Home(tmp_path / "home"))

    for source, kind in SOURCE_KINDS.items():
        for contract in kind.extracts.values():
            fields = contract.fields | METADATA | ({"_last_updated": METADATA["_exported_at"]} if source == "ehr" else {})
            found = connection.sql(f"select * from raw.{raw_table(source, contract.name)}")
            wanted = connection.sql(f"select {', '.join(f'null::{sql_type(c.dtype.type)} as x' for c in fields.values())}")
            assert found.columns == list(fields)
            assert found.types == wanted.types
            assert found.fetchall() == []
    n_expected = sum(len(kind.extracts) for kind in SOURCE_KINDS.values())
    assert connection.execute("select count(*), count(*) filter (is_delivered) from raw.extracts").fetchall() == [(n_expected, 0)]


def test_the_tables_about_landing_keep_their_contracts(ehr: Source, raw):
    ehr("Patient.ndjson", patient("1"), patient(""), *(patient(str(i)) for i in range(2, 9)))
    ehr("CarePlan.ndjson", {"resourceType": "CarePlan"})
    connection = raw()

    for name in ("deliveries", "quarantined_rows", "extracts"):
        contract = LANDING[name]
        frame = connection.sql(f"select {', '.join(contract.fields)} from raw.{name}").pl()
        assert not frame.is_empty()
        contract.schema.validate(frame, lazy=True)
        assert not frame.select(contract.key).is_duplicated().any()


def test_the_latest_change_wins_and_then_the_latest_export(ehr: Source, raw):
    """Patient 1 by meta.lastUpdated, though exported first; 2 by the export's day; 3 has a change, which beats none."""
    ehr(
        "2026-03-01/Patient.ndjson",
        patient("1", changed="2026-02-02T00:00:00Z", gender="newest"),
        patient("2", gender="older"),
        patient("3", changed="2026-01-01T00:00:00Z", gender="newest"),
    )
    ehr(
        "2026-04-01/Patient.ndjson",
        patient("1", changed="2026-02-02T00:59:00+01:00", gender="older"),
        patient("2", gender="newest"),
        patient("3", gender="older"),
    )
    connection = raw()

    assert set(patients(connection).values()) == {"newest"}
    assert connection.execute("select reason, count(*) from raw.superseded_rows group by 1").fetchall() == [
        ("a newer version was delivered", 3)
    ]


def test_of_rows_that_differ_in_nothing_the_last_of_the_last_file_is_kept(ehr: Source, raw):
    ehr("1.Patient.ndjson", patient("1", gender="first"))
    ehr("2.Patient.ndjson", patient("1", gender="second"), patient("1", gender="third"))
    connection = raw()

    assert patients(connection) == {"1": "third"}
    assert counts(connection) == {"1.Patient.ndjson": (1, 0, 0, 1), "2.Patient.ndjson": (2, 1, 0, 1)}


def test_one_content_under_two_names_counts_once_from_its_earliest_export(ehr: Source, raw):
    for place in ("2026-04-01/Patient.ndjson", "2026-03-01/Patient-full.ndjson"):
        ehr(place, patient("1"))
    connection = raw()

    assert connection.execute("select file_name, exported_at::varchar, n_landed from raw.deliveries").fetchall() == [
        ("Patient-full.ndjson", "2026-03-01 00:00:00+00", 1)
    ]


def test_a_deletion_hides_older_versions_only(ehr: Source, raw):
    """Patient 1 was deleted after its last change; 2 was made again after the deletion; of 3 another type was deleted."""
    ehr(
        "Patient.ndjson",
        *(patient("1", changed=f"2026-01-0{day}T00:00:00Z") for day in (1, 2)),
        *(patient("2", changed=f"2026-01-0{day}T00:00:00Z") for day in (1, 9)),
        patient("3", changed="2026-01-01T00:00:00Z"),
    )
    ehr("deleted.ndjson", deletions("Patient/1", "Patient/2", "Condition/3", at="2026-01-05T00:00:00Z"))
    connection = raw()

    assert set(patients(connection)) == {"2", "3"}
    assert counts(connection)["Patient.ndjson"] == (5, 2, 0, 3)
    assert counts(connection)["deleted.ndjson"] == (1, 1, 0, 0)


def test_times_of_export_stand_in_where_neither_bundle_nor_resource_has_one(ehr: Source, raw):
    ehr("2026-01-01/Patient.ndjson", patient("1"), patient("2"))
    ehr("2026-02-01/deleted.ndjson", deletions("https://ehr.example/fhir/Patient/1", "Patient/2"))
    ehr("2026-03-01/Patient.ndjson", patient("2", gender="made again"))

    assert patients(raw()) == {"2": "made again"}


def test_a_deletion_of_unknown_time_comes_after_all_versions(ehr: Source, raw):
    ehr("2026-01-01/Patient.ndjson", patient("1", changed="2025-12-01T00:00:00Z"))
    ehr("deleted.ndjson", deletions("Patient/1"))

    assert patients(raw()) == {}


def test_partial_dates_and_references_of_every_form_stay_as_they_were_written(ehr: Source, raw):
    references = [
        "Organization/1",
        "https://ehr.example/fhir/Organization/1",
        "urn:uuid:0c9a",
        "Practitioner?identifier=a|b",
        "#local",
    ]
    ehr("Patient.ndjson", patient("1", birthDate="1980-04", generalPractitioner=[{"reference": text} for text in references]))
    rows = raw().execute("select birthDate, list_transform(generalPractitioner, lambda one: one.reference) from raw.ehr_patient")

    assert rows.fetchall() == [("1980-04", references)]


def test_an_instant_carries_its_offset_into_last_updated(ehr: Source, raw):
    ehr("Patient.ndjson", patient("1", changed="2026-03-31T23:30:00.5-04:00"))

    assert raw().execute("select _last_updated from raw.ehr_patient").fetchall()[0][0].astimezone(UTC) == datetime(
        2026, 4, 1, 3, 30, 0, 500_000, tzinfo=UTC
    )


def test_several_ehrs_share_a_table_and_keep_their_names(tmp_path: Path, ehr: Source):
    ehr("north/Patient.ndjson", patient("1"))
    ehr("south/Patient.ndjson", patient("1", gender="female"))
    ehr("south/deleted.ndjson", deletions("Patient/1", at="2030-01-01T00:00:00Z"))
    sources = {f"ehr:{name}": tmp_path / "ehr" / name for name in ("north", "south")}
    connection = built(Practice("p", "P", "UTC", sources), Home(tmp_path / "home"))

    assert connection.execute("select source_system, id from raw.ehr_patient").fetchall() == [("ehr:north", "1")]
    delivered = connection.execute("select source_system from raw.extracts where is_delivered").fetchall()
    assert delivered == [("ehr:north",), ("ehr:south",)]


def test_a_file_whose_rows_do_not_add_up_stops_the_build(tmp_path: Path, ehr: Source, raw):
    ehr("Patient.ndjson", patient("1"))
    raw()
    (manifest,) = (tmp_path / "home").rglob(MANIFEST)
    manifest.write_text(manifest.read_text().replace('"n_delivered": 1', '"n_delivered": 2'))

    with pytest.raises(ChecksFailed, match=r"ehr/Patient\.ndjson"):
        raw()


def exported(connection: duckdb.DuckDBPyConnection, folder: Path, *, without: str = "") -> dict[str, bytes]:
    """Every table of raw as the bytes of a Parquet file, sorted."""
    folder.mkdir(exist_ok=True)
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'raw' order by 1"
    ).fetchall()
    files = {}
    for (table,) in tables:
        columns = f"columns(c -> c not in ({without}))" if without else "*"
        connection.execute(f"copy (select {columns} from raw.{table} order by all) to '{folder}/table.parquet' (format parquet)")
        files[table] = (folder / "table.parquet").read_bytes()
    return files


PIECES = {
    "2026-01-01/Patient.ndjson": [patient(str(i), gender=f"v1-{i}") for i in range(20)],
    "2026-02-01/Patient.ndjson": [patient(str(i), gender=f"v2-{i}") for i in range(10, 30)] + [patient("")],
    "2026-02-01/Patient.000.ndjson": [patient(str(i), gender=f"v2-{i}") for i in range(30, 40)],
    "2026-03-01/deleted.ndjson": [deletions("Patient/5", "Patient/35")],
}
CONTACTS = "program_name,location_id,go_live_on,updated_at\n"
ROLLOUT = {
    "program_rollout_2026-01-01.csv": ["reach,l1,2026-03-01,2026-01-01T00:00:00Z", "reach,l2,,2026-01-01T00:00:00Z"],
    "program_rollout_2026-02-01.csv": ["reach,l2,4/1/2026,2026-01-15T00:00:00Z", "reach,,,2026-01-15T00:00:00Z"],
}


def deliver(folder: Path, place: str, again: str = "") -> None:
    path = folder / ("ehr" if place in PIECES else "crm") / again / place
    path.parent.mkdir(parents=True, exist_ok=True)
    if place in PIECES:
        path.write_text("".join(json.dumps(resource) + "\n" for resource in PIECES[place]))
    else:
        path.write_text(CONTACTS + "\n".join(ROLLOUT[place]) + "\n")


def practice_in(folder: Path) -> Practice:
    for source in ("ehr", "crm"):
        (folder / source).mkdir(parents=True, exist_ok=True)
    return Practice("p", "P", "UTC", {source: folder / source for source in ("ehr", "crm")})


@pytest.mark.parametrize("nth", [0, *(pytest.param(nth, marks=pytest.mark.slow) for nth in (1, 2, 3))])
def test_the_order_in_which_files_arrive_changes_no_byte(tmp_path: Path, nth: int):
    """Two orders each of the six files, landed one at a time and with a later re-delivery each, against all at once."""
    places = [*PIECES, *ROLLOUT]
    for place in places:
        deliver(tmp_path / "whole", place)
    with built(practice_in(tmp_path / "whole"), Home(tmp_path / "whole" / "home")) as connection:
        whole = exported(connection, tmp_path / "out")

    for i, order in enumerate([*permutations(places)][90 * nth :: 360]):
        folder = tmp_path / str(i)
        practice, home = practice_in(folder), Home(folder / "home")
        for n, place in enumerate(order):
            deliver(folder, place)
            if n == 3:
                deliver(folder, order[0], again="2026-09-09")
            land(practice, home)
        with built(practice, home) as connection:
            assert exported(connection, tmp_path / "out") == whole


TECHNICAL = "'_file_key', '_row_number'"


def test_pieces_that_overlap_end_in_the_tables_of_one_clean_delivery(tmp_path: Path):
    for place in PIECES:
        deliver(tmp_path / "whole", place)
        rows = PIECES[place]
        for start in range(0, len(rows), 6):
            day, name = place.split("/")
            path = tmp_path / "pieces" / "ehr" / day / name.replace(".", f".{start}.", 1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n\n".join(json.dumps(row) for row in rows[start : start + 9]))
    tables = {}
    for name in ("whole", "pieces"):
        with built(practice_in(tmp_path / name), Home(tmp_path / name / "home")) as connection:
            tables[name] = exported(connection, tmp_path / "out", without=TECHNICAL)["ehr_patient"]
            assert len(patients(connection)) == 38
            assert connection.execute(
                "select count(*) from raw.deliveries where n_delivered <> n_landed + n_quarantined + n_superseded"
            ).fetchall() == [(0,)]

    assert tables["whole"] == tables["pieces"]


def test_rows_of_an_earlier_contract_are_shown_with_what_they_have(tmp_path: Path, ehr: Source, raw):
    """As after an update that reads one element more, when the delivered file is gone."""
    ehr("2026-01-01/Patient.ndjson", patient("1", gender="female"))
    raw()
    (tmp_path / "ehr" / "2026-01-01" / "Patient.ndjson").unlink()
    (rows,) = (tmp_path / "home").rglob("rows.parquet")
    pl.read_parquet(rows).drop("gender").write_parquet(rows)
    manifest = rows.parent / MANIFEST
    told = json.loads(manifest.read_text()) | {"reader": "0"}
    del told["files"]  # before there were hashes
    manifest.write_text(json.dumps(told))

    assert patients(raw()) == {"1": None}
    ehr("2026-02-01/Patient.ndjson", patient("2", gender="male"))
    assert patients(raw()) == {"1": None, "2": "male"}


def test_an_export_that_a_later_one_repeats_in_full_is_read_no_more(tmp_path: Path, ehr: Source, raw):
    for day in ("2026-01-01", "2026-02-01"):
        ehr(f"{day}/Patient.ndjson", *(patient(str(i), gender=day) for i in range(3)))
    connection = raw()
    (first,) = connection.execute("select file_key from raw.deliveries where exported_at < '2026-01-15'").fetchall()[0]
    (view,) = connection.execute("select sql from duckdb_views() where view_name = 'ehr_patient'").fetchall()[0]

    assert patients(connection) == dict.fromkeys("012", "2026-02-01")
    assert first not in view
