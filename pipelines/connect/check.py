"""What `caregap connect check` looks at: is each system reachable, permitted and mapped. Writes nothing, here or there."""

import importlib
from collections.abc import Callable

from pipelines.connect.adapter import Finding
from pipelines.connect.adapters import open_adapter
from pipelines.connect.connectors import Connection
from pipelines.connect.http import Http
from pipelines.connect.pulls.pull import SYSTEMS
from pipelines.errors import CaregapError
from pipelines.practice import Practice

Check = Callable[[Connection], list[Finding]]
"""Asks a system, signed in, whether what a connection needs is permitted and mapped. May raise `CaregapError`."""


def _pulled(connection: Connection) -> list[Finding]:
    """What a pull needs, asked by the module of the connector's kind."""
    check: Check = importlib.import_module(SYSTEMS[connection.settings.kind]).check
    return check(connection)


def _pushed(connection: Connection) -> list[Finding]:
    """What a push needs, asked by the adapter."""
    with open_adapter(connection) as adapter:
        return adapter.check()


def check(connection: Connection, practice: Practice) -> list[Finding]:
    """The findings of one connection, in the order in which they are to be put right; what fails hides nothing after it."""
    settings = connection.settings
    found = [_folder(connection, practice), _reachable(connection)]
    if settings.pull is None and settings.push is None:
        return [*found, Finding("nothing to do", False, f"Add [{connection.name}.pull] or [{connection.name}.push].")]
    if found[-1].is_ok:
        if settings.pull is not None:
            found += _tried("pull", _pulled, connection)
        if settings.push is not None:
            found += _tried("push", _pushed, connection)
    return found


def _folder(connection: Connection, practice: Practice) -> Finding:
    source = connection.settings.source
    folder = practice.sources[source]
    return Finding(f"mapped: {source} is {folder}", folder.is_dir(), "" if folder.is_dir() else f"Create the folder {folder}.")


def _reachable(connection: Connection) -> Finding:
    settings = connection.settings
    try:
        with Http(connection.name, settings.address, settings.limits.model_copy(update={"wait_minutes": 0})) as http:
            http.request("GET", "", accept=range(300, 600), is_signed=False)
    except CaregapError as error:
        return Finding("reachable", False, str(error))
    return Finding("reachable", True)


def _tried(what: str, ask: Check, connection: Connection) -> list[Finding]:
    try:
        return ask(connection)
    except CaregapError as error:
        return [Finding(what, False, str(error))]
