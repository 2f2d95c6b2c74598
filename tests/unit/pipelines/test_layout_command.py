"""`caregap layout` proposes a layout for an export that nobody has described, and says row by row what would land."""

import json
import tomllib
from pathlib import Path

import polars as pl
import pytest

from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.layouts import layout_file
from pipelines.practice import SETTINGS_FILE, Practice
from tests.conftest import Done, caregap

PEOPLE = """\
People of the north site

Record Id;Full Name;E-mail;Mobile;DOB;Gender;Mailing Street;Mailing Zip;Created Time;Modified Time;Opt out
z1;Kestrel, Ann;ann@example.org;2125550101;05.05.1966;F;1 Main St;12207;2026-01-05 10:00:00;2026-10-05 10:00:00;no
z2;Plover, Ben;ben@example.org;2125550102;17.03.1971;Male;2 Main St;12207;2026-01-06 10:00:00;2026-10-05 10:00:00;yes
z3;Heron, Mia;mia@example.org;2125550103;31.12.1980;Female;3 Main St;12207;2026-01-07 10:00:00;2026-10-05 10:00:00;no
"""
IS_DECEASED = 'is_deceased = { constant = "false" }'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "people.csv").write_text(PEOPLE)
    return Home(tmp_path / "home")


def suggested(home: Home, folder: Path) -> Done:
    return caregap(home, "layout", "suggest", folder / "crm" / "people.csv", "--output", folder / "people.toml", "--json")


def test_what_is_sure_is_told_from_what_is_asked(home: Home, tmp_path: Path):
    done = suggested(home, tmp_path)

    said = json.loads(done.stdout)
    assert (said["source"], said["extract"], said["header_row"]) == ("crm", "contacts", 3)
    assert said["sure"] == {
        "contact_id": "Record Id", "birth_date": "DOB", "sex": "Gender", "email": "E-mail", "phone": "Mobile",
        "address_line": "Mailing Street", "postal_code": "Mailing Zip", "is_do_not_contact": "Opt out",
        "created_at": "Created Time", "updated_at": "Modified Time", "first_name": "Full Name", "last_name": "Full Name",
    }  # fmt: skip
    assert [one["field"] for one in said["asked"]] == ["is_deceased"]


CHARGES = """\
Charge ID,Patient ID,Patient Name,Service Start Date,Posting Date,Procedure Code,Units,Unit Charge,Total Charges,\
Rendering Provider,Rendering NPI,Payer Class,Service Location,Last Modified Date
1,7,"Kestrel, Ann",03/10/2026,03/12/2026,99213,1,$125.00,$125.00,"Lee, Kim MD",1999999992,BCBS,north,04/01/2026 10:00 AM
2,8,"Plover, Ben",03/11/2026,03/12/2026,99214,2,$90.00,$180.00,"Lee, Kim MD",1999999992,Medicare,north,04/01/2026 10:00 AM
"""


def test_an_export_of_charges_is_known_by_its_columns_and_a_payers_name_is_asked_about(home: Home, tmp_path: Path):
    """A provider's name is no NPI, and the price of a unit no charge."""
    (tmp_path / "billing").mkdir()
    (tmp_path / "billing" / "export.csv").write_text(CHARGES)
    output = tmp_path / "charges.toml"
    done = caregap(home, "layout", "suggest", tmp_path / "billing" / "export.csv", "--output", output, "--json")

    said = json.loads(done.stdout)
    assert said["asked"] == []
    assert said["sure"] == {
        "charge_id": "Charge ID", "account_id": "Patient ID", "location_id": "Service Location", "provider_npi": "Rendering NPI",
        "payer_class": "Payer Class", "service_code": "Procedure Code", "service_on": "Service Start Date",
        "posted_on": "Posting Date", "units": "Units", "charge_usd": "Total Charges", "updated_at": "Last Modified Date",
    }  # fmt: skip
    asked = tomllib.loads(output.read_text())["columns"]["payer_class"]["values"]["BCBS"]
    assert asked == "TODO: one of commercial, medicare, medicaid, self_pay, other"


GERMAN = """\
Datensatz-ID;Vorname;Nachname;E-Mail;Telefonnummer;Erstellungsdatum;Datum der letzten Änderung;Geschlecht;Geburtsdatum;PLZ;Stadt;\
Straße;Von allen E-Mails abgemeldet
1;Ann;Kestrel;ann@example.org;0301;05.01.2026 10:00;13.10.2026 10:00;Weiblich;05.05.1966;10115;Berlin;Weg 1;Nein
2;Ben;Plover;ben@example.org;0302;06.01.2026 10:00;14.10.2026 10:00;Männlich;17.03.1971;10115;Berlin;Weg 2;Ja
Gesamtwerte 2;;;;;;;;;;;;
"""
SPANISH = """\
ID de registro,Nombre completo,Correo,Número de teléfono,Fecha de creación,Fecha de la última modificación,Sexo,\
Fecha de nacimiento,Código postal,Ciudad,Dado de baja
1,Ann Kestrel,ann@example.org,911,05/01/2026 10:00,13/10/2026 10:00,M,05/05/1966,28001,Madrid,No
2,Ben Plover,ben@example.org,912,06/01/2026 10:00,14/10/2026 10:00,H,17/03/1971,28001,Madrid,Sí
"""


@pytest.mark.parametrize(
    ("export", "encoding", "without"),
    [(GERMAN, "cp1252", set()), (SPANISH, "utf-8-sig", {"address_line"})],
    ids=["German", "Spanish"],
)
def test_an_export_of_contacts_in_german_or_spanish_lands_once_one_thing_is_said(
    home: Home, tmp_path: Path, export: str, encoding: str, without: set[str]
):
    """A system speaks the language of who exports. Where there is an H (hombre), M is a woman (mujer)."""
    (tmp_path / "crm" / "people.csv").write_bytes(export.encode(encoding))
    said = json.loads(suggested(home, tmp_path).stdout)
    assert [one["field"] for one in said["asked"]] == ["is_deceased"]
    assert said["sure"].keys() == {
        *("contact_id", "first_name", "last_name", "birth_date", "sex", "email", "phone", "address_line", "city", "postal_code"),
        *("is_do_not_contact", "created_at", "updated_at"),
    } - without  # fmt: skip
    layout = tmp_path / "people.toml"
    lines = [IS_DECEASED if line.startswith("is_deceased") else line for line in layout.read_text().splitlines()]
    layout.write_text("\n".join(lines))
    practice = Practice("t", "T", "UTC", {"crm": tmp_path / "crm"}, layouts={"people": layout_file(layout)})
    land(practice, home)
    [rows] = home.landing("t").rglob("rows.parquet")
    found = pl.read_parquet(rows).sort("contact_id")
    assert found.select("first_name", "sex", pl.col("birth_date").cast(str), "is_do_not_contact").rows() == [
        ("Ann", "female", "1966-05-05", False),
        ("Ben", "male", "1971-03-17", True),
    ]


def test_days_of_two_digits_a_year_are_proposed_as_written_and_nobody_is_born_after_the_last_change(home: Home, tmp_path: Path):
    """The day of the last change is in 2026: who was born in 25 is one year old, and who in 66 is 60."""
    (tmp_path / "crm" / "people.csv").write_text(
        "Customer No,First name,Last name,DOB,Do not contact,Deceased,Created,Last modified\n"
        "1,Ann,Kestrel,5/13/66,no,no,1/5/2026 10:00,10/13/2026 10:00\n"
        "2,Ben,Plover,12/31/25,no,no,1/5/2026 10:00,10/13/2026 10:00\n"
    )
    assert json.loads(suggested(home, tmp_path).stdout)["sure"]["birth_date"] == "DOB"
    assert tomllib.loads((tmp_path / "people.toml").read_text())["columns"]["birth_date"] == {
        "column": "DOB",
        "format": "%m/%d/%y",
    }
    layouts = {"people": layout_file(tmp_path / "people.toml")}
    land(Practice("t", "T", "UTC", {"crm": tmp_path / "crm"}, layouts=layouts), home)
    [rows] = home.landing("t").rglob("rows.parquet")
    assert pl.read_parquet(rows).sort("contact_id")["birth_date"].cast(str).to_list() == ["1966-05-13", "2025-12-31"]


def test_a_table_under_the_names_of_its_fields_is_known_by_each(home: Home, tmp_path: Path):
    table = "spend_id,month_on,lead_source,amount_usd,updated_at\ns1,2026-03-01,search,12.50,2026-03-31\n"
    (tmp_path / "crm" / "people.csv").write_text(table)
    said = json.loads(suggested(home, tmp_path).stdout)
    assert (said["extract"], said["asked"]) == ("marketing_spend", [])
    assert said["sure"] == {name: name for name in ("spend_id", "month_on", "lead_source", "amount_usd", "updated_at")}


def test_a_folder_says_the_source_and_totals_below_the_table_are_no_rows(home: Home, tmp_path: Path):
    """By their columns alone these could be accounts of billing, which ask for less of a contact."""
    table = (
        "Person No;Surname;Forename;DOB;Sex;Street;Town;Zip\nz1;Kestrel;Ann;03/31/1966;F;1 Main St;Albany;12207\nTotal;1;;;;;;\n"
    )
    (tmp_path / "crm" / "people.csv").write_text(table)

    said = json.loads(suggested(home, tmp_path).stdout)

    assert (said["source"], said["extract"], said["sure"]["contact_id"]) == ("crm", "contacts", "Person No")
    assert tomllib.loads((tmp_path / "people.toml").read_text())["form"] == {"below": ["Total"]}


def test_a_layout_with_something_still_to_be_said_is_refused(home: Home, tmp_path: Path):
    suggested(home, tmp_path)

    done = caregap(home, "layout", "check", tmp_path / "crm" / "people.csv", "--layout", tmp_path / "people.toml")

    assert done.returncode == 2
    assert "columns.is_deceased.column is still to be said" in done.stderr


def test_a_completed_layout_lands_what_check_said_would_land(home: Home, tmp_path: Path):
    """Names are split at the comma and days come first; no cell of a patient is printed."""
    suggested(home, tmp_path)
    layout = tmp_path / "people.toml"
    lines = [IS_DECEASED if line.startswith("is_deceased") else line for line in layout.read_text().splitlines()]
    layout.write_text("\n".join(lines))

    done = caregap(home, "layout", "check", tmp_path / "crm" / "people.csv", "--layout", layout)

    assert (done.returncode, done.stderr) == (0, "")
    assert "3 rows: 3 would land, 0 would be quarantined" in done.stdout
    assert "Kestrel" not in done.stdout

    (tmp_path / SETTINGS_FILE).write_text(
        'id = "t"\nname = "T"\ntime_zone = "America/New_York"\nencryption = "disk"\n'
        '[sources]\ncrm = "crm"\n[layouts]\nour_people = "people.toml"\n'
    )
    done = caregap(home, "ingest", tmp_path, "--json")

    [file] = json.loads(done.stdout)["files"]
    assert (file["n_landed"], file["read_as"]) == (3, "by layout our_people, header in row 3")


def test_every_row_that_would_not_land_is_named_with_its_reason(home: Home, tmp_path: Path):
    (tmp_path / "crm" / "contacts.csv").write_text(
        "contact_id,is_do_not_contact,is_deceased,created_at,updated_at\n"
        "c1,no,no,2026-01-05T10:00:00Z,2026-01-05T10:00:00Z\n"
        "c2,perhaps,no,soon,2026-01-05T10:00:00Z\n"
    )
    done = caregap(home, "layout", "check", tmp_path / "crm" / "contacts.csv", "--json")

    rows = json.loads(done.stdout)["rows"]
    assert [(row["row_number"], row["field"]) for row in rows] == [(2, None), (3, "created_at"), (3, "is_do_not_contact")]


def test_a_file_that_nothing_fits_is_said_to_need_a_layout(home: Home, tmp_path: Path):
    done = caregap(home, "layout", "check", tmp_path / "crm" / "people.csv")

    assert done.returncode == 2
    assert "Describe it: caregap layout suggest" in done.stderr


def test_what_a_suggestion_says_to_write_is_what_settings_take(tmp_path: Path):
    """A file's name with a blank and brackets is no key of TOML as it stands, and no argument of a shell."""
    (tmp_path / "crm").mkdir()
    rows = "Contact No,Given name,Surname,DOB,Opted out,Last changed\nA1,Ann,Kestrel,12/31/1960,N,11/20/2026 3:15 PM\n"
    (tmp_path / "crm" / "Contact export (2).csv").write_text(rows)
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    done = caregap(home, "layout", "suggest", tmp_path / "crm" / "Contact export (2).csv", "--output", tmp_path / "my crm.toml")
    assert done.returncode == 0, done.stderr
    written = done.stdout.partition("Then, in practice.toml:")[2]
    assert [*tomllib.loads(written)["layouts"]] == ["my_crm"]
    assert f"'{tmp_path / 'crm' / 'Contact export (2).csv'}'" in done.stdout
    assert 'contact_id           "Contact No"' in done.stdout
    assert 'updated_at           "Last changed"' in done.stdout


OTHERWISE = """\
Person No;Chart #;Given;Surname;D.O.B.;Gender;Mail;Cell;Speaks;Reach by;Not to be called;Passed away;Entered;Last edit
P1;203713;Ann;Kestrel;05/03/1966;Female;ann@example.org;2125550101;English;Text;No;No;05/01/2026 10:00;25/10/2026 14:05
P2;;Ben;Plover;25/12/1970;Male;ben@example.org;2125550102;Spanish;Email;Yes;No;15/01/2026 10:00;26/10/2026 09:15
"""


def test_what_columns_are_called_elsewhere_is_known_and_what_is_left_over_is_said(home: Home, tmp_path: Path):
    (tmp_path / "crm" / "people.csv").write_text(OTHERWISE)

    said = json.loads(suggested(home, tmp_path).stdout)

    assert said["sure"] == {
        "contact_id": "Person No", "mrn": "Chart #", "first_name": "Given", "last_name": "Surname", "birth_date": "D.O.B.",
        "sex": "Gender", "email": "Mail", "phone": "Cell", "language": "Speaks", "preferred_channel": "Reach by",
        "is_deceased": "Passed away",
        "created_at": "Entered", "updated_at": "Last edit",
    }  # fmt: skip
    assert said["unused"] == ["Not to be called"]
    assert said["absent"] == ["address_line", "city", "state", "postal_code"]
    layout = (tmp_path / "people.toml").read_text()
    assert '# Columns of which nothing is made: "Not to be called"' in layout
    assert tomllib.loads(layout)["form"] == {"dates": "day_first"}


def test_a_file_is_checked_whatever_practice_the_home_holds(home: Home, tmp_path: Path):
    """Without a practice.toml above it, times are New York's; the one above it says otherwise."""
    (home.landing("another") / "crm").mkdir(parents=True)
    suggested(home, tmp_path)
    layout = tmp_path / "people.toml"
    lines = [IS_DECEASED if line.startswith("is_deceased") else line for line in layout.read_text().splitlines()]
    layout.write_text("\n".join(lines))
    asked = ("layout", "check", tmp_path / "crm" / "people.csv", "--layout", layout)

    assert "3 would land" in caregap(home, *asked).stdout
    (tmp_path / SETTINGS_FILE).write_text('id = "t"\nname = "T"\ntime_zone = "America/Nowhere"\n')
    done = caregap(home, *asked)
    assert done.returncode == 2
    assert "America/Nowhere" in done.stderr
