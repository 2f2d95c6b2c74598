"""An error that nobody expected ends in a sentence and a report without patient data; a traceback is for those who ask for it."""

import pytest

from pipelines.home import Home
from pipelines.raw import value_sets
from tests.conftest import Done, caregap


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def unexpected(home: Home, monkeypatch: pytest.MonkeyPatch):
    """Runs a command that meets an error with a patient's name in its message."""

    def run(*options: str) -> Done:
        def fails(*_):
            raise ValueError("cannot read 'Quenby, Ann'")

        monkeypatch.setattr(value_sets, "load_value_sets", fails)
        return caregap(home, *options, "value-sets", "load", home.root)

    return run


def test_an_unexpected_error_says_where_its_report_is_and_what_to_do_next(home, unexpected):
    done = unexpected()
    said, advice = done.stderr.splitlines()
    assert (done.returncode, said) == (1, "caregap: unexpected ValueError: cannot read '…'")
    (report,) = (home.root / "errors").iterdir()
    assert str(report) in advice and "caregap doctor" in advice
    written = report.read_text()
    assert "tests/faults/test_unexpected_errors.py:" in written and "Quenby" not in written
    assert str(home.root) not in written
    assert report.stat().st_mode & 0o077 == 0


def test_only_debug_prints_where_it_happened(unexpected):
    assert "test_unexpected_errors.py:" not in unexpected().stderr
    done = unexpected("--debug")
    assert "test_unexpected_errors.py:" in done.stderr and "Quenby" not in done.stderr


def test_the_last_twenty_reports_are_kept(home, unexpected):
    (home.root / "errors").mkdir()
    for n in range(30):
        (home.root / "errors" / f"20200101T0000{n:02}-1.txt").touch()
    unexpected()
    assert len(list((home.root / "errors").iterdir())) == 20


def test_a_home_that_cannot_be_made_ends_with_13_and_says_what_to_set(tmp_path):
    (tmp_path / "file").touch()
    done = caregap(Home(tmp_path / "file" / "home"), "publish")
    assert (done.returncode, "Set CAREGAP_HOME" in done.stderr) == (13, True)
