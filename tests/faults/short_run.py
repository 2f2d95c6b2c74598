"""`caregap run` in seconds: all of it is real but the SQL and the models, whose tables are copied from a build made by hand.

    python -m tests.faults.short_run BUILD      asked on stdin, one line of JSON a run; answers one line each

A run is a fork of a process that has imported everything: a start costs 3 seconds, a fork none. What would otherwise be imported
within each run is imported here; Pandera's checks alone cost a fifth of a run.
"""

import json
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

import openpyxl  # noqa: F401
import pytest
from pandera.backends.polars.register import register_polars_backends

import pipelines.alerts.telling
import pipelines.cli.findings
import pipelines.cli.run
import pipelines.cli.summary
import pipelines.cli.unexpected
import pipelines.defs.run
from models.published import PUBLISHED
from pipelines.home import CHECKOUT, Home
from pipelines.landing.land import LandingReport
from pipelines.practice import Practice
from pipelines.publications import store
from pipelines.publish import publish as publishing
from pipelines.raw import value_sets
from pipelines.warehouse import fingerprint as fingerprints
from pipelines.warehouse.build import STEPS, read_build, start_build
from pipelines.warehouse.fingerprint import fingerprint

KEPT = 1
"""Of publications, so that the second run reaches the clean-up."""
TABLES = {
    "marts": "dim_kpis dim_locations dim_patients dim_patient_links fct_appointments fct_baselines fct_care_gap_months "
    "fct_data_findings fct_deliveries fct_encounters fct_kpi_periods fct_outreach_outcomes fct_quarantined_rows",
    "ml": "model_evaluations",
    "delivery": "fct_program_effects fct_program_returns out_campaign_patients out_campaigns out_outreach_list "
    "out_outreach_suppressions out_outreach_tasks "
    "out_patient_profiles",
}
"""What is kept of earlier publications, and what lists and summary are written from: all 73 tables take 2 seconds more."""


def execute(build_by_hand: Path, home: Home, practice: Practice, landed: LandingReport, selection: list[str] | None) -> None:
    """In place of Dagster's: every step of a build in its order, the derived tables copied, then the publication.

    With a selection, as `caregap build` has, up to the derived tables.
    """
    build = start_build(
        home, practice, landed.ledger, fingerprint=fingerprint(home, practice, landed.ledger), arrived=landed.arrived
    )
    with build.step("derived"), build.connect() as connection:
        _copy(connection, build_by_hand)
    if selection:
        return
    for step in STEPS[2:]:
        with read_build(build.folder).step(step):
            pass
    publishing.publish(home, read_build(build.folder))


def _copy(connection, build_by_hand: Path) -> None:
    connection.execute(f"attach '{build_by_hand / 'warehouse.duckdb'}' as by_hand (read_only)")
    connection.execute("begin")
    for table in PUBLISHED:
        connection.execute(f"create schema if not exists {table.partition('.')[0]}")
        connection.execute(f"create table {table} as from by_hand.{table}")
    connection.execute("commit")
    connection.execute("detach by_hand")


def _child(asked: dict, build_by_hand: Path) -> None:
    """Be a run, and end as it ends."""
    out = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ |= {"CAREGAP_TESTING": "1", "CAREGAP_HOME": asked["home"], **asked["environment"]}
    store.KEPT = int(os.environ.get("SHORT_RUN_KEPT", KEPT))
    execution = ModuleType("pipelines.defs.execution")
    execution.execute = lambda home, practice, *, progress, landed, selection=None: execute(
        build_by_hand, home, practice, landed, selection
    )
    execution.warned = lambda done: ()
    sys.modules["pipelines.defs.execution"] = execution
    sys.argv = ["caregap", *asked["arguments"]]
    code = 0
    try:
        pipelines.cli.main()
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _list_code_once() -> None:
    """The code stays as it is while runs are stopped; to look for its files took a twentieth of each."""
    files = fingerprints._files
    code = [*files(CHECKOUT, fingerprints.CODE)]
    fingerprints._files = lambda root, places: code if root == CHECKOUT else files(root, places)


def publish_in_short(patch: pytest.MonkeyPatch) -> None:
    """Publications of the tables above alone, without reports."""
    wanted = {f"{schema}.{table}" for schema, tables in TABLES.items() for table in tables.split()}
    for table in PUBLISHED.keys() - wanted:
        patch.delitem(PUBLISHED, table)
    for report in ("write_last_reports", "write_model_report"):
        patch.setattr(publishing, report, lambda *_: [])


def main() -> None:
    publish_in_short(pytest.MonkeyPatch())
    value_sets.known_value_sets()
    register_polars_backends()
    _list_code_once()
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _child(asked, Path(sys.argv[1]))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
