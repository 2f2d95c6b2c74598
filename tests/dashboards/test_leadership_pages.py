"""Each page for leadership shows its charts, follows the filters, and can be exported as one file."""

import pytest

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
    assert len(listed) == measures["n_open"].iloc[0] > 0
    assert '"open gaps of' in (shown_home / "audit" / "audit.jsonl").read_text()


def test_scenarios_stand_side_by_side_with_their_intervals(app):
    test = app("roi")
    scenarios = next(table.value for table in test.dataframe if "npv_interval" in table.value.columns)
    assert len(scenarios) == len(test.get("button_group")[0].proto.options)
    assert all(" to " in interval for interval in scenarios["npv_interval"])


@pytest.mark.parametrize("page", PAGES)
def test_every_chart_and_every_table_of_a_page_can_be_taken_away_as_csv(app, page: str):
    test = app(page)
    exports = [button.proto.label for button in test.get("download_button")]
    charts = 1 if page == "overview" else len(test.get("plotly_chart"))
    assert exports.count("CSV") == charts + len(test.dataframe)
