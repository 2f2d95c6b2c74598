"""The only door to the data: the published warehouse, read-only, as far as the viewer's role goes.

A page never holds a connection. A process that keeps one goes on seeing the file that it opened, and a link that is swapped
under it would change nothing; so every question names the publication that it is answered from, and every run of a page
resolves the link anew.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from dashboards.access.roles import Sight, current_viewer
from dashboards.home import home
from dashboards.store.scope import Scope, open_scoped


class NothingPublished(Exception):
    """There is no publication to show; the text says what to run."""


class AskFailed(Exception):
    """A page's question has no answer; the text holds no value of a row."""


@dataclass(frozen=True)
class Publication:
    """One immutable publication: its folder, and what its manifest says of it."""

    folder: Path
    id: str
    practice_id: str
    practice_name: str
    time_zone: str
    is_synthetic: bool
    as_of_on: str


def current_publication() -> Publication:
    """The publication that the link names now.

    Raises `NothingPublished` where nothing is there.
    """
    link = home() / "published" / "current"
    if not link.exists():
        raise NothingPublished("Nothing is published yet. Run `make run` for the sample practice, or `caregap run` for yours.")
    folder = link.resolve()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return Publication(
        folder=folder,
        id=folder.name,
        practice_id=manifest["practice_id"],
        practice_name=manifest["practice_name"],
        time_zone=manifest["time_zone"],
        is_synthetic=manifest["is_synthetic"],
        as_of_on=manifest["as_of_on"],
    )


def ask(publication: Publication, query: str, parameters: Sequence[Any] = (), *, without_patients: bool = False) -> pl.DataFrame:
    """The rows that `query` gives on this publication to whoever looks, with `parameters` for its `?` or `$1`.

    Its tables are `marts.…`, `ml.…`, `delivery.…` and `catalog.…`, of which only what the viewer's role may see is there;
    `without_patients` asks the de-identified file instead, of whose rows no site is known. The answer is kept, for this scope
    alone, since a publication never changes. Raises `AskFailed`.
    """
    scope = Scope.of(current_viewer())
    if without_patients and scope.sites is None:
        scope = Scope(Sight.DEIDENTIFIED, None)
    return _ask(str(publication.folder), scope, query, tuple(parameters))


@st.cache_data(max_entries=500, show_spinner=False)
def _ask(folder: str, scope: Scope, query: str, parameters: tuple[Any, ...]) -> pl.DataFrame:
    return _answer(folder, scope, query, parameters)


def _answer(folder: str, scope: Scope, query: str, parameters: tuple[Any, ...]) -> pl.DataFrame:
    try:
        with _scoped(folder, scope).cursor() as cursor:
            answer = cursor.sql(query, params=list(parameters)).pl() if parameters else cursor.sql(query).pl()
        # A sum of whole numbers is a HUGEINT, which comes as a decimal that divides without digits.
        return answer.with_columns(pl.selectors.by_dtype(pl.Decimal(38, 0)).cast(pl.Int64))
    except duckdb.Error as error:
        # DuckDB quotes the value that it could not convert, and Streamlit would print it to the log.
        reason = re.sub(r"'[^']*'", "'…'", str(error).partition("\n")[0])
        raise AskFailed(f"{type(error).__name__}: {reason}") from None


@st.cache_resource(max_entries=20, ttl="1d", show_spinner=False)
def _scoped(folder: str, scope: Scope) -> duckdb.DuckDBPyConnection:
    """Kept, since its views take longer than most questions; a later publication is another folder, so nothing old is shown.

    For a day: the file of a publication that was deleted takes up the disk as long as it is open.
    """
    return open_scoped(Path(folder), scope)


def site_names(publication: Publication) -> dict[str, str]:
    """Every site of the practice, `location_id` → name, whoever looks: for the choice of a role, before there is one."""
    everywhere = _ask(
        str(publication.folder),
        Scope(Sight.LIMITED, None),
        "select location_id, location_name from marts.dim_locations order by location_name",
        (),
    )
    return dict(everywhere.iter_rows())
