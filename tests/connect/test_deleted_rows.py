"""A CRM's deletions come as `deleted.csv`, and take away what was delivered before."""

import json
from pathlib import Path

from pipelines.home import Home
from tests.conftest import caregap

HEADER = "contact_id,is_do_not_contact,is_deceased,created_at,updated_at\n"


def landed(folder: Path) -> dict[str, tuple[int, int]]:
    """Landed and superseded rows by file."""
    done = caregap(Home(folder), "ingest", "--json")
    assert done.returncode == 0, done.stderr
    return {one["file_name"]: (one["n_landed"], one["n_superseded"]) for one in json.loads(done.stdout)["files"]}


def test_a_deleted_row_is_superseded_and_one_that_changed_later_is_there_again(practice_folder: Path):
    rows = [f"c{n},false,false,2026-01-01T00:00:00Z,2026-02-0{n}T00:00:00Z\n" for n in (1, 2, 3)]
    (practice_folder / "crm" / "contacts.csv").write_text(HEADER + "".join(rows))
    deletions = [
        "contacts,c1,2026-02-01T00:00:00Z\n",
        "contacts,c2,2026-02-01T00:00:00Z\n",
        "campaigns,c3,2026-09-01T00:00:00Z\n",
    ]
    (practice_folder / "crm" / "deleted.csv").write_text("extract,row_id,deleted_at\n" + "".join(deletions))
    assert landed(practice_folder) == {"contacts.csv": (2, 1), "deleted.csv": (3, 0)}


def test_a_key_of_several_fields_is_joined_by_slashes(practice_folder: Path):
    (practice_folder / "crm" / "campaign_members.csv").write_text(
        "campaign_id,contact_id,status,is_held_out,added_at,updated_at\n"
        "k1,c1,added,false,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z\nk1,c2,added,false,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z\n"
    )
    (practice_folder / "crm" / "deleted.csv").write_text(
        "extract,row_id,deleted_at\ncampaign_members,k1/c2,2026-03-01T00:00:00Z\n"
    )
    assert landed(practice_folder) == {"campaign_members.csv": (1, 1), "deleted.csv": (1, 0)}
