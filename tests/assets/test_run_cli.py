"""The whole command line, on the sample practice."""

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.home import Home
from pipelines.practice import SAMPLE
from pipelines.warehouse.build import Build
from tests.conftest import caregap, caregap_process
from tests.dbt.conftest import GOLDEN


@pytest.fixture(scope="module")
def home(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of the sample's run once more, for tests to work on. Its files are linked: nothing rewrites a file."""
    return Home(
        Path(shutil.copytree(sample_home.root, tmp_path_factory.mktemp("home") / "home", symlinks=True, copy_function=os.link))
    )


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that tests may add files to."""
    return shutil.copytree(SAMPLE, tmp_path_factory.mktemp("delivered") / "practice")


@pytest.fixture(scope="module")
def first(sample_run: dict, home: Home) -> dict:
    """What the run found."""
    return sample_run


def test_a_run_publishes_and_accounts_for_every_delivered_row(first, home):
    assert (home.published / "current").resolve().name == first["publication"]["id"]
    for file in first["files"]:
        if file["status"] == "landed":
            assert file["n_delivered"] == file["n_landed"] + file["n_quarantined"] + file["n_superseded"], file


def test_a_run_prints_the_headline_results(first):
    assert all(kpi["value"] is not None or kpi["unavailable_reason"] for kpi in first["kpis"])
    assert first["model"] and "outreach" in first


def test_a_second_run_with_nothing_new_publishes_nothing(first, home, practice):
    done = caregap(home, "run", practice)
    assert done.returncode == 0
    order = [done.stdout.index(text) for text in ("Nothing new", "Headline KPIs", "Outreach list:", "Delivered = landed")]
    assert order == sorted(order), "the most important line comes first"
    assert len(done.stdout.splitlines()) <= 55, "one screen"
    assert done.stdout.splitlines()[0].count("synthetic") == 1, "the practice's name says it already"
    assert (home.published / "current").resolve().name == first["publication"]["id"]


def test_no_output_names_a_patient(first, home, practice):
    done = caregap_process(home, "run", practice)
    with duckdb.connect(str(home.published / "current" / "warehouse.duckdb"), read_only=True) as connection:
        people = connection.execute("select last_name, first_name, phone, email, mrn from marts.dim_patients").fetchall()
    said = set((json.dumps(first) + done.stdout + done.stderr).replace('"', " ").replace(",", " ").split())
    assert not {value for person in people for value in person[2:] if value} & said
    assert not [person for person in people if {person[0], person[1]} <= said]


def test_strictly_a_refused_file_ends_with_10_and_leaves_what_was_published(first, home, practice):
    refused = practice / "crm" / "contacts_2026-12-01.csv"
    refused.write_text("this,is,not\na,contacts,file\n")
    done = caregap(home, "run", practice, "--strict")
    refused.unlink()
    assert done.returncode == 10
    assert "contacts_2026-12-01.csv" in done.stderr
    assert (home.published / "current").resolve().name == first["publication"]["id"]


def test_an_ingest_refuses_a_file_once_and_goes_on_naming_it(new_home, tmp_path):
    home, folder = new_home(), tmp_path / "practice"
    shutil.copytree(GOLDEN, folder)
    (folder / "crm" / "contacts-2.csv").write_text("this,is,not\na,contacts,file\n")
    (folder / "crm" / "notes.csv").write_text("by,nobody\n1,2\n")
    (folder / "crm" / "touches.csv.part").write_text("touch_id\n")
    first, second, strict = (caregap(home, "ingest", folder, *more) for more in ((), (), ("--strict",)))
    assert [done.returncode for done in (first, second, strict)] == [10, 0, 10]
    for done in (first, second):
        for name in ("crm/contacts-2.csv", "crm/notes.csv", "crm/touches.csv.part"):
            assert name in " ".join(done.stdout.split())
    assert "1 file refused" in first.stderr and "crm/contacts-2.csv" in first.stderr


@pytest.mark.slow
def test_a_run_publishes_the_rest_and_names_a_refused_file_until_it_is_replaced(new_home, tmp_path):
    home, folder = new_home(), tmp_path / "practice"
    shutil.copytree(GOLDEN, folder)
    refused = folder / "crm" / "contacts-2.csv"
    refused.write_text("this,is,not\na,contacts,file\n")

    def unread() -> str | None:
        with duckdb.connect(str(home.published / "current" / "warehouse.duckdb"), read_only=True) as connection:
            query = "select finding from catalog.checks where check_id = 'raw.deliveries.files_are_read'"
            return connection.execute(query).fetchall()[0][0]

    first = caregap(home, "run", folder)
    assert first.returncode == 10, first.stderr
    assert "crm/contacts-2.csv" in first.stderr and "crm/contacts-2.csv" in unread()
    assert caregap(home, "run", folder).returncode == 0
    refused.write_text((folder / "crm" / "contacts.csv").read_text())
    assert caregap(home, "run", folder).returncode == 0
    assert unread() is None


@pytest.mark.slow
def test_a_failed_build_ends_with_11_names_the_table_and_leaves_what_was_published(first, home, practice, tmp_path, monkeypatch):
    """A number of months that is a word fails in the first table that counts them. Settings refuse it; dbt is given it here."""
    copy = shutil.copytree(practice, tmp_path / "practice")
    settings = (copy / "practice.toml").read_text()
    (copy / "practice.toml").write_text(settings + "\n[variables]\nactive_months = 20\n")
    given = Build.variables.fget
    monkeypatch.setattr(Build, "variables", property(lambda build: given(build) | {"active_months": "many"}))
    done = caregap(home, "run", copy)
    assert done.returncode == 11, done.stderr
    assert "nothing was published" in done.stderr
    assert (home.published / "current").resolve().name == first["publication"]["id"]


@pytest.mark.slow
def test_steps_by_themselves_make_what_a_run_makes(first, home, practice, new_home, table_hashes):
    other = new_home()
    for step in (("build", practice), ("train", practice), ("score", practice), ("publish", practice)):
        done = caregap(other, *step)
        assert done.returncode == 0, done.stderr
    published = [one.published / "current" / "warehouse.duckdb" for one in (home, other)]
    assert table_hashes(published[0].resolve()) == table_hashes(published[1].resolve())


def test_nothing_published_ends_with_12(new_home):
    home = new_home()
    for arguments in (("publish",), ("publish", "--rollback"), ("dashboard",)):
        assert caregap(home, *arguments).returncode == 12, arguments


def test_a_process_ends_with_the_code_of_what_went_wrong(new_home):
    done = caregap_process(new_home(), "publish", "--rollback")
    assert done.returncode == 12
    assert done.stderr.startswith("caregap: ") and "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("run", "no-such-folder"), ("run", "--time-zone", "Mars/Olympus"), ("fly",), ("init",)])
def test_wrong_usage_ends_with_2(new_home, arguments):
    assert caregap(new_home(), *arguments).returncode == 2


def test_a_home_that_others_can_read_ends_with_13(new_home):
    home = new_home()
    home.root.chmod(0o755)
    done = caregap(home, "doctor")
    assert done.returncode == 13
    assert "chmod 700" in done.stdout


def test_everything_that_a_run_writes_is_for_its_owner_alone(first, home):
    open_to_others = [path for path in home.root.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_init_writes_a_practice_that_every_verb_works_for(new_home, practice):
    home = new_home()
    done = caregap(home, "init", "--name", 'Lakeside "North"', "--ehr", practice / "ehr")
    assert done.returncode == 0, done.stderr
    from pipelines.practice import practice_of

    chosen = practice_of(home, None)
    assert (chosen.id, chosen.name, chosen.sources) == ("lakeside-north", 'Lakeside "North"', {"ehr": practice / "ehr"})


def test_a_step_without_a_folder_does_not_take_the_sample_for_the_practice_that_was_landed(new_home):
    """`caregap ingest FOLDER` and then `caregap build` built the sample."""
    home = new_home()
    home.landing("lakeside").mkdir(parents=True)
    for verb in ("build", "train", "score", "publish"):
        done = caregap(home, verb)
        assert done.returncode == 2 and "lakeside" in done.stderr, (verb, done.stderr)
