"""How long a list of patients is good for, as pages and files say it."""

from datetime import date, timedelta

GOOD_DAYS = 1
"""A list is worked on the day that it was made for and the next: extracts are taken in the evening, and a run made overnight."""


def good_until(made_for: date, *, is_synthetic: bool) -> date | None:
    """The last day on which anybody should work from a list made for a day.

    None for synthetic patients, whose list is good forever: nobody on it can have been seen since.
    """
    return None if is_synthetic else made_for + timedelta(days=GOOD_DAYS)


def days_too_old(made_for: date, today: date, *, is_synthetic: bool) -> int:
    """The age in days of a list that nobody should work from any more; 0 while it is good."""
    last = good_until(made_for, is_synthetic=is_synthetic)
    return (today - made_for).days if last and today > last else 0
