"""Finds problems of an installation, and says how to fix them."""

import importlib
import platform
import re
import shutil
import stat
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipelines.home import CHECKOUT, Home

PACKAGES = ("pipelines", "models", "ml", "dashboards", "data_samples")
LOCKED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\]+))?", re.MULTILINE)


@dataclass(frozen=True)
class Diagnosis:
    """One check: its `state` in words and, if something is wrong, the `remedy`."""

    what: str
    is_well: bool
    state: str
    remedy: str = ""
    is_optional: bool = False


def diagnose(home: Home) -> list[Diagnosis]:
    """Check everything that a run depends on."""
    return [_python(), _versions(), _checkout(), _home(home), _browser()]


def _python() -> Diagnosis:
    is_well = sys.version_info[:2] == (3, 11)
    return Diagnosis("Python", is_well, platform.python_version(), "Make .venv/ with Python 3.11: `make setup`.")


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
    strangers = [name for name in PACKAGES if Path(importlib.import_module(name).__file__).resolve().parent != CHECKOUT / name]
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


def _browser() -> Diagnosis:
    path = shutil.which("chromium")
    return Diagnosis("Browser", path is not None, path or "no chromium", "Only `make test-all` needs it.", is_optional=True)
