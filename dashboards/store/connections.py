"""How connected systems stand: what the engine wrote beside the publications. No row of it names a patient.

<home>/connect/<practice>/status.json         pushes: the last one, the plan that was drawn last, every task's mark by its id
<home>/connect/<practice>/<name>.pull.json    pulls: when, how many rows, and why the last one failed
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from dashboards.home import home
from dashboards.store.published import Publication
from models.home_keys.store import read

_PULLED = ".pull.json"
_MARKS = {"external_id": pl.String, "connector": pl.String, "mark": pl.String, "because": pl.String, "there_outcome": pl.String}


@dataclass(frozen=True)
class Connected:
    """One connected system. `pushed` is its part of the status, `pulled` the state of its pulls; either may be empty."""

    name: str
    pushed: dict[str, Any] = field(default_factory=dict)
    pulled: dict[str, Any] = field(default_factory=dict)

    @property
    def plan(self) -> dict[str, Any] | None:
        """The plan that was drawn last, in numbers."""
        return self.pushed.get("plan")

    @property
    def last_push(self) -> dict[str, Any] | None:
        return self.pushed.get("last_push")


def connected(publication: Publication) -> list[Connected]:
    """The systems that were pulled from or pushed to, by name; none where nothing was yet."""
    folder = _folder(publication)
    pushed = _stated(folder / "status.json").get("connectors", {})
    pulled = {path.name.removesuffix(_PULLED): _stated(path) for path in folder.glob(f"*{_PULLED}")}
    return [Connected(name, pushed.get(name, {}), pulled.get(name, {})) for name in sorted({*pushed, *pulled})]


def task_marks(publication: Publication) -> pl.DataFrame:
    """One row per task that was pushed: `external_id`, `connector`, `mark`, `because`, and the outcome told there.

    A task that stands in two systems has the mark of the one that knows most: done, else open, else the others.
    """
    order = ("done", "open", "waiting", "gone", "withdrawn", "skipped")
    rows = [
        {
            "external_id": task,
            "connector": one.name,
            "mark": "refused" if said.get("fate") == "rejected" else said.get("mark"),
            "because": said.get("because"),
            "there_outcome": said.get("outcome"),
            "order": order.index(said["mark"]) if said.get("mark") in order else len(order),
        }
        for one in connected(publication)
        for task, said in one.pushed.get("tasks", {}).items()
    ]
    marks = pl.DataFrame(rows, schema=_MARKS | {"order": pl.Int64})
    return marks.sort("order", "connector").unique("external_id", keep="first", maintain_order=True).drop("order")


def _folder(publication: Publication) -> Path:
    return home() / "connect" / publication.practice_id


def _stated(path: Path) -> dict[str, Any]:
    """What the file says; nothing where it is missing or damaged: the next push or pull writes it anew."""
    try:
        said = json.loads(read(path))
        return said if isinstance(said, dict) else {}
    except (OSError, ValueError):
        return {}
