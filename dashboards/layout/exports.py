"""What leaves the dashboards: a table as CSV that no spreadsheet executes, or as Parquet; every export is recorded.

The built-in download of tables is switched off (`client.disableDataExport`): it writes formulas as they are, and tells nobody.
"""

import io
import re
from collections.abc import Iterable

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import current_viewer, still_admitted
from models.spreadsheet import neutralised

CSV, PARQUET = "csv", "parquet"
_MIME = {CSV: "text/csv", PARQUET: "application/vnd.apache.parquet"}
_LABEL = {CSV: "CSV", PARQUET: "Parquet"}


def offer(
    frame: pl.DataFrame, name: str, *, formats: tuple[str, ...] = (CSV,), key: str | None = None, patients: Iterable[int] = ()
) -> None:
    """Draw a download button for each format of `frame`; `name` is the file's, without an ending, and never a patient's.
    `patients` are the keys of those who are in it, for the audit log.

    The file is made when the button is pressed, and the audit log has the line before the browser has the file.
    """
    viewer, is_admitted = current_viewer(), still_admitted()
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")

    def written(kind: str) -> bytes:
        if not is_admitted():
            raise PermissionError("The sign-in has ended.")
        record("exported", subject=f"{stem}.{kind}", n_rows=len(frame), patients=patients, viewer=viewer)
        return as_csv(frame) if kind == CSV else as_parquet(frame)

    with st.container(horizontal=True):
        for kind in formats:
            st.download_button(
                _LABEL[kind],
                data=lambda kind=kind: written(kind),
                file_name=f"{stem}.{kind}",
                mime=_MIME[kind],
                key=f"export_{key or stem}_{kind}",
                icon=":material/download:",
                type="tertiary",
                help=f"{len(frame):,} rows as {_LABEL[kind]}",
                on_click="ignore",
                disabled=frame.is_empty(),
            )


def as_csv(frame: pl.DataFrame) -> bytes:
    """UTF-8 with a byte-order mark, without which Excel reads another encoding; texts quoted, formulas neutral, lists joined."""
    lists = [name for name, dtype in frame.schema.items() if dtype == pl.List]
    flat = frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(", ") for name in lists)
    # A header comes from whoever wrote the query, and is a cell like any other.
    flat.columns = neutralised(pl.DataFrame({"name": flat.columns}, schema={"name": pl.String}))["name"].to_list()
    return neutralised(flat).write_csv(include_bom=True, quote_style="non_numeric", line_terminator="\r\n").encode()


def as_parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()
