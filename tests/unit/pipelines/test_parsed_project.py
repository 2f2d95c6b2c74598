"""dbt's project is parsed once for each state, and again only where it has changed."""

import json
from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.warehouse import dbt

PROJECT = {
    "dbt_project.yml": "{name: caregap, profile: caregap, flags: {send_anonymous_usage_stats: false}}",
    "profiles.yml": "{caregap: {target: b, outputs: {b: {type: duckdb, path: \"{{ env_var('CAREGAP_BUILD') }}\"}}}}",
    "macros/of.sql": "{% macro of() %}{{ ref('first') }}{% endmacro %}",
    "models/first.sql": "select 1 as a",
    "models/second.sql": "select 2 as a",
    "models/reader.sql": "select * from {{ of() }}",
}


def read_by_reader(home: Home) -> list[str]:
    nodes = json.loads((dbt.parsed_project(home) / "manifest.json").read_text())["nodes"]
    return nodes["model.caregap.reader"]["depends_on"]["nodes"]


def test_a_changed_macro_changes_what_its_models_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The parsing starts from that of the state before, which has the model as it was: the model's own file is the same."""
    project, home = tmp_path / "project", Home(tmp_path / "home")
    for name, text in PROJECT.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    monkeypatch.setattr(dbt, "PROJECT", project)
    assert read_by_reader(home) == ["model.caregap.first"]

    (project / "macros" / "of.sql").write_text(PROJECT["macros/of.sql"].replace("first", "second"))
    assert read_by_reader(home) == ["model.caregap.second"]
    assert len([state for state in home.dbt.iterdir() if state.is_dir()]) == 1
