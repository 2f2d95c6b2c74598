"""Small charts of one kind stand beside each other so that a telephone can show them."""

from datetime import date

import polars as pl

from dashboards.figures.comparisons import small_multiples


def test_two_stand_beside_each_other_under_names_in_lines_of_at_most_18_letters():
    """At 390 pixels three wrote their names and years over one another."""
    names = ["Body Mass Index (BMI) Screening and Follow-Up Plan", "Colorectal Cancer Screening", "Tobacco Use"]
    data = pl.DataFrame(
        {"slice_name": names, "month_on": [date(2026, 9, 1)] * 3, "value": [0.5, 0.6, 0.7], "is_mature": [True] * 3}
    )
    chart = small_multiples(data, unit="share")
    assert [title.text for title in chart.layout.annotations] == [
        "Body Mass Index<br>(BMI) Screening<br>and Follow-Up Plan", "Colorectal Cancer<br>Screening", "Tobacco Use",
    ]  # fmt: skip
    assert len({axis.domain[0] for axis in (chart.layout.xaxis, chart.layout.xaxis2, chart.layout.xaxis3)}) == 2
