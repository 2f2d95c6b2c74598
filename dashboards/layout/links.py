"""Leads from one page to another that the viewer may open, with its filters in the address."""

from pathlib import Path

import streamlit as st

from dashboards.access.roles import current_viewer

_PAGES = Path(__file__).resolve().parents[1] / "app_pages"


def lead_to(page: str, label: str, **query: str | None) -> None:
    """Draw a link to `page` (a name in `PAGES`) for a role that may open it; `query` are the page's filters, None leaves one out.

    A role that may not open the page gets no link: the page's address would lead nowhere.
    """
    if current_viewer().may_open(page):
        st.page_link(
            _PAGES / f"{page}.py",
            label=label,
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params={name: value for name, value in query.items() if value is not None},
        )
