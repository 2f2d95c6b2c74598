"""The frame that every page stands in: its title, whose data they are and up to which day, and what is said where nothing is.

A page opens with `open_page`, which stops it where nothing is published, and shows its charts and tables with
`dashboards.exhibits`. What was shown is kept on a sheet, so that the page can be exported as one file from the same rows.
"""

from datetime import date

import streamlit as st

from dashboards.data import NothingPublished, Publication, current_publication


def open_page(title: str, question: str = "") -> Publication:
    """Draw the head of a page and return what it may ask: `title`, the `question` that it answers, practice, data-as-of, banner.

    Stops the page, saying what to run, where nothing is published.
    """
    st.title(title, anchor=False)
    if question:
        st.markdown(question)
    try:
        publication = current_publication()
    except NothingPublished as nothing:
        empty(str(nothing))
        st.stop()
    as_of_on = date.fromisoformat(publication.as_of_on)
    st.markdown(f"**{publication.practice_name}** · data as of **{as_of_on:%-d %B %Y}**")
    if publication.is_synthetic:
        st.warning("Synthetic data: nobody here is a real person.", icon=":material/science:")
    return publication


def not_available(what: str, because: str) -> None:
    """Say that something cannot be shown and why: `not_available("Days in A/R", "billing delivered no charges")`."""
    st.info(f"{what}: not available, because {because.rstrip('.')}.", icon=":material/block:")


def empty(message: str) -> None:
    """Say that there is nothing to show, and what to do: nothing is published, or no row matches the filters."""
    st.info(message, icon=":material/inbox:")
