"""The SQL of the project as dbt sends it."""

import pytest

from pipelines.home import Home
from pipelines.warehouse.build import newest_build


@pytest.fixture(scope="session")
def compiled(sample_home: Home) -> dict[str, str]:
    """The SQL of every model as the run of the sample sent it, by `schema.model`; the layer is its schema."""
    models = newest_build(sample_home).folder / "dbt" / "compiled" / "caregap" / "models"
    paths = models.rglob("*.sql")
    return {f"{path.relative_to(models).parts[0]}.{path.stem}": path.read_text(encoding="utf-8") for path in paths}
