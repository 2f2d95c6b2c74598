"""A publication of an earlier version, as after going back to one: pages and commands say what to run, and show no traceback."""

import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.home import Home
from tests.conftest import caregap


@pytest.fixture
def older_home(sample_home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`$CAREGAP_HOME` whose publication was made before KPIs said where they depart from an authority, rows of some measures
    were restricted, and a clinician's list had a number."""
    home = tmp_path / "older"  # beside the home of the fixture `app`, whose `published` is the sample's own
    shown = (sample_home.published / "current").resolve()
    folder = home / "published" / shown.name
    shutil.copytree(shown, folder)
    folder.chmod(0o700)
    (home / "published" / "current").symlink_to(shown.name)
    (folder / "warehouse.duckdb").chmod(0o600)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("alter table marts.dim_kpis drop column departs")
        connection.execute("alter table catalog.tables drop column restricting_column")
        connection.execute("alter table delivery.out_outreach_suppressions drop column care_phone")
    monkeypatch.setenv("CAREGAP_HOME", str(home))
    return home


def test_a_page_that_reads_what_an_earlier_version_did_not_publish_says_what_to_run(app, older_home: Path):
    shown = app("catalog")
    assert not shown.exception
    [said] = [info.value for info in shown.info if info.value.startswith("An earlier version of Caregap made this publication")]
    assert said.endswith("the next `caregap run` makes it readable here.") and "catalog.tables.restricting_column" in said


def test_a_care_team_comes_in_on_such_a_publication_and_is_told_what_to_run(app, older_home: Path):
    shown = app("outreach", role="care_team")
    assert not shown.exception
    assert any("the next `caregap run` makes it readable here" in info.value for info in shown.info)


def test_lists_of_such_a_publication_are_refused_with_what_to_run(older_home: Path, tmp_path: Path):
    done = caregap(Home(older_home), "lists", "--out", tmp_path / "lists")
    assert done.returncode == 12
    assert "without marts.dim_kpis.departs, delivery.out_outreach_suppressions.care_phone" in done.stderr
    assert "the next `caregap run` makes it readable here." in done.stderr and "unexpected" not in done.stderr
