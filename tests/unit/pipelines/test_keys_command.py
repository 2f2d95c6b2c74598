"""`caregap keys`, and what other commands say of keys."""

import signal
import stat
from pathlib import Path

import pytest

from models.audit_log.store import audit_log
from models.home_keys import store
from models.home_keys.wrapping import KeysRefused
from pipelines.cli.diagnosis import diagnose
from pipelines.home import Home
from pipelines.landing.tombstones import Tombstones
from tests.conftest import Done, caregap, caregap_process

REAL = 'id = "p"\nname = "P"\ntime_zone = "UTC"\n[sources]\nehr = "."\n'
KEY = "4" * 64


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("CAREGAP_KEY", "CAREGAP_KEY_FILE", "CREDENTIALS_DIRECTORY"):
        monkeypatch.setenv(name, "")
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    return home


def _encryption(home: Home) -> tuple[bool, str]:
    [found] = [one for one in diagnose(home) if one.what == "Encryption"]
    return found.is_well, found.state


def _destroyed(home: Home, *places: str) -> Done:
    return caregap(home, "keys", "destroy", *places, "--yes")


def test_a_new_key_is_written_outside_the_home_for_its_owner_alone_and_never_printed(home: Home, tmp_path: Path):
    done = caregap(home, "keys", "init", "--to", tmp_path / "key")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert f"Set CAREGAP_KEY_FILE={tmp_path / 'key'}" in done.stdout
    assert (tmp_path / "key").read_text().strip() not in done.stdout
    assert store.places(home.root) == ["home"]


def test_a_key_is_not_written_into_the_home(home: Home):
    done = caregap(home, "keys", "init", "--to", home.root / "key")
    assert (done.returncode, "lies in the home" in done.stderr) == (13, True)
    assert not store.is_encrypted(home.root)


def test_a_second_key_for_an_encrypted_home_is_a_rotation(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    assert caregap(home, "keys", "init").returncode == 0
    done = caregap(home, "keys", "init", "--to", tmp_path / "key")
    assert (done.returncode, "caregap keys rotate" in done.stderr) == (2, True)
    assert not (tmp_path / "key").exists()


def test_a_rotation_killed_after_any_key_leaves_all_readable_and_the_next_ends_it(home: Home, monkeypatch: pytest.MonkeyPatch):
    """Four keys: the home's, and one each of landing, journals and a publication. The second process goes on from the first."""
    new = "5" * 64
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    monkeypatch.setenv("CAREGAP_TESTING", "1")
    store.encrypt_home(home.root)
    files = [home.root / place / "file" for place in ("landing/p", "outcomes/p", "published/1")]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_bytes(store.sealed(file, b"Ann"))
    monkeypatch.setenv("CAREGAP_KEY", f"{new}\n{KEY}")
    for n in (1, 2, 4):
        monkeypatch.setenv("CAREGAP_FAULT", f"keys.rewrapped#{n}:kill")
        assert caregap_process(home, "keys", "rotate").returncode == -signal.SIGKILL
        assert [store.read(file) for file in files] == [b"Ann"] * 3
    monkeypatch.setenv("CAREGAP_FAULT", "")
    done = caregap(home, "keys", "rotate")
    assert (done.returncode, done.stdout.startswith("0 of 4 keys")) == (0, True), done.stdout
    monkeypatch.setenv("CAREGAP_KEY", new)
    assert [store.read(file) for file in files] == [b"Ann"] * 3
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    with pytest.raises(KeysRefused, match="Wrong key"):
        store.read(files[0])


def test_doctor_fails_a_home_of_real_patients_in_clear(home: Home):
    (home.root / "practice.toml").write_text(REAL)
    assert _encryption(home) == (False, "NOT ENCRYPTED, AND THESE ARE REAL PATIENTS")


def test_doctor_repeats_what_the_practice_says_of_its_disk(home: Home):
    (home.root / "practice.toml").write_text('encryption = "disk"\n' + REAL)
    is_well, state = _encryption(home)
    assert is_well and "by practice.toml the disk is encrypted" in state


def test_doctor_knows_whether_the_key_at_hand_is_the_homes(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    store.encrypt_home(home.root)
    store.waits_no_more(home.root)
    assert _encryption(home) == (True, f"encrypted, 1 keys under {store.masters(home.root).wrapping.id}")
    monkeypatch.setenv("CAREGAP_KEY", "9" * 64)
    is_well, state = _encryption(home)
    assert not is_well and state.startswith("Wrong key: ")


def test_a_typing_error_destroys_nothing(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    store.encrypt_home(home.root)
    store.key_for(home.root / "landing" / "p" / "x")
    for places in (["landing/q"], ["home"], ["landing/p", "--all"], []):
        assert _destroyed(home, *places).returncode == 2
    assert "destroyed_at" not in store.state(home.root, "landing/p")


def test_what_is_shown_is_not_destroyed_by_its_name(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    store.encrypt_home(home.root)
    (home.published / "1").mkdir(parents=True)
    store.key_for(home.published / "1" / "warehouse.duckdb")
    (home.published / "current").symlink_to("1")
    done = _destroyed(home, "published/1")
    assert (done.returncode, "is shown" in done.stderr) == (2, True)


def test_the_list_of_who_was_erased_is_destroyed_only_with_everything(home: Home, monkeypatch: pytest.MonkeyPatch):
    """Without it, the next delivery brings them back."""
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    store.encrypt_home(home.root)
    Tombstones.of(home, "p").add(["0" * 32])
    done = _destroyed(home, "erasures/p")
    assert (done.returncode, "comes back with the next delivery" in done.stderr) == (2, True)
    assert Tombstones.of(home, "p").marks() == {"0" * 32}


@pytest.mark.parametrize("link", ["landing/p", "landing"])
def test_what_lies_behind_a_link_is_not_destroyed_by_halves(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, link: str
):
    """What the link leads to would stay, in a folder that may be another's: the key stays, too."""
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    store.encrypt_home(home.root)
    store.key_for(home.root / "landing" / "p" / "x")
    (tmp_path / "elsewhere" / "p").mkdir(parents=True)
    (home.root / link).parent.mkdir(exist_ok=True)
    (home.root / link).symlink_to(tmp_path / "elsewhere")
    for places in (["landing/p"], ["--all"]):
        done = _destroyed(home, *places)
        assert (done.returncode, "landing/p: is a link or lies behind one" in done.stderr) == (2, True)
    assert "destroyed_at" not in store.state(home.root, "landing/p")
    assert (tmp_path / "elsewhere" / "p").is_dir()


def test_keys_are_destroyed_on_record(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    store.encrypt_home(home.root)
    store.key_for(home.root / "landing" / "p" / "x")
    assert _destroyed(home, "landing/p").returncode == 0
    assert [(line["event"], line["subject"]) for line in audit_log(home.root).entries()] == [("keys_destroyed", "landing/p")]
    assert "landing/p: destroyed at 20" in caregap(home, "keys", "list").stdout
