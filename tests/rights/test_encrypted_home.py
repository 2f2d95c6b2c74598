"""The rights of a person in an encrypted home: found, exported, restricted and erased as in any other, and nothing in clear."""

import json
import shutil
from pathlib import Path

import pytest

from models.home_keys import store
from pipelines.backup import back_up
from pipelines.home import Home
from pipelines.keys import key_of, read, require_keys
from pipelines.landing.encryption import encrypt_kept
from pipelines.landing.journal import restricted
from pipelines.landing.land import land
from pipelines.landing.tombstones import Tombstones
from pipelines.publications.store import publications
from pipelines.rights.erase import certificates, erase
from pipelines.rights.export import everything_about, write_export
from pipelines.rights.person import find_person, was_erased
from pipelines.rights.restrict import restrict
from pipelines.sql.connection import open_file, open_memory
from pipelines.sql.parquet import rows_of
from tests.rights.conftest import KEYS, run_by_hand
from tests.rights.test_erase import GONE, LEFT
from tests.rights.two_people import FEW, write_ehr

KEY = "7" * 64


@pytest.fixture
def home(two_people: Path, practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home of two people, encrypted, and published anew since."""
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    home = Home(Path(shutil.copytree(two_people / "few" / "home", tmp_path / "home", symlinks=True)))
    require_keys(home.root)
    encrypt_kept(home)
    run_by_hand(two_people / "few" / "warehouse.duckdb", home, practice)
    return home


def opened(root: Path) -> dict[str, bytes]:
    """Every file of a home by its place: its bytes, and what it holds for who has the key."""
    found = {}
    files = sorted(one for one in root.rglob("*") if one.is_file() and not one.is_symlink())
    with open_memory(next(path.parent for path in files if path.suffix == ".parquet") / "duckdb") as connection:
        rows = {path: connection.execute(f"from {rows_of([path])}").fetchall() for path in files if path.suffix == ".parquet"}
    for path in files:
        content = path.read_bytes()
        if path in rows:
            content += repr(rows[path]).encode()
        elif path.suffix == ".duckdb":
            with open_file(path, read_only=True) as connection:
                named = "select schema_name || '.' || table_name from duckdb_tables() where not internal"
                for (table,) in connection.execute(named).fetchall():
                    content += repr(connection.execute(f"from {table}").fetchall()).encode()
        elif key_of(path):
            content += read(path)
        found[str(path.relative_to(root))] = content
    return found


def holding(root: Path, what: bytes) -> list[str]:
    return [place for place, content in opened(root).items() if what in content]


def of_whom(root: Path) -> set[bytes]:
    """Which of the two people some file holds."""
    return {who for content in opened(root).values() for who in (GONE, LEFT) if who in content}


def in_clear(root: Path, what: bytes) -> list[str]:
    return [str(path) for path in root.rglob("*") if path.is_file() and what in path.read_bytes()]


def test_who_is_erased_is_in_no_file_table_or_later_backup_for_who_has_the_key_and_the_certificate_is_encrypted(
    home, practice, publish_anew, tmp_path
):
    practice_of_now = practice
    before = holding(home.root, GONE)
    assert len(before) > 8 and in_clear(home.root / "landing", GONE) == []
    [certificate] = erase(home, practice_of_now, find_person(home, practice_of_now, str(KEYS[1])), publish_anew)
    assert of_whom(home.root) == {LEFT}
    assert certificate["status"] == "done" and certificate["landed_rows"]["ehr/Observation"] == 2
    assert certificates(home, practice_of_now) == [certificate]
    marks = sorted(Tombstones.of(home, "test").marks())
    assert marks and was_erased(home, practice_of_now, str(KEYS[1]))
    for said in (certificate["id"], marks[0], "Certificate of erasure"):
        assert in_clear(home.root / "erasures", said.encode()) == []
    back_up(home, tmp_path / "backups")
    assert in_clear(tmp_path / "backups", GONE) == [] == in_clear(tmp_path / "backups", marks[0].encode())
    write_ehr(practice.sources["ehr"] / "2026-04-30", people=(1,), extracts=FEW)
    land(practice_of_now, home)
    assert holding(home.root, GONE) == [], "what is delivered again is erased again"
    assert [one.id for one in publications(home)] == [certificate["publication"]]


@pytest.mark.slow
def test_the_export_is_the_same_as_in_clear_and_a_restriction_holds_and_is_encrypted(
    home, practice, two_people, tmp_path, monkeypatch
):
    person = find_person(home, practice, str(KEYS[1]))
    clear = Home(Path(shutil.copytree(two_people / "few" / "home", tmp_path / "clear", symlinks=True)))
    counts = [{t["table"]: len(t["rows"]) for t in everything_about(one, practice, person)["tables"]} for one in (home, clear)]
    assert counts[0] == counts[1]
    [written, _] = write_export(home, practice, person, tmp_path / "out")
    assert "secret-1" in written.read_text() and "secret-2" not in written.read_text()
    restrict(home, practice, person, "requested")
    assert restricted(home, "test").height == 3 and in_clear(home.root / "outcomes", GONE) == []


@pytest.mark.slow
def test_without_the_key_nobody_learns_who_was_erased(home, practice, publish_anew, monkeypatch):
    erase(home, practice, find_person(home, practice, str(KEYS[1])), publish_anew)
    monkeypatch.setenv("CAREGAP_KEY", "8" * 64)
    with pytest.raises(Exception, match="Wrong key"):
        Tombstones.of(home, "test").marks()
    assert json.loads((home.root / store.FOLDER / "erasures" / "test.key").read_text())["wrapped"]
