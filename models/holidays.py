"""The federal holidays of the United States, as pandas computes them: the day on which each is observed (5 U.S.C. 6103)."""

from datetime import date
from functools import lru_cache


@lru_cache(maxsize=64)
def federal_holidays(first: date, last: date) -> dict[date, str]:
    """Day → name, from `first` to `last`, both included. A holiday on a Saturday is observed on Friday, on a Sunday on Monday."""
    from pandas.tseries.holiday import USFederalHolidayCalendar

    named = USFederalHolidayCalendar().holidays(first, last, return_name=True)
    return {day.date(): name for day, name in named.items()}
