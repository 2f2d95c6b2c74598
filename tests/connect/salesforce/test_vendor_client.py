"""The stand-in for pulls from Salesforce as simple-salesforce sees it: sign-in and queries of Bulk API 2.0, as any of its users
asks for them. (The stand-in for pushes meets the library in every test of the adapter, which sends through it.)"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce as Client
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceResourceNotFound

from tests.connect.crm_servers import Salesforce


class _Here(HTTPAdapter):
    """Leads the library, which knows https and Salesforce's hosts alone, to a server on loopback."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.url = f"{self._address}{parts.path}{f'?{parts.query}' if parts.query else ''}"
        return super().send(request, *args, **more)


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch) -> Salesforce:
    monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _: None)
    rows = [
        {"Id": f"00300000000000{n}AAA", "LastName": "Zimmermann", "SystemModstamp": f"2026-03-0{n}T00:00:00.000Z"}
        for n in range(1, 6)
    ]
    return Salesforce(objects={"Contact": rows}, address="https://practice.my.salesforce.com")


def opened(server: Any, **sign_in: str) -> Client:
    session = requests.Session()
    session.mount("https://", _Here(server.address))
    return Client(session=session, version="64.0", consumer_key="3MVG9", **sign_in)


def test_a_query_is_signed_in_made_waited_for_and_read_page_by_page(org: Salesforce, serve: Callable[..., Any]):
    org.polls = ["UploadComplete", "InProgress"]
    client = opened(serve(org), consumer_secret="SECRET", domain="practice.my")
    pages = list(client.bulk2.Contact.query_all("SELECT Id, LastName FROM Contact WHERE SystemModstamp >= 2026-03-02T00:00:00Z"))
    assert [page.count("\n") - 1 for page in pages] == [2, 2], "two pages of two rows, each with its header"
    assert pages[0].splitlines()[:2] == ['"Id","LastName"', '"003000000000002AAA","Zimmermann"']


def test_a_signed_assertion_is_a_sign_in_too(org: Salesforce, serve: Callable[..., Any]):
    key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    client = opened(serve(org), username="caregap@practice.example", privatekey=key, domain="login")
    assert [one["name"] for one in client.Contact.describe()["fields"]] == ["Id", "LastName", "SystemModstamp"]
    assert org.tokens[0]["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"


def test_a_client_that_is_not_known_gets_no_token(org: Salesforce, serve: Callable[..., Any]):
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        opened(serve(org), username="u", password="p", consumer_secret="other")
    assert refused.value.code == "invalid_client"


def test_an_object_that_is_not_there_is_told_as_the_documentation_says(org: Salesforce, serve: Callable[..., Any]):
    client = opened(serve(org), consumer_secret="SECRET", domain="practice.my")
    with pytest.raises(SalesforceResourceNotFound) as refused:
        client.Lead.describe()
    assert refused.value.content[0]["errorCode"] == "NOT_FOUND"
