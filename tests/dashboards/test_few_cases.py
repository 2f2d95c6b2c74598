"""Wherever a page marks few cases, it says how many few are."""

import re

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.figures.comparisons import bars
from pipelines.home import CHECKOUT

MEANT = "fewer than 30, or 10 in the numerator"


def said(page: AppTest) -> str:
    texts = [one.value for kind in ("markdown", "caption") for one in page.get(kind)]
    return " ".join([*texts, *(one.proto.body for one in page.get("html"))])


def drawn(page: AppTest) -> str:
    return " ".join(one.proto.spec for one in page.get("plotly_chart")).replace("\\u2020", "†")


def test_a_bar_of_a_ratio_has_the_mark_too_without_a_number_of_cases():
    """Its denominator is days or dollars: the records that it adds up are counted elsewhere."""
    ratios = pl.DataFrame({"site": ["North", "South"], "days": [41.0, 12.0], "is_small": [False, True]})
    assert bars(ratios, label="site", value="days", unit="days").data[0].y == ("North", "South†")


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("overview", {}),
        ("roi", {}),
        ("appointments", {}),
        ("retention", {}),
        ("care_gaps", {}),
        ("kpi_explorer", {"kpi": "Access · No-show rate", "split": "Site"}),
    ],
)
def test_a_page_that_marks_few_cases_says_how_many_that_is(app, page: str, address: dict[str, str]):
    shown = app(page, address=address)
    assert not shown.exception
    assert "†" in said(shown) + drawn(shown) or "few cases" in said(shown), "the sample's practice is small"
    assert MEANT in said(shown)


def test_a_column_of_few_cases_says_on_its_heading_how_many_that_is():
    """Streamlit shows it where the pointer rests."""
    pages = [*(CHECKOUT / "dashboards/app_pages").glob("*.py"), *(CHECKOUT / "dashboards/kpis").glob("*.py")]
    columns = [one for path in pages for one in re.findall(r'CheckboxColumn\("Few cases".*', path.read_text())]
    assert len(columns) == 2 and all("help=" in one and "FEWER" in one for one in columns)


def test_the_care_team_is_told_in_spanish(app):
    shown = app("care_gaps", role="care_team", address={"language": "Español"})
    assert "menos de 30, o de 10 en el numerador" in said(shown)
