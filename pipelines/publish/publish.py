"""Write, audit, publish: a new publication is written beside the others and audited before it becomes the current one."""

import json
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from models.contract import Contract
from models.published import PUBLISHED
from pipelines.audit_log import record
from pipelines.errors import ChecksFailed, UsageError
from pipelines.exports.board_report.report import write_last_reports
from pipelines.exports.model_report import write_model_report
from pipelines.exports.outreach_lists import write_outreach
from pipelines.home import Home
from pipelines.practice import SETTINGS_FILE, read_practice
from pipelines.publications.baselines import keep_baselines
from pipelines.publications.gap_months import keep_gap_history
from pipelines.publications.store import DEIDENTIFIED, MANIFEST, WAREHOUSE, Publication, forget_old, point_to, sync
from pipelines.publish.audit import audit
from pipelines.publish.catalog import write_catalog
from pipelines.publish.deidentify import SALT, deidentified
from pipelines.publish.k_anonymity import anonymity
from pipelines.publish.selection import Selection, whole
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import STEPS, Build


def publish(home: Home, build: Build) -> Publication:
    """Publish a checked build. Returns the new publication.

    Raises `ChecksFailed` if a step of the build has not passed or the written files fail their audit, and `UsageError` if
    `caregap init` made this home for another practice. A failure before the swap leaves the current publication unchanged.
    """
    if build.passed != STEPS[-1]:
        raise ChecksFailed(f"Build {build.id} is {build.passed}, not yet {STEPS[-1]}. Run `caregap build`, then `caregap score`.")
    if (home.root / SETTINGS_FILE).is_file() and (own := read_practice(home.root).id) != build.practice_id:
        raise UsageError(f"{home.root} is the home of {own}, not of {build.practice_id}. Set CAREGAP_HOME to another folder.")
    now = datetime.now(UTC)
    id = f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
    beside = home.published / f".{id}"
    beside.mkdir(parents=True, mode=0o700)
    try:
        n_rows = write_file(build, beside / WAREHOUSE, whole)
        write_file(build, beside / DEIDENTIFIED, deidentified)
        with open_file(beside / DEIDENTIFIED, read_only=True) as connection:
            told_apart = anonymity(connection)
        publication = Publication(
            id=id,
            practice_id=build.practice_id,
            practice_name=build.practice_name,
            is_synthetic=build.is_synthetic,
            time_zone=build.time_zone,
            as_of_on=build.as_of_on.isoformat(),
            build_id=build.id,
            fingerprint=build.fingerprint,
            published_at=now.isoformat(timespec="seconds"),
            n_rows=n_rows,
            anonymity=str(told_apart),
        )
        (beside / MANIFEST).write_text(json.dumps(asdict(publication), indent=2), encoding="utf-8")
        write_outreach(beside)
        write_model_report(beside / WAREHOUSE, beside)
        write_last_reports(beside)
        audit(build, {beside / WAREHOUSE: whole, beside / DEIDENTIFIED: deidentified})
        for path in (*beside.iterdir(), beside):
            sync(path)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    beside.rename(home.published / id)
    record(home, "published", subject=id, n_rows=sum(n_rows.values()))
    point_to(home, id)
    keep_gap_history(home)
    keep_baselines(home)
    forget_old(home)
    return publication


def write_file(
    build: Build,
    path: Path,
    selection_of: Callable[[Contract], Selection],
    tables: Mapping[str, Contract] = PUBLISHED,
) -> dict[str, int]:
    """Copy the contracts' tables and descriptions to a new file. Returns the number of rows by table."""
    n_rows, written = {}, {}
    with open_file(path) as connection:
        connection.execute(f"attach '{build.warehouse}' as build (read_only)")
        connection.execute(f"set variable {SALT} = '{secrets.token_hex(32)}'")
        connection.execute("begin")  # one commit, not one for each of the thousands of comments
        for table, contract in tables.items():
            selection = selection_of(contract)
            if not selection.columns:
                continue
            connection.execute(f"create schema if not exists {table.partition('.')[0]}")
            connection.execute(f"create table {table} as {selection.query(f'build.{table}')}")
            connection.execute(f"comment on table {table} is {_quoted(selection.description)}")
            for name, column in selection.columns.items():
                connection.execute(f"comment on column {table}.{name} is {_quoted(column.description)}")
            n_rows[table] = connection.execute(f"select count(*) from {table}").fetchall()[0][0]
            written[table] = selection
        connection.execute("commit")
        connection.execute("detach build")
        write_catalog(connection, written, n_rows)
        connection.execute("checkpoint")
    return n_rows


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
