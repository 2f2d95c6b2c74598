"""The frame of every page: title, practice, last day of the data, and the message if there is nothing to show.

A page begins with `open_page`, which stops it if nothing is published, and shows its charts and tables with
`dashboards.layout.exhibits`. Everything shown is also kept in a `Sheet`, so that the page can be exported as one file from
the same rows.
"""

from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.access.audit_log import record
from dashboards.access.roles import current_viewer, still_admitted
from dashboards.figures.languages import _, chosen_language, day
from dashboards.figures.png import title_every_png
from dashboards.figures.wording import as_plain_markdown, as_read
from dashboards.layout.address import say_unread
from dashboards.layout.reports import offer_reports
from dashboards.layout.sheet import Sheet
from dashboards.layout.wrapped import LOOK as WRAPPED
from dashboards.store.published import NothingPublished, Publication, ask, current_publication
from models.audit_log.disclosing import PRACTICE

_SHEET = "_sheet"
_LOOK = """
<style>
@media (max-width: 480px) { [data-testid="stColumn"] { min-width: 100% !important; } }
@media (max-width: 1100px) {
  [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"]) { flex-wrap: wrap; }
  [data-testid="stColumn"] { min-width: calc(50% - 1rem); }
  [data-testid="stColumn"]:has(h2, h3) { min-width: 100%; }
}
[class*="st-key-section_"] h2 { font-size: 1.35rem; }
[data-testid="stPageLink"] *, [data-testid="stMetricLabel"] *, [data-testid="stMetricDeltaDescription"] {
  white-space: normal !important;
}
[data-testid="stElementContainer"]:has(#titles-every-png) { display: none; }
@media (hover: none) { .modebar { opacity: 1 !important; } }
@media print {
  [data-testid="stSidebar"], [data-testid="stHeader"], .stDownloadButton { display: none; }
}
</style>
"""
"""Streamlit keeps columns side by side down to the width of a telephone, where a tile of four is too narrow for its number: on a
tablet two stand side by side, on a telephone one, and a chart (the one with a heading) alone. The heading of an exhibit is as
large as it is alone on a page (h2) as in a section (h3); a section's own is larger. Who cannot hover sees the button of a chart's
PNG at all times. The words of a link to another page and those beside a number wrap,
where Streamlit would cut them off.
"""


def open_page(title: str, question: str = "", *, is_exported: bool = True, has_reports: bool = False) -> Publication:
    """Draw the head of a page (`title`, the `question` that it answers, practice, last day of the data, banner) and return
    the publication to query.

    Unless `is_exported` is false, as on a page whose rows are patients, the page can be taken away as one file; `has_reports`
    offers the board's reports beside it.
    Stops the page if nothing is published, and says what to run.
    """
    st.html(_LOOK + WRAPPED)
    title_every_png()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.title(title, anchor=False, width="stretch")
        export = st.container(width="content", horizontal=True)
    if question:
        st.markdown(question)
    try:
        publication = current_publication()
    except NothingPublished as nothing:
        empty(str(nothing))
        st.stop()
    as_of_on = date.fromisoformat(publication.as_of_on)
    synthetic = f" · :orange-badge[:material/science: {_('Synthetic data: nobody here is a real person')}]"
    banner = synthetic if publication.is_synthetic else ""
    made_for = _("data as of **{day}**", day=day(as_of_on))
    st.markdown(f"**{as_plain_markdown(publication.practice_name)}** · {made_for}{banner}")
    sheet = Sheet(title, publication.practice_name, as_of_on, publication.is_synthetic, language=chosen_language())
    st.session_state[_SHEET] = sheet
    say_unread()
    if has_reports:
        offer_reports(export, publication)
    if is_exported:
        _offer_page(export, sheet)
    return publication


def current_sheet() -> Sheet:
    """The `Sheet` of the current page."""
    return st.session_state[_SHEET]


def not_available(what: str, because: str) -> None:
    """Say that something cannot be shown and why: `not_available("Days in A/R", "billing delivered no charges")`."""
    said = _("{what}: not available, because {why}.", what=as_plain_markdown(what), why=as_plain_markdown(because.rstrip(".")))
    st.info(said, icon=":material/block:")
    if _SHEET in st.session_state:
        current_sheet().say(as_read(said))


def is_published(publication: Publication, table: str) -> bool:
    """Whether the publication has the table, and the viewer's role may see it; an older publication may lack one."""
    return table in set(ask(publication, "select table_name from catalog.tables")["table_name"])


def empty(message: str) -> None:
    """Show that nothing is published or no row matches the filters, and what to do."""
    st.info(message, icon=":material/inbox:")


def _offer_page(place: DeltaGenerator, sheet: Sheet) -> None:
    """The button that exports the page. The file is made on click, when the sheet is complete."""
    viewer, is_admitted = current_viewer(), still_admitted()
    name = sheet.title.lower().replace(" ", "_")

    def written() -> bytes:
        if not is_admitted():
            raise PermissionError("The sign-in has ended.")
        said, n_rows = f"{name}.html", len(sheet.blocks)
        record("exported", subject=said, n_rows=n_rows, patients=sheet.patients, purpose="operations", to=PRACTICE, viewer=viewer)
        return sheet.to_html().encode()

    place.download_button(
        _("Export page"),
        data=written,
        file_name=f"{name}_{sheet.as_of_on}.html",
        mime="text/html",
        key="export_page",
        icon=":material/ios_share:",
        on_click="ignore",
        help=_("This page as one printable file that works offline."),
    )
