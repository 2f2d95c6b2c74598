"""Each page for leadership shows its charts, follows the filters, and can be exported as one file."""

import re

import polars as pl
import pytest

from dashboards.figures.wording import as_read
from dashboards.layout import exhibits
from pipelines.sql.connection import open_file
from tests.dashboards.conftest import wrapped

PAGES = ("overview", "kpi_explorer", "care_gaps", "appointments", "retention", "revenue", "roi")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_without_an_error_and_says_whose_data_it_shows(app, page: str):
    test = app(page)
    assert not test.exception
    assert any("data as of" in text.value for text in test.markdown)
    assert any("Synthetic data" in text.value for text in test.markdown)
    sheet = test.session_state["_sheet"].to_html()
    assert "<h1>" in sheet and "http://" not in sheet.split("<script>")[0]


@pytest.mark.parametrize("page", PAGES)
def test_every_chart_of_a_page_has_a_text_for_screen_readers(app, page: str):
    for chart in app(page).get("plotly_chart"):
        assert len(chart.proto.alt) > 20


def test_a_site_in_the_address_restricts_the_page(app):
    test = app("appointments")
    everywhere = int(test.metric[0].value.replace(",", ""))
    test.selectbox(key="site").select_index(1).run()
    assert not test.exception
    assert 0 < int(test.metric[0].value.replace(",", "")) < everywhere


@pytest.mark.parametrize("split", ["Site", "Provider", "Payer", "Segment"])
def test_a_kpi_can_be_split_by_each_of_its_dimensions(app, split: str):
    test = app("kpi_explorer")
    test.selectbox(key="split").select(split).run()
    assert not test.exception
    assert len(test.get("plotly_chart")) == 3


@pytest.mark.parametrize("compare", ["The period before", "A year before"])
def test_leadership_sees_how_much_of_a_change_is_rate_and_how_much_mix_of_sites_payers_and_segments(app, compare: str):
    test = app("kpi_explorer", address={"period": "3 months", "compare": compare})
    tile = next(tile for tile in test.metric if tile.label == "No-show rate")
    [(title, (head, *rows))] = [one for one in wrapped(test).items() if "rate, how much mix" in one[0]]
    assert tile.delta in title
    assert head[:4] == ["By", "Change", "Rate", "Mix"]
    assert [row[0] for row in rows] == ["Site", "Payer", "Segment"]

    def points(text: str) -> float:
        return float(text.removesuffix(" pts").replace("−", "-").replace("±", ""))

    for _, whole, rate, mix, *_rest in rows:
        assert whole == tile.delta
        assert points(rate) + points(mix) == pytest.approx(points(whole))


def test_a_change_within_one_site_is_not_taken_apart_by_site(app):
    test = app("kpi_explorer", address={"period": "3 months", "site": "East Clinic"})
    [(_, (_head, *rows))] = [one for one in wrapped(test).items() if "rate, how much mix" in one[0]]
    assert [row[0] for row in rows] == ["Payer", "Segment"]


def test_rows_behind_a_kpi_are_for_roles_with_patient_data_and_leave_a_line_in_the_audit_log(app, shown_home):
    assert not [toggle for toggle in app("kpi_explorer").toggle if toggle.key == "rows"]
    test = app("kpi_explorer", role="analyst_phi")
    test.toggle(key="rows").set_value(True).run()
    assert not test.exception
    assert "patient_viewed" in (shown_home / "audit" / "audit.jsonl").read_text()


@pytest.mark.parametrize(
    ("kpi", "shown"),
    [
        ("Access · No-show rate", {"mrn", "status", "lead_time_days"}),
        ("Revenue cycle · Gross days in A/R", {"payer_class", "patient_segment", "denominator"}),
        ("Revenue cycle · Net collection rate", {"mrn", "record", "kind", "service_code", "amount_usd"}),
        ("Care · Care-gap closure rate", {"mrn", "measure_code", "status"}),
    ],
)
def test_rows_behind_a_kpi_say_what_is_published_of_the_record(app, kpi: str, shown: set[str]):
    test = app("kpi_explorer", role="analyst_phi")
    test.selectbox(key="kpi").select(kpi).run()
    test.toggle(key="rows").set_value(True).run()
    assert not test.exception
    listed = next(table.value for table in test.dataframe if "day" in table.value.columns)
    assert len(listed) > 0
    assert shown <= set(listed.columns)
    assert listed[list(shown)].notna().any().all()


def test_the_patients_behind_a_measure_are_those_of_its_open_gaps_and_for_roles_with_patient_data(app, shown_home):
    assert not [toggle for toggle in app("care_gaps").toggle if toggle.key == "patients"]
    test = app("care_gaps", role="analyst_phi")
    measures = next(table.value for table in test.dataframe if "n_open" in table.value.columns)
    test.toggle(key="patients").set_value(True).run()
    assert not test.exception
    listed = next(table.value for table in test.dataframe if "next_action" in table.value.columns)
    assert len(listed) == measures["n_open"].max() > 0
    assert '"open gaps of' in (shown_home / "audit" / "audit.jsonl").read_text()
    assert {"patient", "mrn"} <= set(listed.columns) and listed["patient"].notna().all()
    assert any("Choose a row to see its patient." in one.value for one in test.caption)


def test_measures_are_listed_by_topic_and_found_by_code_name_or_topic(app):
    def listed(test):
        return next(table.value for table in test.dataframe if "topic" in table.value.columns)

    test = app("care_gaps")
    every = listed(test)
    assert list(every["topic"]) == sorted(every["topic"]) and every["topic"].nunique() > 3
    for words, column in (("cms125", "measure_code"), ("breast", "measure"), ("CANCER SCR", "topic")):
        found = listed(test.text_input(key="wanted_measure").set_value(words).run())
        assert 0 < len(found) < len(every) and found[column].str.lower().str.contains(words.lower()).all()
    assert len(listed(test.text_input(key="wanted_measure").set_value("no such thing").run())) == 0
    assert not test.exception


def test_scenarios_stand_side_by_side_with_their_intervals(app):
    test = app("roi")
    scenarios = wrapped(test)["The scenarios side by side"]
    assert len(scenarios[0]) - 1 == len(test.get("button_group")[0].proto.options)
    worth = next(row for row in scenarios if row[0] == "Net present value")
    assert all(" to " in said for said in worth[1:])


def test_every_total_of_the_program_says_how_far_it_is_from_the_answer(app):
    """Four compete otherwise: the median of the draws, means by year, the sum so far, and one reckoning from central inputs."""
    test = app("roi")
    answered = next(tile.value for tile in test.metric if tile.label == "Net present value")
    notes = [as_read(caption.value) for caption in test.caption]
    apart = re.compile(r"(−?\$[\d,]+), (\$[\d,]+) (more|less) than the answer above, (−?\$[\d,]+)")
    found = [apart.search(note).groups() for note in notes if "the answer above" in note]
    assert len(found) == 3

    def number(text: str) -> int:
        return int(re.sub(r"[^0-9−]", "", text).replace("−", "-"))

    for total, distance, which, answer in found:
        assert answer == as_read(answered)
        assert number(total) - number(answer) == (1 if which == "more" else -1) * number(distance)


def test_what_may_be_said_and_the_scenarios_are_no_grids_which_cut_what_is_wider_than_the_screen(app):
    """The grids that remain on the page are rows of the methods, behind a fold."""
    test = app("roi")
    assert {
        "What may be said of each outcome",
        "Money by year of the program",
        "Total cost of ownership over three and five years",
        "The scenarios side by side",
        "What vendors commonly claim, and what is found here",
        "Where each metric stands, and why nothing else is said of it",
    } == set(wrapped(test))
    assert len(test.dataframe) == len([table for fold in test.expander for table in fold.dataframe])


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("overview", "board_metrics"),
        ("roi", "board_claims"),
        ("roi", "board_metrics_behind"),
        ("roi", "effects"),
        ("roi", "designs_tried"),
        ("roi", "baselines"),
        ("roi", "scenarios"),
        ("roi", "money_by_year"),
        ("kpi_explorer", "no_show_rate_rate_and_mix"),
    ],
)
def test_what_is_shown_in_words_is_taken_away_as_numbers(app, page: str, name: str, monkeypatch: pytest.MonkeyPatch):
    """A spreadsheet cannot add up `'+2.1 % (−2.7 % to +10.2 %)`, whose apostrophe keeps it from being read as a formula."""
    frames: dict = {}
    monkeypatch.setattr(exhibits, "offer", lambda frame, name, **_: frames.update({name: frame}))
    assert not app(page, address={"period": "3 months", "compare": "The period before"}).exception
    written = re.compile(r"[+−±-]?\$?\d[\d,.]*(?: (?:%|pts|[a-z]+))?(?: ?\(.*| to .*| \?| of .*)?$")
    told = frames[name].drop("typical_range", "hash", strict=False)  # what vendors say, in words, and digits that are no number
    texts = [text for column in told.select(pl.col(pl.String)) for text in column if text and written.match(text)]
    assert texts == []
    assert any(dtype.is_float() for dtype in frames[name].dtypes)


def test_the_share_that_an_effect_is_stands_with_what_it_is_a_share_of_on_every_page(app):
    """−66.7 % of 14.5 % are the −9.6 points that the page shows for the same outcome."""
    shown = wrapped(app("roi"))
    [claimed] = [row for row in shown["What vendors commonly claim, and what is found here"] if row[0] == "No-show rate"]
    effect = next(re.search(r"−([\d.]+) % of ([\d.]+) %", cell) for cell in map(as_read, claimed) if " of " in cell)
    [said] = [row for row in shown["What may be said of each outcome"] if row[0] == "No-show rate"]
    points = float(re.match(r"−([\d.]+) pts", as_read(said[1]))[1])
    assert float(effect[1]) / 100 * float(effect[2]) == pytest.approx(points, abs=0.1)


def test_all_sums_of_the_program_s_money_are_one_total_and_a_year_that_has_begun_is_projected_in_part(app):
    """Costs: by year, all years, and three years of ownership. Benefits: by year, all years, and by category in the chart."""
    test = app("roi")
    shown = wrapped(test)

    def dollars(text: str) -> int:
        return int(re.sub(r"[^\d−-]", "", as_read(text)).replace("−", "-"))

    head, benefits, costs, _ = shown["Money by year of the program"]
    assert any(name.endswith("in part projected") for name in head)
    for row in (benefits, costs):
        *years, total = map(dollars, row[1:])
        assert sum(years) == total
    owned_head, *owned = shown["Total cost of ownership over three and five years"]
    [whole] = [row for row in owned if row[0] == "Total"]
    three = [name.startswith("3 years") and "discounted" not in name for name in owned_head].index(True)
    assert dollars(whole[three]) == -dollars(costs[-1])
    assert sum(dollars(row[three]) for row in owned if row[0] != "Total") == dollars(whole[three])
    assert any("Year 3 is projected in part, later years wholly." in caption.value for caption in test.caption)


def test_the_return_is_answered_before_any_table_is_shown(app):
    """The first lines after the head: the verdict, then four figures with their intervals."""
    test = app("roi")
    said = next(text.value for text in test.markdown if text.value.startswith("**The program"))
    assert "Next" in said
    assert [tile.label for tile in test.metric[:4]] == [
        "Net present value",
        "Return on cost",
        "Chance that it pays",
        "Money back",
    ]
    assert [header.value for header in test.header] == [
        "How good the evidence is",
        "The money by year",
        "What would change the answer",
        "Vendor claims, beside this practice's results",
        "Methods",
    ]


def test_a_moved_assumption_gives_the_worth_that_the_tornado_has_at_its_end(app, sample_warehouse):
    """The contribution margin at the end of its range that is drawn: its line in the tornado was worked out by the build."""
    query = """
        select high, npv_high_usd from delivery.fct_program_sensitivity
        where scenario = 'base' and assumption = 'contribution_margin'
    """
    with open_file(sample_warehouse, read_only=True) as connection:
        high, worth = connection.execute(query).fetchone()
    test = app("roi")
    slider = next(one for one in test.select_slider if one.key == "lever_base_contribution_margin")
    slider.set_value(high).run()
    said = next(text.value for text in test.markdown if text.value.startswith("**Net present value"))
    shown = float(re.sub(r"[^0-9−]", "", said.split("**")[1]).replace("−", "-"))
    assert shown == pytest.approx(worth, abs=5)
    assert any("contribution_margin = " in code.value for code in test.code)


def test_a_year_of_which_some_months_were_observed_is_projected_in_part_and_one_of_which_all_were_is_not(app):
    """The sample's program has 27 months of 36."""
    head, *_ = wrapped(app("roi"))["Money by year of the program"]
    assert head[1:4] == ["Year 1", "Year 2", "Year 3, in part projected"]


def test_every_slider_of_an_assumption_says_its_unit(app):
    sliders = [one for one in app("roi").select_slider if one.key.startswith("lever_")]
    effects = {one.key.partition(":")[2]: one.options[0].split(" ", 1)[1] for one in sliders if ":" in one.key}
    assert effects == {code: "days" if code == "days_in_ar" else "pts" for code in effects} and len(effects) >= 3
    assert [one.label for one in sliders if not re.fullmatch(r"−?[\d,.]+ [a-z%].*", one.options[0])] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_chart_and_every_table_of_a_page_can_be_taken_away_as_csv(app, page: str):
    test = app(page)
    exports = [button.proto.label for button in test.get("download_button")]
    charts = 1 if page == "overview" else len(test.get("plotly_chart"))
    assert exports.count("CSV") == charts + len(test.dataframe) + len(wrapped(test))


def test_the_model_of_missed_appointments_speaks_of_appointments(app):
    """It said that too few patients drifted away for its curves, and that there was no fitted model."""
    test = app("model")
    box = test.selectbox(key="model")
    box.select(next(name for name in box.options if name.startswith("Missing"))).run()
    said = " ".join(one.value for kind in ("markdown", "caption", "info") for one in test.get(kind))
    assert not test.exception and " appointments of " in said
    assert "drifted away" not in said and "no fitted model" not in said
    assert said.count("it is worked out for the model of drifting away alone") == 2
