"""Tells an error that has its cause in a publication of an earlier version of Caregap, which lacks what is read of it."""

import duckdb

from models.published import PUBLISHED
from models.published.earlier import lacking, made_earlier
from pipelines.disk import chain
from pipelines.errors import CaregapError, NotPublished
from pipelines.home import Home
from pipelines.publications.store import WAREHOUSE, current
from pipelines.sql.connection import open_file

_COLUMNS = "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() where not internal group by all"


def made_earlier_than_read(error: BaseException, home: Home) -> NotPublished | None:
    """The error in words, if the current publication lacks a table or a column of today's contracts; None otherwise."""
    if not any(isinstance(one, duckdb.CatalogException | duckdb.BinderException) for one in chain(error)):
        return None
    try:
        with open_file(home.published / current(home).id / WAREHOUSE, read_only=True) as connection:
            found = {table: set(columns) for table, columns in connection.execute(_COLUMNS).fetchall()}
    except (CaregapError, duckdb.Error):
        return None
    missing = lacking(found, {table: set(contract.fields) for table, contract in PUBLISHED.items()})
    return NotPublished(made_earlier(missing)) if missing else None
