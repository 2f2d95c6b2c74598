"""The paths that a run writes to, all under `$CAREGAP_HOME`."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import EnvironmentNotReady
from pipelines.names import path_part

CHECKOUT = Path(__file__).resolve().parent.parent
"""The checkout that this package is imported from."""


@dataclass(frozen=True)
class Home:
    """The folder for everything that runs write; mode 0700, because it contains patient data.

    landing/<practice>/   delivered files, parsed once
    build/<run>/          warehouses under construction
    published/<id>/       immutable publications; `published/current` is a link to one of them
    history/<practice>/   first published version of each month, kept permanently
    outcomes/<practice>/  what was recorded in the dashboards, for the next run
    erasures/<practice>/  who was erased, by marks that name nobody, and the certificates
    scores/               trained models
    dbt/                  the parsed dbt project
    dagster/              Dagster's own records
    connect/<practice>/   how far connected systems were pulled, and what was pushed to them
    keys/                 wrapped keys of what is encrypted; what unwraps them lies elsewhere
    number lock           the counter of builds and publications; who is writing
    errors/               reports of unexpected errors, without patient data
    access.toml           who may sign in to the dashboards, and in which role
    access/ audit/ queries/   the dashboards' files: sign-in secrets, audit log, analysts' saved queries
    """

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """`$CAREGAP_HOME`, or `.caregap/` in the checkout; created if missing. Raises `EnvironmentNotReady` if it cannot."""
        home = cls(Path(os.environ.get("CAREGAP_HOME") or CHECKOUT / ".caregap").expanduser().resolve())
        try:
            home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            why = f"cannot be made ({error.strerror}). Set CAREGAP_HOME to a folder of your own."
            raise EnvironmentNotReady(f"{home.root}: {why}") from None
        return home

    def landing(self, practice_id: str) -> Path:
        return self.root / "landing" / path_part(practice_id)

    def history(self, practice_id: str) -> Path:
        return self.root / "history" / path_part(practice_id)

    def outcomes(self, practice_id: str) -> Path:
        return self.root / "outcomes" / path_part(practice_id)

    def connect(self, practice_id: str) -> Path:
        return self.root / "connect" / path_part(practice_id)

    def erasures(self, practice_id: str) -> Path:
        return self.root / "erasures" / path_part(practice_id)

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def published(self) -> Path:
        return self.root / "published"

    def scores(self, practice_id: str) -> Path:
        return self.root / "scores" / path_part(practice_id)

    @property
    def dbt(self) -> Path:
        return self.root / "dbt"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"
