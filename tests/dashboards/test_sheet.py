"""An exported page is one file that holds its data, runs nothing of theirs, and asks nobody for anything."""

from datetime import date

import plotly.graph_objects as go
import polars as pl

from dashboards.figures.style import OWN
from dashboards.layout.sheet import Sheet
from dashboards.layout.wrapped import wrapped


def _sheet() -> Sheet:
    return Sheet("Overview", "A practice", date(2026, 11, 1), is_synthetic=True)


def test_a_name_that_is_markup_stays_a_name():
    sheet = _sheet()
    sheet.table(pl.DataFrame({"<b>payer</b>": ["<script>alert(1)</script>"]}), "Title <i>", "")
    sheet.figure(go.Figure(go.Bar(x=["</script><script>alert(2)"], y=[1])), "t", "a", "")
    page = sheet.to_html()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "Title &lt;i&gt;" in page


def test_a_chart_has_the_colours_of_the_theme_and_not_their_names():
    sheet = _sheet()
    sheet.figure(go.Figure(go.Bar(x=[1], y=[1], marker_color=OWN)), "t", "a", "")
    assert OWN not in sheet.blocks[0]()
    assert "#0B62A8" in sheet.blocks[0]()


def test_a_table_of_more_than_200_rows_says_how_many_it_left_out():
    sheet = _sheet()
    sheet.table(pl.DataFrame({"n": range(203)}), "Rows", "")
    assert "3 further rows are left out" in sheet.blocks[0]()


def test_plotly_is_in_a_file_with_charts_once_and_no_script_comes_from_elsewhere():
    sheet = _sheet()
    assert "<script" not in sheet.to_html()
    for _ in range(2):
        sheet.figure(go.Figure(), "A chart", "", "")
    page = sheet.to_html()
    assert page.count("plotly.js v") == 1
    assert "<script src" not in page


def test_the_line_below_a_tile_is_words():
    sheet = _sheet()
    sheet.tiles([("No-show rate", "10.4 %", "+1.4 pts. :orange[:material/flag: Target missed] · 5.0 %")])
    assert "+1.4 pts. Target missed · 5.0 %" in sheet.blocks[0]()


def test_of_a_paragraphs_markdown_only_bold_survives_and_markup_is_text():
    sheet = _sheet()
    sheet.say(":material/info: **12 %** of <b>visits</b>")
    assert "<p><strong>12 %</strong> of &lt;b&gt;visits&lt;/b&gt;</p>" in sheet.blocks[0]()


def test_numbers_stand_to_the_right_and_an_absent_one_is_empty():
    sheet = _sheet()
    sheet.table(pl.DataFrame({"visits": [1200, None], "site": ["North", None]}), "Rows", "")
    page = sheet.blocks[0]()
    assert '<th class="number">Visits</th><th>Site</th>' in page
    assert '<tr><td class="number">1,200</td><td>North</td></tr>' in page
    assert '<tr><td class="number"></td><td></td></tr>' in page


def test_no_line_of_a_table_ends_between_a_number_and_its_percent_sign():
    """U+00A0 is a space at which no line ends."""
    shares = pl.DataFrame({"site": ["North"], "interval": ["7.5 % to 14.2 %"]})
    sheet = _sheet()
    sheet.table(shares, "Rows", "")
    for shown in (sheet.blocks[0](), wrapped(shares, "Rows", {}, "en")):
        assert "7.5\u00a0% to 14.2\u00a0%" in shown
