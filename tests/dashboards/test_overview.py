"""The overview shows what is published, and says so where nothing is."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from models.wording import amount, change
from pipelines.sql.connection import open_file
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


def test_each_tile_shows_the_newest_mature_quarter_of_the_facts_and_its_change(overview: AppTest, sample_warehouse: Path):
    """Summed here from the finest rows: the newest mature month and the two before it, beside the three before these."""
    with open_file(sample_warehouse, read_only=True) as connection:
        facts = connection.execute(
            """
            with newest as (select kpi_code, max(month_on) as last_on from marts.fct_kpis where is_mature group by all),
            months as (
                select kpi_code, date_diff('month', month_on, last_on) as age, numerator, denominator
                from marts.fct_kpis inner join newest using (kpi_code)
                where is_mature and is_complete_month
            )
            select kpis.kpi_name, kpis.unit,
                sum(numerator) filter (where age < 3) / sum(denominator) filter (where age < 3),
                sum(numerator) filter (where age between 3 and 5) / sum(denominator) filter (where age between 3 and 5)
            from marts.dim_kpis as kpis
            left join months using (kpi_code)
            where kpis.is_headline
            group by all
            """
        ).fetchall()
    shown = {tile.label: (tile.value, tile.delta) for tile in overview.metric}
    assert shown == {name: (amount(now, unit), change(now - before, unit)) for name, unit, now, before in facts}
