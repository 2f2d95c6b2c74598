"""A Dagster instance for a run in this process. It stores no events: the run reads none back, and nobody asks for them later."""

from collections.abc import Sequence

import dagster as dg
from dagster import AssetKey, EventLogEntry
from dagster._core.storage.event_log import AssetRecord, InMemoryEventLogStorage


class _NoEvents(InMemoryEventLogStorage):
    """Storing the events of the sample's run in memory took 7 CPU seconds: an insert for each, and for each table a query for the
    last event of every table that it reads."""

    def store_event(self, event: EventLogEntry) -> None:
        pass

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        pass

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetRecord]:
        return []

    @property
    def asset_records_have_last_observation(self) -> bool:
        return True  # so that none is asked for one by one


def unstored_instance() -> dg.DagsterInstance:
    """An instance in memory that forgets every event. Dagster's own in memory keeps them in SQLite."""
    instance = dg.DagsterInstance.ephemeral()
    instance.event_log_storage.dispose()
    instance._event_storage = _NoEvents()
    instance._event_storage.register_instance(instance)
    return instance
