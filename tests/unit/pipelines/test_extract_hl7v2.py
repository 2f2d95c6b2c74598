"""HL7 v2 messages become the rows that a FHIR export of the same facts would be; a bad one is quarantined with its place."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from models.sources import SOURCE_KINDS
from pipelines.extract.hl7v2.file import MESSAGES, PARTS, Hl7Files, is_hl7v2
from pipelines.extract.readers import READERS
from pipelines.extract.reading import Reading, Request
from pipelines.home import CHECKOUT

PUBLIC = CHECKOUT.parent / "shared" / "data" / "hl7v2"
EHR, READER = SOURCE_KINDS["ehr"], READERS["hl7v2"]
PID = "PID|1||7^^^CLINIC^MR~123^^^SSA^SS||DOE^JANE^Q||19700301|F|||1 Main St^^Troy^NY^12180||5185550100"
Outcome = tuple[Reading, dict[str, list[dict[str, Any]]], list[tuple]]


@pytest.fixture(scope="module")
def read() -> Iterator[Callable[..., Outcome]]:
    """Reads messages: the reading, the rows by extract (without what is empty), and what was quarantined."""
    with duckdb.connect() as connection:

        def read(*messages: str | bytes) -> Outcome:
            folder = Path(mkdtemp())
            content = b"".join(one if isinstance(one, bytes) else one.encode() for one in messages)
            (folder / "delivered").write_bytes(content)
            marks = {"source_system": "ehr", "_file_key": "k"}
            contract, contracts = READER.contract(EHR, MESSAGES), READER.contracts(EHR, MESSAGES)
            assert contract
            reading = READER.read(
                Request(
                    connection, folder / "delivered", contract, folder, folder, marks, "America/New_York", contracts=contracts
                )
            )
            rows = {name: _rows(folder / name / "rows.parquet") for name in PARTS if (folder / name).exists()}
            rows[MESSAGES] = _rows(folder / "rows.parquet")
            assert {name: len(found) for name, found in rows.items() if name in PARTS} == {
                name: part.n_read for name, part in reading.parts.items()
            }
            for name, found in rows.items():
                assert len({row["_row_number"] for row in found}) == len(found), name
            return reading, rows, pl.read_parquet(folder / "quarantine.parquet").rows()

        yield read


def _rows(path: Path) -> list[dict[str, Any]]:
    return [_there(row) for row in pl.read_parquet(path).to_dicts()]


def _there(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _there(one) for name, one in value.items() if one is not None}
    return [_there(one) for one in value] if isinstance(value, list) else value


def message(event: str, *segments: str, sent: str = "20260301083000") -> str:
    return "\r".join([f"MSH|^~\\&|APP|CLINIC|||{sent}||{event}|1|P|2.5.1", *segments, ""])


def booking(event: str, sch: str = "SCH|P1|A1", *segments: str, sent: str = "20260301083000") -> str:
    return message(f"SIU^{event}", sch, *segments, sent=sent)


def test_a_new_booking_is_an_appointment_with_its_patient_practitioner_and_place(read):
    """MSH-7 without an offset is local: on 1 March, New York is five hours behind UTC; on 10 March, four."""
    _, rows, quarantined = read(
        booking(
            "S12",
            "SCH|P1^ERP|A1^SCHED||||||CHECKUP|30|min|||||||||||||||Booked",
            "TQ1|||||||20260310093000|20260310100000",
            PID,
            "RGS|1",
            "AIS|1||99213^Visit^C4",
            "AIL|1||MAIN^ROOM1^^NORTH",
            "AIP|1||55^SMITH^ANN^^^^^^NPI^^^^NPI",
        )
    )
    (appointment,) = rows["Appointment"]
    assert quarantined == []
    assert appointment["id"] == "A1^SCHED"
    assert (appointment["status"], appointment["minutesDuration"]) == ("booked", 30)
    assert (appointment["start"], appointment["end"]) == ("2026-03-10T09:30:00-04:00", "2026-03-10T10:00:00-04:00")
    assert appointment["created"] == "2026-03-01T08:30:00-05:00"
    assert appointment["serviceType"][0]["coding"][0] == {
        "system": "http://www.ama-assn.org/go/cpt",
        "code": "99213",
        "display": "Visit",
    }
    assert [one["actor"]["reference"] for one in appointment["participant"]] == [
        "Patient/7^CLINIC",
        "Practitioner/55^NPI",
        "Location/MAIN^NORTH",
    ]
    assert str(appointment["_last_updated"]) == "2026-03-01 13:30:00+00:00"
    assert rows["Location"][0]["name"] == "NORTH MAIN"
    assert rows["Practitioner"][0]["identifier"] == [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "55"}]


@pytest.mark.parametrize(
    ("event", "filler", "status"),
    [
        ("S12", "", "booked"),
        ("S13", "", "booked"),
        ("S14", "", None),
        ("S14", "Booked", "booked"),
        ("S14", "Pending", "pending"),
        ("S14", "Waitlist", "waitlist"),
        ("S14", "Arrived", "arrived"),
        ("S14", "Started", "checked-in"),
        ("S14", "CHECKED IN", "checked-in"),
        ("S14", "Complete", "fulfilled"),
        ("S14", "No Show", "noshow"),
        ("S14", "Bumped", "Bumped"),
        ("S15", "Booked", "cancelled"),
        ("S16", "Dc", "cancelled"),
        ("S17", "Deleted", "entered-in-error"),
        ("S18", "", None),
        ("S22", "", None),
        ("S26", "", "noshow"),
        ("S26", "Booked", "noshow"),
    ],
)
def test_the_life_of_an_appointment_is_told_by_event_and_filler_status(read, event: str, filler: str, status: str | None):
    _, rows, _ = read(booking(event, f"SCH|P1|A1{'|' * 23}{filler}", PID))
    assert rows["Appointment"][0].get("status") == status


def test_a_cancellation_says_when_and_why_and_needs_no_patient(read):
    _, rows, _ = read(booking("S15", "SCH|P1|A1||||pat-crs^Moved away", sent="20260302100000"))
    (appointment,) = rows["Appointment"]
    assert appointment["cancelationReason"]["coding"][0]["code"] == "pat-crs"
    assert appointment["extension"] == [
        {"url": "urn:caregap:fhir:extension:appointment-cancelled-at", "valueDateTime": "2026-03-02T10:00:00-05:00"}
    ]
    assert "participant" not in appointment


@pytest.mark.parametrize(
    ("segments", "start"),
    [
        (("TQ1|||||||20260310093000",), "2026-03-10T09:30:00-04:00"),
        (("AIS|1||x|20260312080000",), "2026-03-11T07:00:00-04:00"),
    ],
)
def test_tq1_says_when_an_appointment_starts_before_sch_11_and_sch_11_before_the_resources(read, segments, start: str):
    _, rows, _ = read(booking("S12", "SCH|P1|A1|||||||||^^^20260311070000", *segments))
    assert rows["Appointment"][0]["start"] == start


def test_only_the_resources_say_the_start_where_nothing_else_does(read):
    _, rows, _ = read(booking("S12", "SCH|P1|A1", "AIP|1||55|||20260312080000"))
    assert rows["Appointment"][0]["start"] == "2026-03-12T08:00:00-04:00"


def test_an_occurrence_of_a_series_and_the_placers_id_are_keys_too(read):
    _, rows, quarantined = read(booking("S12", "SCH|P1|A1|2"), booking("S12", "SCH|P9"), booking("S12", "SCH|"))
    assert [row["id"] for row in rows["Appointment"]] == ["A1^2", "P9"]
    assert quarantined == [(5, "SCH-2", "names no appointment, and neither does SCH-1 (message 3)")]


def test_a_booking_that_is_reported_after_its_start_does_not_say_when_it_was_made(read):
    _, rows, _ = read(booking("S12", "SCH|P1|A1", "TQ1|||||||20260110093000"))
    assert "created" not in rows["Appointment"][0]


def test_a_patient_has_numbers_names_ways_to_be_reached_and_us_core_race(read):
    pid = (
        "PID|1||123^^^SSA^SS~7^^^CLINIC&2.16.1&ISO^MR||DOE^JANE^Q^^^^L~ROE^^^^^^M||197003011200|F||2106-3^White"
        "|1 Main St^Apt 2^Troy^NY^12180^USA^H||^PRN^PH^^1^518^5550100~^NET^Internet^jane@example.org|5550199"
        "|en^English|||||||H"
    )
    _, rows, _ = read(message("ADT^A08", pid))
    (patient,) = rows["Patient"]
    assert patient["id"] == "7^CLINIC"
    assert [(one["type"]["coding"][0]["code"], one["system"], one["value"]) for one in patient["identifier"]] == [
        ("SS", "SSA", "123"),
        ("MR", "urn:oid:2.16.1", "7"),
    ]
    assert patient["name"] == [
        {"use": "official", "family": "DOE", "given": ["JANE", "Q"]},
        {"use": "maiden", "family": "ROE"},
    ]
    assert patient["telecom"] == [
        {"system": "phone", "value": "+15185550100", "use": "home"},
        {"system": "email", "value": "jane@example.org"},
        {"system": "phone", "value": "5550199", "use": "work"},
    ]
    assert (patient["gender"], patient["birthDate"]) == ("female", "1970-03-01")
    assert patient["address"][0]["line"] == ["1 Main St", "Apt 2"]
    codes = {one["url"].rpartition("/")[2]: one["extension"][0]["valueCoding"]["code"] for one in patient["extension"]}
    assert codes == {"us-core-race": "2106-3", "us-core-ethnicity": "2135-2"}


def test_characters_of_no_width_are_no_part_of_a_patients_number(read):
    _, rows, _ = read(*(message("ADT^A08", f"PID|1||{number}^^^CLINIC^MR") for number in ("7", "\u200b7", "7\u00a0")))
    assert {patient["id"] for patient in rows["Patient"]} == {"7^CLINIC"}


def test_each_former_record_of_a_merge_points_to_the_one_that_remains(read):
    _, rows, _ = read(
        message("ADT^A40", "EVN|A40", "PID|1||1^^^C^MR", "MRG|2^^^C^MR", "PID|2||3^^^C^MR", "MRG|4^^^C^MR~9^^^S^SS")
    )
    links = [
        (row["id"], row.get("active"), [link["other"]["reference"] for link in row.get("link", [])]) for row in rows["Patient"]
    ]
    assert links == [
        ("1^C", None, []),
        ("2^C", False, ["Patient/1^C"]),
        ("3^C", None, []),
        ("4^C", False, ["Patient/3^C"]),
    ]


PV1 = "PV1|1|{kind}|MAIN^1^^NORTH||||55^SMITH^ANN|66^REFER^R|||||||||77^ADMIT^A||V1^^^ADT" + "|" * 25 + "{start}|{end}"


@pytest.mark.parametrize(
    ("event", "kind", "end", "status"),
    [
        ("A01", "I", "", "in-progress"),
        ("A02", "I", "", "in-progress"),
        ("A03", "I", "", "finished"),
        ("A04", "O", "", "in-progress"),
        ("A04", "O", "20260301100000", "finished"),
        ("A04", "P", "", "planned"),
        ("A05", "P", "", "planned"),
        ("A06", "I", "", "in-progress"),
        ("A07", "O", "", "in-progress"),
        ("A08", "O", "", None),
        ("A08", "O", "20260301100000", "finished"),
        ("A11", "I", "", "cancelled"),
        ("A12", "I", "", "in-progress"),
        ("A13", "I", "20260301100000", "in-progress"),
    ],
)
def test_the_status_of_a_visit_is_told_by_the_event_and_its_end(read, event: str, kind: str, end: str, status: str | None):
    _, rows, _ = read(message(f"ADT^{event}", PID, PV1.format(kind=kind, start="20260301090000", end=end)))
    (visit,) = rows["Encounter"]
    assert visit.get("status") == status
    assert visit["id"] == "V1^ADT"
    assert [one["individual"]["reference"] for one in visit["participant"]] == ["Practitioner/55", "Practitioner/77"]


def test_an_undone_discharge_takes_back_the_end_of_the_visit(read):
    _, rows, _ = read(message("ADT^A13", PID, PV1.format(kind="I", start="20260301090000", end="20260301100000")))
    assert rows["Encounter"][0]["period"] == {"start": "2026-03-01T09:00:00-05:00", "end": ""}


@pytest.mark.parametrize("event", ["A28", "A31", "A40"])
def test_an_event_about_a_person_is_no_visit(read, event: str):
    _, rows, _ = read(message(f"ADT^{event}", PID, PV1.format(kind="N", start="", end="")))
    assert "Encounter" not in rows
    assert rows["Patient"][0]["id"] == "7^CLINIC"


UCUM_PERCENT = {"unit": "percent", "system": "http://unitsofmeasure.org", "code": "%"}
NEGATIVE = {"system": "http://snomed.info/sct", "code": "260385009", "display": "Negative"}


def result(*fields: str) -> str:
    return "|".join(["OBX", "1", *fields])


@pytest.mark.parametrize(
    ("obx", "value"),
    [
        (("NM", "4548-4^HbA1c^LN", "", "7.2", "%^percent^UCUM"), {"valueQuantity": {"value": 7.2} | UCUM_PERCENT}),
        (("NM", "x", "", "&lt;5"), {"valueString": "&lt;5"}),
        (("NM", "x", "", "1e999"), {"valueString": "1e999"}),
        (("SN", "x", "", ">^200", "mg"), {"valueQuantity": {"value": 200.0, "comparator": ">", "unit": "mg", "code": "mg"}}),
        (("SN", "x", "", "^1^:^128"), {"valueString": "1 : 128"}),
        (("CWE", "x", "", "260385009^Negative^SCT"), {"valueCodeableConcept": {"coding": [NEGATIVE]}}),
        (("ST", "x", "", "R&D \\T\\ A^B"), {"valueString": "R&D & A^B"}),
        (("DT", "x", "", "20260228"), {"valueDateTime": "2026-02-28"}),
        (("ST", "x", "", ""), {}),
    ],
)
def test_a_result_has_the_value_of_its_type(read, obx: tuple[str, ...], value: dict[str, Any]):
    _, rows, _ = read(message("ORU^R01", PID, "OBR|1|P1|F1|24331-1|||20260228090000", result(*obx)))
    (found,) = rows["Observation"]
    assert {name: one for name, one in found.items() if name.startswith("value")} == value
    assert found["effectiveDateTime"] == "2026-02-28T09:00:00-05:00"
    assert found["subject"] == {"reference": "Patient/7^CLINIC"}


def test_a_corrected_result_has_the_key_of_the_first_and_repeated_ones_have_their_place(read):
    obr, first, again = "OBR|1|P1|F1^LAB|panel", "OBX|1|ST|57719-7||a||||||F", "OBX|2|ST|57719-7||b||||||C"
    _, rows, _ = read(message("ORU^R01", PID, obr, first, again), message("ORU^R01", PID, obr, first.replace("|F", "|C")))
    assert [(row["id"], row["status"]) for row in rows["Observation"]] == [
        ("F1^LAB^57719-7^panel", "final"),
        ("F1^LAB^57719-7^panel^#2", "corrected"),
        ("F1^LAB^57719-7^panel", "corrected"),
    ]


def test_results_that_are_no_laboratorys_say_so(read):
    sections = {"RAD": "imaging", "EC": "exam", "LAB": "laboratory", "": "laboratory"}
    for section, category in sections.items():
        _, rows, _ = read(message("ORU^R01", PID, f"OBR|1|P1|F1|x{'|' * 20}{section}", "OBX|1|ST|x||a"))
        assert rows["Observation"][0]["category"][0]["coding"][0]["code"] == category


def test_times_take_the_offset_of_the_message_and_what_is_no_date_stays_as_it_is_written(read):
    _, rows, _ = read(
        booking("S12", "SCH|P1|A1", "TQ1|||||||20260310093000|20260399", sent="20260301083000+0100"),
        booking("S12", "SCH|P1|A2", "TQ1|||||||202603100930-0700|2026031009"),
    )
    assert [(row["start"], row["end"]) for row in rows["Appointment"]] == [
        ("2026-03-10T09:30:00+01:00", "2026-03-99"),
        ("2026-03-10T09:30:00-07:00", "2026-03-10T09:00:00-04:00"),
    ]


def test_bad_messages_lying_trailers_and_stray_lines_are_quarantined_with_their_place_and_the_rest_is_read(read):
    """A line of no message; in a batch that says it has five: a good message, one without a patient, one without a type."""
    header = "MSH|^~\\&|A|B|||20260301||"
    reading, rows, quarantined = read(
        "not of a message\rFHS|^~\\&\rBHS|^~\\&\r",
        message("ADT^A08", PID),
        f"{header}ADT^A08\rEVN|A08\r{header}\rPID|1||7\rBTS|5\rFTS|1\r",
    )
    assert quarantined == [
        (1, None, "belongs to no message: none begins before it with MSH"),
        (6, None, "has no PID segment (message 2)"),
        (8, "MSH-9", "is missing (message 3)"),
        (10, "BTS-1", "says 5 messages, the file has 3. Ask the sender for what is missing."),
    ]
    assert (reading.n_delivered, reading.n_read, reading.n_quarantined) == (5, 1, 4)
    assert [row["_row_number"] for row in rows["Patient"]] == [5]


def test_what_is_not_read_is_counted_by_name(read):
    reading, rows, _ = read(
        message("ADT^A08", PID, "NK1|1", "ZPD|1", "ZPD|2"),
        message("ORM^O01", PID, "ORC|NW"),
        booking("S23"),
        message("ACK", "MSA|AA"),
    )
    assert reading.unread == {"ACK": 1, "ORM^O01": 1, "SIU^S23": 1}
    assert reading.extra_columns == ["NK1 (1)", "ZPD (2)"]
    assert len(rows[MESSAGES]) == 4


def test_each_message_is_known_by_what_it_is_whatever_its_control_id(read):
    _, rows, _ = read(message("ADT^A08", PID), message("ADT^A31", PID))
    assert [(row["message_type"], row["control_id"], row["line"]) for row in rows[MESSAGES]] == [
        ("ADT^A08", "1", 1),
        ("ADT^A31", "1", 3),
    ]


@settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["MSH|^~\\&", "PID", "PV1", "SCH", "TQ1", "OBR", "OBX", "AIP", "AIL", "AIS", "MRG", "EVN", "BTS", "?"]
            ),
            st.lists(
                st.one_of(
                    st.text(max_size=8),
                    st.sampled_from(
                        ["SIU^S12", "ADT^A40", "ADT^A03", "ORU^R01", "7^^^C^MR", "20260301", "99999999", '""', "NM", "SN"]
                    ),
                ),
                max_size=12,
            ),
        ),
        max_size=12,
    )
)
def test_whatever_stands_in_a_message_it_is_read_or_quarantined_and_counted(read, segments):
    reading, _, _ = read("\r".join("|".join([name, *fields]) for name, fields in [("MSH|^~\\&", []), *segments]))
    assert reading.n_delivered == reading.n_read + reading.n_quarantined


def test_a_file_is_recognised_by_its_first_bytes_and_dated_by_its_latest_message(tmp_path: Path):
    start = message("ADT^A08", PID, sent="20260301").encode()
    assert is_hl7v2(start)
    assert is_hl7v2(b"\xef\xbb\xbf\r\n\x0bFHS|^~\\&\rBHS|^~\\&")
    assert not is_hl7v2(b'{"resourceType": "Patient"}\nMSH|^~\\&|')
    assert not is_hl7v2(b"")
    path = tmp_path / "feed"
    path.write_bytes(start + message("ADT^A08", PID, sent="20260414235900-0500").encode())
    assert str(Hl7Files(EHR, [path], {}).describe(path).exported_at) == "2026-04-14 00:00:00+00:00"


def test_public_messages_are_read_or_quarantined_for_what_is_wrong_with_them(read):
    """122 files, 146 messages. 3 cannot be taken apart, 1 ADT has no PID, 2 ORU name no patient, 1 trailer lies: 7 quarantined.

    The starts of the nine appointments are those that precedence gives in the expected values; nine messages are of types
    that are not read: BAR, MDM, OML, ORM, RDE, RDS, REF, RSP and VXU.
    """
    if not PUBLIC.is_dir():
        pytest.skip("../shared/data/hl7v2 is not there")
    counts, reasons, starts = Counter(), Counter(), []
    for file in json.loads((PUBLIC / "expected.json").read_text())["files"]:
        content = (PUBLIC / "files" / file["file"]).read_bytes()
        assert is_hl7v2(content[:4096]), file["file"]
        reading, rows, quarantined = read(content)
        counts.update(messages=reading.n_read, quarantined=reading.n_quarantined, unread=sum(reading.unread.values()))
        reasons.update(f"{field or ''} {reason.partition(' (')[0]}".strip() for _, field, reason in quarantined)
        expected = [one["start_by_precedence"]["value"] for one in file["messages"] if one["type"] == "SIU"]
        starts += [(row["start"], value) for row, value in zip(rows.get("Appointment", []), expected, strict=True)]
    assert counts == {"messages": 140, "quarantined": 7, "unread": 9}
    assert reasons == {
        "MSH-2 is empty: delimiters unknown": 2,
        "MSH-9 is missing": 1,
        "has no PID segment": 1,
        "PID-3 names no patient": 2,
        "BTS-1 says 25 messages, the file has 20. Ask the sender for what is missing.": 1,
    }
    assert len(starts) == 9
    assert [(start[:10] + start[11:13]).replace("-", "") for start, _ in starts] == [value[:10] for _, value in starts]
