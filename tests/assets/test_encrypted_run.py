"""A whole run of real patients: dbt, models, reports and Dagster leave nothing of them in clear, nor a key."""

import shutil
from base64 import b64encode
from pathlib import Path

import duckdb
import polars as pl
import pytest

from models.home_keys import store
from pipelines.home import CHECKOUT, Home
from pipelines.practice import SAMPLE
from pipelines.sql.connection import open_file
from tests.conftest import caregap

pytestmark = pytest.mark.slow

KEY = "8" * 64


def _secrets(warehouse: Path) -> set[bytes]:
    """Record numbers, telephones, e-mail addresses and family names of the sample's patients, without what our own texts say."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select mrn, phone, email, last_name from marts.dim_patients").fetchall()
    texts = b"".join(path.read_bytes() for path in (CHECKOUT / "dbt_project").rglob("*") if path.is_file()).lower()
    known = {value.encode() for row in rows for value in row if value and len(value) >= 6}
    return {value for value in known if value.lower() not in texts}


def _found(home: Path, secrets: set[bytes]) -> dict[str, set[str]]:
    """By file of the home: which of the secrets its bytes hold."""
    # All secrets in one pass; as Latin-1 a byte is a character. One pass each took 80 s of the suite.
    sought = [secret.decode("latin-1") for secret in secrets]
    found = {}
    for path in home.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = pl.Series([path.read_bytes().decode("latin-1")])
            if held := set(content.str.extract_many(sought, overlapping=True).item()):
                found[str(path.relative_to(home))] = held
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("real")
    practice = Path(shutil.copytree(SAMPLE, folder / "practice"))
    settings = (practice / "practice.toml").read_text()
    (practice / "practice.toml").write_text(settings.replace("is_synthetic = true\n", ""))
    home = Home(folder / "home")
    home.root.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREGAP_KEY", KEY)
        done = caregap(home, "run", practice)
        assert done.returncode == 0, done.stderr
        assert KEY not in done.stdout + done.stderr
    return home


def test_no_byte_of_the_home_names_a_patient(home: Home, sample_warehouse: Path):
    secrets = _secrets(sample_warehouse)
    assert len(secrets) > 500
    assert _found(home.root, secrets) == {}


def test_the_same_search_finds_the_samples_patients_in_clear(sample_home: Home, sample_warehouse: Path):
    found = _found(sample_home.root, _secrets(sample_warehouse))
    assert {place.split("/")[0] for place in found} >= {"landing", "published", "build"}


def test_no_key_is_in_the_home(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    secrets = {KEY.encode()}
    for key in store.keys_in(home.root, *store.PLACES):
        for use in ("duckdb", "parquet", "text"):
            secrets |= {key.derived(use), b64encode(key.derived(use)), key.derived(use).hex().encode()}
    assert len(secrets) > 9
    assert _found(home.root, secrets) == {}


def test_what_was_published_is_what_the_sample_in_clear_has(home: Home, sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch):
    """Without the sample's code lists fewer gaps are known; persons and visits are the same."""
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    counts = "select (select count(*) from marts.dim_patients), (select count(*) from marts.fct_encounters)"
    with open_file(home.published / "current" / "warehouse.duckdb", read_only=True) as encrypted:
        with duckdb.connect(str(sample_warehouse), read_only=True) as clear:
            assert encrypted.execute(counts).fetchall() == clear.execute(counts).fetchall()
        assert encrypted.execute("select cipher from duckdb_databases() where database_name = 'warehouse'").fetchall() == [
            ("GCM",)
        ]


def test_doctor_finds_the_home_encrypted_and_whole(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_KEY", KEY)
    said = caregap(home, "doctor", "--deep").stdout
    assert "ok   Encryption: encrypted, " in said
    assert "FAIL Landing" not in said and "FAIL Publications" not in said and "FAIL History" not in said
