"""What doctor says of an installation and its home."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.home_keys import store
from pipelines.backup import back_up
from pipelines.cli import diagnosis
from pipelines.cli.diagnosis_of_files import Diagnosis
from pipelines.home import Home
from tests.conftest import caregap

ACCESS = """
[sign_in]
issuer = "https://id.example.org"
client_id = "caregap"
redirect_uri = "https://caregap.example.org/oauth2callback"
"""


def test_doctor_names_the_mistake_in_the_file_that_says_who_may_sign_in(tmp_path: Path):
    home = Home(tmp_path)
    assert diagnosis._access(home) == []
    for more, is_well in (("", True), ('user_claim = "email"', False)):
        (tmp_path / "access.toml").write_text(ACCESS + more)
        (found,) = diagnosis._access(home)
        assert (found.is_well, "access.toml:6: sign_in.user_claim" in found.state) == (is_well, not is_well)


@pytest.mark.parametrize(("version", "is_well"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)])
def test_doctor_takes_every_python_that_caregap_runs_on(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], is_well: bool):
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    assert diagnosis._python().is_well is is_well


def test_doctor_ends_each_sentence_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = [Diagnosis("Encryption", False, "Wrong key. Give the right one.", "Give the home's key.")]
    monkeypatch.setattr(diagnosis, "diagnose", lambda home, is_deep: found)
    assert "one. Give the home's key." in caregap(Home(tmp_path), "doctor").stdout


@pytest.mark.parametrize("command", ["lists", "export"])
def test_nothing_is_written_in_clear_into_an_encrypted_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str):
    home, link = Home(tmp_path / "home"), tmp_path / "link"
    home.root.mkdir(mode=0o700)
    link.symlink_to(home.root)
    monkeypatch.setenv("CAREGAP_KEY", "5" * 64)
    store.encrypt_home(home.root)
    for folder in (home.root / "lists", link / "lists"):
        done = caregap(home, command, "--out", folder)
        assert done.returncode == 2 and "lies in the home" in done.stderr
    assert not (home.root / "lists").exists()
    assert caregap(home, command, "--out", tmp_path / "out").returncode == 12, "nothing is published, and nothing else is wrong"


def test_two_backups_of_one_second_are_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    at = datetime(2026, 11, 29, 20, tzinfo=UTC)
    monkeypatch.setattr("pipelines.backup.now", lambda: at)
    for name in ("north", "south"):
        home = Home(tmp_path / name)
        home.root.mkdir(mode=0o700)
        back_up(home, tmp_path / "backups")
    assert [path.name for path in sorted((tmp_path / "backups").glob("caregap-*"))] == [
        "caregap-20261129T200000-0",
        "caregap-20261129T200000-0a",
    ]
