"""Draws charts and tables under a title that states their content, each with export as CSV (charts also as PNG)."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards.figures.languages import _, chart_language, chosen_language
from dashboards.figures.style import mode_bar
from dashboards.figures.wording import as_plain_markdown, as_read, dollars, each
from dashboards.layout.exports import CSV, XLSX, offer
from dashboards.layout.page import current_sheet
from dashboards.layout.sheet import form_of, is_share, number
from dashboards.layout.wrapped import wrapped


def say(markdown: str) -> None:
    """Add a paragraph to the page and to its export."""
    st.markdown(dollars(markdown))
    current_sheet().say(as_read(markdown))


def section(title: str) -> None:
    """Begin a section of a page: the exhibits that follow belong to it, with smaller headings."""
    with st.container(key=f"section_{_slug(title)}"):
        st.header(title, anchor=False)
    current_sheet().section(title)


def figure(chart: go.Figure, *, title: str, alt: str, data: pl.DataFrame, name: str = "", note: str = "") -> None:
    """Draw a chart. `title` states in sentence case what it shows, `alt` describes it for screen readers, `data` are its
    rows, offered as CSV; the PNG is in the chart's mode bar. `note` is a line below, `name` the files' (the title's words).
    """
    name = name or _slug(title)
    with st.container(border=True, height="stretch"):
        _head(title, data, name)
        settings = mode_bar(name, title, current_sheet().source) | chart_language(chosen_language())
        st.plotly_chart(chart, key=f"chart_{name}", config=settings, alt=alt)
        if note:
            st.caption(dollars(note))
    current_sheet().figure(chart, title, alt, note)


def table(
    data: pl.DataFrame,
    *,
    title: str,
    columns: dict[str, Any] | None = None,
    name: str = "",
    note: str = "",
    height: int | None = None,
    row_height: int | None = None,
    is_printed: bool = True,
    is_wrapped: bool = False,
    figures: pl.DataFrame | None = None,
    patients: Iterable[int] = (),
    on_choose: Callable[[int], None] | None = None,
) -> None:
    """Draw a table. `columns` are Streamlit's column settings by column name, None leaves a column out; `row_height` in pixels
    lets long texts take several lines; one that `is_wrapped` has few rows, to be read whole on any screen. A table too wide for
    paper is not `is_printed`: the page's export only names it. Where `data` are figures in words, `figures` are these as numbers,
    which the CSV has instead: a spreadsheet cannot add up +2.1 %.
    `patients` are the keys of those who are in it, for the audit log. `on_choose` is called with the place of a row that somebody
    chooses, before the page runs again.
    """
    name = name or _slug(title)
    with st.container(border=True, height="stretch"):
        _head(title, data if figures is None else figures, name, patients)
        size: dict[str, Any] = ({} if height is None else {"height": height}) | (
            {} if row_height is None else {"row_height": row_height}
        )
        if is_wrapped:
            st.html(wrapped(data, title, columns or {}, chosen_language()))
        else:
            _grid(data, columns or {}, title, f"table_{name}", size, on_choose)
        if note:
            st.caption(dollars(note))
    if not is_printed:
        told = _("{title}: {n} rows, to be read on the page or taken away as CSV.", title=title, n=f"{len(data):,}")
        current_sheet().say(told)
        return
    current_sheet().patients.update(patients)
    hidden = [column for column, settings in (columns or {}).items() if settings is None]
    current_sheet().table(data.drop(hidden, strict=False), title, note, columns or {})


def _grid(
    data: pl.DataFrame,
    columns: dict[str, Any],
    title: str,
    key: str,
    size: dict[str, Any],
    on_choose: Callable[[int], None] | None,
) -> None:
    shown, settings = _shown(data, columns)
    if on_choose is not None:
        key, size = _choosable(key, on_choose, size)
    st.dataframe(
        shown,
        key=key,
        column_config=settings,
        hide_index=True,
        width="stretch",
        placeholder="",
        alt=title,
        **size,
    )


def _choosable(key: str, on_choose: Callable[[int], None], size: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The key of a table whose rows can be chosen, and its settings. Each choice makes a new table: a row that stays chosen would
    choose itself again at the next run."""
    counter = f"{key}_choices"
    fresh = f"{key}_{st.session_state.get(counter, 0)}"

    def choose() -> None:
        if rows := st.session_state[fresh].selection.rows:
            st.session_state[counter] = st.session_state.get(counter, 0) + 1
            on_choose(rows[0])

    return fresh, size | {"on_select": choose, "selection_mode": "single-row"}


def _shown(data: pl.DataFrame, columns: dict[str, Any]) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Rows and settings for Streamlit: an empty cell instead of None, days without a time, shares with one digit (Streamlit's
    own `percent` shows 10 % beside 14.18 %), and text where a number is below zero (Streamlit writes $-868).
    """
    texts = [pl.col(pl.String, pl.Null).cast(pl.String).fill_null("")]
    plain_days = [name for name, dtype in data.schema.items() if dtype == pl.Date and not isinstance(columns.get(name), dict)]
    below_zero = [
        name
        for name, dtype in data.schema.items()
        if dtype.is_numeric() and form_of(columns.get(name)) and (data[name] < 0).any()
    ]
    data = data.with_columns(each(data[name], partial(number, form=form_of(columns[name]))) for name in below_zero)
    columns = columns | {
        name: st.column_config.TextColumn(columns[name]["label"], help=columns[name]["help"], alignment="right")
        for name in below_zero
    }
    shares = [name for name in data.columns if name in columns and is_share(columns[name])]
    shown = data.with_columns(*texts, pl.col(plain_days).dt.to_string().fill_null(""), *(pl.col(name) * 100 for name in shares))
    of_a_hundred = {"format": "%.1f %%", "min_value": 0, "max_value": 100}
    written = {name: columns[name] | {"type_config": columns[name]["type_config"] | of_a_hundred} for name in shares}
    return shown, columns | written


def _head(title: str, data: pl.DataFrame, name: str, patients: Iterable[int] = ()) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", wrap=False):
        (st.subheader if current_sheet().is_sectioned else st.header)(as_plain_markdown(title), anchor=False, width="stretch")
        with st.container(width="content"):
            # Teams use patient lists in a spreadsheet; a workbook keeps text as text.
            offer(data, name, formats=(XLSX, CSV) if patients else (CSV,), patients=patients)


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:60]
