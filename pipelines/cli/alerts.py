"""`caregap alerts`: who is told of what, by e-mail or webhook."""

from typing import TYPE_CHECKING

import click

from pipelines.home import Home

if TYPE_CHECKING:
    from models.settings.notices import NoticeSettings
    from pipelines.alerts.watches import Facts


@click.group()
def command() -> None:
    """Tell people of KPIs, data and models beyond their thresholds, as alerts.toml says. No patient is ever named."""


@command.command()
def show() -> None:
    """Print what would be sent now, and to whom, without sending it."""
    home, settings, facts = _ready()
    from pipelines.alerts.telling import notices

    found = notices(home, settings, facts)
    for notice in found:
        ways = [*notice.to.mail, *(f"webhook {name}" for name in notice.to.webhooks)]
        click.echo(f"{notice.to.who} ({', '.join(ways) or 'no way given'}): {notice.subject}")
        for line in (*(alert.text for alert in notice.alerts), *notice.digest):
            click.echo(f"  {line}")
    if not found:
        click.echo("Nothing new to tell.")


@command.command()
def send() -> None:
    """Send what is new since the last time. Exits with code 14 if a server did not take it; it is sent the next time."""
    from pipelines.alerts.telling import tell
    from pipelines.errors import ConnectionFailed

    home, _, facts = _ready()
    told = tell(home, facts.publication, facts.signs)
    click.echo(f"{told.n_sent} sent.")
    if told.failed:
        raise ConnectionFailed("\n  ".join(told.failed))


@command.command()
def test() -> None:
    """Send a test message by every way of every subscription."""
    from pipelines.alerts.telling import Notice, subscriptions
    from pipelines.alerts.telling import send as send_one
    from pipelines.alerts.watches import Alert

    home, settings, facts = _ready()
    for one in subscriptions(home, settings, facts.publication.practice_id):
        send_one(home, settings, facts, Notice(one, (Alert("test", "This is a test: alerts reach you."),), ()))
        click.echo(f"{one.who}: sent.")


def _ready() -> "tuple[Home, NoticeSettings, Facts]":
    from pipelines.alerts.signs import find_signs
    from pipelines.alerts.telling import SETTINGS_FILE, notice_settings
    from pipelines.alerts.watches import facts_of
    from pipelines.errors import UsageError
    from pipelines.publications.store import current

    home = Home.from_environment()
    publication = current(home)
    facts = facts_of(home, publication, find_signs(home).found)
    settings = notice_settings(home, frozenset(row["kpi_code"] for row in facts.kpis))
    if settings is None:
        raise UsageError(f"{home.root / SETTINGS_FILE} is not there. docs/alerts.md shows one.")
    return home, settings, facts
