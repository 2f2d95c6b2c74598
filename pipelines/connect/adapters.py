"""Opens the adapter of a connection: one entry a kind of system that lists can be pushed to."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from pipelines.connect.adapter import Adapter
from pipelines.connect.connectors import Connection
from pipelines.errors import UsageError

Opener = Callable[[Connection], AbstractContextManager[Adapter]]


def _fhir() -> Opener:
    from pipelines.connect.fhir.adapter import open_fhir

    return open_fhir


def _odoo() -> Opener:
    from pipelines.connect.odoo.adapter import opened

    return opened


def _salesforce() -> Opener:
    from pipelines.connect.salesforce.adapter import opened

    return opened


def _hubspot() -> Opener:
    from pipelines.connect.hubspot.adapter import opened

    return opened


OPENERS: dict[str, Callable[[], Opener]] = {"fhir": _fhir, "odoo": _odoo, "salesforce": _salesforce, "hubspot": _hubspot}
"""By kind of connector: what imports and returns its opener, so that no command waits for the libraries of the others."""


@contextmanager
def open_adapter(connection: Connection) -> Iterator[Adapter]:
    """The system of a connection, signed in. Raises `UsageError` where nothing is pushed to such systems, and
    `ConnectionFailed`."""
    opener = OPENERS.get(connection.settings.kind)
    if opener is None:
        known = ", ".join(OPENERS) or "none"
        raise UsageError(f"{connection.name}: lists cannot be pushed to {connection.settings.kind} yet. Known: {known}.")
    with opener()(connection) as adapter:
        yield adapter
