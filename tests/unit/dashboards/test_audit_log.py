"""The audit log shows whatever was done to it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.access.audit_log import EVENTS, append, entries, record, verify
from dashboards.access.roles import Viewer

ENTRIES = st.lists(
    st.fixed_dictionaries({"who": st.text(max_size=8), "event": st.sampled_from(sorted(EVENTS)), "n_rows": st.integers(0, 9)}),
    min_size=2,
    max_size=6,
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory):
    """A new folder at every call: hypothesis calls a test many times in one of pytest's."""
    return lambda: tmp_path_factory.mktemp("audit")


def _lines(folder: Path) -> list[str]:
    return (folder / "audit.jsonl").read_text().splitlines(keepends=True)


def _rewrite(folder: Path, lines: list[str]) -> None:
    (folder / "audit.jsonl").write_text("".join(lines))


@settings(max_examples=10, deadline=None)
@given(told=ENTRIES, data=st.data())
def test_a_log_is_whole_until_a_line_is_changed_dropped_moved_or_added(folders, told, data):
    folder = folders()
    for entry in told:
        append(folder, entry)
    whole = verify(folder)
    assert whole.problem == "" and whole.n_lines == len(told)
    assert [{name: line[name] for name in entry} for line, entry in zip(entries(folder), told, strict=True)] == told

    lines = _lines(folder)
    at = data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["change", "drop", "move", "double", "garble"])):
        case "change":
            line = json.loads(lines[at])
            lines[at] = json.dumps(line | {"n_rows": line["n_rows"] + 1}) + "\n"
        case "drop":
            del lines[at]
        case "move":
            lines.append(lines.pop(at) if at < len(lines) - 1 else lines.pop(0))
        case "double":
            lines.insert(at, lines[at])
        case "garble":
            lines[at] = "[]\n"
    _rewrite(folder, lines)
    assert verify(folder).problem


def test_a_line_written_anew_with_a_hash_of_its_own_breaks_the_next(folders):
    """Whoever knows how a line's hash is made still has to write every later line anew, and the head."""
    folder = folders()
    for number in range(3):
        append(folder, {"who": "ann", "n_rows": number})
    forged = folders()
    append(forged, {"who": "bob", "n_rows": 0})
    _rewrite(folder, _lines(forged) + _lines(folder)[1:])
    assert "line 2" in verify(folder).problem


def test_lines_missing_at_the_end_show_although_the_rest_is_a_whole_chain(folders):
    folder = folders()
    for number in range(4):
        append(folder, {"n_rows": number})
    _rewrite(folder, _lines(folder)[:2])
    assert verify(folder).problem == "2 lines are missing at the end"


def test_a_log_without_its_head_does_not_count_as_whole(folders):
    folder = folders()
    for number in range(3):
        append(folder, {"n_rows": number})
    (folder / "head.json").unlink()
    assert verify(folder).problem


def test_a_process_that_dies_before_it_wrote_the_head_leaves_a_whole_log(folders):
    folder = folders()
    append(folder, {"n_rows": 1})
    head = (folder / "head.json").read_text()
    append(folder, {"n_rows": 2})
    (folder / "head.json").write_text(head)
    assert verify(folder).problem == ""
    append(folder, {"n_rows": 3})
    assert verify(folder).problem == "" and verify(folder).n_lines == 3


def test_many_writers_at_once_make_one_chain(folders):
    folder = folders()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: append(folder, {"n_rows": number}), range(40)))
    assert verify(folder).problem == ""
    assert sorted(line["n_rows"] for line in entries(folder)) == list(range(40))


def test_a_line_says_who_when_what_and_how_many_rows(tmp_path, monkeypatch):
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))
    record("exported", subject="care_gaps.csv", n_rows=12, viewer=Viewer("ann", "leadership"))
    (line,) = entries(tmp_path / "audit")
    assert line.keys() == {"number", "at", "who", "role", "event", "subject", "n_rows", "previous", "hash"}
    assert (line["who"], line["role"], line["event"], line["n_rows"]) == ("ann", "leadership", "exported", 12)
    assert (tmp_path / "audit" / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_what_is_no_event_is_not_recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))
    with pytest.raises(KeyError):
        record("looked", viewer=Viewer("ann", "leadership"))
