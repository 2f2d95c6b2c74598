"""Write, audit, publish: a new publication is written beside the others and audited before it becomes the current one."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from models.contract import Contract
from models.published import PUBLISHED
from pipelines.audit_log import record
from pipelines.clock import now
from pipelines.durable import put_in_place
from pipelines.errors import ChecksFailed, UsageError
from pipelines.exports.board_report.report import write_last_reports
from pipelines.exports.model_report import write_model_report
from pipelines.exports.outreach_lists import write_outreach
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.numbering import next_number
from pipelines.practice import SETTINGS_FILE, read_practice
from pipelines.publications.baselines import keep_baselines
from pipelines.publications.campaign_members import keep_campaign_members
from pipelines.publications.gap_months import keep_gap_history
from pipelines.publications.store import DEIDENTIFIED, MANIFEST, WAREHOUSE, Publication, forget_old, note_shown, point_to
from pipelines.publish.audit import audit
from pipelines.publish.catalog import write_catalog
from pipelines.publish.deidentify import SALT, deidentified
from pipelines.publish.held_year import held_year, uncovered
from pipelines.publish.k_anonymity import anonymity, in_words
from pipelines.publish.restriction import without_restricted
from pipelines.publish.selection import Selection, whole
from pipelines.scratch import scratch
from pipelines.sealed import seal
from pipelines.sql.connection import attach, open_file
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
    number, at = next_number(home), now()
    id = f"{at:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
    with scratch(home.published) as beside:
        folder = beside / id
        folder.mkdir(mode=0o700)
        shown = without_restricted(whole) if build.withholds_restricted else whole
        n_rows = write_file(build, folder / WAREHOUSE, shown)
        passing("publish.warehouse.written", folder)
        with build.connect() as connection:
            held = held_year(connection, build.as_of_on)
        apart: Callable[[Contract], Selection] = partial(deidentified, held=held)
        apart = without_restricted(apart) if build.withholds_restricted else apart
        write_file(build, folder / DEIDENTIFIED, apart)
        passing("publish.deidentified.written", folder)
        with open_file(folder / DEIDENTIFIED, read_only=True) as connection:
            told_apart = anonymity(connection)
        without_rows = uncovered(held, n_rows)
        publication = Publication(
            id=id,
            practice_id=build.practice_id,
            practice_name=build.practice_name,
            is_synthetic=build.is_synthetic,
            time_zone=build.time_zone,
            as_of_on=build.as_of_on.isoformat(),
            build_id=build.id,
            fingerprint=build.fingerprint,
            published_at=at.isoformat(timespec="seconds"),
            n_rows=n_rows,
            number=number,
            arrived=build.arrived,
            anonymity=in_words(*told_apart, held.year, without_rows),
            deidentified_lacks=without_rows,
        )
        _write_manifest(folder, publication)
        write_outreach(home, publication, folder / WAREHOUSE, folder)
        passing("publish.lists.written", folder)
        write_model_report(folder / WAREHOUSE, folder)
        write_last_reports(folder)
        passing("publish.reports.written", folder)
        audit(build, {folder / WAREHOUSE: shown, folder / DEIDENTIFIED: apart})
        passing("publish.audited", folder)
        publication = replace(publication, files=seal(path for path in folder.iterdir() if path.name != MANIFEST))
        _write_manifest(folder, publication)
        passing("publish.sealed", folder)
        put_in_place(folder, home.published / id)
    passing("publish.placed", home.published)
    record(home, "published", subject=id, n_rows=sum(n_rows.values()))
    passing("publish.recorded", home.published)
    point_to(home, id)
    settle(home)
    return publication


def settle(home: Home) -> None:
    """Do what follows a swap: keep what is shown for the first time, and remove old publications.

    A run that was killed after its swap has not done it, so every run does it first, also where nothing new was delivered.
    """
    note_shown(home)
    keep_gap_history(home)
    passing("settle.gaps.kept", home.root)
    keep_baselines(home)
    passing("settle.baselines.kept", home.root)
    keep_campaign_members(home)
    passing("settle.campaigns.kept", home.root)
    forget_old(home)
    passing("settle.done", home.root)


def _write_manifest(folder: Path, publication: Publication) -> None:
    (folder / MANIFEST).write_text(json.dumps(asdict(publication), indent=2), encoding="utf-8")


def write_file(
    build: Build,
    path: Path,
    selection_of: Callable[[Contract], Selection],
    tables: Mapping[str, Contract] = PUBLISHED,
) -> dict[str, int]:
    """Copy the contracts' tables and descriptions to a new file. Returns the number of rows by table."""
    n_rows, written = {}, {}
    with open_file(path, like=build.warehouse) as connection:
        attach(connection, build.warehouse, "build")
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
