"""The systems that a practice is connected to: its connectors.toml, beside practice.toml."""

from dataclasses import dataclass
from pathlib import Path

from models.settings.connectors import AnyConnector, Secret, parse_connectors
from models.settings.toml_schema import SettingsRefused
from pipelines.connect.secrets import Hidden, read_secret
from pipelines.errors import UsageError
from pipelines.practice import Practice

CONNECTORS_FILE = "connectors.toml"


@dataclass(frozen=True)
class Connection:
    """One connector of one practice: its `name`, what connectors.toml says of it, and the `folder` of that file."""

    name: str
    settings: AnyConnector
    folder: Path

    def secret(self, named: Secret) -> Hidden:
        """The secret that the settings name. Raises `UsageError` where it is not there, or others may read it."""
        return read_secret(named, self.folder, self.name)


def read_connections(folder: Path, practice: Practice) -> dict[str, Connection]:
    """The connections that `folder`/connectors.toml describes, by name; none where there is no such file.

    Raises `UsageError` naming every mistake by file, line and key.
    """
    path = folder / CONNECTORS_FILE
    if not path.is_file():
        return {}
    try:
        found = parse_connectors(path.read_bytes(), str(path), practice.sources)
    except SettingsRefused as refused:
        raise UsageError(f"{refused}\ndocs/connections.md lists every setting.") from None
    return {name: Connection(name, settings, folder) for name, settings in found.items()}


def chosen_connections(folder: Path, practice: Practice, names: tuple[str, ...]) -> list[Connection]:
    """The connections of these names, all where none is named. Raises `UsageError` where there is none, or no such one."""
    known = read_connections(folder, practice)
    if not known:
        raise UsageError(f"{folder / CONNECTORS_FILE}: no connector is described there. docs/connections.md shows how.")
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"{unknown[0]}: no such connector. Known: {', '.join(known)}.")
    return [known[name] for name in names or known]
