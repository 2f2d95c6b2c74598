"""Every reason for refusal and quarantine has a small file, and a table lists the message of each."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import ExtractRefused
from pipelines.home import CHECKOUT, Home
from pipelines.landing.land import land
from pipelines.practice import Practice

REJECTED = CHECKOUT / "data_samples" / "rejected"


def cases() -> list[tuple[str, ...]]:
    lines = (REJECTED / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines if line.startswith("| ")]
    return [row for row in rows if row[0] != "File"]


def test_every_rejected_file_is_in_the_table():
    files = {path.relative_to(REJECTED).as_posix() for path in REJECTED.rglob("*.*") if path.name != "README.md"}

    assert files == {row[0] for row in cases()}


@pytest.mark.parametrize(("file", "becomes", "row", "field", "reason"), cases(), ids=lambda value: value if "/" in value else "")
def test_a_rejected_file_is_reported_as_listed(tmp_path: Path, file: str, becomes: str, row: str, field: str, reason: str):
    source, _, name = file.partition("/")
    folder = tmp_path / "delivered"
    folder.mkdir()
    shutil.copy(REJECTED / file, folder)
    practice = Practice("rejected", "Rejected", "America/New_York", {source: folder})

    if becomes == "refused":
        with pytest.raises(ExtractRefused) as refusal:
            land(practice, Home(tmp_path))
        assert str(refusal.value).endswith(f"{source}/{name} {reason}")
        assert not list(tmp_path.rglob("rows.parquet"))
    else:
        (landed,) = land(practice, Home(tmp_path)).files
        (quarantine,) = tmp_path.rglob("quarantine.parquet")
        assert landed.n_read >= 2
        assert pl.read_parquet(quarantine).rows() == [(int(row), field or None, reason)]
