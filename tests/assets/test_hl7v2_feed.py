"""A feed of HL7 v2 is events over time: raw holds what is known after all of them, whatever order the files came in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.raw.views import build_raw
from tests.conftest import caregap

PID = "PID|1||7^^^CLINIC^MR||DOE^JANE||19700301|F|||1 Main St^^Troy^NY^12180||5185550100"
SHORT_PID = "PID|1||7^^^CLINIC^MR"
RESOURCES = ("RGS|1", "AIS|1||99213^Visit^C4", "AIL|1||MAIN^^^NORTH", "AIP|1||55^SMITH^ANN")


def message(event: str, *segments: str, sent: str) -> str:
    return "\r".join([f"MSH|^~\\&|APP|CLINIC|||{sent}||{event}|1|P|2.5.1", *segments, ""])


def visit(event: str, start: str = "", end: str = "", *, sent: str, pid: str = SHORT_PID) -> str:
    where = "MAIN^^^NORTH||||55^SMITH^ANN" if start else "||||"
    return message(f"ADT^{event}", pid, f"PV1|1|O|{where}{'|' * 12}V1{'|' * 25}{start}|{end}", sent=sent)


def times(start: str, end: str) -> str:
    return f"TQ1|||||||{start}|{end}"


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[Any]:
    """Lands files in the order given, one landing each, and gives the connection with their schema `raw`."""
    connections = []

    def build(*files: str | bytes) -> duckdb.DuckDBPyConnection:
        folder = tmp_path / str(len(connections))
        practice, home = Practice("p", "P", "America/New_York", {"ehr": folder / "ehr"}), Home(folder / "home")
        (folder / "ehr").mkdir(parents=True)
        for number, content in enumerate(files):
            (folder / "ehr" / f"{number}.dat").write_bytes(content if isinstance(content, bytes) else content.encode())
            landed = land(practice, home)
        connections.append(duckdb.connect())
        build_raw(connections[-1], practice, home, landed.ledger)
        return connections[-1]

    yield build
    for connection in connections:
        connection.close()


def test_the_life_of_an_appointment_is_the_same_in_any_order_of_arrival(raw):
    """Booked on 1 March for 10 March, moved to 11 March, missed: each message says less than the one before."""
    booked = message(
        "SIU^S12", "SCH|P|A1|||||||30|min", times("20260310093000", "20260310100000"), PID, *RESOURCES, sent="20260301083000"
    )
    moved = message("SIU^S13", "SCH|P|A1", times("20260311140000", "20260311143000"), SHORT_PID, sent="20260305083000")
    missed = message("SIU^S26", "SCH|P|A1", sent="20260311150000")
    for files in ((booked, moved, missed), (missed, moved, booked)):
        connection = raw(*files)
        assert connection.execute(
            """
            select
                id, status, start, minutesDuration, created, cast(_last_updated as varchar),
                list_transform(participant, lambda one: one.actor.reference)
            from raw.ehr_appointment
            """
        ).fetchall() == [
            (
                "A1",
                "noshow",
                "2026-03-11T14:00:00-04:00",
                30,
                "2026-03-01T08:30:00-05:00",
                "2026-03-11 19:00:00+00",
                ["Patient/7^CLINIC", "Practitioner/55", "Location/MAIN^NORTH"],
            )
        ]
        assert connection.execute("select name[1].family, birthDate, telecom[1].value from raw.ehr_patient").fetchall() == [
            ("DOE", "1970-03-01", "5185550100")
        ]


def test_a_booking_after_a_cancellation_takes_it_back(raw):
    when = times("20260310093000", "")
    booked = [message("SIU^S12", "SCH|P|A1", when, PID, sent=f"2026030{day}083000") for day in (1, 3)]
    cancelled = message("SIU^S15", "SCH|P|A1||||pat^Patient", sent="20260302083000")
    query = "select status, len(extension) from raw.ehr_appointment"
    assert raw(booked[0], cancelled).execute(query).fetchall() == [("cancelled", 1)]
    assert raw(booked[0], cancelled, booked[1]).execute(query).fetchall() == [("booked", 0)]


def test_a_visit_has_its_beginning_and_its_end_from_different_messages_and_loses_an_end_that_is_undone(raw):
    arrived = visit("A04", "20260301090000", sent="20260301090000", pid=PID)
    left = visit("A03", end="20260301100000", sent="20260301100000")
    updated = visit("A08", sent="20260301101000")
    undone = visit("A13", sent="20260301103000")
    query = """
        select status, period.start, period."end", participant[1].individual.reference, location[1].location.reference
        from raw.ehr_encounter
    """
    whole = ("finished", "2026-03-01T09:00:00-05:00", "2026-03-01T10:00:00-05:00", "Practitioner/55", "Location/MAIN^NORTH")
    assert raw(updated, left, arrived).execute(query).fetchall() == [whole]
    assert raw(arrived, left, undone).execute(query).fetchall() == [("in-progress", whole[1], None, *whole[3:])]


def test_two_quotes_delete_a_field_and_an_empty_one_leaves_it(raw):
    def says(fields: str, sent: str) -> str:
        return message("ADT^A31", f"PID|1||7^^^CLINIC^MR||DOE^JANE||{fields}", sent=sent)

    first, empty, deleted = says("19700301|F", "20260301"), says("|", "20260302"), says('""|F', "20260303")
    query = "select birthDate, gender from raw.ehr_patient"
    assert raw(first, empty).execute(query).fetchall() == [("1970-03-01", "female")]
    assert raw(first, empty, deleted).execute(query).fetchall() == [(None, "female")]
    assert raw(deleted).execute(query).fetchall() == [(None, "female")]


def test_every_message_is_accounted_for_and_what_is_not_read_is_named(raw):
    """Two messages about one patient, one without a type, an order and a trailer that says there are nine."""
    connection = raw(
        "BHS|^~\\&\r"
        + message("ADT^A31", PID, "ZPD|1", sent="20260301083000")
        + message("ADT^A31", PID, sent="20260302083000")
        + message("", PID, sent="20260302083000")
        + message("ORM^O01", PID, sent="20260302083000")
        + "BTS|9\r"
    )
    counts = "select extract, n_delivered, n_landed, n_quarantined, n_superseded, n_contradicted, status, extra_columns"
    assert connection.execute(f"{counts} from raw.deliveries order by extract").fetchall() == [
        ("ORM^O01", 1, 0, 0, 0, 0, "ignored", None),
        ("Patient", 2, 1, 0, 1, 0, "landed", None),
        ("hl7v2", 5, 3, 2, 0, 0, "landed", "ZPD (1)"),
    ]
    assert connection.execute("select row_number, field, reason from raw.quarantined_rows order by 1").fetchall() == [
        (7, "MSH-9", "is missing (message 3)"),
        (11, "BTS-1", "says 9 messages, the file has 4. Ask the sender for what is missing."),
    ]


def test_a_source_may_deliver_exports_and_messages(raw):
    """The patient of the export is as the export says; the message about another is beside it."""
    export = b'{"resourceType": "Patient", "id": "p1", "gender": "male", "meta": {"lastUpdated": "2026-03-01T00:00:00Z"}}\n'
    connection = raw(export, message("ADT^A31", PID, sent="20260301083000"))
    assert connection.execute("select id, gender from raw.ehr_patient order by id").fetchall() == [
        ("7^CLINIC", "female"),
        ("p1", "male"),
    ]


@pytest.mark.slow
def test_a_practice_that_has_nothing_but_messages_publishes_its_no_show_rate(new_home, tmp_path: Path):
    """Ten appointments were due in March: three were missed (two S26, one S14 with `No Show`), seven kept. The rate is 3 in 10.

    Patient 9 was merged into patient 8, so that ten numbers are nine people.
    """
    (tmp_path / "practice.toml").write_text(
        'id = "p"\nname = "P"\ntime_zone = "America/New_York"\nencryption = "disk"\n[sources]\nehr = "spool"\n'
    )
    (tmp_path / "spool").mkdir()
    for number in range(10):
        pid = f"PID|1||{number}^^^CLINIC^MR||DOE{number}^JANE||197003{number + 10}|F|||{number} Main St^^Troy^NY^12180"
        start = f"202603{number + 10}093000"
        outcome = {0: ("S26", ""), 1: ("S26", ""), 2: ("S14", "No Show")}.get(number, ("S14", "Complete"))
        sch = f"SCH|P{number}|A{number}||||||CHECKUP|30|min{'|' * 15}"
        messages = [
            message("SIU^S12", f"{sch}Booked", times(start, ""), pid, *RESOURCES, sent="20260301083000"),
            message(f"SIU^{outcome[0]}", f"SCH|P{number}|A{number}{'|' * 23}{outcome[1]}", sent=f"202603{number + 10}170000"),
        ]
        (tmp_path / "spool" / f"{number}.hl7").write_text("".join(messages))
    merged = message("ADT^A40", "EVN|A40", "PID|1||8^^^CLINIC^MR", "MRG|9^^^CLINIC^MR", sent="20260420083000")
    (tmp_path / "spool" / "merge.hl7").write_text(merged)

    home = new_home()
    done = caregap(home, "run", tmp_path)
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(home.published / "current" / "warehouse.duckdb"), read_only=True) as connection:
        rate = connection.execute(
            """
            select cast(sum(numerator) as integer), cast(sum(denominator) as integer)
            from marts.fct_kpis where kpi_code = 'no_show_rate'
            """
        )
        assert rate.fetchall() == [(3, 10)]
        assert connection.execute("select count(*) from marts.dim_patients").fetchall() == [(9,)]
