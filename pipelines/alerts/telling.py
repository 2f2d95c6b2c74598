"""Tells each subscription of what it was not told yet, after a publication or when asked.

<home>/alerts/told.json   by subscription: the alerts that stand and were told, and the publication of the last digest by number
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from models.alert_subscriptions import ALERT_SUBSCRIPTIONS, subscription_of
from models.audit_log.signs import Sign
from models.settings.notices import NoticeSettings, Subscription
from models.settings.toml_schema import SettingsRefused, read_settings
from models.wording import counted, day
from pipelines.alerts.mail import send_mail
from pipelines.alerts.signs import ACCESS_FILE, access_settings
from pipelines.alerts.watches import Alert, Facts, alerts, digest, facts_of
from pipelines.alerts.webhook import post
from pipelines.audit_log import record
from pipelines.durable import write_durably
from pipelines.errors import ConnectionFailed, UsageError
from pipelines.home import Home
from pipelines.keys import read
from pipelines.landing.journal import entries_of
from pipelines.publications.store import Publication

SETTINGS_FILE, TOLD_FILE = "alerts.toml", "told.json"
FOOTER = "No patient is named here. The dashboards show the rows behind a number to whoever may see them."


@dataclass(frozen=True)
class Notice:
    """What one subscription is to be told: new alerts, and the digest's lines where a publication is new to it."""

    to: Subscription
    alerts: tuple[Alert, ...]
    digest: tuple[str, ...]

    @property
    def subject(self) -> str:
        parts = [counted(len(self.alerts), "alert")] if self.alerts else []
        return "Caregap: " + " and ".join([*parts, *(["digest"] if self.digest else [])])


@dataclass(frozen=True)
class Told:
    """How many notices went out, and why others did not."""

    n_sent: int
    failed: tuple[str, ...]


def notice_settings(home: Home, kpi_codes: frozenset[str] | None = None) -> NoticeSettings | None:
    """The home's alerts.toml; None where there is none. Raises `UsageError` where it is wrong."""
    path = home.root / SETTINGS_FILE
    if not path.is_file():
        return None
    try:
        return read_settings(path.read_bytes(), NoticeSettings, str(path), {"kpi_codes": kpi_codes})
    except SettingsRefused as refused:
        raise UsageError(f"{refused}\ndocs/alerts.md shows alerts.toml.") from None


def subscriptions(home: Home, settings: NoticeSettings, practice_id: str) -> list[Subscription]:
    """Those of alerts.toml, and those that people made on the page Alerts: to addresses of the domains that alerts.toml allows
    today, and none of a person whose access was revoked since. Raises `EnvironmentNotReady` where access.toml is wrong."""
    if settings.pages is None:
        return settings.subscriptions
    made = entries_of(home, practice_id, ALERT_SUBSCRIPTIONS).filter(~pl.col("is_withdrawn"))
    revoked = access_settings(home).sign_in.revoked if (home.root / ACCESS_FILE).is_file() else []
    of_people = [subscription_of(row) for row in made.iter_rows(named=True) if row["person"] not in revoked]
    allowed = [one.model_copy(update={"mail": [to for to in one.mail if settings.pages.takes(to)]}) for one in of_people]
    return settings.subscriptions + [one for one in allowed if one.mail]


def notices(home: Home, settings: NoticeSettings, facts: Facts) -> list[Notice]:
    """What is to be told now; nothing to a subscription that was told of everything."""
    known, found = _known(home), []
    for one in subscriptions(home, settings, facts.publication.practice_id):
        told = known.get(one.who, {})
        new = tuple(alert for alert in alerts(facts, one) if alert.id not in told.get("alerts", ()))
        is_new = one.digest and told.get("digest", -1) < facts.publication.number
        if new or is_new:
            found.append(Notice(one, new, tuple(digest(facts)) if is_new else ()))
    return found


def tell(home: Home, publication: Publication, signs: tuple[Sign, ...] = ()) -> Told:
    """Send what is new of the publication. What one server does not take is sent the next time; the others get theirs.

    Raises `UsageError` where alerts.toml is wrong, and `EnvironmentNotReady` where the audit log cannot be written.
    """
    settings = notice_settings(home)
    if settings is None or not subscriptions(home, settings, publication.practice_id):
        return Told(0, ())
    facts = facts_of(home, publication, signs)
    _forget_ended(home, settings, facts)
    n_sent, failed = 0, []
    for notice in notices(home, settings, facts):
        record(home, "notified", subject=f"{notice.to.who}: {notice.subject}", n_rows=len(notice.alerts))
        try:
            send(home, settings, facts, notice)
        except (ConnectionFailed, UsageError) as error:
            failed.append(f"{notice.to.who} was not told: {error}")
            continue
        _note(home, notice, facts)
        n_sent += 1
    return Told(n_sent, tuple(failed))


def send(home: Home, settings: NoticeSettings, facts: Facts, notice: Notice) -> None:
    """Send one notice by all its ways. Raises `ConnectionFailed`, and `UsageError` where a secret is not there."""
    said: dict[str, object] = {
        "practice": facts.publication.practice_name,
        "as_of_on": facts.publication.as_of_on,
        "who": notice.to.who,
        "alerts": [{"id": alert.id, "text": alert.text} for alert in notice.alerts],
        "digest": list(notice.digest),
    }
    for name in notice.to.webhooks:
        post(name, settings.webhooks[name], home.root, said)
    if notice.to.mail and settings.mail:
        attached = _report(home, facts.publication) if notice.to.report and notice.digest else None
        send_mail(settings.mail, home.root, notice.to.mail, notice.subject, _text(facts, notice), attached)


def _text(facts: Facts, notice: Notice) -> str:
    made_for = day(date.fromisoformat(facts.publication.as_of_on))
    parts = [f"{facts.publication.practice_name}, data as of {made_for}."]
    if facts.publication.is_synthetic:
        parts.append("Synthetic data: nobody in it is a real person.")
    if notice.alerts:
        parts.append("\n".join(f"- {alert.text}" for alert in notice.alerts))
    if notice.digest:
        parts.append("\n".join(notice.digest))
    return "\n\n".join([*parts, FOOTER]) + "\n"


def _report(home: Home, publication: Publication) -> tuple[str, bytes] | None:
    """The publication's newest monthly report: totals alone, as leadership reads it."""
    written = sorted((home.published / publication.id).glob("report_[0-9][0-9][0-9][0-9]-[0-9][0-9].html"))
    if not written:
        return None
    record(home, "exported", subject=written[-1].name)
    return written[-1].name, read(written[-1])


def _known(home: Home) -> dict[str, dict[str, Any]]:
    """What each subscription was told; nothing where the file is missing or damaged: then it is told again."""
    try:
        said = json.loads((home.root / "alerts" / TOLD_FILE).read_bytes())
        return said if isinstance(said, dict) else {}
    except (OSError, ValueError):
        return {}


def _forget_ended(home: Home, settings: NoticeSettings, facts: Facts) -> None:
    """Forget the alerts that stand no more: one that comes again is told again."""
    known = _known(home)
    for one in subscriptions(home, settings, facts.publication.practice_id):
        if told := known.get(one.who):
            known[one.who] = told | {"alerts": sorted({alert.id for alert in alerts(facts, one)} & set(told.get("alerts", ())))}
    if known != _known(home):
        _keep(home, known)


def _note(home: Home, notice: Notice, facts: Facts) -> None:
    """Keep what was told."""
    known = _known(home)
    told = known.get(notice.to.who, {})
    ids = {*told.get("alerts", ()), *(alert.id for alert in notice.alerts)}
    number = facts.publication.number if notice.digest else told.get("digest", -1)
    _keep(home, known | {notice.to.who: {"alerts": sorted(ids), "digest": number}})


def _keep(home: Home, known: dict[str, dict[str, Any]]) -> None:
    (home.root / "alerts").mkdir(exist_ok=True, mode=0o700)
    write_durably(home.root / "alerts" / TOLD_FILE, json.dumps(known, indent=2), "alerts.told")
