"""A day of a care team in a real browser: open a patient, record an outcome, export the list; the next run knows of it."""

import csv
import io
import shutil
from pathlib import Path

import pytest

from pipelines.defs.run import run
from pipelines.home import Home
from pipelines.practice import SAMPLE, read_practice
from pipelines.sql.connection import open_file

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def team_home(sample_home: Home, tmp_path: Path, parsed_dbt: Path) -> Home:
    """A home of its own with all that the sample's has, so that a run can follow."""
    home = Home(tmp_path / "home")
    shutil.copytree(sample_home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("dbt", "build", "outcomes"))
    home.dbt.symlink_to(parsed_dbt)
    return home


def test_an_outcome_recorded_in_the_browser_is_off_the_list_at_once_and_in_the_warehouse_after_a_run(chromium, serve, team_home):
    page = chromium.new_page(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{serve(team_home.root)}/outreach?viewer_role=care_team")
    first = page.locator(".st-key-outreach_rows").get_by_role("button").first
    name = first.inner_text().partition(". ")[2]
    first.click()

    drawer = page.get_by_role("dialog")
    drawer.get_by_text("How to reach them").wait_for()
    drawer.get_by_role("button", name="No answer").or_(drawer.get_by_text("No answer", exact=True)).first.click()
    drawer.get_by_role("button", name="Record", exact=True).click()
    drawer.get_by_text(f"Recorded for {name}: No answer.").wait_for()
    assert drawer.get_by_role("heading", name=name).count() == 0, "the next patient's profile follows"
    page.keyboard.press("Escape")
    drawer.wait_for(state="detached")
    assert "1 worked since the last run" in page.get_by_test_id("stMain").inner_text()
    assert name not in page.locator(".st-key-outreach_rows").inner_text()

    page.get_by_text("Search, filter, or show more").click()
    page.get_by_label("Search").first.fill("<img src=x onerror=alert(1)>")
    page.keyboard.press("Enter")
    page.get_by_text("Nobody matches").wait_for()
    page.get_by_label("Search").first.fill("")
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    exported = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert exported and exported[0]["patient_name"]
    assert page.get_by_test_id("stException").count() == 0
    assert not errors
    page.close()

    done = run(team_home, read_practice(SAMPLE))
    assert done.is_new
    with open_file(team_home.published / done.publication.id / "warehouse.duckdb", read_only=True) as connection:
        rows = connection.execute("select outcome, patient_key is not null from marts.fct_outreach_outcomes").fetchall()
    assert rows == [("no_answer", True)]
