"""The simulator's calendar: local hours as instants, months, working days."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_samples.simulator.clock import TIME_ZONE, Clock, local_instants

_ZONE = ZoneInfo(TIME_ZONE)


def _instant(day: str, minute: int) -> datetime:
    return local_instants(np.array([day], dtype="datetime64[D]"), np.array([minute]))[0].item()


def test_an_hour_that_does_not_exist_becomes_the_next_and_one_that_comes_twice_the_later():
    assert _instant("2026-03-08", 150) == datetime(2026, 3, 8, 7, 30)
    assert _instant("2026-11-01", 90) == datetime(2026, 11, 1, 6, 30)


@given(day=st.dates(date(2020, 1, 1), date(2030, 12, 31)), minute=st.integers(8 * 60, 23 * 60))
def test_opening_hours_are_the_same_wall_clock_all_year(day: date, minute: int):
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    expected = wall.replace(tzinfo=_ZONE).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
    assert _instant(str(day), minute) == expected


@given(months=st.integers(3, 60), share=st.floats(0, 0.999999))
def test_a_working_day_lies_in_its_month_and_is_no_weekend(months: int, share: float):
    clock = Clock(date(2026, 10, 31), months)
    day = clock.working_day(np.array([clock.last]), np.array([share]))[0]
    assert str(day)[:7] == "2026-10"
    assert day.item().weekday() < 5


@pytest.mark.parametrize(("end_on", "start_on"), [(date(2026, 10, 31), "2024-05-01"), (date(2026, 3, 15), "2023-10-01")])
def test_the_written_months_end_with_the_month_of_the_last_day(end_on: date, start_on: str):
    clock = Clock(end_on, 30)
    assert str(clock.start_on) == start_on
    assert str(clock.month_starts[clock.last])[:7] == str(end_on)[:7]
