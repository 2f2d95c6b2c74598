"""Keys of a home: wrapped by a master key that lies elsewhere, each bound to its folder."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.home_keys import store, texts
from models.home_keys.wrapping import DataKey, KeysRefused, Masters

OLD, NEW = "1" * 64, "2" * 64


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An encrypted home, with the master key in the environment."""
    monkeypatch.setenv("CAREGAP_KEY", OLD)
    root = tmp_path / "home"
    root.mkdir()
    store.encrypt_home(root)
    store.waits_no_more(root)
    return root


@given(st.lists(st.binary(), max_size=5))
def test_pieces_that_are_added_come_back_in_order(pieces: list[bytes]):
    key = DataKey.new("outcomes/p")
    written = b"".join(texts.sealed(key, piece) for piece in pieces)
    assert texts.opened(key, written) == b"".join(pieces)
    assert written.count(b"\n") == len(pieces)


def test_a_piece_that_a_crash_cut_off_was_never_added():
    key = DataKey.new("outcomes/p")
    whole, cut = texts.sealed(key, b"one\n"), texts.sealed(key, b"two\n")
    assert texts.opened(key, whole + cut[:-5]) == b"one\n"


def test_a_changed_byte_is_refused():
    key = DataKey.new("outcomes/p")
    written = bytearray(texts.sealed(key, b"nothing else"))
    written[20] = ord("A") if written[20] != ord("A") else ord("B")
    with pytest.raises(KeysRefused, match="outcomes/p is damaged"):
        texts.opened(key, bytes(written))


def test_a_wrapped_key_opens_in_its_own_folder_alone():
    masters = Masters((OLD,), "CAREGAP_KEY")
    kept = DataKey.new("landing/a").wrapped(masters.wrapping)
    assert masters.unwrapped("landing/a", kept).derived("duckdb")
    with pytest.raises(KeysRefused, match="wrapped key of landing/b is damaged"):
        masters.unwrapped("landing/b", kept)


def test_no_use_of_a_key_has_the_key_of_another():
    key = DataKey.new("landing/a")
    assert len({key.derived(use) for use in ("duckdb", "parquet", "text")}) == 3


def test_a_file_has_the_key_of_its_folder_wherever_it_is_made(home: Path):
    finished = home / "published" / "20260101T000000-abc" / "warehouse.duckdb"
    in_scratch = home / "published" / ".scratch-1-2" / "20260101T000000-abc" / "warehouse.duckdb"
    for path in (finished, in_scratch):
        path.parent.mkdir(parents=True)
    made = store.key_for(in_scratch)
    assert made and made.place == "published/20260101T000000-abc"
    assert store.key_of(finished).derived("duckdb") == made.derived("duckdb")


@pytest.mark.parametrize("linked", ["history", "history/p"])
def test_a_link_that_leads_out_of_the_home_is_refused_and_nothing_is_written_in_clear(home: Path, tmp_path: Path, linked: str):
    """As somebody makes it whose disk is full. A home that is itself a link, and links within it, lead to its keys."""
    (tmp_path / "elsewhere" / "p").mkdir(parents=True)
    (home / linked).parent.mkdir(exist_ok=True)
    (home / linked).symlink_to(tmp_path / "elsewhere")
    for ask in (store.key_for, store.key_of, lambda path: store.sealed(path, b"who")):
        with pytest.raises(KeysRefused, match="leads out of the home"):
            ask(home / "history" / "p" / "x")
    (home / "published" / "1").mkdir(parents=True)
    (home / "published" / "current").symlink_to("1")
    (tmp_path / "link").symlink_to(home)
    path = tmp_path / "link" / "published" / "current" / "list.csv"
    path.write_bytes(store.sealed(path, b"who"))
    assert b"who" not in path.read_bytes() and store.read(home / "published" / "1" / "list.csv") == b"who"
    assert store.key_of(home / ".." / "elsewhere" / "x" / "y") is None


def test_what_names_nobody_has_no_key(home: Path):
    assert [store.key_for(home / name) for name in ("published/last_run.json", "number", "audit/audit.jsonl")] == [None] * 3
    assert store.key_for(home.parent / "elsewhere" / "published" / "x" / "warehouse.duckdb") is None


def test_a_home_without_keys_writes_as_it_always_did(tmp_path: Path):
    assert store.sealed(tmp_path / "outcomes" / "p" / "x.csv", b"as it is") == b"as it is"


def test_an_open_journal_is_encrypted_although_its_name_is_hidden(home: Path):
    path = home / "outcomes" / "p" / ".outreach_outcomes.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(store.sealed(path, b"who"))
    assert b"who" not in path.read_bytes()
    assert store.read(path) == b"who"


def test_no_key_and_no_wrong_key_opens_the_home(home: Path, monkeypatch: pytest.MonkeyPatch):
    path = home / "queries" / "x.json"
    path.parent.mkdir()
    path.write_bytes(store.sealed(path, b"{}"))
    monkeypatch.setenv("CAREGAP_KEY", NEW)
    with pytest.raises(KeysRefused, match=r"^Wrong key: queries was encrypted under the key"):
        store.read(path)
    monkeypatch.delenv("CAREGAP_KEY")
    with pytest.raises(KeysRefused, match="its key is not given"):
        store.read(path)


def test_a_rotated_key_changes_no_file_and_the_old_master_opens_nothing(home: Path, monkeypatch: pytest.MonkeyPatch):
    path = home / "queries" / "x.json"
    path.parent.mkdir()
    path.write_bytes(before := store.sealed(path, b"{}"))
    monkeypatch.setenv("CAREGAP_KEY", f"{NEW}\n{OLD}")
    assert [store.rewrap(home, place) for place in store.places(home)] == [True, True]
    assert [store.rewrap(home, place) for place in store.places(home)] == [False, False]
    monkeypatch.setenv("CAREGAP_KEY", NEW)
    assert path.read_bytes() == before and store.read(path) == b"{}"
    monkeypatch.setenv("CAREGAP_KEY", OLD)
    with pytest.raises(KeysRefused, match="Wrong key"):
        store.read(path)


def test_a_destroyed_key_leaves_no_byte_of_what_was_kept_of_it(home: Path):
    path = home / "published" / "1" / "list.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(store.sealed(path, b"who"))
    wrapped = store.state(home, "published/1")["wrapped"]
    store.destroy(home, "published/1")
    assert wrapped not in "".join(one.read_text() for one in (home / "keys").rglob("*.key"))
    with pytest.raises(KeysRefused, match="its key was destroyed at 20"):
        store.read(path)


def test_a_destroyed_key_is_not_left_beside_its_place_by_a_rotation_that_was_killed(home: Path, monkeypatch):
    """Written beside and not yet in place: the same key, wrapped anew. It goes with the key, and so does the publication's."""
    published = home / "published" / "1"
    for path in (home / "landing" / "p" / "x" / "a", published / "a"):
        path.parent.mkdir(parents=True)
        path.write_bytes(store.sealed(path, b"text"))
    monkeypatch.setenv("CAREGAP_KEY", f"{NEW} {OLD}")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(Path, "replace", killed)
        for place in ("landing/p", "published/1"):
            with pytest.raises(KeyboardInterrupt):
                store.rewrap(home, place)
    left = sorted(path.name for path in (home / "keys").rglob(".*"))
    assert len(left) == 2 and all(name.endswith(".new") for name in left)
    store.destroy(home, "landing/p")
    shutil.rmtree(published)
    store.sweep(home)
    assert list((home / "keys").rglob(".*")) == [] and store.places(home) == ["home", "landing/p"]


def test_a_key_is_there_or_destroyed_wherever_the_destruction_is_killed(home: Path, monkeypatch: pytest.MonkeyPatch):
    """A kill between overwriting and saying so would leave a key that nothing opens and nothing replaces."""
    path = home / "landing" / "p" / "x" / "a"
    path.parent.mkdir(parents=True)
    path.write_bytes(store.sealed(path, b"text"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            store.destroy(home, "landing/p")
    assert "destroyed_at" in store.state(home, "landing/p")
    with pytest.raises(KeysRefused, match="its key was destroyed"):
        store.read(path)
    path.write_bytes(store.sealed(path, b"anew"))
    assert store.read(path) == b"anew", "what is written afterwards has a key of its own"


def test_the_key_of_a_publication_goes_with_it(home: Path):
    for name in ("1", "2"):
        (home / "published" / name).mkdir(parents=True)
        store.key_for(home / "published" / name / "warehouse.duckdb")
    (home / "published" / "1").rmdir()
    store.sweep(home)
    assert store.places(home) == ["home", "published/2"]


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, mode: int):
    path = tmp_path / f"key-{mode:o}"
    path.write_text(OLD)
    path.chmod(mode)
    with pytest.raises(KeysRefused, match=f"can be read by others .mode 0{mode:o}.*chmod 600"):
        store.masters(tmp_path / "home", {"CAREGAP_KEY_FILE": str(path)})


def test_a_key_file_in_the_home_is_refused(tmp_path: Path):
    (tmp_path / "key").write_text(OLD)
    with pytest.raises(KeysRefused, match="lies in the home"):
        store.masters(tmp_path, {"CAREGAP_KEY_FILE": str(tmp_path / "key")})


@pytest.mark.parametrize(("key", "said"), [("  ", "holds no key"), ("\udcff" * 40, "text in UTF-8")])
def test_a_blank_key_and_one_that_is_no_text_are_refused_by_a_new_home(tmp_path: Path, monkeypatch, key, said):
    monkeypatch.setenv("CAREGAP_KEY", key)
    with pytest.raises(KeysRefused, match=said):
        store.encrypt_home(tmp_path)
    assert not store.is_encrypted(tmp_path)


def test_a_short_key_is_refused(tmp_path: Path):
    with pytest.raises(KeysRefused, match="at least 32 characters"):
        store.masters(tmp_path, {"CAREGAP_KEY": "secret"})


@pytest.mark.parametrize("mode", [0o400, 0o440])
def test_a_systemd_credential_is_a_key(tmp_path: Path, mode: int):
    """Of a newer systemd it is root's with an access list, which a look at its mode takes for the group's right to read."""
    (tmp_path / "caregap-key").write_text(OLD)
    (tmp_path / "caregap-key").chmod(mode)
    assert store.masters(tmp_path / "home", {"CREDENTIALS_DIRECTORY": str(tmp_path)}).ids == Masters((OLD,), "").ids


def test_a_new_master_key_is_its_owners_alone_and_replaces_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_KEY_FILE", "")
    path = tmp_path / "key"
    store.new_master(tmp_path / "home", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and len(path.read_text().strip()) == 64
    with pytest.raises(KeysRefused, match="not there yet"):
        store.new_master(tmp_path / "home", path)


def test_an_open_descriptor_is_read_once_and_its_key_reaches_the_processes_that_follow(tmp_path: Path):
    """A pipe can be read only once: `caregap dashboard` checks the key, and the server it becomes needs it again."""
    told = "from models.home_keys import store; from pathlib import Path; print(*store.masters(Path('/h')).ids, flush=True)"
    script = f"import os, sys; {told}; os.execv(sys.executable, [sys.executable, '-c', {told!r}])"
    reading, writing = os.pipe()
    os.write(writing, OLD.encode())
    os.close(writing)
    done = subprocess.run(
        [sys.executable, "-c", script],
        pass_fds=[reading],
        env={"CAREGAP_KEY_FILE": f"/dev/fd/{reading}", "PYTHONPATH": str(Path(store.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(set(done.stdout.split())) == 1 and len(done.stdout.split()) == 2
