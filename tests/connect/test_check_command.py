"""`caregap connect check`: one line each, what to do next, for people and for machines."""

import json
from collections.abc import Callable
from pathlib import Path

from pipelines.home import Home
from tests.conftest import caregap
from tests.connect.conftest import Reply


def describe(folder: Path, address: str) -> None:
    lines = ["[erp]", 'kind = "odoo"', f'address = "{address}"', 'source = "crm"', 'database = "x"']
    (folder / "connectors.toml").write_text("\n".join([*lines, 'sign_in = { key = { env = "K" } }']), encoding="utf-8")


def test_a_system_that_does_not_answer_is_named_with_what_to_do(practice_folder: Path):
    describe(practice_folder, "http://127.0.0.1:9")
    done = caregap(Home(practice_folder), "connect", "check")
    assert done.returncode == 14
    assert "ok  erp: mapped: crm is" in done.stdout
    assert "NO  erp: reachable. erp (127.0.0.1) cannot be reached (ConnectError). Is it running?" in done.stdout
    assert "Traceback" not in done.stderr


def test_what_is_reachable_and_has_nothing_to_do_is_told_so(practice_folder: Path, serve: Callable):
    address = serve(lambda _: Reply(404)).address
    describe(practice_folder, address)
    done = caregap(Home(practice_folder), "connect", "check", "erp", "--json")
    found = json.loads(done.stdout)["erp"]
    assert [one["is_ok"] for one in found] == [True, True, False]
    assert found[2]["next_step"] == "Add [erp.pull] or [erp.push]."
    assert done.returncode == 14
