"""What is open to whom: one patient to one person, until the time that they were told, and nothing to who guesses."""

import threading
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest

from dashboards.access import break_glass
from dashboards.access.break_glass import GlassRefused, open_glass
from dashboards.access.roles import Viewer
from models.audit_log.break_glass import openings
from models.audit_log.store import audit_log


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))
    monkeypatch.setattr(break_glass, "_open", {})
    return tmp_path


def somebody(session: str) -> Viewer:
    return Viewer("ann", "care_team", (), True, session=session)


def test_of_thirty_tries_at_once_no_more_than_ten_are_answered(home):
    """A person with thirty browsers, each of which asks while the others are being answered."""
    answered, refused = [], []

    def nobody() -> list[int]:
        answered.append(1)
        time.sleep(0.02)
        return []

    def guess(number: int) -> None:
        try:
            break_glass.break_glass(somebody(f"s{number}"), nobody, "emergency", "")
        except GlassRefused as error:
            refused.append(str(error))

    tries = [threading.Thread(target=guess, args=[number]) for number in range(30)]
    for one in tries:
        one.start()
    for one in tries:
        one.join()
    assert len(answered) == 10 and len(refused) == 30
    said = Counter(line["subject"] for line in audit_log(home).entries() if line["event"] == "glass_refused")
    assert said == {"nobody": 10, "limit": 20}


def test_whether_there_is_such_a_patient_is_told_to_nobody_without_a_reason_a_right_or_a_patient_left_for_the_day():
    looked_up = []

    def found() -> list[int]:
        looked_up.append(1)
        return [7]

    without = Viewer("bo", "care_team", (), False, session="s")
    for viewer, reason, words in ((somebody("s"), "other", "x"), (somebody("s"), "because", ""), (without, "emergency", "")):
        with pytest.raises(GlassRefused):
            break_glass.break_glass(viewer, found, reason, words)
    assert looked_up == []
    for _ in range(3):
        break_glass.break_glass(somebody("s"), found, "emergency", "")
    with pytest.raises(GlassRefused, match="as many as a day allows"):
        break_glass.break_glass(somebody("s"), found, "emergency", "")
    assert len(looked_up) == 3


def test_a_person_has_one_patient_open_in_however_many_browsers(home):
    for session, key in (("office", 1), ("ward", 2)):
        break_glass.break_glass(somebody(session), lambda key=key: [key], "cover", "")
    assert open_glass(somebody("office")) is None
    assert open_glass(somebody("ward")).patient_key == 2
    said = [(one.patient_key, one.ended_because) for one in openings(audit_log(home).entries())]
    assert said == [(1, "another"), (2, "")]


def test_it_ends_at_the_time_that_was_told_although_the_machine_slept_and_its_steady_clock_stood_still(home, monkeypatch):
    """An hour was told; the lid was shut for two, which the steady clock does not count."""
    break_glass.break_glass(somebody("s"), lambda: [1], "emergency", "")
    assert open_glass(somebody("s"))

    class Awake(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=2)

    monkeypatch.setattr(break_glass, "datetime", Awake)
    assert open_glass(somebody("s")) is None
    assert [one.ended_because for one in openings(audit_log(home).entries())] == ["time"]


@pytest.mark.parametrize("hours", [-2, -26])
def test_a_clock_that_is_set_back_gives_no_minute_and_no_patient_more(monkeypatch, hours):
    for key in (1, 2, 3):
        break_glass.break_glass(somebody("s"), lambda key=key: [key], "emergency", "")
    steady = time.monotonic()

    class Back(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=hours)

    monkeypatch.setattr(break_glass, "datetime", Back)
    with pytest.raises(GlassRefused, match="as many as a day allows"):
        break_glass.break_glass(somebody("s"), lambda: [4], "emergency", "")
    monkeypatch.setattr(break_glass.time, "monotonic", lambda: steady + 3601)
    assert open_glass(somebody("s")) is None
