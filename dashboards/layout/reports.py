"""The board's reports that lie in the publication: written when it was published, offered to who sees the whole practice."""

import re
from datetime import date
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import current_viewer, still_admitted
from dashboards.store.published import Publication

_NAME = re.compile(r"report_(?P<year>\d{4})-(?:Q(?P<quarter>[1-4])|(?P<month>\d{2}))")


class Report(NamedTuple):
    """One report: its file, and in words the period that it is about."""

    path: Path
    title: str


def reports(publication: Publication) -> list[Report]:
    """The reports of a publication, months before quarters, the newest first; none in one that is older than reports are."""
    found = [(path, _NAME.fullmatch(path.stem)) for path in publication.folder.glob("report_*.html")]
    named = [(path, name) for path, name in found if name]
    return [
        Report(path, _title(**name.groupdict()))
        for path, name in sorted(named, key=lambda one: (one[1]["quarter"] is None, one[0].stem), reverse=True)
    ]


def offer_reports(place, publication: Publication) -> None:
    """Draw the menu of reports in `place`, for a viewer who may see the whole practice; for another, nothing.

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
        return report.path.read_bytes()

    with place.popover("Board report", icon=":material/summarize:", type="tertiary", help="Written when this was published."):
        for report in written:
            st.download_button(
                report.title,
                data=lambda report=report: read(report),
                file_name=report.path.name,
                mime="text/html",
                key=f"export_{report.path.stem}",
                icon=":material/download:",
                width="stretch",
                on_click="ignore",
            )
        st.caption("One file each, which needs no network and prints as it is.")


def _title(year: str, quarter: str | None, month: str | None) -> str:
    return f"Quarterly review, Q{quarter} {year}" if quarter else f"Monthly report, {date(int(year), int(month or 1), 1):%B %Y}"
