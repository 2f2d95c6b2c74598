"""The only way to the data: the published warehouse, read-only, within the viewer's scope.

A page never holds a connection: it would keep reading the file that it opened, after the link was swapped. So every query
names its publication, and every run of a page resolves the link again.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from dashboards.access.roles import Sight, current_viewer
from dashboards.home import home
from dashboards.store.scope import DICTIONARY, Scope, attach_published, open_scoped, published_file
from models.published import PUBLISHED
from models.published.earlier import lacking, made_earlier


class NothingPublished(Exception):
    """Nothing is published yet; the text says what to run."""


class OlderPublication(Exception):
    """An earlier version of Caregap made the publication, without something that is asked for; the text says what to run."""


class AskFailed(Exception):
    """A page's query failed; the text contains no value of a row."""


@dataclass(frozen=True)
class Publication:
    """One immutable publication: its folder and the content of its manifest.

    `patient_key`: it is asked about the one patient whom break-glass opened (`of_opened`), and answers about nobody else.
    """

    folder: Path
    id: str
    practice_id: str
    practice_name: str
    time_zone: str
    is_synthetic: bool
    as_of_on: str
    patient_key: int | None = None


def current_publication() -> Publication:
    """The publication that the link names now.

    Raises `NothingPublished` if there is none.
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
    """The rows of `query` on this publication within the viewer's scope, with `parameters` for its `?` or `$1`.

    Its tables are `marts.…`, `ml.…`, `delivery.…` and `catalog.…`, limited to what the role may see; `without_patients`
    queries the de-identified file instead, which has no sites. Results are cached per scope, since a publication never
    changes. Raises `AskFailed`; `OlderPublication` where an earlier version made the publication, without what is asked for.
    """
    viewer = current_viewer()
    if publication.patient_key is not None:
        return _ask(str(publication.folder), Scope.of_opened(viewer, publication.patient_key), query, tuple(parameters))
    scope = Scope.of(viewer)
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
        # A sum of integers is a HUGEINT, which becomes a decimal without fraction digits.
        return answer.with_columns(pl.selectors.by_dtype(pl.Decimal(38, 0)).cast(pl.Int64))
    except duckdb.Error as error:
        if isinstance(error, duckdb.BinderException | duckdb.CatalogException) and (missing := _missing(Path(folder), scope)):
            raise OlderPublication(made_earlier(missing)) from None
        # DuckDB's message quotes the value that it could not convert, and Streamlit would log it.
        reason = re.sub(r"'[^']*'", "'…'", str(error).partition("\n")[0])
        raise AskFailed(f"{type(error).__name__}: {reason}") from None


def _missing(folder: Path, scope: Scope) -> list[str]:
    """The tables and columns that today's contracts promise and the file lacks."""
    with duckdb.connect(":memory:") as connection:
        attach_published(connection, published_file(folder, scope))
        rows = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() where database_name = 'published'"
        ).fetchall()
    found = {table: {column for name, column in rows if name == table} for table, _ in rows}
    # The de-identified file lacks tables and columns on purpose.
    contracts = {} if scope.sight == Sight.DEIDENTIFIED else PUBLISHED
    return lacking(found, DICTIONARY | {table: set(contract.fields) for table, contract in contracts.items()})


@st.cache_resource(max_entries=20, ttl="1d", show_spinner=False)
def _scoped(folder: str, scope: Scope) -> duckdb.DuckDBPyConnection:
    """Cached, because creating its views takes longer than most queries; a later publication is another folder, so nothing
    old is shown.

    For a day: the file of a deleted publication occupies the disk while it is open.
    """
    return open_scoped(Path(folder), scope)


def of_opened(publication: Publication, patient_key: int) -> Publication:
    """The publication as it is asked about one opened patient: `ask` refuses as soon as they are not open any more."""
    return replace(publication, patient_key=patient_key)


_IDENTIFIED = """
    select patient_key from marts.dim_patients
    where birth_date = $1 and (lower(mrn) = lower($2) or lower(last_name) = lower($2)) order by patient_key limit 2
"""


def patients_identified(publication: Publication, born_on: date, said: str) -> list[int]:
    """The keys of at most two patients, of any site, who were born on that day and have that record number or family name.

    For break-glass: two identifiers, as for any act on a patient, so that nobody leafs through record numbers.
    """
    found = _answer(str(publication.folder), Scope(Sight.FULL, None), _IDENTIFIED, (born_on, said))
    return found["patient_key"].to_list()


def site_names(publication: Publication) -> dict[str, str]:
    """Every site of the practice, `location_id` → name, regardless of scope: for choosing a role."""
    everywhere = _ask(
        str(publication.folder),
        Scope(Sight.LIMITED, None),
        "select location_id, location_name from marts.dim_locations order by location_name",
        (),
    )
    return dict(everywhere.iter_rows())
