"""Where a run writes: every path under `$CAREGAP_HOME`, and no other."""

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""The checkout that this package is imported from."""


@dataclass(frozen=True)
class Home:
    """The folder that holds everything that runs wrote; mode 0700, since it holds patient data.

    landing/<practice>/   delivered files, parsed once
    build/<run>/          warehouses under construction
    published/<id>/       immutable publications; `published/current` is a link to one of them
    history/<practice>/   what was published first of each month, kept for good
    outcomes/<practice>/  what care teams recorded in the dashboards, as the next run reads it
    scores/               trained models
    dbt/                  dbt's project, parsed
    dagster/              Dagster's own records
    access.toml           who may sign in to the dashboards, and as what
    access/ audit/ queries/   the dashboards' own: secrets of sign-in, the audit log, analysts' saved queries
    """

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """`$CAREGAP_HOME`, or `.caregap/` of the checkout; made if it is not there."""
        home = cls(Path(os.environ.get("CAREGAP_HOME") or CHECKOUT / ".caregap").expanduser().resolve())
        home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return home

    def landing(self, practice_id: str) -> Path:
        return self.root / "landing" / practice_id

    def history(self, practice_id: str) -> Path:
        return self.root / "history" / practice_id

    def outcomes(self, practice_id: str) -> Path:
        return self.root / "outcomes" / practice_id

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def scores(self) -> Path:
        return self.root / "scores"

    @property
    def dbt(self) -> Path:
        return self.root / "dbt"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"
