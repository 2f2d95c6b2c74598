"""A home of real patients holds no name, number or telephone in clear, whatever stopped a run, and opens by its key alone."""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from dashboards.outreach.outcomes import Outcome, record
from dashboards.sandbox.saved_queries import save_query
from models.home_keys import store
from tests.conftest import Once
from tests.faults.conftest import Run, serving, write_one_row

N_PATIENTS = 500
KEY, OTHER = "5" * 64, "6" * 64
PRACTICE = 'id = "real"\nname = "Real"\ntime_zone = "UTC"\n'
CONTACTS = (
    "contact_id,mrn,first_name,last_name,birth_date,sex,email,phone,address_line,city,state,postal_code,language,"
    "preferred_channel,is_do_not_contact,is_deceased,created_at,updated_at\n"
)
IN_PUBLICATION = ("marts.dim_patients", "delivery.out_outreach_list")


def _person(n: int) -> dict[str, str]:
    """As the CRM delivers the person; the publication has the same with another first letter."""
    return {"mrn": f"Zq-77{n:04}", "first_name": f"Zuenbyra{n:03}", "last_name": f"Zbarovich{n:03}", "phone": f"Z312555{n:04}"}


def _write_contacts(path: Path) -> None:
    rows = [
        f"c-{n},{one['mrn']},{one['first_name']},{one['last_name']},1950-01-02,female,,{one['phone']},1 Road,Town,IL,60601,en,,"
        "false,false,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z\n"
        for n in range(N_PATIENTS)
        for one in [_person(n)]
    ]
    path.write_text(CONTACTS + "".join(rows))


def _write_build(folder: Path) -> None:
    """One row in every table, and of 500 persons in those that name them: `Y` where the delivery has `Z`."""
    write_one_row(folder)
    with duckdb.connect(str(folder / "1" / "warehouse.duckdb")) as connection:
        for table in IN_PUBLICATION:
            columns = {name for (name, *_) in connection.execute(f"describe {table}").fetchall()}
            named = {"first_name": "printf('Yuenbyra%03d', n)", "last_name": "printf('Ybarovich%03d', n)"}
            named |= {"mrn": "printf('Yq-77%04d', n)", "phone": "printf('Y312555%04d', n)"}
            replaced = ", ".join(f"{sql} as {name}" for name, sql in named.items() if name in columns)
            connection.execute(f"insert into {table} select * exclude (n) replace ({replaced}) from {table}, range(500) as r(n)")


def _secrets() -> list[bytes]:
    delivered = [text for n in range(N_PATIENTS) for text in _person(n).values()]
    return [text.encode() for text in (*delivered, *("Y" + text[1:] for text in delivered), "p-secret-1", "Zsaved")]


def in_clear(home: Path) -> list[str]:
    """The files of a home that hold one of the secrets, in their bytes or in their names, with the first of them."""
    secrets, found = _secrets(), []
    for path in home.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        # Most files hold no Y or Z before these letters: one look, then one for each.
        if any(begins in content for begins in (b"uenbyra", b"barovich", b"q-77", b"312555", b"p-secret-1", b"Zsaved")):
            found += [f"{path.relative_to(home)}: {text!r}" for text in secrets if text in content][:1]
        found += [str(path) for text in secrets if text.decode() in path.name][:1]
        if _opens_without_a_key(path, content):
            found.append(f"{path.relative_to(home)}: opens without a key")
    return found


def _opens_without_a_key(path: Path, content: bytes) -> bool:
    """Whether a DuckDB or Parquet file is in clear: compressed, its names are not found by looking for them."""
    if path.suffix == ".duckdb" and path.is_file():
        try:
            duckdb.connect(str(path), read_only=True).close()
            return True
        except duckdb.Error:
            return False
    return path.suffix == ".parquet" and content[:4] != b"PARE"


@dataclass(frozen=True)
class Scene:
    home: Path
    practice: Path


@pytest.fixture(scope="module")
def run(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    build = once("build-of-500", _write_build) / "1"
    with serving(once, tmp_path_factory.mktemp("said") / "said.txt", build) as run:
        yield run


@pytest.fixture(scope="module")
def scene(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Published once, encrypted, with an outcome and a saved query since; 500 more contacts wait to be read."""
    folder = tmp_path_factory.mktemp("encrypted")
    home, practice = folder / "home", folder / "practice"
    (practice / "crm").mkdir(parents=True)
    home.mkdir(mode=0o700)
    (practice / "practice.toml").write_text(PRACTICE)
    _write_contacts(practice / "crm" / "contacts_2026-01-31.csv")
    done = run(home, practice, CAREGAP_KEY=KEY)
    assert done.returncode == 0, done.stdout
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREGAP_KEY", KEY)
        record(home / "outcomes" / "real", Outcome("crm", "crm_contact", "p-secret-1", "phone", "no_answer", "kim@example.org"))
        save_query(home / "queries", "kim@example.org", "mine", "select * from marts.dim_patients where last_name = 'Zsaved'")
    _write_contacts(practice / "crm" / "contacts_2026-02-28.csv")
    return Scene(home, practice)


@pytest.fixture
def again(scene: Scene, tmp_path: Path) -> Callable[[], Path]:
    return lambda: Path(shutil.copytree(scene.home, tmp_path / "home", symlinks=True))


def test_no_byte_of_the_home_names_one_of_500_persons(scene: Scene):
    assert in_clear(scene.home) == []


@pytest.mark.slow
def test_the_search_finds_what_is_in_clear(scene: Scene, run: Run, tmp_path: Path):
    """The same practice, said to be synthetic: landing, build, publication, lists and history hold the names."""
    practice, home = shutil.copytree(scene.practice, tmp_path / "practice"), tmp_path / "home"
    (practice / "practice.toml").write_text(PRACTICE + "is_synthetic = true\n")
    home.mkdir()
    assert run(home, practice).returncode == 0
    folders = {one.split("/")[0] for one in in_clear(home)}
    assert {"build", "published", "landing", "history"} <= folders


@pytest.mark.parametrize(
    "point",
    [
        pytest.param("landing.folder.written", marks=pytest.mark.slow),
        pytest.param("landing.journal.taken", marks=pytest.mark.slow),
        pytest.param("build.derived.ending", marks=pytest.mark.slow),
        pytest.param("publish.lists.written", marks=pytest.mark.slow),
        pytest.param("publish.placed", marks=pytest.mark.slow),
        pytest.param("settle.gaps.kept", marks=pytest.mark.slow),
    ],
)
def test_a_run_that_is_killed_leaves_none_either(again: Callable[[], Path], scene: Scene, run: Run, point: str):
    home = again()
    assert run(home, scene.practice, CAREGAP_KEY=KEY, CAREGAP_FAULT=f"{point}:kill").returncode == -signal.SIGKILL
    assert in_clear(home) == []
    done = run(home, scene.practice, CAREGAP_KEY=KEY)
    assert done.returncode == 0, done.stdout
    assert in_clear(home) == []


def test_without_a_key_nothing_is_done_and_the_sentence_says_what_to_do(scene: Scene, run: Run, tmp_path: Path):
    (tmp_path / "home").mkdir()
    done = run(tmp_path / "home", scene.practice)
    assert done.returncode == 13
    assert "its key is not given. Set CAREGAP_KEY_FILE" in done.stdout
    assert not (tmp_path / "home" / "landing").exists()


def test_a_wrong_key_is_one_sentence(again: Callable[[], Path], scene: Scene, run: Run):
    done = run(again(), scene.practice, CAREGAP_KEY=OTHER)
    assert done.returncode == 13
    assert done.stdout.startswith("caregap: Wrong key: ")
    assert OTHER not in done.stdout and "Traceback" not in done.stdout


@pytest.mark.slow
def test_a_rotated_home_is_read_by_the_new_key_alone(again: Callable[[], Path], scene: Scene, run: Run):
    home = again()
    before = {path: path.read_bytes() for path in home.rglob("*.parquet")}
    assert run(home, scene.practice, "keys", "rotate", CAREGAP_KEY=f"{OTHER} {KEY}").returncode == 0
    assert {path: path.read_bytes() for path in home.rglob("*.parquet")} == before
    assert run(home, scene.practice, CAREGAP_KEY=KEY).returncode == 13
    assert run(home, scene.practice, CAREGAP_KEY=OTHER).returncode == 0


@pytest.mark.slow
def test_a_rotation_that_is_killed_is_ended_by_the_next(again: Callable[[], Path], scene: Scene, run: Run):
    home, both = again(), f"{OTHER} {KEY}"
    assert run(home, scene.practice, "keys", "rotate", CAREGAP_KEY=both, CAREGAP_FAULT="keys.rewrapped:kill").returncode != 0
    assert run(home, scene.practice, "keys", "rotate", CAREGAP_KEY=both).returncode == 0
    assert run(home, scene.practice, CAREGAP_KEY=OTHER).returncode == 0


@pytest.mark.slow
def test_what_a_destroyed_key_encrypted_is_gone_and_a_run_reads_the_deliveries_again(
    again: Callable[[], Path], scene: Scene, run: Run
):
    home = again()
    done = run(home, scene.practice, "keys", "destroy", "landing/real", "--yes", CAREGAP_KEY=KEY)
    assert done.returncode == 0, done.stdout
    assert store.state(home, "landing/real").keys() == {"destroyed_at"}
    assert not (home / "landing" / "real").exists()
    assert run(home, scene.practice, CAREGAP_KEY=KEY).returncode == 0


def test_when_all_keys_are_destroyed_nothing_reads_the_home(again: Callable[[], Path], scene: Scene, run: Run):
    home = again()
    assert run(home, scene.practice, "keys", "destroy", "--all", "--yes", CAREGAP_KEY=KEY).returncode == 0
    done = run(home, scene.practice, CAREGAP_KEY=KEY)
    assert done.returncode == 13
    assert "its key was destroyed at" in done.stdout


@pytest.mark.slow
def test_a_backup_is_restored_with_the_key_that_lies_apart(again: Callable[[], Path], scene: Scene, run: Run, tmp_path: Path):
    home, to = again(), tmp_path / "backups"
    assert run(home, scene.practice, "backup", str(to), CAREGAP_KEY=KEY).returncode == 0
    assert in_clear(to) == [] and KEY.encode() not in b"".join(p.read_bytes() for p in to.rglob("*") if p.is_file())
    assert run(home, scene.practice, "restore", "--check", str(next(to.iterdir()))).returncode == 13
    assert run(home, scene.practice, "restore", "--check", str(next(to.iterdir())), CAREGAP_KEY=KEY).returncode == 0
    new = tmp_path / "new"
    new.mkdir()
    assert run(new, scene.practice, "restore", str(next(to.iterdir()))).returncode == 0
    assert run(new, scene.practice, "run", str(scene.practice), "--landed").returncode == 13
    done = run(new, scene.practice, "run", str(scene.practice), "--landed", CAREGAP_KEY=KEY)
    assert done.returncode == 0, done.stdout
    assert in_clear(new) == []


@pytest.mark.slow
def test_a_home_in_clear_is_encrypted_by_the_next_run_with_a_key(scene: Scene, run: Run, tmp_path: Path):
    """It was run on an encrypted disk until now: `encryption = "disk"`."""
    practice, home = shutil.copytree(scene.practice, tmp_path / "practice"), tmp_path / "home"
    home.mkdir()
    (practice / "practice.toml").write_text(PRACTICE + 'encryption = "disk"\n')
    assert run(home, practice).returncode == 0
    record(home / "outcomes" / "real", Outcome("crm", "crm_contact", "p-secret-1", "phone", "no_answer", "kim@example.org"))
    landed = _rows(run, home, practice)
    (practice / "practice.toml").write_text(PRACTICE)
    for point in ("encryption.landed.written", "landing.aside", "landing.replaced", "encryption.done"):
        assert run(home, practice, CAREGAP_KEY=KEY, CAREGAP_FAULT=f"{point}:kill").returncode == -signal.SIGKILL
    shutil.rmtree(practice / "crm")
    (practice / "crm").mkdir()
    done = run(home, practice, "run", str(practice), "--landed", "--json", CAREGAP_KEY=KEY)
    assert done.returncode == 0, done.stdout
    assert in_clear(home) == []
    assert json.loads(done.stdout)["is_new"]
    assert _rows(run, home, practice, CAREGAP_KEY=KEY) == landed
    assert [path.name for path in (home / "published").glob("2*")] == [(home / "published" / "current").resolve().name]


def _rows(run: Run, home: Path, practice: Path, **environment: str) -> list[tuple[str, int]]:
    """What the newest publication says of deliveries: name and landed rows."""
    done = run(home, practice, "run", str(practice), "--landed", "--json", **environment)
    assert done.returncode == 0, done.stdout
    files = json.loads(done.stdout)["files"]
    return sorted((file["file_name"], file["n_landed"]) for file in files if file["source_system"] == "crm")


def test_analysts_are_handed_the_de_identified_file_in_clear_and_on_record(scene: Scene, run: Run, tmp_path: Path):
    """Nobody opens the published one without the key; what is handed out names nobody."""
    out = tmp_path / "out"
    done = run(scene.home, scene.practice, "export", "--deidentified", "--out", str(out), CAREGAP_KEY=KEY)
    assert done.returncode == 0, done.stdout
    assert [one for one in in_clear(out) if "opens without" not in one] == []
    with duckdb.connect(str(out / "deidentified.duckdb"), read_only=True) as connection:
        tables, n_rows = connection.execute("select count(*), sum(n_rows)::bigint from catalog.tables").fetchone()
    assert tables > 1
    [line] = [
        json.loads(one) for one in (scene.home / "audit" / "audit.jsonl").read_text().splitlines() if "de-identified" in one
    ]
    assert (line["event"], line["n_rows"]) == ("exported", n_rows)
