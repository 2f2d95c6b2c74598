"""The publications and the outcome of the last run, from the manifests beside the published files."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboards.home import home
from models.build_time import build_minutes

LAST_RUN = "last_run.json"


@dataclass(frozen=True)
class Published:
    """One publication that is kept. `number` orders them; 0: made before there were numbers."""

    id: str
    number: int
    published_at: datetime
    as_of_on: str
    time_zone: str
    is_synthetic: bool
    build_minutes: float
    n_tables: int
    n_rows: int
    is_current: bool


def publications() -> list[Published]:
    """Every publication that was shown and is kept, the newest first: by its number, for clocks are set back."""
    folder = home() / "published"
    current = (folder / "current").resolve().name
    manifests = (_stated(path) for path in folder.glob("[0-9]*/manifest.json"))
    found = [_published(manifest, current) for manifest in manifests if manifest]
    shown = [one for one in found if not one.number or one.is_current or (folder / one.id / "shown").exists()]
    return sorted(shown, key=lambda one: (one.number, one.id), reverse=True)


def _stated(path: Path) -> dict[str, Any] | None:
    """What the file says; None where it is damaged, which the next run makes good."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _published(manifest: dict[str, Any], current: str) -> Published:
    return Published(
        id=manifest["id"],
        number=manifest.get("number", 0),
        published_at=datetime.fromisoformat(manifest["published_at"]),
        as_of_on=manifest["as_of_on"],
        time_zone=manifest["time_zone"],
        is_synthetic=manifest["is_synthetic"],
        build_minutes=build_minutes(manifest["build_id"], manifest["published_at"]),
        n_tables=len(manifest["n_rows"]),
        n_rows=sum(manifest["n_rows"].values()),
        is_current=manifest["id"] == current,
    )


def last_run() -> dict[str, Any] | None:
    """How the last run ended; None where that is not known.

    `status` published or failed, `ended_at`, `reason`, and `number` of the publication that was the newest then.
    """
    return _stated(home() / "published" / LAST_RUN)
