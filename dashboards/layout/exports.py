"""Exports a table as CSV that no spreadsheet executes, as a workbook, or as Parquet, and records every export.

The built-in download of tables is switched off (`client.disableDataExport`): it keeps formulas, and nothing is logged.
"""

import io
import re
from collections.abc import Iterable
from functools import partial

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import current_viewer, still_admitted
from dashboards.figures.languages import _
from models.audit_log.disclosing import PRACTICE
from models.spreadsheet import as_csv, as_xlsx

CSV, XLSX, PARQUET = "csv", "xlsx", "parquet"
_MIME = {
    CSV: "text/csv",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    PARQUET: "application/vnd.apache.parquet",
}
_LABEL = {CSV: "CSV", XLSX: "Excel", PARQUET: "Parquet"}


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
        said = f"{stem}.{kind}"
        record("exported", subject=said, n_rows=len(frame), patients=patients, purpose="operations", to=PRACTICE, viewer=viewer)
        match kind:
            case "csv":
                return as_csv(frame)
            case "xlsx":
                return as_xlsx(frame, stem)
        return as_parquet(frame)

    with st.container(horizontal=True):
        for kind in formats:
            st.download_button(
                _LABEL[kind],
                data=partial(written, kind),
                file_name=f"{stem}.{kind}",
                mime=_MIME[kind],
                key=f"export_{key or stem}_{kind}",
                icon=":material/download:",
                type="tertiary",
                help=_("{n} rows as {kind}", n=f"{len(frame):,}", kind=_LABEL[kind]),
                on_click="ignore",
                disabled=frame.is_empty(),
            )


def as_parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()
