"""How an Odoo for the tests is had, and what is said where it is not."""

from pathlib import Path

import pytest

from tests.connect.odoo import install
from tests.connect.odoo.server import OdooUnavailable, running_odoo


def test_without_an_odoo_the_reason_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_ODOO", str(tmp_path))
    with pytest.raises(OdooUnavailable, match="run make setup-odoo"), running_odoo():
        pass


def test_the_machines_own_archive_is_asked_for_another_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stanza = "Types: deb\nURIs: mirror://main\nSuites: bookworm bookworm-updates\nComponents: main\n"
    security = "Types: deb\nURIs: mirror://security\nSuites: bookworm-security\nComponents: main\n"
    (tmp_path / "debian.sources").write_text(f"{security}\n{stanza}")
    monkeypatch.setattr(install, "SOURCES", tmp_path / "debian.sources")
    (tmp_path / "apt").mkdir()
    written = install._sources_of_another_suite(tmp_path / "apt").read_text()
    assert written == "Types: deb\nURIs: mirror://main\nSuites: sid\nComponents: main\n"


def test_a_machine_without_such_an_archive_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(install, "SOURCES", tmp_path / "debian.sources")
    with pytest.raises(OdooUnavailable, match="no package sources"):
        install._sources_of_another_suite(tmp_path)


def test_the_lock_names_no_address():
    lock = (Path(install.__file__).parent / "requirements.txt").read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock
