"""Bulk FHIR: the fast way lets nothing through that the slow way quarantines, whatever happened to a line."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import duckdb
import polars as pl
import polars.selectors as selectors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.extracts.ehr import EXTRACTS
from pipelines.errors import ExtractRefused
from pipelines.extract import fhir_bulk, fhir_documents
from pipelines.extract.ndjson_scan import count_plain_lines
from pipelines.extract.preflight import Limits
from pipelines.extract.reading import Request

Outcome = tuple[list[tuple], list[tuple]] | str
LIMITS = Limits(line_bytes=20_000)


def observation(number: int, **elements) -> bytes:
    coding = [{"system": "http://loinc.org", "code": "8302-2", "display": "Body height, standing"}]
    resource = {
        "resourceType": "Observation",
        "id": f"o{number}",
        "meta": {"lastUpdated": "2026-03-31T14:05:00.123+00:00"},
        "status": "final",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": coding, "text": "Height [cm]"},
        "effectiveDateTime": "2026-03",
        "valueQuantity": {"value": 170.25, "unit": "{score}"},
        "note": [{"text": "not landed, but must be JSON"}],
    }
    return json.dumps(resource | elements, separators=(",", ":")).encode()


GOOD = [observation(number) for number in range(20)]


@pytest.fixture(scope="module")
def read() -> Iterator[Callable[..., Outcome]]:
    """Reads lines both ways or one; rows and quarantine, or the words of the refusal."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")

        def read(content: bytes, *, slowly: bool) -> Outcome:
            folder = Path(mkdtemp())
            (folder / "delivered").write_bytes(content)
            contract, marks = EXTRACTS["Observation"], {"_file_key": "k"}
            request = Request(connection, folder / "delivered", contract, folder, folder, marks, "UTC", LIMITS, EXTRACTS)
            with pytest.MonkeyPatch.context() as patch:
                if slowly:
                    patch.setattr(fhir_bulk, "count_plain_lines", lambda *_, **__: None)
                    patch.setattr(fhir_bulk, "_read_presumed", lambda _: None)
                try:
                    reading = fhir_bulk.read_fhir(request)
                except ExtractRefused as refusal:
                    return str(refusal)
            placed = pl.col("_row_number").fill_null(pl.int_range(1, pl.len() + 1))
            rows = pl.read_parquet(folder / "rows.parquet").with_columns(placed).sort("_row_number")
            quarantine = pl.read_parquet(folder / "quarantine.parquet").sort("row_number")
            shutil.rmtree(folder)
            assert (reading.n_read, reading.n_quarantined) == (rows.height, quarantine.height)
            assert reading.n_delivered == rows.height + quarantine.height
            # As numbers: Python's calendar ends in 9999, and damage writes later years.
            return rows.with_columns(selectors.temporal().cast(pl.Int64)).rows(), quarantine.rows()

        yield read


def test_a_few_damaged_lines_are_taken_out_and_the_others_are_not_read_one_by_one(
    read: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
):
    """3,000 resources of 400 bytes are several pieces of the file. Every hundredth is cut off, and one begins and ends as
    an object does and is none: then every line is read, with the same result."""
    lines = [observation(n)[:100] if n % 100 == 7 else observation(n) for n in range(3000)]
    content = b"\n".join(lines)
    rows, bad = read(content, slowly=False)
    assert (len(rows), len(bad)) == (2970, 30)
    assert (rows, bad) == read(content, slowly=True)
    parsed: list[bytes] = []
    monkeypatch.setattr(fhir_documents, "_parsed", lambda line, real=fhir_documents._parsed: (parsed.append(line), real(line))[1])
    read(content, slowly=False)
    assert len(parsed) == 30, "the damaged ones alone"
    lines[1500] = lines[1500].replace(b',"code"', b',,"code"')
    content = b"\n".join(lines) + b"\n" + b'{"resourceType":"Observation","id":"' + b"x" * 20_000 + b'"}\n' + observation(3001)
    assert read(content, slowly=False) == read(content, slowly=True)
    assert len(read(content, slowly=False)[1]) == 32


def test_rows_are_numbered_by_their_lines_though_several_threads_read_them(read: Callable[..., Outcome]):
    """9 MB, of which DuckDB gives each thread 42 kB at a time: twice the longest line."""
    rows, _ = read(b"\n".join(map(observation, range(20_000))), slowly=False)
    id = list(EXTRACTS["Observation"].fields).index("id")
    assert [(row[id], row[-2]) for row in rows] == [(f"o{number}", number + 1) for number in range(20_000)]


def among_good(*lines: bytes) -> bytes:
    return b"\n".join([*GOOD[:10], *lines, *GOOD[10:]]) + b"\n"


def element(text: str) -> bytes:
    return observation(999)[:-1] + f",{text}}}".encode()


WRONG = {
    "a list": b"[" + observation(999) + b"]",
    "a list of two": b"[" + observation(998) + b"," + observation(999) + b"]",
    "null": b"null",
    "a number": b"5",
    "an empty object": b"{}",
    "something after it": observation(999) + b" and more",
    "a comma too many": observation(999)[:-1] + b",}",
    "a comma too many, hidden by blanks": observation(999)[:-1] + b" , \t}",
    "a comma too many in a list": element('"x":[1,]'),
    "NaN": element('"valueInteger":NaN'),
    "NaN where it is not landed": element('"x":NaN'),
    "NaN after a blank": element('"x": nan '),
    "infinity": element('"x":-Infinity'),
    "inf": element('"x":[inf]'),
    "a number beyond all bounds": element('"valueRange":{"low":{"value":1e400}}'),
    "a number of 5,000 digits": element('"valueRange":{"low":{"value":' + "9" * 5000 + "}}"),
    "a whole number beyond 64 bits": element('"valueInteger":9223372036854775808'),
    "an element twice": element('"status":"amended"'),
    "a nested element twice": element('"valuePeriod":{"start":"2026","start":"2027"}'),
    # Each with a byte that is no character in Windows-1252 either.
    "invalid UTF-8": observation(999).replace(b"Body", b"B\x81dy"),
    "overlong UTF-8": observation(999).replace(b"Body", b"\xc0\xaf\x81"),
    "a surrogate in UTF-8": observation(999).replace(b"Body", b"\xed\xa0\x80\x81"),
    "half a surrogate pair": element(r'"x":"\ud83d"'),
    "an escape that JSON has not": element(r'"x":"\q"'),
    "a tab in a string": element('"x":"a\tb"'),
    "a NUL byte": observation(999).replace(b"Body", b"Bo\x00dy"),
    "a NUL byte behind it": observation(999) + b"\x00",
    "a cut": observation(999)[:150],
    "single quotes": observation(999).replace(b'"', b"'"),
    "a comment": observation(999)[:-1] + b"/* x */}",
    "a nesting bomb of lists": element('"x":' + "[" * 1100 + "]" * 1100),
    "a nesting bomb of objects": element('"x":' + '{"a":' * 1100 + "1" + "}" * 1100),
    "a nesting bomb where text is landed": element('"valueString":' + "[" * 1100 + "]" * 1100),
    "a long line": element('"x":"' + "x" * 25_000 + '"'),
    "a type that is not read": observation(999).replace(b'"Observation"', b'"CarePlan"'),
    "its type in another case": observation(999).replace(b'"resourceType"', b'"resourcetype"'),
    "no id": observation(999, id=None),
    "an empty id": observation(999, id=""),
    "an object as id": observation(999, id={"value": "o999"}),
    "a list for an object": observation(999, code=[{"text": "x"}]),
    "an object for a list": observation(999, category={"text": "x"}),
    "a list in a list": observation(999, category=[[{"text": "x"}]]),
    "text for an object": observation(999, code="x"),
    "an object for text": observation(999, status={"code": "final"}),
    "a list for text, deep inside": observation(999, category=[{"coding": [{"code": ["x"]}]}]),
    "an empty object for text": observation(999, code={"text": {}}),
    "an object for a number": observation(999, valueInteger={}),
    "text for a number": observation(999, valueQuantity={"value": "tall"}),
    "text that spells no number": observation(999, valueQuantity={"value": "NaN"}),
    "no text for a number": observation(999, valueInteger=""),
}
RIGHT = {
    "blanks around its id": observation(999, id="  o999 "),
    "a blank behind its id": observation(999, id="o999 "),
    "a tab before its id": observation(999, id="\to999"),
    "a byte-order mark before it": b"\xef\xbb\xbf" + observation(999),
    "a comma behind it": observation(999) + b",",
    "what begins a text of a sequence": b"\x1e" + observation(999),
    "text that spells a number": observation(999, valueQuantity={"value": "5.5"}),
    "a number where text is read": observation(999, valueString=5),
    "text that looks like a list": observation(999, valueString="[abc], nan, inf ]"),
    "text that looks like JSON": observation(999, valueString='{"a":1}'),
    "brackets and commas in text": observation(999, valueString="a,] b ,} infinity"),
    "nothing in a list": observation(999, category=[None, {"coding": []}]),
    "null elements": observation(999, code=None, category=None),
    "an element twice where it is not landed": element('"x":1,"x":2'),
    "a huge number where it is not landed": element('"x":1e999'),
    "escapes": element(r'"x":"\u00e9\ud83d\ude00\u0000"'),
    "depth": element('"x":' + "[" * 1000 + "]" * 1000),
    "blanks between all tokens": json.dumps(json.loads(observation(999)), separators=(" , ", " : ")).encode(),
    "carriage return": observation(999) + b"\r",
}


@pytest.mark.parametrize("line", WRONG.values(), ids=WRONG)
def test_a_wrong_line_is_quarantined_alone_on_either_way(read, line: bytes):
    fast, slow = (read(among_good(line), slowly=slowly) for slowly in (False, True))

    assert fast == slow
    rows, quarantine = fast
    assert [number for number, _, _ in quarantine] == [11]
    assert len(rows) == 20


@pytest.mark.parametrize("line", RIGHT.values(), ids=RIGHT)
def test_a_right_line_is_landed_on_either_way(read, line: bytes):
    fast, slow = (read(among_good(line), slowly=slowly) for slowly in (False, True))

    assert fast == slow
    assert len(fast[0]) == 21


@pytest.mark.parametrize("blank", [b"", b" ", b"\t" * 40, b"\r", b"\x0c"], ids=repr)
def test_blank_lines_are_no_rows_but_count_as_lines(read, blank: bytes):
    rows, quarantine = read(among_good(blank, blank), slowly=False)

    assert (len(rows), quarantine) == (20, [])
    assert [row[-2] for row in rows] == [*range(1, 11), *range(13, 23)]


def test_a_byte_order_mark_and_a_missing_last_line_feed_change_nothing(read):
    plain = read(among_good(), slowly=False)

    assert read(b"\xef\xbb\xbf" + among_good(), slowly=False) == plain
    assert read(among_good()[:-1], slowly=False) == plain


def test_nothing_in_a_file_is_no_row(read):
    assert read(b"", slowly=False) == read(b"", slowly=True) == ([], [])


def test_a_reason_never_holds_the_value(read):
    secret = b"Zxqvw"
    lines = [line.replace(b"o999", secret).replace(b"Body", secret) for line in WRONG.values()]

    for start in range(0, len(lines), 5):
        assert secret.decode() not in str(read(among_good(*lines[start : start + 5]), slowly=False)[1])


@st.composite
def damaged(draw) -> bytes:
    """Good lines with bytes cut out, put in or changed: mostly the bytes of which JSON is made."""
    content = bytearray(b"\n".join(GOOD[:12]) + b"\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content) - 1))
        what = draw(st.sampled_from(["cut", "put in", "change"]))
        if what == "cut":
            del content[at : at + draw(st.integers(1, 12))]
            continue
        new = draw(st.sampled_from(b'{}[]",:\\ \n\r\t0-eEnNiItu\x00\xff\xc3') | st.integers(0, 255))
        content[at : at + (what == "change")] = bytes([new])
    return bytes(content)


@settings(max_examples=20, deadline=None)
@given(content=damaged())
def test_both_ways_agree_on_any_damage(read, content: bytes):
    assert read(content, slowly=False) == read(content, slowly=True)


words = st.sampled_from(
    ["NaN", "-inf", "1e999", "1e-9", "01", "1.", "true", "null", "nul", '"a"', '"5"', "[]", "[1,]", "{}", '{"a":1}', "12", "1.5"]
)
names = st.sampled_from(["x", "status", "valueInteger", "valueString", "valueBoolean", "valueQuantity", "code", "category", "id"])


@settings(max_examples=20, deadline=None)
@given(element=st.tuples(names, words), spaced=st.booleans())
def test_both_ways_agree_on_any_element(read, element: tuple[str, str], spaced: bool):
    name, value = element
    line = observation(999, **{name: "@@"}).replace(b'"@@"', (f" {value} " if spaced else value).encode())

    assert read(among_good(line), slowly=False) == read(among_good(line), slowly=True)


@pytest.mark.parametrize(("n_brackets", "is_plain"), [(1024, True), (1025, False)])
def test_brackets_are_counted_line_by_line_where_a_long_line_has_room_for_many(tmp_path: Path, n_brackets: int, is_plain: bool):
    """300 lines with 10 brackets each, beside one of 200 kB, are not deep; one with 1,025 brackets may be too deep."""
    short = b'{"resourceType":"Observation","x":[[],[],[],[],[],[],[],[]]}\n'
    long = b'{"resourceType":"Observation","text":"%s"}\n' % (b"x" * 200_000)
    many = b'{"resourceType":"Observation","x":[%s]}\n' % b",".join([b"[]"] * (n_brackets - 2))
    (tmp_path / "lines").write_bytes(short * 300 + long + many)
    assert count_plain_lines(tmp_path / "lines", Limits()) == (302 if is_plain else None)
