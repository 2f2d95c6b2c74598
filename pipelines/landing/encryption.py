"""Lets a home be encrypted where patients are real, and encrypts what was written there before.

What landed, what is kept of earlier publications, journals, saved queries and pushes are written anew, one file or folder after
another, each as a whole: a command that is stopped goes on where it was. Builds go, since a run makes its own; publications in
clear stay until an encrypted one is shown (`publications/store.py`). A disk may keep what was removed: docs/operators.md says so.
"""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from models.home_keys import store
from models.home_keys.texts import MARK
from pipelines.audit_log import record
from pipelines.durable import write_durably
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.keys import key_of, read, require_keys, sealed
from pipelines.landing.integrity import MANIFEST, landed_damage, read_manifest
from pipelines.landing.replacing import replace_landed, settle_replaced
from pipelines.practice import Practice
from pipelines.progress import Progress, silent
from pipelines.publications.kept_facts import keep
from pipelines.scratch import scratch
from pipelines.sealed import seal
from pipelines.sql.connection import open_memory
from pipelines.sql.literals import literal
from pipelines.sql.parquet import write_rows

_CLEAR = b"PAR1"
_SMALL = (
    *("outcomes/*/*.csv", "queries/*.json", "connect/*/push.db", "connect/*/status.json", "connect/*/plans/*.json"),
    *("erasures/*/key", "erasures/*/tombstones", "erasures/*/*.json", "erasures/*/*.txt"),
)


def secure(home: Home, practice: Practice, progress: Progress = silent) -> None:
    """Before anything is written for a practice: encrypt from now on, if its patients are real, and what is there already.

    Raises `EnvironmentNotReady` where the key is not given, or is another one. For the holder of the home's lock.
    """
    if practice.is_encrypted or store.is_encrypted(home.root):
        require_keys(home.root)
        if store.waits(home.root):
            encrypt_kept(home, progress)


def encrypt_kept(home: Home, progress: Progress = silent) -> int:
    """Encrypt what was written before the home was encrypted; the number of files and landed folders."""
    for root in home.root.glob("landing/*"):
        settle_replaced(root)
    folders = [manifest.parent for manifest in sorted(home.root.glob(f"landing/*/[!.]*/*/*/{MANIFEST}"))]
    clear = [folder for folder in folders if any(_is_clear(path) for path in folder.rglob("*.parquet"))]
    facts = [path for path in sorted(home.root.glob("history/*/*/[0-9]*.parquet")) if _is_clear(path)]
    for path in home.root.glob("connect/*/push.db"):
        _close_log(path)
    small = [path for pattern in _SMALL for path in sorted(home.root.glob(pattern))]
    small = [path for path in small if not path.read_bytes().startswith(MARK)]
    if n_files := len(clear) + len(facts) + len(small):
        record(home, "encrypted", subject=f"{n_files} files and folders")
    for number, folder in enumerate(clear, 1):
        progress(f"Encrypting: landing {number} of {len(clear)}")
        _encrypt_landed(home, folder)
    for path in facts:
        _encrypt_fact(path)
    for path in small:
        write_durably(path, sealed(path, read(path)), "encryption.small")
    for build in home.build.glob("*/"):
        if key_of(build / "warehouse.duckdb") is None:
            shutil.rmtree(build)
    passing("encryption.done", home.root)
    store.waits_no_more(home.root)
    return n_files


def _is_clear(path: Path) -> bool:
    with path.open("rb") as content:
        return content.read(len(_CLEAR)) == _CLEAR


def _encrypt_landed(home: Home, folder: Path) -> None:
    """Write a landed folder anew beside it, and put it in its place. One that is damaged stays, for a run to read it again."""
    if landed_damage(folder, deep=True):
        return
    root = home.landing(folder.parts[-4])
    with scratch(root) as own, closing(open_memory(own / "duckdb")) as connection:
        beside = Path(shutil.copytree(folder, own / "folder", ignore=shutil.ignore_patterns("*.parquet")))
        for clear in folder.rglob("*.parquet"):
            target = beside / clear.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_rows(connection, f"from read_parquet({literal(str(clear))})", target)
        manifest = read_manifest(folder)
        manifest["files"] = seal((beside / name for name in manifest["files"]), beside)
        (beside / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        passing("encryption.landed.written", folder)
        replace_landed(beside, folder)


def _close_log(path: Path) -> None:
    """Take what lies in the write-ahead log of a SQLite file into it."""
    if not path.read_bytes().startswith(MARK):
        with closing(sqlite3.connect(path)) as database:
            database.execute("pragma journal_mode = delete")


def _encrypt_fact(path: Path) -> None:
    beside = path.with_name(f".{path.name}")
    with closing(open_memory(path.parent / "duckdb")) as connection:
        write_rows(connection, f"from read_parquet({literal(str(path))})", beside, "compression zstd")
    keep(beside, path, "encryption.fact")
