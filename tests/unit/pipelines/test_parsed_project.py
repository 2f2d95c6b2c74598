"""dbt's project is parsed once for each state, and again only where it has changed."""

import json
import os
from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.warehouse import dbt_project

PROJECT = {
    "dbt_project.yml": "{name: caregap, profile: caregap, flags: {send_anonymous_usage_stats: false}}",
    "profiles.yml": "{caregap: {target: b, outputs: {b: {type: duckdb, path: \"{{ env_var('CAREGAP_BUILD') }}\"}}}}",
    "macros/of.sql": "{% macro of() %}{{ ref('first') }}{% endmacro %}",
    "models/first.sql": "select 1 as a",
    "models/second.sql": "select 2 as a",
    "models/reader.sql": "select * from {{ of() }}",
}


def read_by_reader(home: Home) -> list[str]:
    nodes = json.loads((dbt_project.parsed_project(home) / "manifest.json").read_text())["nodes"]
    return nodes["model.caregap.reader"]["depends_on"]["nodes"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project in place of ours."""
    folder = tmp_path / "project"
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.setattr(dbt_project, "PROJECT", folder)
    monkeypatch.setattr(dbt_project, "SHIPPED", folder / "target" / "parsed")
    return folder


@pytest.mark.slow
def test_a_changed_macro_changes_what_its_models_read(project: Path, tmp_path: Path):
    """The parsing starts from that of the state before, which has the model as it was: the model's own file is the same."""
    home = Home(tmp_path / "home")
    assert read_by_reader(home) == ["model.caregap.first"]

    (project / "macros" / "of.sql").write_text(PROJECT["macros/of.sql"].replace("first", "second"))
    assert read_by_reader(home) == ["model.caregap.second"]
    assert len([state for state in home.dbt.iterdir() if state.is_dir()]) == 1


def test_what_was_parsed_at_set_up_serves_every_home_until_the_project_is_changed(project: Path, tmp_path: Path):
    home = Home(tmp_path / "home")
    shipped = dbt_project.parsed_in(dbt_project.SHIPPED)
    assert dbt_project.parsed_project(home) == shipped
    (project / "sql_lint" / "__pycache__").mkdir(parents=True)
    (project / "sql_lint" / "__pycache__" / "rules.pyc").write_bytes(b"bytecode, which dbt does not read")
    assert dbt_project.parsed_project(home) == shipped
    assert not home.dbt.exists()

    (project / "models" / "second.sql").write_text("select 3 as a")
    (shipped / "partial_parse.msgpack").chmod(0o644)  # for every account to read; the next parse begins with its content
    before = os.umask(0o077)  # as a command sets it
    try:
        parsed = dbt_project.parsed_project(home)
    finally:
        os.umask(before)
    assert parsed.parent == home.dbt
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in parsed.iterdir() if path.stat().st_mode & 0o077} == {}
