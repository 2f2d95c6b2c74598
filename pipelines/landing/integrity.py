"""Whether what has landed is still what was written; what is not is read again from its delivery, or named.

A landed folder states the key of its content and the size and hash of each of its files (`manifest.json`).
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipelines.durable import write_durably
from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home
from pipelines.landing.ledger import Entry
from pipelines.names import path_part
from pipelines.practice import Practice
from pipelines.sealed import damage, note_damage, seal

MANIFEST = "manifest.json"


def folder_of(root: Path, entry: Entry) -> Path:
    """The folder of a delivered content in a practice's landing."""
    return root.joinpath(*map(path_part, (entry.source_system, entry.extract, entry.file_key)))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest written when the folder was landed."""
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))


def landed_damage(folder: Path, *, deep: bool = False) -> list[str]:
    """What is wrong with a landed folder, in words; nothing where it is whole.

    `deep` reads every file to its end. A folder of before there were hashes is given them, if it looks whole.
    """
    try:
        manifest = read_manifest(folder)
        file_key, sealed = manifest.get("file_key", folder.name), manifest.get("files")
    except (OSError, ValueError, AttributeError):
        return [f"{MANIFEST} is missing or damaged"]
    if file_key != folder.name:
        return [f"{MANIFEST} is that of another file"]
    if sealed is None:
        sealed = seal(path for path in folder.iterdir() if path.name != MANIFEST)
        write_durably(folder / MANIFEST, json.dumps(manifest | {"files": sealed}, indent=1), "landing.sealed")
    return damage(folder, sealed, deep=deep)


def note_damaged(home: Home, practice: Practice, ledger: Iterable[Entry]) -> list[Entry]:
    """Read everything that landed for the practice's sources to its end, and note what is damaged; these entries."""
    root, found = home.landing(practice.id), []
    for entry in ledger:
        folder = folder_of(root, entry)
        if entry.source_system in practice.sources and folder.exists() and (wrong := landed_damage(folder, deep=True)):
            note_damage(folder, wrong)
            found.append(entry)
    return found


def refuse_damaged(home: Home, practice: Practice, ledger: Sequence[Entry]) -> None:
    """Raise `EnvironmentNotReady` naming what is damaged; `land` has read again what is still delivered."""
    root = home.landing(practice.id)
    lost: dict[Path, str] = {}
    for entry in ledger:
        folder = folder_of(root, entry)
        # Earlier versions left entries of files that changed while they were read, and have no folder.
        is_expected = folder.exists() or entry.arrival > 0
        if entry.source_system in practice.sources and is_expected and (wrong := landed_damage(folder)):
            lost.setdefault(folder, f"{entry.source_system}/{entry.place}: {wrong[0]} ({folder})")
    if lost:
        raise EnvironmentNotReady(
            "\n  ".join(
                [
                    f"{len(lost)} landed files are damaged, and their deliveries are no longer where they were. Nothing was "
                    "published. Put them back into their source folders, or restore a backup (`caregap restore`):",
                    *lost.values(),
                ]
            )
        )
