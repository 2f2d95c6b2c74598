"""The SQL of the project as dbt sends it."""

from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import default_settings, parsed_project
from tests.conftest import Once


@pytest.fixture(scope="session")
def compiled(once: Once, parsed_dbt: Path) -> dict[str, str]:
    """The compiled SQL of every model, by `schema.model`; the layer is its schema."""

    def compile_models(folder: Path) -> None:
        variables = default_settings() | {"as_of_on": "2026-11-01", "time_zone": "America/New_York"}
        project = parsed_project(Home(parsed_dbt.parent))
        for _ in run_dbt(project, folder / "warehouse.duckdb", variables, ["resource_type:model"], "compile"):
            pass

    models = once("compiled", compile_models) / "dbt" / "compiled" / "caregap" / "models"
    paths = models.rglob("*.sql")
    return {f"{path.relative_to(models).parts[0]}.{path.stem}": path.read_text(encoding="utf-8") for path in paths}
