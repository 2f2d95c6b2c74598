"""`caregap audit`: whether the audit log is whole, who saw a patient, and what in it is a sign of intrusion."""

import json
from typing import Any

import click

from models.audit_log.chain import Verdict
from models.audit_log.store import AuditLog
from models.wording import counted
from pipelines.home import Home


@click.group()
def command() -> None:
    """Check the audit log, record its breaks, ask who saw a patient, and look for signs of intrusion."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def verify(as_json: bool) -> None:
    """Check the log from its first line. Exits with code 11 if a line was changed, removed or added without a record of it."""
    from dataclasses import asdict

    from pipelines.audit_log import log_of
    from pipelines.errors import ChecksFailed

    log = log_of(Home.from_environment())
    found, n_lost = log.verify(), log.missing_from_copy()
    problems = [*found.problems, *([f"the second copy has {n_lost} lines that the log has no more"] if n_lost else [])]
    if as_json:
        click.echo(json.dumps(asdict(found) | {"problems": problems}, indent=2))
    else:
        for one in found.breaks:
            click.echo(f"BREAK at line {one.line}, found {one.at}: {one.what}")
        click.echo(f"{found.n_lines:,} lines; head {found.head[:16]}")
        click.echo(_said_of_keys(found))
    if problems:
        raise ChecksFailed("\n  ".join(["The audit log is not whole. `caregap audit repair` records it:", *problems]))


@command.command()
def repair() -> None:
    """Record every unrecorded break permanently, so that the chain continues from here. Nothing is removed."""
    from models.audit_log.keys import AuditRefused
    from pipelines.audit_log import log_of, operator
    from pipelines.errors import EnvironmentNotReady

    try:
        found = log_of(Home.from_environment()).repair(operator())
    except AuditRefused as refused:
        raise EnvironmentNotReady(str(refused)) from None
    for problem in found.problems:
        click.echo(f"Recorded: {problem}")
    if not found.problems:
        click.echo("Nothing to record.")


@command.command()
@click.option("--patient", "patient_key", type=int, required=True, metavar="KEY", help="The patient's key (patient_key).")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as JSON.")
def who(patient_key: int, as_json: bool) -> None:
    """List who saw a patient, when, from where and on which page. The request itself is recorded in the log.

    Then lists the queries on patient data whose answers contained no patient's key; with the log's key, their text.
    """
    from models.audit_log.record import names_patient
    from pipelines.audit_log import log_of, record

    home = Home.from_environment()
    log = log_of(home)
    record(home, "audit_read", subject=str(patient_key))
    entries = list(log.entries())
    seen = [entry for entry in entries if names_patient(entry, patient_key)]
    perhaps = [entry | {"text": _text(log, entry)} for entry in entries if _is_open_question(entry, entries)]
    if as_json:
        click.echo(json.dumps({"seen": seen, "perhaps": perhaps}, indent=2))
        return
    for entry in seen:
        click.echo(_line(entry))
    click.echo(f"{len(seen)} lines name the patient." + (" Queries that may have shown the patient:" if perhaps else ""))
    for entry in perhaps:
        click.echo(f"{_line(entry)}\n    {entry['text']}")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print the signs as JSON.")
def alerts(as_json: bool) -> None:
    """Look for signs of intrusion, by the limits in access.toml. Exits with code 11 if there is one that nobody was told of yet.

    Each new one is recorded in the log, and so in its second copy; the next time it is listed as known.
    """
    from dataclasses import asdict

    from pipelines.alerts.signs import tell_signs
    from pipelines.errors import ChecksFailed

    told = tell_signs(Home.from_environment())
    if as_json:
        said = [asdict(sign) | {"on": f"{sign.on}", "text": sign.text, "is_new": sign in told.new} for sign in told.found]
        click.echo(json.dumps(said, indent=2))
    else:
        for sign in told.found:
            click.echo(f"{'NEW' if sign in told.new else 'known'}\t{sign.kind}\t{sign.text}")
        click.echo(f"{counted(len(told.found), 'sign')} of intrusion, {len(told.new)} new.")
    if told.new:
        raise ChecksFailed(
            f"The audit log shows {counted(len(told.new), 'new sign')} of intrusion. docs/security.md says what to do."
        )


def _is_open_question(entry: dict[str, Any], entries: list[dict[str, Any]]) -> bool:
    """A query on patients' data that was answered with rows in which no key stands."""
    if entry.get("event") != "queried" or not str(entry.get("subject", "")).startswith("full "):
        return False
    digest = str(entry["subject"]).split()[1]
    answers = [one for one in entries if one.get("event") == "query_answered" and str(one.get("subject", "")).startswith(digest)]
    return any(one.get("who") == entry.get("who") and not one.get("patients") and one.get("n_rows") for one in answers)


def _text(log: AuditLog, entry: dict[str, Any]) -> str:
    return log.keys.opened(entry.get("sealed", "")) or "its text is sealed, or was not kept: no key was set"


def _line(entry: dict[str, Any]) -> str:
    names = ("at", "who", "name", "role", "event", "subject", "address", "session")
    return "\t".join(str(entry.get(name) or "") for name in names)


def _said_of_keys(found: Verdict) -> str:
    if not found.is_checked:
        return "No key was given, so only the chain was checked. Anybody who can write to the home can rewrite the whole chain."
    return f"Checked with the key; {found.n_unkeyed:,} lines were written before there was one."
