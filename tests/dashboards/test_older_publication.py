"""A publication of an earlier version, as after going back to one: a page says what to run, and shows no traceback."""

import shutil
from pathlib import Path

import duckdb
import pytest


@pytest.fixture
def older_home(sample_home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`$CAREGAP_HOME` whose publication was made before KPIs said where they depart from an authority."""
    home = tmp_path / "older"  # beside the home of the fixture `app`, whose `published` is the sample's own
    folder = home / "published" / "1"
    shutil.copytree((sample_home.published / "current").resolve(), folder)
    folder.chmod(0o700)
    (home / "published" / "current").symlink_to("1")
    (folder / "warehouse.duckdb").chmod(0o600)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("alter table marts.dim_kpis drop column departs")
    monkeypatch.setenv("CAREGAP_HOME", str(home))
    return home


def test_a_page_that_reads_what_an_earlier_version_did_not_publish_says_what_to_run(app, older_home: Path):
    shown = app("catalog")
    assert not shown.exception
    assert (
        "An earlier version of Caregap made this publication, without marts.dim_kpis.departs: "
        "the next `caregap run` makes it readable here."
    ) in [info.value for info in shown.info]
