"""The board reports in the publication, written when it was published, for viewers of the whole practice."""

import re
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.access.audit_log import record
from dashboards.access.roles import current_viewer, still_admitted
from dashboards.store.published import Publication
from models.home_keys import store

_MIME = {".html": "text/html", ".pdf": "application/pdf"}
_NAME = re.compile(r"report_(?P<year>\d{4})-(?:Q(?P<quarter>[1-4])|(?P<month>\d{2}))")


class Report(NamedTuple):
    """One report: its file, and its period in words."""

    path: Path
    title: str


def reports(publication: Publication) -> list[Report]:
    """The reports of a publication, months before quarters, the newest first, each as HTML and, where it was drawn, as PDF; none
    in a publication made before reports existed."""
    found = [(path, _NAME.fullmatch(path.stem)) for path in publication.folder.glob("report_*") if path.suffix in _MIME]
    named = [(path, name) for path, name in found if name]
    return [
        Report(path, f"{_title(**name.groupdict())} ({path.suffix[1:].upper()})")
        for path, name in sorted(named, key=lambda one: (one[1]["quarter"] is None, one[0].name), reverse=True)
    ]


def offer_reports(place: DeltaGenerator, publication: Publication) -> None:
    """Draw the menu of reports in `place`, only for viewers of the whole practice.

    Each download is a line of the audit log, written before the browser has the file.
    """
    viewer, is_admitted = current_viewer(), still_admitted()
    written = reports(publication) if viewer.may_see_whole_practice else []
    if not written:
        return

    def read(report: Report) -> bytes:
        if not is_admitted():
            raise PermissionError("The sign-in has ended.")
        record("exported", subject=report.path.name, viewer=viewer)
        return store.read(report.path)

    with place.popover("Board report", icon=":material/summarize:", type="tertiary", help="Written with this publication."):
        for report in written:
            st.download_button(
                report.title,
                data=partial(read, report),
                file_name=report.path.name,
                mime=_MIME[report.path.suffix],
                key=f"export_{report.path.name}",
                icon=":material/download:",
                width="stretch",
                on_click="ignore",
            )
        st.caption("Four printed pages; the HTML has every KPI beside them, and works offline.")


def _title(year: str, quarter: str | None, month: str | None) -> str:
    return f"Quarterly review, Q{quarter} {year}" if quarter else f"Monthly report, {date(int(year), int(month or 1), 1):%B %Y}"
