"""What the lock files pin: each package with its version, the hashes of its archives, who needs it and where."""

import re
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
SHIPPED = (CHECKOUT / "requirements-setup.txt", CHECKOUT / "requirements.txt")
"""The locks that `make setup` installs; what only developers have is in requirements-dev.txt."""

_ENTRY = re.compile(r"^(?P<name>[a-z0-9-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^ +#(?: via)? +(?P<by>[a-z0-9-]+)(?: \(pyproject\.toml[^)]*\))?$")


@dataclass(frozen=True)
class Locked:
    """One pinned package. `sha256`: of every archive that may be installed; `needed_by`: packages, or `caregap` itself."""

    name: str
    version: str
    marker: str
    sha256: tuple[str, ...]
    needed_by: tuple[str, ...]


def locked(*files: Path) -> list[Locked]:
    """The packages of these lock files, by name; one that two files pin alike is there once."""
    found: dict[tuple[str, str], Locked] = {}
    for file in files:
        for block in re.split(r"\n(?=[a-z0-9])", file.read_text(encoding="utf-8")):
            lines = block.splitlines()
            entry = _ENTRY.match(lines[0]) if lines else None
            if entry is None:
                raise ValueError(f"{file.name}: {lines[:1]} pins no package. Run `make lock`.")
            by = tuple(via["by"] for line in lines[1:] if (via := _VIA.match(line)))
            one = Locked(entry["name"], entry["version"], entry["marker"] or "", tuple(_HASH.findall(block)), by)
            before = found.get((one.name, one.version))
            both = sorted({*one.needed_by, *(before.needed_by if before else ())})
            found[one.name, one.version] = Locked(one.name, one.version, one.marker, one.sha256, tuple(both))
    return sorted(found.values(), key=lambda one: (one.name, one.version))
