"""Finds problems of an installation, and says how to fix them."""

import importlib
import os
import platform
import re
import shutil
import stat
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb

from models.audit_log.store import KEY, KEY_FILE
from models.home_keys import store
from models.home_keys.wrapping import KeysRefused
from models.settings.access import AccessSettings
from models.settings.toml_schema import SettingsRefused, read_settings
from pipelines.alerts.signs import ACCESS_FILE
from pipelines.audit_log import log_of
from pipelines.cli.diagnosis_of_files import Diagnosis, files_of
from pipelines.errors import EnvironmentNotReady, NotPublished
from pipelines.home import CHECKOUT, Home
from pipelines.practice import SETTINGS_FILE, read_practice
from pipelines.publications.last_run import last_run
from pipelines.publications.store import current
from pipelines.sql.connection import load_cipher

PACKAGES = ("pipelines", "models", "ml", "dashboards", "data_samples")
LOCKED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\]+))?", re.MULTILINE)


def diagnose(home: Home, *, is_deep: bool = False) -> list[Diagnosis]:
    """Check everything that a run depends on; `is_deep`: read every landed and published file to its end."""
    installed = [_python(), _versions(), _checkout(), _home(home), _last_run(home), *_access(home)]
    return [*installed, _encryption(home), *files_of(home, is_deep=is_deep), _audit_log(home), _audit_key(home), _browser()]


def _python() -> Diagnosis:
    is_well = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Diagnosis("Python", is_well, platform.python_version(), "Make .venv/ with Python 3.11, 3.12 or 3.13: `make setup`.")


def _versions() -> Diagnosis:
    """Compare installed packages with requirements.txt; a marker such as `sys_platform == "win32"` allows an absent one."""
    different = []
    locked = LOCKED.findall((CHECKOUT / "requirements.txt").read_text(encoding="utf-8"))
    for name, wanted, marker in locked:
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = None
        if installed != wanted and not (marker and installed is None):
            different.append(f"{name} {installed or 'missing'} instead of {wanted}")
    state = "; ".join(different[:5]) or f"{len(locked)} packages as locked"
    return Diagnosis("Packages", not different, state, "Install the lock: `make setup`.")


def _checkout() -> Diagnosis:
    """Check where packages come from: they are top-level names, and another project's, if found first, would run instead."""
    strangers = [
        name for name in PACKAGES if Path(importlib.import_module(name).__file__ or "").resolve().parent != CHECKOUT / name
    ]
    state = f"{', '.join(strangers)} imported from elsewhere" if strangers else f"imported from {CHECKOUT}"
    return Diagnosis("Checkout", not strangers, state, "Run `.venv/bin/caregap` of this checkout, without PYTHONPATH.")


def _home(home: Home) -> Diagnosis:
    mode = stat.S_IMODE(home.root.stat().st_mode)
    probe = home.root / ".probe"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return Diagnosis("Home", False, f"{home.root} cannot be written", "Set CAREGAP_HOME to a folder of your own.")
    return Diagnosis("Home", mode == 0o700, f"{home.root}, mode {mode:04o}", f"Protect patient data: `chmod 700 {home.root}`.")


def _last_run(home: Home) -> Diagnosis:
    """How the last run ended; a failure is over as soon as something newer is published."""
    told = last_run(home)
    if told is None:
        return Diagnosis("Last run", True, "none yet: `caregap run`")
    is_failed = told["status"] == "failed"
    state = f"failed at {told['ended_at']}: {told['reason']}" if is_failed else f"without an error, at {told['ended_at']}"
    return Diagnosis("Last run", not is_failed, state, "Do what it says, then `caregap run`.", is_optional=True)


def _access(home: Home) -> list[Diagnosis]:
    """Whether the file that says who may sign in can be read, where there is one: without it the pages stay closed."""
    path = home.root / ACCESS_FILE
    if not path.is_file():
        return []
    try:
        read_settings(path.read_bytes(), AccessSettings, str(path))
    except SettingsRefused as refused:
        return [Diagnosis("Access", False, str(refused), "Correct it as docs/operators.md shows.")]
    return [Diagnosis("Access", True, f"{path} can be read")]


def _audit_log(home: Home) -> Diagnosis:
    """Whether the log is whole; a break stays in it, and is reported each time."""
    try:
        found = log_of(home).verify()
    except EnvironmentNotReady as refused:
        return Diagnosis("Audit log", False, str(refused), "Set the key as docs/operators.md says.")
    broken = [f"broken at line {one.line} ({one.at}): {one.what}" for one in found.breaks]
    state = "; ".join([*found.problems[:3], *broken[:3]]) or f"whole, {found.n_lines:,} lines"
    return Diagnosis("Audit log", not found.problems, state, "Record it for good: `caregap audit repair`.")


def _audit_key(home: Home) -> Diagnosis:
    """Without a key, whoever may write to the home can write the log anew: not where patients are real."""
    has_key = bool(os.environ.get(KEY_FILE) or os.environ.get(KEY))
    state = "signed with a key from outside the home" if has_key else "NO KEY: the audit log proves nothing against its forger"
    if not has_key and _is_of_real_patients(home):
        state += ", AND THESE ARE REAL PATIENTS"
    remedy = f"Write a key outside the home (`openssl rand -hex 32`), and name the file in {KEY_FILE}."
    return Diagnosis("Audit key", has_key, state, remedy, is_optional=not _is_of_real_patients(home))


def _encryption(home: Home) -> Diagnosis:
    """Whether the home is encrypted and its key is at hand. Where patients are real and it is not, practice.toml must say why."""
    if store.is_encrypted(home.root):
        try:
            given = store.check(home.root)
            with duckdb.connect() as connection:
                load_cipher(connection)
        except (KeysRefused, EnvironmentNotReady) as refused:
            return Diagnosis("Encryption", False, str(refused), "Give the home's key as docs/operators.md says.")
        state = f"encrypted, {len(store.places(home.root))} keys under {given.wrapping.id}"
        left = "; what was written before is still in clear" if store.waits(home.root) else ""
        return Diagnosis("Encryption", not left, state + left, "Encrypt it: `caregap keys encrypt`.")
    if not _is_of_real_patients(home):
        return Diagnosis("Encryption", True, "none: nobody here is real")
    own = home.root / SETTINGS_FILE
    if own.is_file() and not read_practice(own.parent).is_encrypted:
        return Diagnosis("Encryption", True, 'none by Caregap: by practice.toml the disk is encrypted (encryption = "disk")')
    return Diagnosis(
        "Encryption",
        False,
        "NOT ENCRYPTED, AND THESE ARE REAL PATIENTS",
        "Make a key and encrypt the home: `caregap keys init --to FILE`, FILE on another disk.",
        is_optional=not own.is_file(),  # the practice lies elsewhere, and may say that the disk is encrypted
    )


def _is_of_real_patients(home: Home) -> bool:
    """By what is published here, else by the home's own practice; nothing is there yet: no."""
    try:
        return not current(home).is_synthetic
    except NotPublished:
        return (home.root / SETTINGS_FILE).is_file() and not read_practice(home.root).is_synthetic


def _browser() -> Diagnosis:
    path = shutil.which("chromium")
    return Diagnosis("Browser", path is not None, path or "no chromium", "Only `make test-all` needs it.", is_optional=True)
