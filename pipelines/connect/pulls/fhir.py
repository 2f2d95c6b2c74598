"""Pulls from a FHIR server: by bulk export where it has one, page by page where it has not."""

import re
from typing import cast

from models.settings.connectors import FhirConnector
from models.sources import SOURCE_KINDS
from pipelines.connect.adapter import Finding
from pipelines.connect.connectors import Connection
from pipelines.connect.http import Http, SignIn
from pipelines.connect.pulls import fhir_bulk, fhir_search
from pipelines.connect.pulls.pulling import Pulling
from pipelines.connect.shape import taken, taken_or
from pipelines.connect.sign_in import Bearer
from pipelines.connect.smart import Smart, Token


def sign_in(connection: Connection) -> SignIn | None:
    """How requests are signed in; None for a server that asks nobody."""
    settings = cast(FhirConnector, connection.settings)
    if settings.sign_in is None:
        return None
    if settings.sign_in.token is not None:
        return Bearer(connection.secret(settings.sign_in.token), connection.name)
    return Token(_smart(connection).fetch)


def _smart(connection: Connection) -> Smart:
    settings = cast(FhirConnector, connection.settings)
    assert settings.sign_in is not None and settings.sign_in.private_key is not None
    key = connection.secret(settings.sign_in.private_key)
    return Smart(connection.name, settings.address, settings.sign_in, key, settings.limits)


def pull(pulling: Pulling) -> None:
    """Fetch what changed since, of the types that are set; otherwise of those that both Caregap and the server know."""
    settings = cast(FhirConnector, pulling.connection.settings)
    assert settings.pull is not None
    if "types" not in pulling.work.steps:
        pulling.work.steps["types"] = settings.pull.types or _shared_types(pulling.http, pulling.name)
        pulling.work.save()
    types = list(pulling.work.steps["types"])
    (fhir_bulk if settings.pull.method == "bulk" else fhir_search).pull(pulling, types)


def _shared_types(http: Http, name: str) -> list[str]:
    of_server = _server_types(_capabilities(http), name)
    return [one for one in SOURCE_KINDS["ehr"].extracts if one in of_server]


def _capabilities(http: Http) -> object:
    return http.request("GET", "metadata", headers={"accept": "application/fhir+json"}).json()


def _server_types(said: object, name: str) -> list[str]:
    found = []
    for rest in taken(said, "rest", list, f"{name}: metadata"):
        found += [taken(one, "type", str, f"{name}: metadata") for one in taken_or(rest, "resource", [], f"{name}: metadata")]
    return found


def check(connection: Connection) -> list[Finding]:
    """Whether it is FHIR R4, has the types, gives a token with the scopes, and has an export."""
    settings = cast(FhirConnector, connection.settings)
    assert settings.pull is not None
    found: list[Finding] = []
    with Http(connection.name, settings.address, settings.limits, sign_in(connection)) as http:
        said = _capabilities(http)
        version = re.sub(r"[^0-9.]", "", taken_or(said, "fhirVersion", "", connection.name))[:10]
        is_r4 = version.startswith("4.0")
        found.append(Finding(f"FHIR {version or 'of no version'}", is_r4, "" if is_r4 else "Give the address of its R4 service."))
        of_server = _server_types(said, connection.name)
        wanted = settings.pull.types or [one for one in SOURCE_KINDS["ehr"].extracts if one in of_server]
        lacking = [one for one in wanted if one not in of_server]
        found.append(
            Finding(f"types: {', '.join(wanted)}", not lacking, f"The server lacks {', '.join(lacking)}." if lacking else "")
        )
        first = wanted[0] if wanted else "Patient"
        http.request("GET", first, params={"_count": "1", "_elements": "id"}, headers={"accept": "application/fhir+json"})
        found.append(Finding(f"permitted: reads {first}", True))
    if settings.sign_in and settings.sign_in.private_key:
        smart = _smart(connection)
        smart.fetch()
        granted = smart.granted
        found.append(
            Finding(f"scopes granted: {_plain(granted)}" if granted else "the server does not say which scopes it granted", True)
        )
    return found


def _plain(scopes: str) -> str:
    return " ".join(one for one in scopes.split() if one.isascii() and one.isprintable() and len(one) < 100)[:500]
