"""`caregap estimate`, called as analysts call it."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipelines.cli.estimate import command
from pipelines.errors import UsageError

ARMS = "y,t\n" + "".join(f"{value},{arm}\n" for arm in (0, 1) for value in range(arm, arm + 5))
PANEL = "unit,month,joined,rate\n" + "".join(
    f"site {unit},2025-{month:02},{'2025-04' if unit == 0 else ''},{unit + month * month % 7 + unit * month % 3}\n"
    for unit in range(6)
    for month in range(1, 7)
)


def estimate(*words: object) -> dict[str, object]:
    found = CliRunner().invoke(command, [*map(str, words), "--json"], catch_exceptions=False, standalone_mode=False)
    return json.loads(found.output)


def test_every_design_answers_with_the_same_four_numbers(tmp_path: Path):
    (arms := tmp_path / "arms.csv").write_text(ARMS)
    (panel := tmp_path / "panel.csv").write_text(PANEL)
    (series := tmp_path / "series.csv").write_text("y,t,i\n" + "".join(f"{50 + t % 5},{t},{int(t > 9)}\n" for t in range(20)))
    columns = ["--unit", "unit", "--period", "month", "--first-treated", "joined", "--outcome", "rate"]
    for answer in (
        estimate("randomised", arms, "--outcome", "y", "--treated", "t"),
        estimate("did", panel, *columns, "--control", "notyet", "--seed", 3),
        estimate("sdid", panel, *columns),
        estimate("its", series, "--outcome", "y", "--time", "t", "--intervention", "i", "--hac", 2),
    ):
        assert list(answer)[:4] == ["estimate", "standard_error", "interval", "n"]
        assert len(answer["interval"]) == 2


def test_csv_of_any_separator_and_parquet_give_the_same(tmp_path: Path):
    (tmp_path / "a.csv").write_text(ARMS)
    (tmp_path / "b.csv").write_text(ARMS.replace(",", ";"))
    pl.read_csv(tmp_path / "a.csv").write_parquet(tmp_path / "c.parquet")
    first, *others = (
        estimate("randomised", tmp_path / name, "--outcome", "y", "--treated", "t") for name in ("a.csv", "b.csv", "c.parquet")
    )
    assert first["estimate"] == 1 and others == [first, first]


def test_without_json_a_person_reads_lines_and_tables(tmp_path: Path):
    (panel := tmp_path / "panel.csv").write_text(PANEL)
    words = ["sdid", str(panel), "--unit", "unit", "--period", "month", "--first-treated", "joined", "--outcome", "rate"]
    lines = CliRunner().invoke(command, words, standalone_mode=False).output.splitlines()
    assert lines[0].split()[0] == "estimate" and "unit_weights" in lines
    assert lines[lines.index("unit_weights") + 1].split() == ["cohort", "unit", "weight"]


WRONG = {
    "not there": (["randomised", "none.csv", "--outcome", "y", "--treated", "t"], "none.csv: not found"),
    "another format": (["randomised", "arms.txt", "--outcome", "y", "--treated", "t"], "arms.txt: give a .csv or a .parquet"),
    "a column that is not there": (
        ["randomised", "arms.csv", "--outcome", "z", "--treated", "t"],
        "arms.csv: column z: there is no",
    ),
    "a value that is no number": (
        ["randomised", "bad.csv", "--outcome", "y", "--treated", "t"],
        "bad.csv: column y, data row 2: is not",
    ),
    "a season that is none": (
        ["its", "arms.csv", "--outcome", "y", "--time", "t", "--intervention", "t", "--season", "m"],
        "COLUMN:HARMONICS",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_used_ends_as_a_usage_error_that_names_the_place(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    words, message = WRONG[name]
    monkeypatch.chdir(tmp_path)
    Path("arms.csv").write_text(ARMS)
    Path("arms.txt").write_text(ARMS)
    Path("bad.csv").write_text(ARMS.replace("\n1,0", "\nJane Roe,0", 1))
    with pytest.raises(UsageError) as refused:
        command.main(words, standalone_mode=False)
    assert message in str(refused.value)
    assert "Jane" not in str(refused.value)
