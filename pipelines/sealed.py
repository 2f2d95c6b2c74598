"""Size and hash of each file of a folder, stated when it was written, so that damage is seen before it is read.

{"rows.parquet": {"n_bytes": 18231, "sha256": "…"}}
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

Seal = Mapping[str, Mapping[str, int | str]]

DAMAGED = "damaged"
"""In a folder, says what was found wrong with it, so that the next run makes it anew without looking for it again."""
_BEGINS = {".duckdb": (8, (b"DUCK",)), ".parquet": (0, (b"PAR1", b"PARE"))}
"""By ending of the name: what a whole file holds, encrypted or not, and where."""


def seal(files: Iterable[Path], folder: Path | None = None) -> dict[str, dict[str, int | str]]:
    """Size and SHA-256 of each file, by name, or by its place in `folder`."""
    return {
        path.relative_to(folder or path.parent).as_posix(): {"n_bytes": path.stat().st_size, "sha256": sha256(path)}
        for path in sorted(files)
    }


def damage(folder: Path, sealed: Seal, *, deep: bool) -> list[str]:
    """What is wrong with the files of a folder, in words; nothing where they are whole.

    Quick: each is there, has its size and begins as its kind does, and nothing was found before. `deep`: each has its hash.
    """
    found = [(folder / DAMAGED).read_text(encoding="utf-8")] if (folder / DAMAGED).is_file() else []
    for name, stated in sealed.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.stat().st_size != stated["n_bytes"]:
            found.append(f"{name} has {path.stat().st_size:,} bytes instead of {stated['n_bytes']:,}")
        elif not _begins_well(path):
            found.append(f"{name} does not begin as a {path.suffix[1:]} file")
        elif deep and sha256(path) != stated["sha256"]:
            found.append(f"{name} has another content than was written")
    return found


def note_damage(folder: Path, found: Iterable[str]) -> None:
    """Note for later runs what was found wrong with a folder."""
    (folder / DAMAGED).write_text("; ".join(found), encoding="utf-8")


def sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _begins_well(path: Path) -> bool:
    offset, marks = _BEGINS.get(path.suffix, (0, (b"",)))
    with path.open("rb") as content:
        content.seek(offset)
        return content.read(len(marks[0])) in marks
