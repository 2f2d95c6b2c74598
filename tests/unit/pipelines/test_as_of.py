"""The day that a run looks back from, where the practice does not say."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import UsageError
from pipelines.practice import Practice
from pipelines.raw.as_of import as_of


def _newest_visit(*ends: str, exports: tuple[str, ...] = (), begun: tuple[str, ...] = (), status: str = "finished") -> date:
    """The day chosen for visits of a status that end at these FHIR times, or only begin, and exports at these, in New York."""
    practice = Practice("t", "Test", "America/New_York", {"ehr": Path("ehr")})
    with duckdb.connect() as connection:
        connection.execute(
            "set TimeZone = 'UTC'; create schema raw; "
            "create table raw.deliveries (status varchar, source_system varchar, exported_at timestamptz); "
            'create table raw.ehr_encounter (status varchar, "period" struct("start" varchar, "end" varchar))'
        )
        for end in ends:
            connection.execute("insert into raw.ehr_encounter values (?, {'start': null, 'end': ?})", [status, end])
        for start in begun:
            connection.execute("insert into raw.ehr_encounter values (?, {'start': ?, 'end': null})", [status, start])
        for at in exports:
            connection.execute("insert into raw.deliveries values ('landed', 'ehr', ?)", [at])
        return as_of(connection, practice)


def test_a_visit_that_ends_in_another_century_does_not_move_the_day():
    assert _newest_visit("2026-03-10T10:30:00-04:00", "2026-03-11T09:00:00-04:00", "2206-03-12T09:00:00-04:00") == date(
        2026, 3, 11
    )
    assert _newest_visit("2026-03-10T10:30:00-04:00", "1026-03-12T09:00:00-04:00", "2025-01-02") == date(2026, 3, 10)
    assert _newest_visit("2026-03-10T10:30:00-04:00", "2206-03-12T09:00:00-04:00") == date(2026, 3, 10)


def test_the_newest_export_counts_unless_it_is_dated_years_away_from_the_visits():
    visits = ("2026-03-10T10:30:00-04:00", "2026-03-11T09:00:00-04:00")
    assert _newest_visit(*visits, exports=("2026-04-01", "2026-03-01")) == date(2026, 4, 1)
    assert _newest_visit(*visits, exports=("2026-04-01", "2206-04-01")) == date(2026, 4, 1)
    assert _newest_visit(*visits, exports=("2206-04-01",)) == date(2026, 3, 11)
    assert _newest_visit(*visits, exports=("1970-01-01",)) == date(2026, 3, 11)
    assert _newest_visit(exports=("2026-04-01",)) == date(2026, 4, 1)


def test_the_day_is_the_practices_whatever_the_offset_and_the_written_one_without():
    """02:00 UTC is the evening before in New York."""
    assert _newest_visit("2026-03-11T02:00:00Z") == date(2026, 3, 10)
    assert _newest_visit("2026-03-11T02:00:00") == date(2026, 3, 11)
    assert _newest_visit("2026-03-11") == date(2026, 3, 11)


def test_a_date_that_cannot_be_read_is_no_day():
    assert _newest_visit("2026-03-10", "2027-02-30", "31/12/2027") == date(2026, 3, 10)
    with pytest.raises(UsageError, match="No delivered file has a date"):
        _newest_visit("2027-02-30")


@pytest.mark.parametrize("status", ["FINISHED", "Completed", "checked out"])
def test_a_visit_counts_whatever_words_say_that_it_is_finished_and_from_its_start_without_an_end(status: str):
    assert _newest_visit("2026-03-10T10:30:00-04:00", begun=("2026-03-11",), status=status) == date(2026, 3, 11)
    with pytest.raises(UsageError):
        _newest_visit("2026-03-10T10:30:00-04:00", status="planned")
