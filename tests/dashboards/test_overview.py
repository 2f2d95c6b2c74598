"""The overview shows what is published, and says so where nothing is."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboards.conftest import APP


@pytest.fixture
def overview(app) -> AppTest:
    return app("overview")


def test_every_headline_kpi_has_a_tile_with_its_definition_on_hover(overview: AppTest):
    assert not overview.exception
    assert len(overview.metric) == 8
    assert all(tile.help for tile in overview.metric)


def test_the_page_says_up_to_which_day_the_data_go_and_that_they_are_synthetic(overview: AppTest):
    assert any("data as of" in text.value for text in overview.markdown)
    assert any("Synthetic data: nobody here is a real person" in text.value for text in overview.markdown)


def test_without_a_publication_the_page_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))
    page = AppTest.from_file(APP, default_timeout=60).run()
    assert not page.exception
    assert not page.metric
    assert "make run" in page.info[0].value
