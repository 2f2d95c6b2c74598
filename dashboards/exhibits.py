"""What a page shows: a chart or a table under a sentence that says what it shows, each to be taken away as CSV (and PNG)."""

import re

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards.charts import mode_bar


def figure(chart: go.Figure, *, title: str, alt: str, data: pl.DataFrame, note: str = "", border: bool = True) -> None:
    """Draw a chart. `title` says in sentence case what it shows, `alt` says the same to who cannot see it, `data` are the rows
    behind it, offered as CSV; the PNG is in the chart's mode bar. `note` is a line below.
    """
    name = _slug(title)
    with st.container(border=border):
        _head(title, data, name)
        st.plotly_chart(chart, key=f"chart-{name}", config=mode_bar(name), alt=alt)
        if note:
            st.caption(note)


def table(data: pl.DataFrame, *, title: str, columns: dict | None = None, note: str = "", height: int | None = None) -> None:
    """Draw a table. `columns` are Streamlit's column settings by column name, None leaves a column out."""
    name = _slug(title)
    with st.container(border=True):
        _head(title, data, name)
        size = {} if height is None else {"height": height}
        st.dataframe(data, key=f"table-{name}", column_config=columns, hide_index=True, width="stretch", **size)
        if note:
            st.caption(note)


def _head(title: str, data: pl.DataFrame, name: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="top"):
        st.subheader(title, anchor=False, width="stretch")
        _offer(data, name)


def _offer(data: pl.DataFrame, name: str) -> None:
    st.download_button(
        "CSV",
        data=data.write_csv,
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help="The rows behind it.",
    )


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
