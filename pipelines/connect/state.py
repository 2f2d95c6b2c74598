"""What is remembered of one practice's pushes: the fate of every row, what was accepted, how far outcomes were read.

    <home>/connect/<practice>/push.db       SQLite in WAL, each commit on the disk (synchronous=FULL); in an encrypted home a
                                            database in memory, written whole and encrypted with each commit

It holds keys, hashes and codes: no name, no contact point, no finding. A row is marked as being sent, and that is on the disk,
before the call; its fate is written after it. So whatever kills a push, a row without a fate is known, and is sent again to an
adapter that makes nothing twice. Rows are ordered by a counter, never by the clock.

`open_state` is the one place that opens the file.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path

from models.pushing import BY_HAND
from pipelines.clock import now
from pipelines.connect.adapter import Fate, Result, Standing
from pipelines.connect.rows import UPSERT, WITHDRAW, Due, Row, said_code, said_id
from pipelines.durable import write_durably
from pipelines.errors import EnvironmentNotReady
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.keys import is_encrypted, read, sealed

FILE = "push.db"
SKIPPED = "skipped"
_VERSION = 1
_CLEAR = b"SQLite format 3"
_SCHEMA = """
create table if not exists rows (
    connector text not null, external_id text not null, source_system text not null, contact_id text not null,
    reason text, channel text, location_id text, due_on text,
    is_urgent integer not null default 0, mark text not null, accepted text, sending text, sending_hash text, fate text,
    code text, because text, remote_id text, outcome text, completed_at text, n_attempts integer not null default 0,
    first_sent_at text, last_sent_at text, updated_at text not null, number integer not null,
    primary key (connector, external_id)
) strict;
create table if not exists fates (
    number integer primary key autoincrement, connector text not null, plan_id text not null, external_id text not null,
    verb text not null, fate text not null, code text, at text not null
) strict;
create table if not exists pushes (
    number integer primary key autoincrement, connector text not null, plan_id text not null, publication_id text not null,
    approved_by text not null, confirm_reason text, n_wanted integer not null, started_at text not null, ended_at text
) strict;
create table if not exists members (
    connector text not null, list text not null, contact_id text not null, is_member integer not null, code text,
    primary key (connector, list, contact_id)
) strict;
create table if not exists notes (
    connector text not null, name text not null, value text not null, primary key (connector, name)
) strict;
create index if not exists rows_by_number on rows (number);
"""


class State:
    """The open state. Every method is one transaction."""

    def __init__(self, connection: sqlite3.Connection, keep: Callable[[], None] = lambda: None) -> None:
        """`keep` writes down what was committed, where the database is in memory."""
        self._connection, self._keep = connection, keep

    def rows(self, connector: str, external_ids: Sequence[str] | None = None) -> dict[str, Row]:
        """The connector's rows, or those of these tasks."""
        if external_ids is None:
            found = self._rows("connector = ?", connector)
        else:
            found = self._rows(
                "connector = ? and external_id in (select value from json_each(?))", connector, json.dumps(list(external_ids))
            )
        return {row.external_id: row for row in found}

    def rows_after(self, number: int) -> list[Row]:
        """Every row that changed after this number of `fates`, in that order."""
        return self._rows("number > ? order by number", number)

    def rows_with_outcome(self) -> list[Row]:
        """Every row, of all systems, that an outcome was told of."""
        return self._rows("outcome is not null")

    def _rows(self, condition: str, *values: object) -> list[Row]:
        names = ", ".join(field.name for field in fields(Row))
        return [Row(*found) for found in self._connection.execute(f"select {names} from rows where {condition}", values)]

    def mark_sending(self, plan_id: str, due: Sequence[Due]) -> None:
        """Write down that these rows are about to be sent. On the disk when it returns."""
        with self._writing() as at:
            for one in due:
                row = one.row
                number = self._told(at, plan_id, row.connector, row.external_id, one.verb, "sending", None)
                self._connection.execute(
                    """
                    insert into rows (connector, external_id, source_system, contact_id, reason, channel, location_id, due_on,
                        is_urgent, mark, sending, sending_hash, because, n_attempts, first_sent_at, last_sent_at, updated_at,
                        number)
                    values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, 1, ?, ?, ?, ?)
                    on conflict (connector, external_id) do update set
                        source_system = excluded.source_system, contact_id = excluded.contact_id,
                        reason = coalesce(excluded.reason, reason), channel = coalesce(excluded.channel, channel),
                        location_id = coalesce(excluded.location_id, location_id), due_on = coalesce(excluded.due_on, due_on),
                        is_urgent = excluded.is_urgent,
                        mark = case when mark in ('open', 'waiting') then mark else 'waiting' end,
                        sending = excluded.sending, sending_hash = excluded.sending_hash, because = excluded.because,
                        n_attempts = n_attempts + 1, first_sent_at = coalesce(first_sent_at, excluded.first_sent_at),
                        last_sent_at = excluded.last_sent_at, updated_at = excluded.updated_at, number = excluded.number
                    """,
                    (
                        row.connector, row.external_id, row.source_system, row.contact_id, row.reason, row.channel,
                        row.location_id, row.due_on, row.is_urgent, one.verb, one.hash, one.because, at, at, at, number,
                    ),
                )  # fmt: skip
        passing("connect.state.marked")

    def settle(self, plan_id: str, connector: str, verb: str, results: Iterable[Result]) -> None:
        """Write down what became of rows that were marked as being sent. What is undecided stays marked."""
        with self._writing() as at:
            for result in results:
                code = said_code(result.code)
                number = self._told(at, plan_id, connector, result.external_id, verb, result.fate, code)
                is_taken = result.fate not in (Fate.REJECTED, Fate.RETRYABLE)
                mark = "withdrawn" if verb == WITHDRAW else "open"
                self._connection.execute(
                    """
                    update rows set fate = ?, code = ?, number = ?, updated_at = ?, remote_id = coalesce(?, remote_id),
                        mark = case when ? then ? else mark end,
                        accepted = case when ? then sending_hash else accepted end,
                        sending = case when ? then sending end, sending_hash = case when ? then sending_hash end
                    where connector = ? and external_id = ?
                    """,
                    (
                        result.fate, code, number, at, said_id(result.remote_id), is_taken, mark, is_taken,
                        result.fate == Fate.RETRYABLE, result.fate == Fate.RETRYABLE, connector, result.external_id,
                    ),
                )  # fmt: skip
        passing("connect.state.settled")

    def note_skipped(self, plan_id: str, skipped: Iterable[tuple[Row, str]]) -> None:
        """Write down rows that were held back and why; whoever is held back as before is not written again."""
        with self._writing() as at:
            for row, because in skipped:
                known = self._connection.execute(
                    "select mark, because, fate from rows where connector = ? and external_id = ?",
                    (row.connector, row.external_id),
                ).fetchone()
                if known and (known[0] not in ("waiting", SKIPPED) or known[1:] == (because, SKIPPED)):
                    continue
                number = self._told(at, plan_id, row.connector, row.external_id, UPSERT, SKIPPED, because)
                self._connection.execute(
                    """
                    insert into rows (connector, external_id, source_system, contact_id, reason, channel, location_id, is_urgent,
                        mark, fate, because, updated_at, number)
                    values (?, ?, ?, ?, ?, ?, ?, ?, 'skipped', 'skipped', ?, ?, ?)
                    on conflict (connector, external_id) do update set
                        mark = case when sending is null then 'skipped' else mark end, fate = 'skipped', code = null,
                        because = excluded.because, updated_at = excluded.updated_at, number = excluded.number
                    """,
                    (
                        row.connector, row.external_id, row.source_system, row.contact_id, row.reason, row.channel,
                        row.location_id, row.is_urgent, because, at, number,
                    ),
                )  # fmt: skip

    def take_back(self, connector: str, external_ids: Sequence[str] | None) -> int:
        """Let tasks that were withdrawn by hand, or removed in the system, be sent again; returns their number. None: all."""
        with self._writing() as at:
            known = self.rows(connector, external_ids)
            taken = [one for one, row in known.items() if row.mark == "gone" or (row.mark, row.because) == ("withdrawn", BY_HAND)]
            for external_id in taken:
                number = self._told(at, "", connector, external_id, WITHDRAW, "taken_back", None)
                self._connection.execute(
                    "update rows set mark = 'withdrawn', because = null, updated_at = ?, number = ? "
                    "where connector = ? and external_id = ?",
                    (at, number, connector, external_id),
                )
        return len(taken)

    def note_standing(self, connector: str, standing: dict[str, Standing | None]) -> None:
        """Write down tasks that are done at the system, gone (None), or there again."""
        with self._writing() as at:
            for external_id, now_is in standing.items():
                mark = str(now_is) if now_is else "gone"
                number = self._told(at, "", connector, external_id, "seen", mark, None)
                self._connection.execute(
                    "update rows set mark = ?, sending = null, sending_hash = null, updated_at = ?, number = ? "
                    "where connector = ? and external_id = ?",
                    (mark, at, number, connector, external_id),
                )

    def note_outcomes(self, connector: str, told: Iterable[Row], cursor: str) -> None:
        """Write down what came back, and where to read on; a task that is not known yet (an older state was restored) is taken
        over as open."""
        with self._writing() as at:
            for row in told:
                number = self._told(at, "", connector, row.external_id, "outcome", row.mark, row.outcome)
                self._connection.execute(
                    """
                    insert into rows (connector, external_id, source_system, contact_id, channel, mark, remote_id, outcome,
                        completed_at, updated_at, number)
                    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    on conflict (connector, external_id) do update set
                        mark = case when mark = 'withdrawn' and excluded.mark = 'open' then mark else excluded.mark end,
                        remote_id = excluded.remote_id, outcome = excluded.outcome, completed_at = excluded.completed_at,
                        sending = case when excluded.mark = 'done' then null else sending end,
                        updated_at = excluded.updated_at, number = excluded.number
                    """,
                    (
                        connector, row.external_id, row.source_system, row.contact_id, row.channel, row.mark,
                        said_id(row.remote_id), row.outcome, row.completed_at, at, number,
                    ),
                )  # fmt: skip
            self._note(connector, "cursor", cursor)

    def begin_push(self, connector: str, plan_id: str, publication_id: str, approved_by: str, confirm: str | None, n: int) -> int:
        with self._writing() as at:
            added = self._connection.execute(
                "insert into pushes (connector, plan_id, publication_id, approved_by, confirm_reason, n_wanted, started_at) "
                "values (?, ?, ?, ?, ?, ?, ?)",
                (connector, plan_id, publication_id, approved_by, confirm, n, at),
            )
            return int(added.lastrowid or 0)

    def end_push(self, number: int) -> None:
        with self._writing() as at:
            self._connection.execute("update pushes set ended_at = ? where number = ?", (at, number))

    def last_push(self, connector: str, *, is_ended: bool = False) -> dict[str, object] | None:
        """The newest push, or the newest that came to its end."""
        names = ("number", "plan_id", "publication_id", "approved_by", "confirm_reason", "n_wanted", "started_at", "ended_at")
        found = self._connection.execute(
            f"select {', '.join(names)} from pushes where connector = ? and (ended_at is not null or not ?) "
            "order by number desc limit 1",
            (connector, is_ended),
        ).fetchone()
        return dict(zip(names, found, strict=True)) if found else None

    def members(self, connector: str, name: str) -> set[str]:
        found = self._connection.execute(
            "select contact_id from members where connector = ? and list = ? and is_member", (connector, name)
        )
        return {contact_id for (contact_id,) in found}

    def note_members(self, connector: str, name: str, results: Iterable[tuple[str, bool, str | None]]) -> None:
        with self._writing():
            self._connection.executemany(
                "insert or replace into members values (?, ?, ?, ?, ?)",
                [(connector, name, contact_id, is_member, said_code(code)) for contact_id, is_member, code in results],
            )

    def forget_contacts(self, is_theirs: Callable[[str, str], bool]) -> None:
        """Remove all that is known of contacts for whose source and id `is_theirs` holds, and overwrite it in the file."""
        self._connection.execute("pragma secure_delete = on")
        told = self._connection.execute("select distinct connector, external_id, source_system, contact_id from rows").fetchall()
        theirs = [(connector, id, contact) for connector, id, source, contact in told if is_theirs(source, contact)]
        listed = self._connection.execute("select distinct connector, contact_id from members").fetchall()
        systems = {source for *_, source, _ in told}
        members = [one for one in listed if any(is_theirs(source, one[1]) for source in systems)]
        with self._writing():
            for table in ("rows", "fates"):
                condition = "connector = ? and external_id = ?"
                self._connection.executemany(f"delete from {table} where {condition}", [(name, id) for name, id, _ in theirs])
            self._connection.executemany("delete from members where connector = ? and contact_id = ?", members)
        self._connection.execute("pragma wal_checkpoint(truncate)")

    def noted(self, connector: str, name: str) -> str | None:
        found = self._connection.execute("select value from notes where connector = ? and name = ?", (connector, name)).fetchone()
        return found[0] if found else None

    def noted_all(self, connector: str, beginning: str) -> dict[str, str]:
        """What is noted under names that begin so."""
        found = self._connection.execute("select name, value from notes where connector = ?", (connector,))
        return {name: value for name, value in found if name.startswith(beginning)}

    def note(self, connector: str, name: str, value: str) -> None:
        with self._writing():
            self._note(connector, name, value)

    def connectors(self) -> list[str]:
        return [
            name
            for (name,) in self._connection.execute("select connector from rows union select connector from pushes order by 1")
        ]

    def _note(self, connector: str, name: str, value: str) -> None:
        self._connection.execute("insert or replace into notes values (?, ?, ?)", (connector, name, value))

    def _told(self, at: str, plan_id: str, connector: str, external_id: str, verb: str, fate: str, code: str | None) -> int:
        added = self._connection.execute(
            "insert into fates (connector, plan_id, external_id, verb, fate, code, at) values (?, ?, ?, ?, ?, ?, ?)",
            (connector, plan_id, external_id, verb, fate, code, at),
        )
        return int(added.lastrowid or 0)

    @contextmanager
    def _writing(self) -> Iterator[str]:
        """One transaction; gives the time to write down, which never goes back, whatever the clock does."""
        self._connection.execute("begin immediate")
        try:
            (last,) = self._connection.execute("select max(updated_at) from rows").fetchone()
            at = now()
            if last and datetime.fromisoformat(last) >= at:
                at = datetime.fromisoformat(last) + timedelta(microseconds=1)
            yield at.isoformat(timespec="microseconds")
            self._connection.execute("commit")
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._keep()


def folder_of(home: Home, practice_id: str) -> Path:
    """Where state, plans and the pages' view of them lie; made if missing."""
    folder = home.connect(practice_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextmanager
def open_state(home: Home, practice_id: str) -> Iterator[State]:
    """The practice's state, for the holder of the home's lock. Raises `EnvironmentNotReady` where the file is no state of this
    version, or damaged."""
    path = folder_of(home, practice_id) / FILE
    try:
        connection = _in_memory(path) if is_encrypted(path) else sqlite3.connect(path, isolation_level=None, timeout=30)
    except sqlite3.Error as error:
        raise EnvironmentNotReady(f"{path}: cannot be opened ({error}).") from None

    def keep() -> None:
        if is_encrypted(path):
            write_durably(path, sealed(path, connection.serialize()), "connect.state")

    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        (version,) = connection.execute("pragma user_version").fetchone()
        if version not in (0, _VERSION):
            raise EnvironmentNotReady(f"{path}: was written by another version of Caregap ({version}). Use that version.")
        connection.executescript(_SCHEMA)
        connection.execute(f"pragma user_version = {_VERSION}")
        yield State(connection, keep)
    except sqlite3.OperationalError:
        raise  # a full disk, a lock: said elsewhere
    except sqlite3.DatabaseError as error:
        raise EnvironmentNotReady(
            f"{path}: damaged ({type(error).__name__}). Restore it from a backup, or move it away: the next push finds again "
            "what the CRM holds, since tasks bear their id there."
        ) from None
    finally:
        connection.close()


def _in_memory(path: Path) -> sqlite3.Connection:
    """What an encrypted file holds; one from before its home was encrypted is taken over, and encrypted at once."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    if not path.exists():
        return connection
    if path.read_bytes()[: len(_CLEAR)] != _CLEAR:
        connection.deserialize(read(path))
        return connection
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as clear:
        clear.execute("pragma journal_mode = delete")  # what lies in the write-ahead log is part of it
        connection.deserialize(clear.serialize())
    write_durably(path, sealed(path, connection.serialize()), "connect.state")
    return connection
