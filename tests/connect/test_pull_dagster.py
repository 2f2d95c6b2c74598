"""Pulls in Dagster: one that fails leaves the others to be pulled, and a run says so."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from pipelines.connect.pulls.state import failed_pulls
from pipelines.defs.definitions import definitions
from pipelines.defs.pulls import pulled_connections
from pipelines.home import Home
from pipelines.lock import only_writer
from pipelines.practice import Practice
from tests.connect.conftest import Reply, Request, Server
from tests.connect.crm_servers import Hubspot

Serve = Callable[[Callable[[Request], Reply]], Server]


def hub(name: str, address: str) -> str:
    return (
        f"[{name}]\nkind = 'hubspot'\naddress = '{address}'\nsource = 'crm'\nlimits = {{ requests_per_minute = 60000 }}\n"
        f"sign_in = {{ token = {{ env = 'CRM_SECRET' }} }}\npull = {{}}\n"
    )


def test_a_failed_pull_leaves_the_others_to_be_pulled_and_is_told(
    new_home: Callable[[], Home], tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CRM_SECRET", "SECRET")
    home, practice = new_home(), Practice("test", "Test", "America/New_York", {"crm": tmp_path})
    contact = {"id": "1", "properties": {"lastmodifieddate": "2026-03-01T10:00:00Z", "createdate": "2026-03-01T10:00:00Z"}}
    broken, sound = serve(lambda _: Reply(403)).address, serve(Hubspot([contact])).address
    (home.root / "connectors.toml").write_text(hub("broken", broken) + hub("sound", sound))
    defs = definitions(home, practice, connections=pulled_connections(home, practice))
    with only_writer(home):  # a run of the warehouse is under way: a pull neither waits for it nor stops it
        result = defs.resolve_job_def("pull").execute_in_process(raise_on_error=False)
    assert not result.success
    assert {key.path[-1] for event in result.get_asset_materialization_events() if (key := event.asset_key)} == {"sound"}
    assert len([*tmp_path.glob("2*")]) == 1
    (told,) = failed_pulls(home, "test")
    assert told.startswith("the pull of broken failed on ")
    assert "not permitted to this account (HTTP 403)" in told


def test_a_mistake_in_connectors_toml_takes_no_run_away(new_home: Callable[[], Home], tmp_path: Path):
    home, practice = new_home(), Practice("test", "Test", "America/New_York", {"crm": tmp_path})
    (home.root / "connectors.toml").write_text("[hub]\nkind = 'hub'\n")
    assert pulled_connections(home, practice) == []
    assert isinstance(definitions(home, practice).resolve_job_def("refresh"), dg.JobDefinition)
