"""What connectors.toml may say, and how a mistake in it is told."""

import re
from pathlib import Path

import pytest

from models.settings.connectors import FhirConnector, parse_connectors
from models.settings.toml_schema import SettingsRefused
from pipelines.connect.connectors import chosen_connections
from pipelines.connect.secrets import read_secret
from pipelines.errors import UsageError
from pipelines.home import CHECKOUT
from pipelines.practice import read_practice

HUB = """\
[hub]
kind = "hubspot"
address = "https://api.example.org/"
source = "crm"
[hub.sign_in]
token = { env = "HUB_TOKEN" }
[hub.pull]
"""


def refused(text: str) -> str:
    with pytest.raises(SettingsRefused) as error:
        parse_connectors(text.encode(), "connectors.toml", ["crm", "ehr:north"])
    return str(error.value)


def test_each_kind_is_read_with_what_it_needs():
    text = (
        HUB
        + """
[north]
kind = "fhir"
address = "http://127.0.0.1:8103/fhir/R4"
source = "ehr:north"
sign_in = { client_id = "c", private_key = { file = "north.pem" }, algorithm = "ES384", scopes = ["system/Patient.rs"] }
pull = { level = "group", group = "active", types = ["Patient"] }
[sf]
kind = "salesforce"
address = "https://my.example.org"
source = "crm"
sign_in = { client_id = "c", client_secret = { credential = "sf" } }
[erp]
kind = "odoo"
address = "http://localhost:8069"
source = "crm"
database = "clinic"
sign_in = { key = { env = "ODOO_KEY" } }
"""
    )
    found = parse_connectors(text.encode(), "connectors.toml", ["crm", "ehr:north"])
    assert [*found] == ["hub", "north", "sf", "erp"]
    assert found["hub"].address == "https://api.example.org"
    assert isinstance(found["north"], FhirConnector)
    assert found["north"].pull is not None and found["north"].pull.lookback_minutes == 60
    assert found["sf"].pull is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('kind = "hubspot"', 'kind = "hubspt"'), "connectors.toml:2: hub.kind must be one of fhir, salesforce, hubspot, odoo."),
        (
            ('source = "crm"', 'source = "crm:b"'),
            "connectors.toml:4: hub.source is no source of practice.toml. Known: crm, ehr:north.",
        ),
        (('source = "crm"', 'source = "ehr:north"'), "connectors.toml:4: hub.source must be crm"),
        (("https://api.example.org/", "http://api.example.org/"), "connectors.toml:3: hub.address must begin with https://"),
        (("https://api.example.org/", "https://127.0.0.1.example.org:99999999"), "connectors.toml:3: hub.address is no address"),
        (("[hub.pull]", "[hub.pull]\nlookback_minute = 3"), "connectors.toml:8: hub.pull.lookback_minute is not a setting here."),
        (("[hub.pull]", "[hub.pull]\nlookback_minutes = -3"), "connectors.toml:8: hub.pull.lookback_minutes cannot be that"),
        (("[hub]", '["../hub"]'), 'connectors.toml:1: ../hub cannot be "../hub"'),
    ],
)
def test_a_mistake_names_file_line_and_key(change: tuple[str, str], said: str):
    assert said in refused(HUB.replace(*change))


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (('{ env = "HUB_TOKEN" }', '"pat-na1-SECRET"'), "hub.sign_in.token is a secret in clear"),
        (('"HUB_TOKEN"', '"pat-na1-SECRET"'), "hub.sign_in.token names no environment variable"),
        (("https://api.", "https://user:SECRET@api."), "hub.address holds more than"),
        (("example.org/", "example.org/?token=SECRET"), "hub.address holds more than"),
        (("[hub.sign_in]", '[hub.sign_in]\npassword = "SECRET"'), "hub.sign_in.password is not a setting here."),
        (("[hub.pull]", '[hub.pull]\nlookback_minutes = "SECRET"'), "hub.pull.lookback_minutes cannot be that"),
        (("[hub.pull]", '[hub.pull]\nextracts = ["SECRET"]'), "hub.pull.extracts"),
        (('kind = "hubspot"', 'kind = "SECRET"'), "hub.kind must be one of"),
        (('source = "crm"', 'source = "SECRET"'), "hub.source must be crm"),
    ],
)
def test_a_secret_in_clear_is_refused_without_being_shown(change: tuple[str, str], key: str):
    said = refused(HUB.replace(*change))
    assert key in said
    assert "SECRET" not in said


def test_every_mistake_of_every_connector_is_told_at_once():
    said = refused(
        HUB.replace("crm", "nowhere") + HUB.replace("hub", "other").replace("https", "ftp").replace("othersp", "hubsp")
    )
    assert "hub.source" in said
    assert "other." in said


def test_a_secret_comes_from_environment_file_or_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HUB_TOKEN", "from-environment")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "key").write_text("from-file\n")
    (tmp_path / "key").chmod(0o600)

    def read(toml: str) -> str:
        settings = parse_connectors(HUB.replace('{ env = "HUB_TOKEN" }', toml).encode(), "connectors.toml")["hub"]
        hidden = read_secret(settings.sign_in.token, tmp_path, "hub")  # type: ignore[union-attr]
        assert "from-" not in f"{hidden} {hidden!r}"
        return hidden.reveal()

    assert read('{ env = "HUB_TOKEN" }') == "from-environment"
    assert read('{ file = "key" }') == "from-file"
    assert read('{ credential = "key" }') == "from-file"
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        read('{ file = "key" }')
    with pytest.raises(UsageError, match="cannot be read"):
        read('{ credential = "other" }')
    with pytest.raises(UsageError, match="has no NOT_SET"):
        read('{ env = "NOT_SET" }')


def test_every_connector_of_the_documentation_can_be_read():
    text = (CHECKOUT / "docs" / "connections.md").read_text(encoding="utf-8")
    shown = [block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "kind =" in block]
    found = [parse_connectors(block.encode(), "docs", ["crm", "ehr:north"]) for block in shown]
    assert [[*one] for one in found] == [["north"], ["sf"], ["hub"], ["erp"]]


def test_without_a_file_the_command_says_where_it_belongs(practice_folder: Path):
    practice = read_practice(practice_folder)
    with pytest.raises(UsageError, match=r"connectors\.toml: no connector is described there"):
        chosen_connections(practice_folder, practice, ())
    (practice_folder / "connectors.toml").write_text(HUB)
    with pytest.raises(UsageError, match=r"hubb: no such connector\. Known: hub"):
        chosen_connections(practice_folder, practice, ("hubb",))
