"""`caregap simulate`, and the sample practice that is committed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from data_samples.write_practice import PRACTICE, write_practice
from pipelines.cli.simulate import command
from pipelines.errors import UsageError


def test_it_prints_the_files_that_it_wrote(tmp_path: Path):
    out = tmp_path / "practice"
    result = CliRunner().invoke(command, ["--patients", "20", "--months", "4", "--seed", "2", "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)["rows"]
    n_lines = sum(path.read_bytes().count(b"\n") for path in out.glob("ehr/*/Encounter.ndjson"))
    assert n_lines - 3 <= rows["ehr/Encounter"] <= n_lines
    assert (out / "practice.toml").is_file()


def test_it_never_mixes_its_files_with_others(tmp_path: Path):
    (tmp_path / "contacts.csv").touch()
    with pytest.raises(UsageError, match="not empty"):
        CliRunner().invoke(command, ["--patients", "20", "--out", str(tmp_path)], catch_exceptions=False)


def test_the_committed_practice_is_what_the_simulator_writes(tmp_path: Path):
    """After a change of the simulator: `make sample`, and commit what it wrote."""
    write_practice(tmp_path)
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    committed = {path.relative_to(PRACTICE): path.read_bytes() for path in PRACTICE.rglob("*") if path.is_file()}
    assert written.keys() == committed.keys()
    assert [str(name) for name in written if written[name] != committed[name]] == []
    assert sum(len(content) for content in committed.values()) < 12_000_000
