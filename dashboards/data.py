"""The only door to the data: the published warehouse, opened read-only, asked once, closed.

A page never holds a connection. A process that keeps one goes on seeing the file that it opened, and a link that is swapped
under it would change nothing; so every question resolves the link anew and names the publication that it was answered from.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import streamlit as st


class NothingPublished(Exception):
    """There is no publication to show; the text says what to run."""


@dataclass(frozen=True)
class Publication:
    """One immutable publication: its folder, and what its manifest says of it."""

    folder: Path
    id: str
    practice_name: str
    is_synthetic: bool
    as_of_on: str


def current_publication() -> Publication:
    """The publication that the link names at this moment.

    Reads `$CAREGAP_PUBLISHED`, which `caregap dashboard` sets. Raises `NothingPublished` where nothing is there.
    """
    link = Path(os.environ.get("CAREGAP_PUBLISHED", ".caregap/published")) / "current"
    if not link.exists():
        raise NothingPublished("Nothing is published yet. Run `make run` for the sample practice, or `caregap run` for yours.")
    folder = link.resolve()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return Publication(
        folder=folder,
        id=folder.name,
        practice_name=manifest["practice_name"],
        is_synthetic=manifest["is_synthetic"],
        as_of_on=manifest["as_of_on"],
    )


def ask(publication: Publication, query: str) -> pl.DataFrame:
    """The rows that `query` gives on this publication; the answer is kept, since a publication never changes."""
    return _ask(str(publication.folder / "warehouse.duckdb"), query)


@st.cache_data(max_entries=200, show_spinner=False)
def _ask(warehouse: str, query: str) -> pl.DataFrame:
    with duckdb.connect(warehouse, read_only=True) as connection:
        return connection.sql(query).pl()
