"""What a pass through a system's changes tells, and what it asks again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipelines.connect.lookback import Pass

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_what_was_told_is_not_told_again_and_what_changed_is():
    first = Pass(begun_at=NOON)
    assert first.fresh([("1", NOON, "open"), ("2", NOON, "open")]) == {"1", "2"}
    second = Pass.of(first.cursor_at_end())
    assert second.fresh([("1", NOON, "open"), ("2", NOON, "done"), ("3", NOON - timedelta(minutes=1), "open")]) == {"2", "3"}


def test_a_change_that_is_dated_up_to_15_minutes_early_is_still_asked_for():
    reading = Pass(begun_at=NOON)
    reading.fresh([("1", NOON, "")])
    assert Pass.of(reading.cursor_at_end()).since == NOON - timedelta(minutes=15)


def test_what_is_long_past_is_not_kept_in_the_cursor():
    reading = Pass(begun_at=NOON)
    reading.fresh([("1", NOON - timedelta(hours=1), ""), ("2", NOON, "")])
    assert list(Pass.of(reading.cursor_at_end()).told) == ["2"]


def test_the_next_page_belongs_to_the_same_pass():
    reading = Pass(begun_at=NOON)
    reading.fresh([("7", NOON, "")])
    page = Pass.of(reading.cursor_after("7"))
    assert (page.after, page.begun_at, page.since) == ("7", NOON, reading.since)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 14)), max_size=40), st.integers(1, 5))
def test_every_change_is_told_once_whatever_the_pages(changes: list[tuple[int, int]], size: int):
    """Each minute a change comes to light that is dated up to 14 minutes early, and a pass goes through what there is."""
    held: dict[str, datetime] = {}
    told: dict[str, datetime] = {}
    cursor = None
    for minute, (one, early) in enumerate(changes):
        clock = NOON + timedelta(minutes=minute)
        held[str(one)] = max(held.get(str(one), clock - timedelta(minutes=early)), clock - timedelta(minutes=early))
        is_last = False
        while not is_last:
            reading = Pass.of(cursor)
            reading.begun_at = clock
            there = sorted(key for key, at in held.items() if at >= reading.since and key > reading.after)[:size]
            for key in reading.fresh((key, held[key], "") for key in there):
                assert told.get(key) != held[key]
                told[key] = held[key]
            is_last = len(there) < size
            cursor = reading.cursor_at_end() if is_last else reading.cursor_after(there[-1])
        assert told == held
