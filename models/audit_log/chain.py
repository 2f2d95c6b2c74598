"""Whether the log is whole, and what a line must say to follow what is there.

Every line carries the hash of the line before it, so that a changed, moved or missing line breaks the chain. The head beside the
log holds the newest line's number and hash, so that lines missing at the end show as well. A break that is found is recorded
in the log by a line of its own, which names the damaged bytes by place and digest: it stays, and the chain goes on after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from models.audit_log.keys import AuditRefused, Keys
from models.audit_log.record import BROKEN, KEYED, START, digest, line_hash, parsed


@dataclass(frozen=True)
class Break:
    """A break that the log records: by which line, when it was found, what was wrong."""

    line: int
    at: str
    what: str


@dataclass(frozen=True)
class Verdict:
    """Whether the log is whole.

    `problems` were found just now and nothing in the log says so; `breaks` are recorded. `faults` are the damaged lines behind
    the problems, as (place of their first byte, digest). `head` is the hash of the last line, `n_unkeyed` the lines that no key
    vouches for; `is_checked` where a key was at hand to check the others.
    """

    n_lines: int
    head: str
    problems: tuple[str, ...] = ()
    breaks: tuple[Break, ...] = ()
    faults: tuple[tuple[int, str], ...] = ()
    n_unkeyed: int = 0
    is_checked: bool = False

    @property
    def is_whole(self) -> bool:
        return not self.problems and not self.breaks


def walk(lines: Iterable[bytes], head: dict[str, Any] | None, keys: Keys) -> Verdict:
    """Judge the log's lines, each with its line end, from the first to the last."""
    number, previous, before = 0, START, START
    place = offset = n_unkeyed = 0
    faults: dict[tuple[int, str], str] = {}
    recorded: set[tuple[int, str]] = set()
    breaks: list[Break] = []
    was_keyed = False
    for raw in lines:
        place += 1
        line = parsed(raw)
        if line is None:
            faults[(offset, digest(raw))] = f"line {place} is cut off or is no line of the log"
        else:
            is_recorded_gap = line.get("event") == BROKEN
            why = _why_not(line, keys, was_keyed=was_keyed)
            if not why and not is_recorded_gap and (line["number"], line["previous"]) != (number + 1, previous):
                why = "does not follow the line before it: a line was removed, added or changed"
            if why:
                faults[(offset, digest(raw))] = f"line {place} {why}"
            elif is_recorded_gap:
                breaks.append(Break(place, str(line.get("at", "")), str(line.get("subject", ""))))
                recorded |= {(fault[0], fault[1]) for fault in line.get("faults", ())}
            n_unkeyed += "key" not in line
            was_keyed = was_keyed or "key" in line
            before, number, previous = previous, line["number"], line["hash"]
        offset += len(raw)
    left = {fault: why for fault, why in faults.items() if fault not in recorded}
    problems = [*left.values(), *_at_the_end(number, previous, before, head, keys if was_keyed else Keys())]
    return Verdict(place, previous, tuple(problems), tuple(breaks), tuple(left), n_unkeyed, bool(keys))


def following(
    end: bytes, size: int, head: dict[str, Any] | None, entries: list[dict[str, Any]], keys: Keys
) -> list[dict[str, Any]]:
    """The lines to add for `entries`, numbered, chained and signed, to a log of `size` bytes whose last bytes are `end`.

    `end` reaches back to the beginning of the last whole line. Where the log is not what its head says, a line that records so
    comes first. Raises `AuditRefused` where the log is under a key and none is given: a line without it would look forged.
    """
    complete, _, torn = end.rpartition(b"\n")
    raw = complete.rpartition(b"\n")[2] + b"\n" if complete else b""
    last = parsed(raw)
    is_keyed = "key" in (last or {}) or "key" in (head or {})
    if is_keyed and not keys:
        raise AuditRefused("The audit log is under a key. Set CAREGAP_AUDIT_KEY_FILE to the file that holds it.")
    faults = [(size - len(torn), digest(torn + b"\n"))] if torn else []
    if raw and (last is None or _why_not(last, keys, was_keyed=is_keyed)):
        faults.append((size - len(torn) - len(raw), digest(raw)))
        last = None
    known = head if _is_vouched(head, keys if is_keyed else Keys()) else None
    number, previous = (last["number"], last["hash"]) if last else (0, START)
    is_judged = last is not None or (head is not None and not raw)
    what = _at_the_end(number, previous, last["previous"] if last else START, known, Keys()) if is_judged else []
    if known and known["number"] > number:
        number, previous = known["number"], known["hash"]
    if torn:
        what.append("a line was cut off while it was written")
    if faults or what:
        said = "; ".join(what) or "the last line is damaged"
        entries = [{"at": entries[0]["at"], "who": "", "role": "", "event": BROKEN, "subject": said, "faults": faults}, *entries]
    if keys.signing and number and not is_keyed:
        keyed = {"at": entries[0]["at"], "who": "", "role": "", "event": KEYED, "subject": keys.signing.id}
        entries = [*entries[:-1], keyed, entries[-1]]
    lines = []
    for entry in entries:
        number += 1
        line = {"number": number, **entry, "previous": previous}
        if keys.signing:
            line["key"] = keys.signing.id
        line["hash"] = previous = line_hash(line)
        lines.append(line | keys.signature(previous))
    return lines


def head_of(line: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """The head when this is the newest line: its number, hash and signature."""
    head = {"number": line["number"], "hash": line["hash"]}
    return head | keys.signature(_head_text(head))


def _why_not(line: dict[str, Any], keys: Keys, *, was_keyed: bool) -> str:
    """The fault of the line by itself; empty if it is intact."""
    if line["hash"] != line_hash(line):
        return "is not what was written"
    if "key" not in line:
        return "was written without the key" if was_keyed else ""
    return "is not signed with the key" if keys and not keys.vouch_for(line, line["hash"]) else ""


def _at_the_end(number: int, previous: str, before: str, head: dict[str, Any] | None, keys: Keys) -> list[str]:
    """What is wrong between the last line and the head.

    A process that died between the two writes leaves the head one line behind: that line is whole, and not missing.
    """
    if head is None:
        return ["the head of the log is missing or is no head"] if number else []
    if not _is_vouched(head, keys):
        return ["the head is not signed with the key"]
    if head["number"] > number:
        return [f"{head['number'] - number} lines are missing at the end"]
    is_its_own = (head["number"], head["hash"]) in ((number, previous), (number - 1, before))
    return [] if is_its_own else ["the head is not that of this log"]


def _is_vouched(head: dict[str, Any] | None, keys: Keys) -> bool:
    return head is not None and (not keys or keys.vouch_for(head, _head_text(head)))


def _head_text(head: dict[str, Any]) -> str:
    return f"head {head['number']} {head['hash']}"
