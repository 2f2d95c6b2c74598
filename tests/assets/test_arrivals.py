"""An arrival is done when it is published; a run that fails before its first asset is told as well."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from pipelines.defs.refresh import arrivals, nightly
from pipelines.defs.run_status import failures
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.landing.land import arrived_state
from pipelines.lock import only_writer
from pipelines.practice import Practice

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home")


@pytest.fixture
def practice(tmp_path: Path) -> Practice:
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "contacts.csv").write_text("x")
    return Practice("test", "Test", "UTC", {"crm": tmp_path / "crm"})


@pytest.fixture
def look(home: Home, practice: Practice, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], str]:
    """`look(10)`: what the sensor says ten minutes after noon: `run`, or why not."""
    sensor, kept = arrivals(home, practice), {"cursor": None}

    def at(minutes: int) -> str:
        now = NOON + timedelta(minutes=minutes)
        monkeypatch.setattr("pipelines.clock.datetime", SimpleNamespace(now=lambda zone: now))
        with dg.build_sensor_context(cursor=kept["cursor"]) as context:
            said = sensor.evaluate_tick(context)
            kept["cursor"] = context.cursor
        return "run" if said.run_requests else said.skip_message

    return at


def publish(home: Home, number: int, arrived: str) -> None:
    """A publication by hand, made from this state of the source folders."""
    folder = home.published / f"2026-{number}"
    folder.mkdir(parents=True)
    facts = dict.fromkeys(
        ("practice_id", "practice_name", "time_zone", "as_of_on", "build_id", "fingerprint", "published_at"), "x"
    )
    facts |= {"id": folder.name, "is_synthetic": True, "n_rows": {}, "number": number, "arrived": arrived}
    (folder / "manifest.json").write_text(json.dumps(facts))
    for name in ("shown", "warehouse.duckdb"):
        (folder / name).touch()


def test_a_run_that_publishes_nothing_is_asked_for_again_ever_more_rarely(look):
    """After 5 minutes, then 10, then 20: whether it failed, was killed, or was turned away."""
    assert [look(minute) for minute in (0, 1)] == ["Files are arriving.", "run"]
    asked = [minute for minute in range(2, 60) if look(minute) == "run"]
    assert asked == [6, 16, 36]


def test_an_arrival_is_done_when_it_is_published_whoever_published_it(look, home, practice):
    look(0)
    publish(home, 1, arrived_state(practice))
    assert look(1) == "Everything that has arrived is published."


def test_going_back_to_an_earlier_publication_starts_no_run(look, home, practice):
    publish(home, 1, "an earlier state")
    publish(home, 2, arrived_state(practice))
    (home.published / "current").symlink_to("2026-1")
    assert look(0) == "Everything that has arrived is published."


def test_the_nightly_run_waits_where_somebody_went_back_until_something_arrives(home, practice):
    """Else it would publish again, within a day, what they went back from."""

    def night() -> bool:
        with dg.build_schedule_context(scheduled_execution_time=NOON) as context:
            return bool(nightly(home, practice).evaluate_tick(context).run_requests)

    assert night()
    publish(home, 1, "an earlier state")
    publish(home, 2, arrived_state(practice))
    link = home.published / "current"
    link.symlink_to("2026-2")
    assert night()
    link.unlink()
    link.symlink_to("2026-1")
    assert not night()
    (practice.sources["crm"] / "leads.csv").write_text("x")
    assert night()


def test_no_run_is_asked_for_while_another_one_writes(look, home):
    look(0)
    with only_writer(home):
        assert look(1) == "Another run is writing to this home."
    assert look(2) == "run"


def test_a_cursor_of_an_earlier_version_and_a_clock_that_was_set_back_hold_nothing_up(look):
    assert [look(minute) for minute in (600, 601)] == ["Files are arriving.", "run"]
    assert look(0) == "run"


@pytest.fixture
def told(home: Home) -> Callable[[Exception], dict | None]:
    """What is on disk after a run of Dagster's whose home could not be opened for this reason."""

    def after(error: Exception) -> dict | None:
        @dg.resource
        def home_resource(_):
            raise error

        @dg.op(required_resource_keys={"home"})
        def first():
            pass

        @dg.job(resource_defs={"home": home_resource})
        def refresh():
            first()

        with dg.DagsterInstance.ephemeral() as instance:
            done = refresh.execute_in_process(instance=instance, raise_on_error=False)
            (failure,) = [event for event in done.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE]
            context = dg.build_run_status_sensor_context("failures", failure, instance, done.dagster_run).for_run_failure()
            failures(home)(context)
        path = home.published / "last_run.json"
        return json.loads(path.read_text()) if path.exists() else None

    return after


def test_a_run_that_failed_before_its_first_asset_is_recorded_by_the_name_of_its_error(told):
    record = told(UsageError("cannot read Quenby, Ann"))
    assert record["status"] == "failed" and "UsageError" in record["reason"] and "Quenby" not in record["reason"]


def test_a_run_that_was_turned_away_by_another_one_is_not_recorded(told, home):
    from pipelines.errors import HomeBusy

    assert told(HomeBusy("another run is writing here")) is None
