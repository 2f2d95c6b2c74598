"""Views that a person keeps: a page with its filters, opened from the sidebar."""

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import polars as pl
import streamlit as st

from dashboards.access.roles import Viewer, current_viewer
from dashboards.figures.languages import _
from dashboards.layout.typed import typed
from dashboards.store.journal import Journal, journal_folder, names_nobody
from dashboards.store.published import NothingPublished, current_publication
from models.notes import LONGEST_ADDRESS, LONGEST_VIEW_TITLE, SAVED_VIEWS

VIEWS = Journal(SAVED_VIEWS)
_NOT_KEPT = {"viewer_role", "viewer_sites", "viewer_glass", "task"}
"""Who the viewer is, and a task that is opened once."""


class ViewRefused(Exception):
    """A view cannot be kept so; the text says what to change."""


def keep_view(folder: Path, person: str, page: str, title: str, filters: dict[str, str]) -> str:
    """Add a view to the journal in `folder`; returns its new id. Raises `ViewRefused`, and what `Journal.add` raises."""
    query = urlencode({name: value for name, value in filters.items() if name not in _NOT_KEPT})
    if not title.strip() or len(title) > LONGEST_VIEW_TITLE or not title.isprintable() or not names_nobody(title):
        raise ViewRefused(f"Write a title of 1 to {LONGEST_VIEW_TITLE} characters, without a long number or an address.")
    if len(query) > LONGEST_ADDRESS:
        raise ViewRefused("Too much is chosen to keep. Choose fewer filters.")
    view_id = uuid4().hex
    entry = {"view_id": view_id, "person": person, "page": page, "title": title.strip(), "query": query or None}
    VIEWS.add(folder, entry | {"is_withdrawn": False, "updated_at": datetime.now(UTC)})
    return view_id


def remove_view(folder: Path, view_id: str, person: str) -> None:
    """Remove one's own view. Raises `KeyError` where the person has none with that id."""
    VIEWS.withdraw(folder, view_id, whose=pl.col("person") == person)


def views_of(folder: Path, person: str) -> pl.DataFrame:
    """The person's own views, by title."""
    return VIEWS.standing(folder).filter(pl.col("person") == person).sort("title", "view_id")


def offer_views(page: str) -> None:
    """Draw the viewer's views of pages that the role may open in the sidebar, and the button that keeps this one."""
    try:
        folder = journal_folder(current_publication())
    except NothingPublished:
        return
    viewer = current_viewer()
    with st.sidebar.expander(_("Saved views"), icon=":material/bookmark:"):
        for row in views_of(folder, viewer.user_id).iter_rows(named=True):
            if viewer.may_open(row["page"]):
                link, remove = st.columns([4, 1], vertical_alignment="center")
                link.html(f'<a href="{escape(_address(viewer, row["page"], row["query"]))}">{escape(row["title"])}</a>')
                if remove.button(
                    "", icon=":material/close:", help=_("Remove {title}", title=row["title"]), key=f"view_{row['view_id']}"
                ):
                    remove_view(folder, row["view_id"], viewer.user_id)
                    st.rerun()
        title = typed(_("Keep this view as"), LONGEST_VIEW_TITLE, key="view_title")
        if st.button(_("Keep"), key="view_keep"):
            try:
                keep_view(folder, viewer.user_id, page, title, st.query_params.to_dict())
            except ViewRefused as refused:
                st.error(str(refused))
                return
            st.rerun()


def _address(viewer: Viewer, page: str, query: str | None) -> str:
    # Without sign-in, the role is chosen on the page, and a fresh address begins with the first.
    role = urlencode({"viewer_role": viewer.role}) if viewer.session == "no sign-in" else ""
    return f"/{page}?" + "&".join(filter(None, (role, query)))
