"""The report as PDF, drawn from its HTML by PlutoPrint, which needs no browser and no package of the system.

PlutoPrint has wheels for Linux on x86-64; elsewhere the report is HTML alone, which any browser prints.
"""

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plutoprint import Book

_FONT = "streamlit/static/static/media/SourceSansVF-Upright*.woff2"
"""The dashboards' own font: a server may have none."""


def is_possible() -> bool:
    """Whether this machine can draw a PDF."""
    return find_spec("plutoprint") is not None


def as_pdf(html: str) -> bytes:
    """The report `html` as PDF, on the paper that its style names. The file states when it was made, so its bytes differ."""
    drawn = io.BytesIO()
    laid_out(html).write_to_pdf_stream(drawn)
    return drawn.getvalue()


def laid_out(html: str) -> "Book":
    """The report in its pages, in the font that the PDF has."""
    import plutoprint

    book = plutoprint.Book(plutoprint.PAGE_SIZE_LETTER)
    book.load_html(html, user_style=_style())
    return book


@cache
def _style() -> str:
    found = find_spec("streamlit")
    fonts = [*Path(found.origin).parents[1].glob(_FONT)] if found and found.origin else []
    if not fonts:
        return ""
    return f'@font-face {{ font-family: "Report"; src: url("{fonts[0].as_uri()}"); font-weight: 200 900; }}'
