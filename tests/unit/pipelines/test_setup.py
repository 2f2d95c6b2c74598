"""`make` finds a Python that serves, and says how to install one where there is none."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.home import CHECKOUT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that was never set up: nothing but what the set-up reads."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "requirements-setup.txt"):
        shutil.copy(CHECKOUT / name, folder)
    return folder


def make_run(checkout: Path, path: Path) -> subprocess.CompletedProcess:
    """`make run` where nothing is on PATH but what lies in `path`."""
    return subprocess.run([shutil.which("make"), "run"], cwd=checkout, env={"PATH": str(path)}, capture_output=True, text=True)


def python(path: Path, name: str, *, is_usable: bool) -> None:
    """Puts a Python in place that answers whether it serves, and else notes down its name and ends with an error."""
    path.mkdir(exist_ok=True)
    answer = 0 if is_usable else 1
    (path / name).write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit {answer}\necho "called: {name} $*" >&2\nexit 9\n')
    (path / name).chmod(0o755)


def test_without_python_make_run_says_what_to_install_on_debian_fedora_and_macos(checkout: Path, tmp_path: Path):
    (tmp_path / "bin").mkdir()
    done = make_run(checkout, tmp_path / "bin")
    assert done.returncode == 2
    assert "Python 3.11, 3.12 or 3.13" in done.stderr
    for command in ("apt install python3 python3-venv", "dnf install python3.13", "brew install python@3.13"):
        assert command in done.stderr
    assert not (checkout / ".venv").exists()


def test_the_newest_python_that_serves_is_taken(checkout: Path, tmp_path: Path):
    python(tmp_path / "bin", "python3.13", is_usable=False)
    python(tmp_path / "bin", "python3.12", is_usable=True)
    python(tmp_path / "bin", "python3.11", is_usable=True)
    assert "called: python3.12 -m venv" in make_run(checkout, tmp_path / "bin").stderr


def test_a_python_under_the_plain_name_serves_too(checkout: Path, tmp_path: Path):
    python(tmp_path / "bin", "python3", is_usable=True)
    assert "called: python3 -m venv" in make_run(checkout, tmp_path / "bin").stderr


def test_make_test_says_its_slowest_tests_and_how_long_all_took(tmp_path: Path):
    (tmp_path / "test_one.py").write_text("import time\n\ndef test_one():\n    time.sleep(0.01)\n")
    make = [shutil.which("make"), "--dry-run", "test", f"ARGS=--durations-min 0 {tmp_path / 'test_one.py'}"]
    # As typed by hand, though the suite is run by make and pytest themselves.
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MAKE", "MFLAGS"))}
    planned = subprocess.run(make, cwd=CHECKOUT, env=alone, capture_output=True, text=True, check=True).stdout.splitlines()
    said = subprocess.run(planned[-1], shell=True, cwd=CHECKOUT, env=alone, capture_output=True, text=True).stdout  # noqa: S602
    assert "slowest 20 durations" in said
    assert re.search(r"1 passed.* in \d", said)


def test_make_dashboard_takes_another_port():
    make = [shutil.which("make"), "--dry-run", "dashboard", "ARGS=--port 8600"]
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    planned = subprocess.run(make, cwd=CHECKOUT, env=alone, capture_output=True, text=True, check=True).stdout.splitlines()
    assert planned[-1] == ".venv/bin/caregap dashboard --port 8600"
