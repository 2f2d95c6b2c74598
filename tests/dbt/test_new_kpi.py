"""Adding a KPI by the letter of docs/contributors.md, in a copy of the checkout, leaves the tests green."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipelines.home import CHECKOUT

pytestmark = pytest.mark.slow
_STEP = re.compile(r"`([\w./]+\.(?:sql|csv|py))`:\n\n   ```\w+\n(.*?)   ```", re.DOTALL)


@pytest.fixture(scope="module")
def with_new_kpi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which the three blocks of "A new KPI" were added to the files that they name."""
    copy = tmp_path_factory.mktemp("copy") / "checkout"
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in tracked.stdout.splitlines():
        if (CHECKOUT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, copy / name)
    section = (CHECKOUT / "docs" / "contributors.md").read_text(encoding="utf-8").split("## A new KPI")[1].split("\n## ")[0]
    steps = _STEP.findall(section)
    assert [Path(name).suffix for name, _ in steps] == [".sql", ".csv", ".py"], "three files for a KPI"
    for name, block in steps:
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write(("\n\n" if name.endswith(".py") else "") + textwrap.dedent(block))
    subprocess.run([sys.executable, "-m", "pipelines.warehouse.dbt_properties"], cwd=copy, check=True)
    return copy


def _green(copy: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_shape_of_the_project_holds_with_a_new_kpi(with_new_kpi: Path):
    _green(with_new_kpi, "tests/architecture/test_dbt_project.py")


def test_a_new_kpi_is_computed_and_has_its_rows(with_new_kpi: Path):
    _green(with_new_kpi, "tests/dbt/test_golden_kpis.py", "tests/dbt/test_kpi_rows.py", "-k", "not sample")
