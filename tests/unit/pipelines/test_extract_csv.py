"""CSV as people export it: read as they mean it, or quarantined, or refused with words that help."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp

import duckdb
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.contract import Contract, field
from pipelines.errors import ExtractRefused
from pipelines.extract import csv_file
from pipelines.extract.csv_file import read_csv
from pipelines.extract.csv_scan import count_plain_records
from pipelines.extract.preflight import Limits
from pipelines.extract.reading import Reading, Request

SPEND = Contract(
    "spend",
    "entry",
    ("spend_id",),
    {
        "spend_id": field(pl.String, "Id."),
        "month_on": field(pl.Date, "Month."),
        "source": field(pl.String, "Source.", values=("social", "mail")),
        "note": field(pl.String, "Note.", nullable=True),
        "amount": field(pl.Decimal(14, 2), "Amount.", at_least=0),
    },
)
HEADER = "spend_id,month_on,source,note,amount"
GOOD = [f"s{i},2026-03-01,social,plain,12.50" for i in range(20)]
LIMITS = Limits(record_bytes=20_000)

Outcome = tuple[Reading, list[tuple], list[tuple]] | str


@pytest.fixture(scope="module")
def read() -> Iterator[Callable[..., Outcome]]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")

        def read(content: str | bytes, *, slowly: bool = False) -> Outcome:
            folder = Path(mkdtemp())
            (folder / "delivered").write_bytes(content.encode() if isinstance(content, str) else content)
            request = Request(connection, folder / "delivered", SPEND, folder, folder, {}, "America/New_York", LIMITS)
            with pytest.MonkeyPatch.context() as patch:
                if slowly:
                    patch.setattr(csv_file, "count_plain_records", count_and_doubt)
                try:
                    reading = read_csv(request)
                except ExtractRefused as refusal:
                    return str(refusal)
            rows = pl.read_parquet(folder / "rows.parquet").sort("_row_number")
            quarantine = pl.read_parquet(folder / "quarantine.parquet").sort("row_number", "field")
            shutil.rmtree(folder)
            assert (reading.n_read, reading.n_quarantined) == (rows.height, quarantine["row_number"].n_unique())
            assert reading.n_delivered == reading.n_read + reading.n_quarantined
            return reading, rows.rows(), quarantine.rows()

        yield read


def table(*lines: str, header: str = HEADER, end: str = "\n") -> str:
    return end.join([header, *GOOD[:3], *lines, *GOOD[3:]]) + end


def count_and_doubt(*arguments) -> None:
    """Refuses what is not UTF-8, and sends all else the slow way."""
    count_plain_records(*arguments)


PLAIN = [(f"s{i}", date(2026, 3, 1), "social", "plain", Decimal("12.50"), i + 2) for i in range(20)]


@pytest.mark.parametrize(
    "content",
    [
        table(),
        table()[:-1],
        "\ufeff" + table(),
        table(end="\r\n"),
        table(end="\r"),
        table().replace(",", ";"),
        table().replace(",", "\t"),
        table().replace(",", "|"),
        table().replace("plain", '"plain"'),
        table().replace("plain", "  plain "),
        table(header="Spend ID,MONTH-ON, source ,Note,amount"),
        "\n".join(",".join(reversed(line.split(","))) for line in table().splitlines()),
        table() + ",,,,\n" * 50,
    ],
    ids=[
        *("plain", "no last line feed", "byte-order mark", "CRLF", "CR", "semicolons", "tabs", "bars", "quotes"),
        *("blanks around values", "header in other words", "columns reordered", "rows of nothing below"),
    ],
)
def test_the_same_table_is_read_however_it_was_saved(read, content: str):
    assert read(content)[1:] == (PLAIN, [])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_quoted_value_may_hold_delimiters_quotes_and_line_breaks(read, end: str):
    _, rows, quarantine = read(table('x,2026-03-01,mail,"a ""b"", c;\nd",1', end=end))

    assert rows[3] == ("x", date(2026, 3, 1), "mail", 'a "b", c;\nd', Decimal("1.00"), 5)
    assert (len(rows), quarantine) == (21, [])


@pytest.mark.parametrize("line", ["sep=,\n", "sep=,\r\n", "SEP=,\n", '"sep=,"\n', "\ufeffsep=,\n", "sep=;\n"])
def test_the_separator_line_of_excel_is_passed_over_and_not_counted(read, line: str):
    """The header stays row 1, as the spreadsheet shows it; a wrong delimiter in the line does no harm."""
    reading, rows, quarantine = read(line + table("s20,2026-03-40,social,plain,1"))
    assert (reading.n_delivered, len(rows)) == (21, 20)
    assert [row[0] for row in quarantine] == [5]


@pytest.mark.parametrize(
    ("encoding", "said"), [("cp1252", "in Windows code page 1252"), ("utf-16", "in UTF-16"), ("utf-16-be", "in UTF-16")]
)
def test_a_file_in_an_older_encoding_is_read_and_said_to_be(read, encoding: str, said: str):
    reading, rows, quarantine = read(table("x,2026-03-01,mail,Zo\u00eb \u2019 \u20ac,1").encode(encoding))

    assert (rows[3][3], quarantine, reading.read_as) == ("Zo\u00eb \u2019 \u20ac", [], said)


def test_a_report_may_have_its_title_above_the_header(read):
    """The header is in row 4, as the spreadsheet shows it, so that the 21st row of the table is in row 25."""
    above = 'Marketing spend\nPrinted 2026-04-01 by "Kestrel, Ann"\n\n'
    reading, rows, quarantine = read(above + table() + "x,2026-03-40,mail,,1\n")

    assert (len(rows), [row[0] for row in quarantine], reading.read_as) == (20, [25], "header in row 4")


def test_a_sign_for_nothing_is_empty_and_counted_where_a_value_may_be_missing(read):
    """`NULL` in a note is none; a row without a day is kept out, and is no doubt besides."""
    reading, rows, quarantine = read("\n".join([HEADER, *GOOD, "n1,2026-03-01,mail,NULL,1", "n2,NULL,mail,NULL,1"]))
    assert (reading.n_read, reading.n_doubts) == (21, 1)
    assert rows[-1][3] is None
    assert quarantine == [(23, "month_on", "is empty, but must have a value")]


def test_an_inch_mark_is_no_quote(read):
    _, rows, quarantine = read(table('x,2026-03-01,mail,5" pipe,1'))

    assert (rows[3][3], quarantine) == ('5" pipe', [])


def test_an_unclosed_quote_costs_its_own_row_only(read):
    """Even where a later quote seems to close it, far below."""
    _, rows, quarantine = read(table('x,2026-03-01,mail,"open,1', GOOD[0], 'y,2026-03-01,mail,"open again,1'))

    assert [number for number, _, _ in quarantine] == [5, 7]
    assert len(rows) == 21


def test_a_file_that_ends_within_a_quote_is_not_plain(tmp_path: Path):
    (tmp_path / "closed.csv").write_text('a,b\n1,"x"\n')
    (tmp_path / "open.csv").write_text('a,b\n1,"x\n')

    assert count_plain_records(tmp_path / "closed.csv", ",", Limits()) == 2
    assert count_plain_records(tmp_path / "open.csv", ",", Limits()) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x,2026-03-01", "has 2 values, but the header names 5 columns"),
        ("x,2026-03-01,mail,a,b,c,1", "has 7 values, but the header names 5 columns"),
        ("x\x00,2026-03-01,mail,,1", "holds a NUL byte"),
        (f"x,2026-03-01,mail,{'a' * 30_000},1", "is longer than 0 MB"),
        ('"x"y,2026-03-01,mail,,1', 'opens or closes a quote (") in the wrong place'),
    ],
    ids=["short", "long", "NUL", "too long", "text behind a quote"],
)
def test_a_record_that_is_no_row_is_quarantined_alone(read, line: str, reason: str):
    _, rows, quarantine = read(table(line))

    assert quarantine == [(5, None, reason)]
    assert len(rows) == 20


def test_each_wrong_field_of_a_row_is_named(read):
    _, rows, quarantine = read(table(",soon,pigeon,,-1"))

    assert quarantine == [
        (5, "amount", "is less than 0"),
        (5, "month_on", "is not a readable date: write it as 2026-03-31"),
        (5, "source", "is not one of: social, mail"),
        (5, "spend_id", "is empty, but must have a value"),
    ]
    assert len(rows) == 20


def test_extra_columns_are_stored_separately_and_reported(read, tmp_path: Path):
    content = "\n".join(f"{line},{'colour' if line == HEADER else 'red'}" for line in [HEADER, *GOOD])
    reading, rows, _ = read(content)

    assert (reading.extra_columns, rows) == (["colour"], PLAIN)


def test_an_optional_column_may_be_absent_and_is_reported(read):
    reading, rows, _ = read("\n".join(line.replace(",note", "").replace(",plain", "") for line in [HEADER, *GOOD]))

    assert reading.absent_columns == ["note"]
    assert rows == [(*row[:3], None, *row[4:]) for row in PLAIN]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\n".join(GOOD), "has no header"),
        (table(header=HEADER.replace("amount", "dollars")), "lacks the column amount"),
        (table(header=HEADER.replace("note", "source")), "names the column source twice"),
        (table().encode("utf-32-le")[:-1], "has several bytes a character"),
        ('[{"spend_id": "s1"}]', "is JSON. Export the table as CSV"),
        (table("x,2026-03-01,mail,caf\u00e9,1").encode() + b"\xc3", "is not UTF-8: see line 23"),
        (table().encode() + b"\x81", "is not UTF-8: see line 22"),
        (table(*["x,soon,mail,,1"] * 11), "has 11 bad rows of 31, too many"),
    ],
    ids=["empty", "no header", "missing", "twice", "half of UTF-32", "JSON", "half a letter", "no letter", "bad rows"],
)
def test_a_file_that_is_not_what_it_says_is_refused_in_words(read, content: str | bytes, words: str):
    assert words in read(content)
    assert words in read(content, slowly=True)


def test_ten_bad_rows_are_not_too_many(read):
    assert len(read(table(*["x,soon,mail,,1"] * 10))[1]) == 20


def test_a_refusal_never_shows_the_content_of_the_first_record(read):
    assert "Zxqvw" not in read("Zxqvw,2026-03-01,social,plain,12.50")


def test_rows_keep_their_order_and_numbers_over_many_batches(read):
    n_rows = 250_000
    _, rows, _ = read(HEADER + "\n" + "".join(f"s{i},2026-03-01,mail,,{i}\n" for i in range(n_rows)))

    assert all(row[0] == f"s{i}" and row[5] == i + 2 for i, row in enumerate(rows))
    assert len(rows) == n_rows


def test_an_instant_without_an_offset_is_local_time():
    """2026-03-31 is in daylight time in New York, four hours behind."""
    contract = Contract("c", "c", ("at",), {"at": field(pl.Datetime("us", "UTC"), "At.")})
    rows, _ = csv_file.typed(pl.DataFrame({"at": ["2026-03-31 14:05"], "_row_number": [2]}), contract, "America/New_York")

    assert rows["at"].to_list() == [datetime(2026, 3, 31, 18, 5, tzinfo=UTC)]


pieces = st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "x", "12.50", "2026-03-01", "social", " ", ";", "\x00", "é", ""])


@settings(max_examples=30, deadline=None)
@example(line=",,,,,", end="\n")
@example(line="x,2026-03-01,social,plain,12.50,", end="\n")
@example(line=",,,,", end="\r\n")
@given(line=st.lists(pieces, max_size=14).map("".join), end=st.sampled_from(["\n", "\r\n"]))
def test_both_ways_agree_on_any_line(read, line: str, end: str):
    content = table(line, end=end)

    assert read(content) == read(content, slowly=True)


@settings(max_examples=30, deadline=None)
@given(value=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from('\n\r",;\t'), max_size=30))
def test_any_text_written_by_a_csv_writer_is_read_back(read, value: str):
    quoted = '"' + value.replace('"', '""') + '"'
    outcome = read(table(f"x,2026-03-01,mail,{quoted},1"))

    assert outcome[1][3][3] == (value.strip() or None)


def days(*written: str) -> str:
    return "\n".join([HEADER, *(f"s{n},{day},social,plain,12.50" for n, day in enumerate(written))])


@pytest.mark.parametrize("slowly", [False, True])
def test_a_column_that_can_only_be_day_first_is_not_read_month_first(read, slowly: bool):
    """One day of thirty says it: the other 29 could be either, and would be wrong without a word."""
    words = read(days("31/03/2026", *["03/04/2026"] * 29), slowly=slowly)
    assert "writes the day before the month in month_on" in words
    assert 'dates = "day_first"' in words


def test_a_wrong_day_among_days_that_can_only_be_month_first_costs_its_own_row(read):
    _, rows, quarantine = read(days("31/03/2026", "03/31/2026", *["03/04/2026"] * 28))
    assert (len(rows), [(row, name) for row, name, _ in quarantine]) == (29, [(2, "month_on")])


def test_days_that_are_the_same_either_way_are_read(read):
    _, rows, quarantine = read(days("31/03/2026", *["03/03/2026"] * 29))
    assert (len(rows), len(quarantine)) == (29, 1)


def test_characters_of_no_width_in_a_header_hide_no_column(read):
    _, rows, _ = read("\n".join([HEADER.replace("note", "\u200bnote\u00a0"), *GOOD]))
    assert {row[3] for row in rows} == {"plain"}
