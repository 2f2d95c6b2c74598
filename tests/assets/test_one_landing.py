"""A run lands once, and every later step is given what that landing found."""

from pathlib import Path

from pipelines.defs.execution import execute
from pipelines.landing.land import land
from pipelines.landing.ledger import LEDGER
from pipelines.practice import Practice
from pipelines.warehouse.build import newest_build

ROLLOUT = "program_name,location_id,go_live_on,updated_at\nreach,north,2026-03-01,2026-03-31T00:00:00Z\n"


def test_raw_is_built_from_the_landing_it_is_given_and_lands_no_second_time(new_home, tmp_path: Path):
    home, practice = new_home(), Practice("p", "P", "UTC", {"crm": tmp_path})
    (tmp_path / "program_rollout_2026-03-31.csv").write_text(ROLLOUT)
    landed = land(practice, home)
    ledger = home.landing("p") / LEDGER
    ledger.unlink()
    (tmp_path / "program_rollout_2026-04-30.csv").write_text(ROLLOUT.replace("north", "south"))

    execute(home, practice, selection=["raw"], landed=landed)

    with newest_build(home).connect() as connection:
        files = connection.execute("select file_name from raw.deliveries").fetchall()
    assert files == [("program_rollout_2026-03-31.csv",)]
    assert not ledger.exists()
