"""What is kept as files, and is over: publications by who reads them, care gaps of past months, members of campaigns, saved
queries, running queries, backups. And the audit log, of which nothing is ever removed."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from models.saved_queries.record import SavedQuery
from models.settings.privacy import Audiences, Retention, months_later
from pipelines.audit_log import log_of
from pipelines.backup import read_backup
from pipelines.clock import now
from pipelines.disposal import dispose
from pipelines.durable import write_durably
from pipelines.errors import UsageError
from pipelines.exports.outreach_lists import LISTS
from pipelines.home import Home
from pipelines.keys import forget_gone
from pipelines.practice import Practice
from pipelines.publications.kept_facts import kept_of_persons
from pipelines.publications.store import CURRENT, DEIDENTIFIED, MANIFEST, publications
from pipelines.rights import saved_queries
from pipelines.rights.retention.holding import Holding

_LEAVE = {
    "analysts": ("their de-identified file", (DEIDENTIFIED,)),
    "care_team": ("their outreach lists", LISTS),
    "leadership": ("their reports", ("report_*",)),
}
"""What leaves an earlier publication, by who reads it."""
_KEPT = {
    "gap_months": ("Care gaps of past months, as first published", "months"),
    "campaign_members": ("Who was on a campaign's list at first", "lists"),
}
"""What is kept of persons, by its folder in a practice's history: what it is, and the unit that it is counted in."""
_SPOOL_HOURS = 24
"""No query runs so long: what is older was left by a server that was killed."""


def file_holdings(
    home: Home, practice: Practice, retention: Retention, backups: Sequence[Path], today: date
) -> Iterable[Holding]:
    """Everything but rows. Raises `UsageError` for a folder of backups that lies in the home."""
    yield from _publications(home, retention.audiences, today)
    yield _kept(home, practice, "gap_months", retention.gap_months, today)
    yield _kept(home, practice, "campaign_members", retention.campaign_members, today)
    yield _saved_queries(home, retention.saved_queries, today)
    yield _spool(home)
    if backups or retention.backups is not None:
        yield _backups(home, retention.backups, backups, today)
    yield _audit_log(home, retention.audit_log, today)


def _publications(home: Home, audiences: Audiences, today: date) -> Iterable[Holding]:
    """Of earlier publications: which go, and which files of those that stay. The current one stays whole."""
    shown = (home.published / CURRENT).resolve().name
    made = {home.published / one.id: date.fromisoformat(one.published_at[:10]) for one in publications(home) if one.id != shown}
    going = [folder for folder, on in made.items() if _is_over(on, audiences.everybody, today)]
    what, unit = "Earlier publications, for everybody", "publications"
    yield Holding(what, "audiences", audiences.everybody, unit, len(made), len(going), "", partial(_remove, home, going))
    for audience, (named, patterns) in _LEAVE.items():
        months = getattr(audiences, audience)
        files = [path for folder in made for pattern in patterns for path in sorted(folder.glob(pattern))]
        due = [path for path in files if path.parent not in going and _is_over(made[path.parent], months, today)]
        what = f"Earlier publications, for {audience}: {named}"
        yield Holding(what, "audiences", months, "files", len(files), len(due), "", partial(_take_out, due))


def _is_over(made_on: date, months: int | None, today: date) -> bool:
    return months is not None and made_on <= months_later(today, -months)


def _remove(home: Home, folders: Sequence[Path]) -> None:
    _dispose_of(folders)
    forget_gone(home.root)


def _take_out(files: Sequence[Path]) -> None:
    """Remove files of publications, whose manifests then say that they do not have them."""
    for path in files:
        manifest = path.parent / MANIFEST
        stated = json.loads(manifest.read_text(encoding="utf-8"))
        stated.get("files", {}).pop(path.name, None)
        write_durably(manifest, json.dumps(stated, indent=2), "retention.manifest")
        dispose(path)


def _kept(home: Home, practice: Practice, folder: str, months: int | None, today: date) -> Holding:
    """What is kept of persons for good: its files' names begin with the day that they are of."""
    files = kept_of_persons(home, practice.id)[folder]
    due = [path for path in files if _is_over(date.fromisoformat(path.stem[:10]), months, today)]
    seals = [path.with_name(f".{path.name}.seal") for path in due]
    what, unit = _KEPT[folder]
    return Holding(what, folder, months, unit, len(files), len(due), "", partial(_dispose_of, [*due, *seals]))


def _saved_queries(home: Home, months: int | None, today: date) -> Holding:
    def is_over(_: str, one: SavedQuery) -> bool:
        return _is_over(one.saved_on, months, today)

    queries = [one for path in saved_queries.files(home) for one in saved_queries.queries_of(path).items()]
    n_due = sum(is_over(*one) for one in queries)
    remove = partial(saved_queries.remove, home, is_over)
    return Holding("Saved queries", "saved_queries", months, "queries", len(queries), n_due, "", remove)


def _spool(home: Home) -> Holding:
    folder = home.root / "queries" / "running"
    running = sorted(folder.iterdir()) if folder.is_dir() else []
    due = [path for path in running if now() - _changed_at(path) > timedelta(hours=_SPOOL_HOURS)]
    note = f"left by a killed server over {_SPOOL_HOURS} hours ago"
    return Holding("Answers of running queries", "", 0, "folders", len(running), len(due), note, partial(_dispose_of, due))


def _backups(home: Home, months: int | None, folders: Sequence[Path], today: date) -> Holding:
    """Backups of this home, as the audit log names them. The newest stays, however old it is."""
    own = {str(line.get("subject")) for line in log_of(home).entries() if line.get("event") == "backed_up"}
    made: dict[Path, str] = {}
    for folder in folders:
        if folder.resolve().is_relative_to(home.root.resolve()):
            raise UsageError(f"{folder}: lies in the home. Give the folder that `caregap backup` writes to.")
        made |= {path: read_backup(path).made_at for path in sorted(folder.glob("caregap-*")) if path.name in own}
    newest = max(made, key=lambda path: (made[path], path.name), default=None)
    due = [path for path, at in made.items() if path != newest and _is_over(date.fromisoformat(at[:10]), months, today)]
    note = "" if folders else "say in which folders: --backups"
    return Holding("Backups of this home", "backups", months, "backups", len(made), len(due), note, partial(_dispose_of, due))


def _audit_log(home: Home, months: int, today: date) -> Holding:
    first = months_later(today, -months).isoformat()
    lines = [str(line.get("at", "")) < first for line in log_of(home).entries()]
    note = f"never removed: each line vouches for the one before; {sum(lines):,} are older"
    return Holding("Audit log", "audit_log", months, "lines", len(lines), 0, note)


def _changed_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _dispose_of(paths: Sequence[Path]) -> None:
    for path in paths:
        dispose(path)
