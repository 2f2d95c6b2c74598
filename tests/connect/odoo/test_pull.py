"""Pulls of contacts and of the e-mail blacklist: from the simulator, and from an Odoo where one is installed."""

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.home import Home
from tests.conftest import caregap
from tests.connect.odoo.conftest import Crm


@pytest.fixture
def connected(crm: Crm, practice_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Home]:
    """`connected(settings)`: a home connected to the database, with these settings of its pull."""
    monkeypatch.setenv("ODOO_KEY", crm.keys["caregap"])

    def connect(settings: str = "", account: str = "caregap") -> Home:
        monkeypatch.setenv("ODOO_KEY", crm.keys[account])
        (practice_folder / "connectors.toml").write_text(
            f"[erp]\nkind = 'odoo'\naddress = '{crm.url}'\nsource = 'crm'\ndatabase = 'practice'\n"
            "sign_in = { key = { env = 'ODOO_KEY' } }\nlimits = { requests_per_minute = 60000 }\n"
            f"[erp.pull]\ncontact_key = 'external_id'\nlookback_minutes = 5\n{settings}\n"
        )
        return Home(practice_folder)

    return connect


def pulled(home: Home, expected: int = 0, *options: str) -> Any:
    done = caregap(home, "connect", "pull", "--json", *options)
    assert done.returncode == expected, done.stderr
    assert "Test Person" not in done.stdout + done.stderr
    found = json.loads(done.stdout)
    return found["failed"]["erp"]["reason"] if expected else found["pulled"][0]


def rows(home: Home, delivery: str | None, name: str) -> dict[str, dict[str, str]]:
    """The rows of a file of a delivery by their first column; none where there is no such file."""
    path = home.root / "crm" / (delivery or "-") / name
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {next(iter(row.values())) if name != "deleted.csv" else row["row_id"]: row for row in csv.DictReader(file)}


def test_contacts_come_whole_then_as_they_change_and_land(crm: Crm, connected: Callable[..., Home]):
    ids, home = crm.add_contacts(1, 2, 3), connected()
    first = rows(home, pulled(home)["delivery"], "contacts.csv")
    mine = first[crm.contact(1)]
    assert (mine["first_name"], mine["last_name"], mine["is_do_not_contact"]) == ("Test Person", "1", "false")
    assert mine["email"] == f"{crm.contact(1)}@example.org"
    assert {crm.contact(n) for n in (1, 2, 3)} <= first.keys()
    crm.admin("res.partner", "write", ids=[ids[2]], vals={"city": 'Lyndon, "VT"'})
    again = rows(home, pulled(home)["delivery"], "contacts.csv")
    assert [*again] == [crm.contact(2)]
    assert again[crm.contact(2)]["city"] == 'Lyndon, "VT"'
    assert pulled(home)["delivery"] is None
    done = caregap(home, "ingest", "--json")
    assert {one["status"] for one in json.loads(done.stdout)["files"]} == {"landed"}
    assert sum(one["n_quarantined"] for one in json.loads(done.stdout)["files"]) == 0


def test_an_archived_contact_is_a_deletion_and_comes_back_when_it_is_there_again(crm: Crm, connected: Callable[..., Home]):
    ids, home = crm.add_contacts(1), connected()
    pulled(home)
    crm.admin("res.partner", "action_archive", ids=[ids[1]])
    gone = pulled(home)["delivery"]
    assert rows(home, gone, "deleted.csv")[crm.contact(1)]["extract"] == "contacts"
    time.sleep(1.1)  # Odoo says when in whole seconds: in one second it was not both archived and taken back
    crm.admin("res.partner", "write", ids=[ids[1]], vals={"active": True})
    assert crm.contact(1) in rows(home, pulled(home)["delivery"], "contacts.csv")


def test_a_contact_that_is_erased_is_a_deletion_at_the_next_pull_of_all(crm: Crm, connected: Callable[..., Home]):
    ids, home = crm.add_contacts(1, 2), connected()
    pulled(home)
    crm.admin("res.partner", "unlink", ids=[ids[1]])
    assert pulled(home)["delivery"] is None
    gone = rows(home, pulled(home, 0, "--full")["delivery"], "deleted.csv")
    assert crm.contact(1) in gone
    assert crm.contact(2) not in gone, "what is archived, in Odoo itself its own partners, is told again by a pull of all"


def test_the_blacklist_comes_as_consents_though_it_moves_no_contact(crm: Crm, connected: Callable[..., Home]):
    ids, home = crm.add_contacts(1, 2), connected('extracts = ["contacts", "consents"]')
    pulled(home)
    (entry,) = crm.admin("mail.blacklist", "create", vals_list=[{"email": f"{crm.contact(1)}@example.org"}])
    consent = f"{crm.contact(1)}:email"
    revoked = rows(home, pulled(home)["delivery"], "consents.csv")
    assert (revoked[consent]["channel"], revoked[consent]["status"]) == ("email", "revoked")
    assert pulled(home)["delivery"] is None
    crm.admin("mail.blacklist", "write", ids=[entry], vals={"active": False})
    assert rows(home, pulled(home)["delivery"], "consents.csv")[consent]["status"] == "granted"
    crm.admin("mail.blacklist", "write", ids=[entry], vals={"active": True})
    crm.admin("res.partner", "write", ids=[ids[2]], vals={"email": f"{crm.contact(1)}@example.org"})
    assert f"{crm.contact(2)}:email" in rows(home, pulled(home)["delivery"], "consents.csv")


def test_an_archived_contact_on_the_blacklist_stays_as_one_not_to_be_contacted(crm: Crm, connected: Callable[..., Home]):
    ids, home = crm.add_contacts(1), connected()
    pulled(home)
    crm.admin("mail.blacklist", "create", vals_list=[{"email": f"{crm.contact(1)}@example.org"}])
    crm.admin("res.partner", "action_archive", ids=[ids[1]])
    delivery = pulled(home)["delivery"]
    assert rows(home, delivery, "contacts.csv")[crm.contact(1)]["is_do_not_contact"] == "true"
    assert rows(home, delivery, "deleted.csv") == {}


def test_check_says_what_the_account_may_read_and_which_fields_are_not_there(crm: Crm, connected: Callable[..., Home]):
    done = caregap(connected('extracts = ["contacts", "consents"]'), "connect", "check")
    assert done.returncode == 0, done.stdout
    assert "permitted: reads mail.blacklist" in done.stdout
    home = connected('fields = { mrn = "x_not_there" }')
    assert "Odoo's contacts have no x_not_there" in caregap(home, "connect", "check").stdout
    assert "have no x_not_there" in pulled(home, expected=2)
    done = caregap(connected('extracts = ["contacts", "consents"]', account="without-rights"), "connect", "check")
    assert "mail.blacklist cannot be read (AccessError)" in done.stdout
    assert done.returncode == 14


def test_what_is_pulled_by_one_id_and_pushed_by_another_is_refused(crm: Crm, connected: Callable[..., Home]):
    home = connected("[erp.push]\ncontact_key = 'ref'")
    done = caregap(home, "connect", "check")
    assert done.returncode == 2
    assert "another contact_key" in done.stderr
