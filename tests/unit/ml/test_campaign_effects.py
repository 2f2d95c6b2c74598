"""What a campaign changes: its two arms, of those whose outcome is known."""

from datetime import date

import polars as pl
import pytest

from ml.assessment.campaign_effects import campaign_effects

TODAY = date(2026, 11, 1)
EARLY, LATE = date(2026, 3, 1), date(2026, 9, 1)
KNOWN = {EARLY: date(2026, 6, 29), LATE: date(2026, 12, 30)}
"""120 days later."""


def members(code: str, added_on: date, is_held_out: bool, n: int, n_visits: int, n_gaps: int, first_key: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "patient_key": range(first_key, first_key + n),
            "has_visit_90_days": [at < n_visits for at in range(n)],
            "has_closed_gap_90_days": [at < n_gaps for at in range(n)],
        }
    ).with_columns(
        campaign_code=pl.lit(code), title=pl.lit(f"{code} of {added_on:%B}"), added_on=pl.lit(added_on),
        known_on=pl.lit(KNOWN[added_on]), is_held_out=pl.lit(is_held_out),
    )  # fmt: skip


def effects(*parts: pl.DataFrame) -> dict[tuple[str, str], dict]:
    return {(row["campaign_code"], row["outcome"]): row for row in campaign_effects(pl.concat(parts), TODAY).to_dicts()}


def test_each_outcome_is_the_difference_of_its_arms():
    """Visits 40 of 80 against 6 of 20: 0.5 - 0.3, by Newcombe from Wilson's (0.393, 0.607) and (0.145, 0.519). Gaps 20 of 80
    against 5 of 20: no difference."""
    found = effects(members("eyes", EARLY, False, 80, 40, 20, 0), members("eyes", EARLY, True, 20, 6, 5, 100))
    visit, gap = found["eyes", "visit"], found["eyes", "gap"]
    assert (visit["n_contacted"], visit["n_held_out"], visit["lift"]) == (80, 20, pytest.approx(0.2))
    assert (visit["low"], visit["high"]) == (pytest.approx(-0.044, abs=2e-3), pytest.approx(0.388, abs=2e-3))
    assert gap["lift"] == pytest.approx(0) and gap["contacted_rate"] == gap["held_out_rate"] == 0.25


def test_who_joined_less_than_120_days_ago_counts_in_neither_arm_and_the_newest_title_is_shown():
    found = effects(
        members("eyes", EARLY, False, 20, 10, 5, 0),
        members("eyes", EARLY, True, 10, 5, 5, 100),
        members("eyes", LATE, False, 50, 50, 50, 200),
    )
    assert (found["eyes", "visit"]["n_contacted"], found["eyes", "visit"]["title"]) == (20, "eyes of September")


def test_a_campaign_of_which_nobody_is_known_yet_says_from_when_on():
    [row, _] = effects(members("eyes", LATE, False, 20, 1, 1, 0), members("eyes", LATE, True, 10, 1, 1, 100)).values()
    assert (row["n_contacted"], row["n_held_out"], row["lift"], row["known_from_on"]) == (0, 0, None, date(2026, 12, 30))


def test_fewer_than_five_in_an_arm_give_no_difference_and_no_hold_out_gives_no_arms():
    found = effects(
        members("few", EARLY, False, 20, 5, 5, 0),
        members("few", EARLY, True, 4, 1, 1, 100),
        members("all", EARLY, False, 20, 5, 5, 200),
    )
    assert (found["few", "visit"]["lift"], found["few", "visit"]["n_held_out"]) == (None, 4)
    assert (found["all", "visit"]["n_contacted"], found["all", "visit"]["n_held_out"]) == (0, 0)


def test_no_members_are_no_rows():
    assert campaign_effects(members("eyes", EARLY, False, 0, 0, 0, 0), TODAY).is_empty()
