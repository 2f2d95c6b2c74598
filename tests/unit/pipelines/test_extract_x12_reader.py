"""What is whole in an X12 file is read; a transaction that is not is kept out as a whole, with its place; the rest goes on."""

import io
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.sources import SOURCE_KINDS
from pipelines.errors import ExtractRefused
from pipelines.extract.reading import QUARANTINE, ROWS, Reading, Request
from pipelines.extract.x12 import reader
from pipelines.extract.x12.reader import body_of
from pipelines.extract.x12.rows import COLUMNS
from pipelines.extract.x12.transactions import Body, Transaction, read_transactions

Rows = Callable[[str], pl.DataFrame]

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260105*1200*^*00501*000000001*0*P*:~"
BILLING = "HL*1**20*1~NM1*85*2*CLINIC*****XX*1999996666~"
PATIENT = "HL*2*1*22*0~SBR*P*18*******CI~NM1*IL*1*DOE*JOHN****MI*J100~DMG*D8*19700301*M~NM1*PR*2*ACME*****PI*60054~"


def claim(number: str, charge: str = "100", line: str = "SV1*HC:99213*100*UN*1***1~DTP*472*D8*20260105~") -> str:
    return f"CLM*{number}*{charge}***11:B:1*Y*A*Y*Y~LX*1~{line}"


def transaction(control_number: str, *claims: str, end: str | None = None) -> str:
    body = f"ST*837*{control_number}*005010X222A1~BHT*0019*00*1*20260105*1200*CH~{BILLING}{PATIENT}{''.join(claims)}"
    return body + (f"SE*{body.count('~') + 1}*{control_number}~" if end is None else end)


def interchange(*transactions: str, end: str | None = None) -> str:
    head = f"{ISA}GS*HC*SENDER*RECEIVER*20260105*1200*1*X*005010X222A1~"
    return head + "".join(transactions) + (f"GE*{len(transactions)}*1~IEA*1*000000001~" if end is None else end)


def read(content: str | bytes, folder: Path) -> tuple[Reading, Rows]:
    """The reading, and the rows of an extract; `quarantine` gives those that were kept out."""
    contracts = SOURCE_KINDS["billing"].extracts
    path, out, scratch = folder / "file.x12", folder / "out", folder / "scratch"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    out.mkdir()
    scratch.mkdir()
    marks = {"source_system": "billing", "_file_key": "k"}
    with duckdb.connect() as connection:
        request = Request(connection, path, contracts[reader.TRANSACTIONS], out, scratch, marks, "UTC", contracts=contracts)
        reading = reader.read_x12(request)

    def rows(extract: str) -> pl.DataFrame:
        if extract == "quarantine":
            return pl.read_parquet(out / QUARANTINE)
        return pl.read_parquet(out / ("" if extract == reader.TRANSACTIONS else extract) / ROWS)

    return reading, rows


def numbers(rows: Rows) -> list[str]:
    return rows("claims")["patient_control_number"].to_list()


def test_a_transaction_with_an_unreadable_amount_is_kept_out_whole_and_the_rest_goes_on(tmp_path: Path):
    """The bad one begins with the 17th segment, after ISA, GS and the 14 of the first."""
    bad = transaction("0002", claim("B"), claim("C", charge="ten dollars"))
    reading, rows = read(interchange(transaction("0001", claim("A")), bad, transaction("0003", claim("D"))), tmp_path)
    assert (reading.n_delivered, reading.n_read, reading.n_quarantined) == (3, 2, 1)
    assert numbers(rows) == ["A", "D"]
    assert rows("charges").height == rows("claim_lines").height == 2
    (kept_out,) = rows("quarantine").to_dicts()
    assert kept_out == {
        "row_number": 17,
        "field": "claims.billed_usd",
        "reason": "cannot be read (transaction 0002 of group 1 in interchange 000000001, segment 17)",
    }


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ("CLP*A*1*ten*0~", "CLP03", "is no amount"),
        ("CAS*CO*45*1~", "CAS", "comes before any claim (CLP)"),
        ("SVC*HC:99213*1*1~", "SVC", "comes before any claim (CLP)"),
        ("CLP*A*1*NaN*0~", "CLP03", "is no amount"),
        ("CLP*A*1*1e99*0~", "CLP03", "is no amount"),
    ],
)
def test_what_makes_a_payment_unreadable_is_named_with_its_element(body: str, field: str, reason: str, tmp_path: Path):
    sound = "BPR*I*0*C*NON************20260105~TRN*1*T*1~"
    content = interchange(f"ST*835*1~{sound}SE*4*1~", f"ST*835*2~{sound}{body}SE*5*2~")
    reading, rows = read(content, tmp_path)
    assert (reading.n_read, reading.n_quarantined) == (1, 1)
    (kept_out,) = rows("quarantine").to_dicts()
    assert kept_out["field"] == field
    assert kept_out["reason"] == f"{reason} (transaction 2 of group 1 in interchange 000000001, segment 10)"


def test_trailers_that_are_missing_or_wrong_are_named_and_all_claims_are_read(tmp_path: Path):
    content = interchange(
        transaction("0001", claim("A"), end=""), transaction("0002", claim("B"), end="SE*99*0003~"), end="IEA*2*000000009~"
    )
    reading, rows = read(content, tmp_path)
    assert reading.n_quarantined == 0
    assert numbers(rows) == ["A", "B"]
    assert rows(reader.TRANSACTIONS)["faults"].to_list() == [
        "SE is missing",
        "SE01 says 99 segments, 14 were found\nSE02 is not the control number in ST02\nGE is missing\n"
        "IEA01 says 2 groups, 1 were found\nIEA02 is not the control number in ISA13",
    ]


def test_a_transaction_within_which_the_file_ends_is_kept_out(tmp_path: Path):
    """Whether the segment that is cut off was whole, nobody can say; what ends with a segment is read."""
    content = interchange(transaction("0001", claim("A")), transaction("0002", claim("B")))
    reading, rows = read(content[: content.rindex("DTP*472") + 12], tmp_path)
    assert (reading.n_read, reading.n_quarantined) == (1, 1)
    assert numbers(rows) == ["A"]
    assert rows("quarantine")["reason"].to_list() == [
        "is cut off: the file ends within it. Ask for the file again "
        "(transaction 0002 of group 1 in interchange 000000001, segment 17)"
    ]


def test_a_transaction_that_turns_out_bad_when_rows_of_it_were_written_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """With two claims at a time, the first 49 of the bad transaction are on disk before the fiftieth is met."""
    monkeypatch.setattr(reader, "_ROWS_AT_ONCE", 8)
    bad = transaction("0002", *(claim(f"B{i}") for i in range(49)), claim("B49", charge="?"), claim("B50"))
    content = interchange(transaction("0001", claim("A")), bad, transaction("0003", claim("C")))
    reading, rows = read(content, tmp_path)
    assert (reading.n_read, reading.n_quarantined) == (2, 1)
    assert numbers(rows) == ["A", "C"]
    assert {name: part.n_read for name, part in reading.parts.items()} == {
        name: rows(name).height for name in ("accounts", "claims", "claim_lines", "charges")
    }
    assert reading.parts["charges"].n_read == 2


def test_segments_of_no_known_kind_are_counted_by_name(tmp_path: Path):
    _, rows = read(interchange(transaction("0001", claim("A") + "ZZZ*1~QQ*2~ZZZ*3~")), tmp_path)
    assert rows(reader.TRANSACTIONS)["n_unknown_segments"].to_list() == [3]
    assert rows(reader.TRANSACTIONS)["faults"].to_list() == ["3 segments are of no kind that it may have: QQ 1, ZZZ 2"]


def test_other_transactions_are_counted_and_not_read(tmp_path: Path):
    reading, rows = read(interchange("ST*999*0001~AK1*HC*1~SE*3*0001~", transaction("0002", claim("A"))), tmp_path)
    assert reading.n_quarantined == 0
    assert rows(reader.TRANSACTIONS)["transaction_type"].to_list() == ["999", "837P"]
    assert numbers(rows) == ["A"]


def test_the_same_payment_sent_again_in_another_envelope_has_the_same_ids(tmp_path: Path):
    body = (
        "ST*835*1~BPR*I*60*C*ACH************20260105~TRN*1*T1*1512345678~"
        "CLP*A*1*100*60**12*ICN1~CAS*CO*45*40~CLP*A*1*100*60**12*ICN1~CAS*CO*45*40~SE*8*1~"
    )
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    _, first = read(interchange(body), one)
    _, second = read(interchange(body).replace("000000001", "000000002").replace("*1200*1*X", "*1300*7*X"), other)
    ids = first("remittances")["remittance_id"].to_list()
    assert ids == second("remittances")["remittance_id"].to_list()
    assert len(set(ids)) == 2


SAMPLE = (
    interchange(transaction("0001", claim("A"), claim("B")), transaction("0002", claim("C"))).encode()
    + interchange(
        "ST*835*1~BPR*I*60*C*ACH************20260105~TRN*1*T1*1~CLP*A*1*100*60**12*I~SVC*HC:1*100*60~CAS*CO*45*40**1*2~PLB*1*2*WO*1~SE*8*1~"
    ).encode()
)


def _given(content: bytes) -> list[Transaction]:
    """The transactions in some bytes, with all rows made of them."""
    rows: list[tuple[str | None, ...]] = []

    def start(one: Transaction) -> Body | None:
        return body_of(one, dict.fromkeys(COLUMNS, rows.append), ZoneInfo("America/Chicago"), lambda: None)

    found = list(read_transactions(io.BytesIO(content), start))
    assert all(isinstance(value, str | None) for row in rows for value in row)
    return found


@given(st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 9), st.binary(max_size=6)), max_size=8))
@settings(max_examples=60, deadline=None)
def test_whatever_the_bytes_are_each_transaction_is_read_or_kept_out(changes: list[tuple[int, int, bytes]]):
    """Bytes of a sound file are replaced, cut out and added anywhere."""
    content = SAMPLE
    for at, n_cut, added in changes:
        content = content[:at] + added + content[at + n_cut :]
    found = _given(content)
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert [one.first_segment for one in found] == sorted(one.first_segment for one in found)
    if not changes:
        assert [one.kind for one in found if not one.failure] == ["837P", "837P", "835"]


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_bytes_that_are_no_x12_are_kept_out_as_one(content: bytes):
    n_expected = 1 if content.strip(b" \t\r\n\x00\x1a\xef\xbb\xbf") else 0
    assert len([one.failure for one in _given(content) if one.failure]) == n_expected


def test_a_file_without_a_transaction_that_can_be_read_is_refused(tmp_path: Path):
    with pytest.raises(ExtractRefused, match=r"has 1 bad rows of 1, .*: row 1 is no X12: it belongs to no interchange"):
        read("a note, and no X12", tmp_path)
