"""Whether a list is older than its day: whom it names may have been seen since, or have opted out."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboards.figures.languages import _, day, many
from dashboards.store.published import Publication
from models.worklists import days_too_old


def today(time_zone: str) -> date:
    """The day by the practice's clock."""
    return datetime.now(UTC).astimezone(ZoneInfo(time_zone)).date()


def say_if_too_old(publication: Publication) -> None:
    """Say in red that the list of the publication is not for today."""
    made_for = date.fromisoformat(publication.as_of_on)
    n_days = days_too_old(made_for, today(publication.time_zone), is_synthetic=publication.is_synthetic)
    if n_days:
        st.error(
            _(
                "This list is {age} old: it was made for {day}. Whoever is on it may have been seen since, or have opted out. "
                "Have a run made before you work from it.",
                age=many("{n} day", "{n} days", n_days),
                day=day(made_for),
            ),
            icon=":material/event_busy:",
        )
