"""Which way imports go, and where packages come from."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli.diagnosis import PACKAGES
from pipelines.home import CHECKOUT

HEAVY = {"dagster", "dbt", "duckdb", "pandera", "polars", "sklearn", "streamlit"}


def test_packages_import_each_other_in_one_direction_only():
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_imported_from_this_checkout(package):
    assert Path(importlib.import_module(package).__file__).resolve().parent == CHECKOUT / package


def test_help_answers_without_importing_anything_heavy():
    program = (
        "import sys\nfrom pipelines.cli import caregap\n"
        "try:\n    caregap(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("requirements*.txt")), ids=lambda path: path.name)
def test_the_lock_pins_every_package_by_hash_and_names_no_address(path):
    text = path.read_text()
    assert not re.search(r"https?:|--(index|extra|find)|git\+| @ ", text)
    entries = re.split(r"\n(?=[A-Za-z])", re.sub(r"(?m)^ *#.*\n", "", text).strip())
    assert entries and all(re.match(r"\S+==\S+", entry) and "--hash=sha256:" in entry for entry in entries)
