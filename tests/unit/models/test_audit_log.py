"""The audit log shows whatever was done to it, for ever."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.audit_log.keys import AuditRefused, Keys
from models.audit_log.record import EVENTS, line_hash, names_patient
from models.audit_log.store import AuditLog, audit_log

KEY = "0123456789abcdef0123456789abcdef"
OTHER_KEY = "f" * 32
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.text(max_size=8),
            "event": st.sampled_from(sorted(EVENTS.keys() - {"broken", "keyed"})),
            "n_rows": st.integers(0, 9),
        }
    ),
    min_size=2,
    max_size=6,
)


def entry(n_rows: int = 0, **more: object) -> dict:
    return {"at": "2026-07-15T12:00:00+00:00", "who": "ann", "role": "admin", "event": "exported", "n_rows": n_rows, **more}


@pytest.fixture(scope="module")
def new_log(tmp_path_factory: pytest.TempPathFactory):
    """`new_log(3)` is a log of three lines in a folder of its own: hypothesis calls a test many times in one of pytest's."""

    def make(n_lines: int = 0, key: str = "", copy: str = "") -> AuditLog:
        log = AuditLog(tmp_path_factory.mktemp("audit"), Keys([key] if key else []), copy)
        for number in range(n_lines):
            log.append(entry(number))
        return log

    return make


def lines(log: AuditLog) -> list[bytes]:
    return (log.folder / "audit.jsonl").read_bytes().splitlines(keepends=True)


def rewrite(log: AuditLog, raw: list[bytes]) -> None:
    (log.folder / "audit.jsonl").write_bytes(b"".join(raw))


@settings(max_examples=25, deadline=None)
@given(entered=ENTRIES, key=st.sampled_from(["", KEY]), data=st.data())
def test_a_log_is_whole_until_a_line_is_changed_dropped_moved_or_added(new_log, entered, key, data):
    log = new_log(key=key)
    for one in entered:
        log.append(entry() | one)
    whole = log.verify()
    assert whole.is_whole and whole.n_lines == len(entered)
    assert [{name: line[name] for name in one} for line, one in zip(log.entries(), entered, strict=True)] == entered

    raw = lines(log)
    at = data.draw(st.integers(0, len(raw) - 1))
    match data.draw(st.sampled_from(["change", "drop", "move", "double", "garble"])):
        case "change":
            line = json.loads(raw[at])
            raw[at] = json.dumps(line | {"n_rows": line["n_rows"] + 1}).encode() + b"\n"
        case "drop":
            del raw[at]
        case "move":
            raw.append(raw.pop(at) if at < len(raw) - 1 else raw.pop(0))
        case "double":
            raw.insert(at, raw[at])
        case "garble":
            raw[at] = b"[]\n"
    rewrite(log, raw)
    assert log.verify().problems


@settings(max_examples=25, deadline=None)
@given(n_lines=st.integers(1, 5), n_cut=st.integers(1, 400), key=st.sampled_from(["", KEY]))
def test_a_cut_at_any_byte_is_recorded_by_the_next_line_and_never_heals(new_log, n_lines, n_cut, key):
    log = new_log(n_lines, key)
    path = log.folder / "audit.jsonl"
    n_bytes = path.stat().st_size
    os.truncate(path, max(0, n_bytes - n_cut))
    assert log.verify().problems
    log.append(entry(7))
    log.append(entry(8))
    found = log.verify()
    assert found.problems == ()
    assert len(found.breaks) == 1
    assert [line["n_rows"] for line in list(log.entries())[-2:]] == [7, 8]
    assert not found.is_whole


def test_a_torn_last_line_locks_nobody_out_and_stays_in_the_log(new_log):
    log = new_log(2)
    with (log.folder / "audit.jsonl").open("ab") as file:
        file.write(b'{"number": 3, "who": "an')
    log.append(entry(9))
    raw = lines(log)
    assert raw[2] == b'{"number": 3, "who": "an\n'
    assert json.loads(raw[3])["event"] == "broken"
    assert json.loads(raw[4])["n_rows"] == 9
    assert "cut off" in log.verify().breaks[0].what


def test_a_log_that_was_emptied_goes_on_counting_where_its_head_stood(new_log):
    log = new_log(3)
    rewrite(log, [])
    log.append(entry(4))
    assert [json.loads(raw)["number"] for raw in lines(log)] == [4, 5]
    assert log.verify().breaks[0].what == "3 lines are missing at the end"


def test_lines_missing_at_the_end_show_although_the_rest_is_a_whole_chain(new_log):
    log = new_log(4)
    rewrite(log, lines(log)[:2])
    assert log.verify().problems == ("2 lines are missing at the end",)


def test_a_log_without_its_head_does_not_count_as_whole(new_log):
    log = new_log(3)
    (log.folder / "head.json").unlink()
    assert log.verify().problems
    log.append(entry())
    assert "head" in log.verify().breaks[0].what


def test_a_process_that_dies_before_it_wrote_the_head_leaves_a_whole_log(new_log):
    log = new_log(1)
    head = (log.folder / "head.json").read_text()
    log.append(entry(2))
    (log.folder / "head.json").write_text(head)
    assert log.verify().is_whole
    log.append(entry(3))
    assert log.verify().is_whole and log.verify().n_lines == 3


def test_what_was_changed_in_the_middle_is_recorded_by_repair_and_a_second_change_shows_anew(new_log):
    log = new_log(5)
    raw = lines(log)
    raw[2] = raw[2].replace(b'"n_rows": 2', b'"n_rows": 9')
    rewrite(log, raw)
    log.append(entry(6))
    assert len(log.verify().problems) == 1
    log.repair("operator")
    assert log.verify().problems == () and len(log.verify().breaks) == 1
    raw = lines(log)
    raw[2] = raw[2].replace(b'"n_rows": 9', b'"n_rows": 8')
    rewrite(log, raw)
    assert len(log.verify().problems) == 1


def test_a_line_that_was_changed_together_with_its_own_hash_no_longer_precedes_the_next(new_log):
    log = new_log(3)
    raw = lines(log)
    changed = json.loads(raw[1]) | {"n_rows": 99}
    raw[1] = json.dumps(changed | {"hash": line_hash(changed)}).encode() + b"\n"
    rewrite(log, raw)
    (problem,) = log.verify().problems
    assert problem.startswith("line 3 does not follow the line before it")


def test_whoever_writes_a_line_and_all_hashes_anew_needs_the_key_as_well(new_log):
    """Without a key a log that was forged as a whole is a whole log; with one, every line of it shows."""
    forged = new_log(3)
    for log, is_seen in ((new_log(3), False), (new_log(3, KEY), True)):
        for name in ("audit.jsonl", "head.json"):
            (log.folder / name).write_bytes((forged.folder / name).read_bytes())
        if is_seen:
            log.append(entry(1))
            assert log.verify().n_unkeyed == 3
            assert "keyed" in [line["event"] for line in log.entries()]
        else:
            assert log.verify().is_whole
    signed = new_log(3, OTHER_KEY)
    log = new_log(3, KEY)
    rewrite(log, lines(signed))
    assert len(log.verify().problems) >= 3


def test_a_line_without_the_key_in_a_log_that_is_under_one_shows(new_log):
    log = new_log(2, KEY)
    with pytest.raises(AuditRefused, match="CAREGAP_AUDIT_KEY_FILE"):
        AuditLog(log.folder, Keys()).append(entry())
    (log.folder / "head.json").write_text((log.folder / "head.json").read_text())
    line = json.loads(lines(log)[-1])
    bare = {name: value for name, value in line.items() if name not in ("key", "mac")}
    from models.audit_log.record import line_hash

    rewrite(log, [lines(log)[0], json.dumps(bare | {"hash": line_hash(bare)}).encode() + b"\n"])
    assert any("without the key" in problem for problem in log.verify().problems)


def test_a_new_key_signs_and_the_earlier_one_still_vouches(new_log):
    log = new_log(2, OTHER_KEY)
    later = AuditLog(log.folder, Keys([KEY, OTHER_KEY]))
    later.append(entry(3))
    assert later.verify().is_whole
    assert AuditLog(log.folder, Keys([KEY])).verify().problems


def test_many_writers_at_once_make_one_chain(new_log):
    log = new_log(key=KEY)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log.append(entry(number)), range(40)))
    assert log.verify().is_whole
    assert sorted(line["n_rows"] for line in log.entries()) == list(range(40))


def test_a_second_copy_has_every_line_and_reveals_a_replaced_log(new_log, tmp_path):
    log = new_log(3, copy=str(tmp_path / "copy.jsonl"))
    assert (tmp_path / "copy.jsonl").read_bytes() == (log.folder / "audit.jsonl").read_bytes()
    assert log.missing_from_copy() == 0
    other = new_log(1, KEY)
    rewrite(log, lines(other))
    assert log.missing_from_copy() == 3


def test_an_action_that_cannot_be_copied_to_the_second_log_is_not_done(new_log, tmp_path):
    log = AuditLog(new_log().folder, Keys(), str(tmp_path / "absent" / "copy.jsonl"))
    with pytest.raises(OSError, match="absent"):
        log.append(entry())


def test_a_line_reaches_syslog_without_the_patients_keys(new_log, tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        log = AuditLog(new_log().folder, Keys(), f"syslog:{tmp_path / 'log'}")
        log.append(entry(patients=[12345]))
        message = daemon.recv(65536).decode()
    assert "caregap audit" in message and '"event": "exported"' in message and "12345" not in message


def test_a_key_in_the_home_is_refused_and_so_is_one_too_short(tmp_path):
    (tmp_path / "key").write_text(KEY)
    with pytest.raises(AuditRefused, match="home"):
        audit_log(tmp_path, {"CAREGAP_AUDIT_KEY_FILE": str(tmp_path / "key")})
    with pytest.raises(AuditRefused, match="32"):
        audit_log(tmp_path, {"CAREGAP_AUDIT_KEY": "short"})
    home = tmp_path / "home"
    assert audit_log(home, {"CAREGAP_AUDIT_KEY_FILE": str(tmp_path / "key")}).keys
    assert not audit_log(home, {}).keys


def test_a_key_comes_by_an_open_descriptor_and_is_read_once(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, KEY.encode())
    os.close(writing)
    entered = {"CAREGAP_AUDIT_KEY_FILE": f"/dev/fd/{reading}"}
    for _ in range(2):
        log = audit_log(tmp_path, entered)
        log.append(entry())
    os.close(reading)
    assert log.verify().is_whole and log.verify().n_unkeyed == 0


def test_a_querys_text_is_read_with_the_key_alone():
    sealed = Keys([KEY]).signing.sealed("select * from marts.dim_patients")
    assert "select" not in sealed
    assert Keys([OTHER_KEY, KEY]).opened(sealed) == "select * from marts.dim_patients"
    assert Keys([OTHER_KEY]).opened(sealed) is None


@pytest.mark.parametrize(
    ("line", "is_named"),
    [
        ({"subject": "7"}, True),
        ({"subject": "7 taken back"}, True),
        ({"subject": "77"}, False),
        ({"subject": "outreach_list", "patients": [3, 7]}, True),
        ({"subject": "outreach_list", "patients": [3]}, False),
        ({"subject": "FHIR 2026", "patients": "all"}, True),
        ({}, False),
    ],
)
def test_a_line_names_the_patients_that_it_showed(line, is_named):
    assert names_patient(line, 7) is is_named
