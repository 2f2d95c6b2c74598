"""What was published when, and how the last run ended: from the manifests beside the published files."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dashboards.home import home

LAST_RUN = "last_run.json"


@dataclass(frozen=True)
class Published:
    """One publication that is kept. `build_minutes`: from the start of its build to its publishing."""

    id: str
    published_at: datetime
    as_of_on: str
    time_zone: str
    is_synthetic: bool
    build_minutes: float
    n_tables: int
    n_rows: int
    is_current: bool


def publications() -> list[Published]:
    """Every publication that is kept, the newest first."""
    folder = home() / "published"
    current = (folder / "current").resolve().name
    manifests = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("[0-9]*/manifest.json"), reverse=True)
    ]
    return [_published(manifest, current) for manifest in manifests]


def _published(manifest: dict[str, Any], current: str) -> Published:
    published_at = datetime.fromisoformat(manifest["published_at"])
    started_at = datetime.strptime(manifest["build_id"].partition("-")[0], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return Published(
        id=manifest["id"],
        published_at=published_at,
        as_of_on=manifest["as_of_on"],
        time_zone=manifest["time_zone"],
        is_synthetic=manifest["is_synthetic"],
        build_minutes=(published_at - started_at).total_seconds() / 60,
        n_tables=len(manifest["n_rows"]),
        n_rows=sum(manifest["n_rows"].values()),
        is_current=manifest["id"] == current,
    )


def last_run() -> dict[str, Any] | None:
    """How the last run ended (`status` published, unchanged or failed, `ended_at`, `reason`); None where that is not known."""
    path = home() / "published" / LAST_RUN
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
