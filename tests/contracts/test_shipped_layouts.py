"""Each shipped layout has a small file in its documented header, which is recognised by its columns alone and lands whole."""

import shutil
from pathlib import Path

import pytest

from pipelines.home import CHECKOUT, Home
from pipelines.landing.land import land
from pipelines.layouts import shipped_layouts
from pipelines.practice import Practice

SAMPLES = CHECKOUT / "data_samples" / "layouts"


def test_each_shipped_layout_has_a_sample():
    assert {path.stem for path in SAMPLES.glob("*.csv")} == set(shipped_layouts())


def test_the_operators_page_lists_each_shipped_layout_with_its_source():
    page = (CHECKOUT / "docs" / "operators.md").read_text(encoding="utf-8")

    assert all(f"| `{name}` | {one.title} |" in page and one.documented_at in page for name, one in shipped_layouts().items())


@pytest.mark.parametrize("name", sorted(shipped_layouts()))
def test_a_shipped_layout_says_where_its_columns_are_published(name: str):
    assert shipped_layouts()[name].documented_at.startswith("https://")


@pytest.mark.parametrize("name", sorted(shipped_layouts()))
def test_an_export_is_read_by_its_layout_whatever_it_is_called(name: str, tmp_path: Path):
    """Two rows of each sample are of the layout's kind."""
    layout = shipped_layouts()[name]
    (tmp_path / "delivered").mkdir()
    shutil.copy(SAMPLES / f"{name}.csv", tmp_path / "delivered" / "export 17.csv")

    [file] = land(Practice("t", "T", "America/New_York", {layout.source: tmp_path / "delivered"}), Home(tmp_path)).files

    assert (file.status, file.extract, file.n_delivered, file.n_read) == ("landed", layout.extract, 2, 2)
    assert file.read_as.startswith(f"by layout {name}")
