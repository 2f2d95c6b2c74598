"""What doctor says of an installation and its home."""

import sys
from pathlib import Path

import pytest

from pipelines.cli import diagnosis
from pipelines.home import Home

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
