"""Pulls from Salesforce: each object by a Bulk API 2.0 query of what changed, deleted rows with it (`queryAll`).

The columns are those of the shipped layouts, as far as the object has them for this account.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import cast

from models.settings.connectors import Limits, SalesforceConnector, SalesforcePull
from pipelines.connect.adapter import Finding
from pipelines.connect.connectors import Connection
from pipelines.connect.http import Answer, Http, Refused, SignIn, retry_after
from pipelines.connect.pulls.crm_rows import CrmRows
from pipelines.connect.pulls.pulling import Pulling
from pipelines.connect.secrets import Hidden
from pipelines.connect.shape import taken, taken_or
from pipelines.connect.smart import Token, ask_token, private_key, signed
from pipelines.errors import ConnectionFailed
from pipelines.layouts import shipped_layouts

_LAYOUTS = {
    "contacts": ("Contact", "salesforce_contacts"),
    "outreach_tasks": ("Task", "salesforce_tasks"),
    "campaigns": ("Campaign", "salesforce_campaigns"),
    "campaign_members": ("CampaignMember", "salesforce_campaign_members"),
}
"""The object and the layout by the extract that its rows land as."""

_KEYS = {"campaign_members": ("CampaignId", "ContactId")}
_ABOUT = {"outreach_tasks": "WhoId", "campaign_members": "ContactId"}
_OPTED_OUT = ("DoNotCall", "HasOptedOutOfEmail")
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_SECONDS = 900
_CONTACT = "003"
"""How ids of contacts begin; a task may be about a lead, and a member of a campaign may be one."""
_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 1.0, 30.0
_ROWS_A_PAGE = 50_000
_CODE = re.compile(r"[A-Z_]{3,60}")


def sign_in(connection: Connection) -> SignIn:
    """A token by JWT bearer or client credentials, as the settings say."""
    settings = cast(SalesforceConnector, connection.settings)
    ours, address = settings.sign_in, f"{settings.address}/services/oauth2/token"
    if ours.private_key is not None:
        key = private_key(connection.secret(ours.private_key), "RS256", connection.name)

        def form() -> dict[str, str]:
            claims = {"iss": ours.client_id, "sub": ours.username or "", "aud": ours.audience}
            return {"grant_type": _JWT_BEARER, "assertion": signed(key, "RS256", claims, None, 180).reveal()}
    else:
        assert ours.client_secret is not None
        secret = connection.secret(ours.client_secret)

        def form() -> dict[str, str]:
            return {"grant_type": "client_credentials", "client_id": ours.client_id, "client_secret": secret.reveal()}

    return Token(lambda: _token(connection.name, address, form(), settings.limits))


def _token(name: str, address: str, form: dict[str, str], limits: Limits) -> tuple[Hidden, int]:
    """Salesforce does not say how long a token holds: the session's setting does, 15 minutes at least."""
    token, _, _ = ask_token(name, address, form, limits)
    return token, _TOKEN_SECONDS


def pull(pulling: Pulling) -> None:
    """Query each object for what changed since."""
    asked = cast(SalesforcePull, pulling.connection.settings.pull)
    steps = pulling.work.steps
    done: list[str] = steps.setdefault("done", [])
    for extract in asked.extracts:
        if extract not in done:
            _query(pulling, extract, asked.api_version)
            done.append(extract)
            for step in ("job", "locator", "columns"):
                steps.pop(step, None)
            pulling.work.save()
    pulling.cleanup += [f"services/data/{asked.api_version}/jobs/query/{job}" for job in steps.get("jobs", [])]


def _query(pulling: Pulling, extract: str, version: str) -> None:
    steps, jobs = pulling.work.steps, f"services/data/{version}/jobs/query"
    if "job" not in steps:
        steps["columns"] = _columns(pulling.http, extract, version)
        steps["job"] = _begun(pulling, extract, jobs)
        steps.setdefault("jobs", []).append(steps["job"])
        pulling.work.save()
    try:
        _await(pulling, extract, f"{jobs}/{steps['job']}")
        for answer in _pages(pulling, extract, f"{jobs}/{steps['job']}/results"):
            _deliver(pulling, extract, answer)
        CrmRows(pulling, extract, ()).delete_gone()
    except _Gone:
        for step in ("job", "locator"):
            steps.pop(step, None)
        pulling.work.save()
        raise ConnectionFailed(f"{pulling.name}: Salesforce has dropped the query of {extract}. Run the pull again.") from None


class _Gone(ConnectionFailed):
    """The job is not there any more."""


def _ask(http: Http, method: str, place: str, *, json: object = None, params: dict[str, str] | None = None) -> Answer:
    """As `Http.request`; what Salesforce refuses is told by its error code."""
    answer = http.request(method, place, json=json, params=params, accept=(400, 403, 404), may_repeat=method == "GET")
    if answer.status == 404:
        raise _Gone(f"{answer.place}: not there (HTTP 404). Check address and api_version.")
    if answer.status >= 400:
        code = _code(answer)
        limit = " Its daily limit of requests is used up: try again tomorrow." if code == "REQUEST_LIMIT_EXCEEDED" else ""
        raise Refused(f"{answer.place} refuses it (HTTP {answer.status}{', ' if code else ''}{code}).{limit}", answer.status)
    return answer


def _code(answer: Answer) -> str:
    try:
        said = answer.json()
        code = taken(said[0], "errorCode", str, "") if isinstance(said, list) and said else ""
    except ConnectionFailed:
        return ""
    return code if _CODE.fullmatch(code) else ""


def _columns(http: Http, extract: str, version: str) -> list[str]:
    """What the layout reads or is known by, as far as the object has it, and what tells changes and deletions."""
    kind, name = _LAYOUTS[extract]
    layout = shipped_layouts()[name]
    answer = _ask(http, "GET", f"services/data/{version}/sobjects/{kind}/describe")
    there = {taken(one, "name", str, answer.place) for one in taken(answer.json(), "fields", list, answer.place)}
    wanted = [*layout.recognised_by, *(name for rule in layout.columns.values() for name in rule.columns)]
    ours = ["Id", "IsDeleted", "SystemModstamp", *(["MasterRecordId"] if extract == "contacts" else [])]
    return [name for name in dict.fromkeys([*wanted, *ours]) if name in there]


def _begun(pulling: Pulling, extract: str, jobs: str) -> str:
    since: datetime | None = pulling.since.get(extract)
    changed = f" WHERE SystemModstamp >= {since:%Y-%m-%dT%H:%M:%SZ}" if since else ""
    query = f"SELECT {', '.join(pulling.work.steps['columns'])} FROM {_LAYOUTS[extract][0]}{changed}"
    asked = {"operation": "queryAll", "query": query, "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}
    answer = _ask(pulling.http, "POST", jobs, json=asked)
    pulling.note_clock(answer)
    return _id(taken(answer.json(), "id", str, answer.place), answer)


def _id(said: str, answer: Answer) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{15,18}", said):
        raise ConnectionFailed(f"{answer.place}: the job's id is none of Salesforce's.")
    return said


def _await(pulling: Pulling, extract: str, job: str) -> None:
    wait = _FIRST_POLL_SECONDS
    while True:
        answer = _ask(pulling.http, "GET", job)
        said = answer.json()
        match taken(said, "state", str, answer.place):
            case "JobComplete":
                return
            case "UploadComplete" | "InProgress":
                pulling.tell(extract, f"{taken_or(said, 'numberRecordsProcessed', 0, answer.place):,} rows ready")
                pulling.http.pause(
                    retry_after(answer, wait), f"{answer.place}: the query is not ready; a pull goes on with it. It"
                )
                wait = min(wait * 1.5, _LONGEST_POLL_SECONDS)
            case _:  # Failed, Aborted: the next pull must begin another
                raise _Gone(f"{answer.place}: the query of {extract} failed there.")


def _pages(pulling: Pulling, extract: str, results: str) -> Iterator[Answer]:
    """The pages of a finished query, from the locator on that a killed pull came to."""
    steps = pulling.work.steps
    known: set[str] = set()
    while True:
        locator = steps.get("locator")
        params = {"maxRecords": str(_ROWS_A_PAGE)} | ({"locator": locator} if locator else {})
        answer = _ask(pulling.http, "GET", results, params=params)
        yield answer
        following = answer.headers.get("sforce-locator", "null")
        if following == "null":
            return
        if following in known:
            raise ConnectionFailed(f"{answer.place}: the pages of {extract} lead back to what was read.")
        known.add(following)
        steps["locator"] = following
        pulling.work.save()


def _deliver(pulling: Pulling, extract: str, answer: Answer) -> None:
    columns = pulling.work.steps["columns"]
    try:
        lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), strict=True)
        header = next(lines, [])
        if header and header != columns:
            raise ConnectionFailed(f"{answer.place}: the query of {extract} has other columns than it was asked for.")
        rows = CrmRows(pulling, extract, [name for name in columns if name not in ("SystemModstamp", "MasterRecordId")])
        n_rows = 0
        for values in lines:
            n_rows += 1
            if len(values) != len(columns):
                raise ConnectionFailed(f"{answer.place}: row {n_rows} of {extract} is cut short. Try again.")
            row = dict(zip(columns, values, strict=True))
            about = _ABOUT.get(extract)
            if about and not row.get(about, "").startswith(_CONTACT):
                pulling.leave_out(f"{extract} that are about no contact")
            else:
                _add(rows, extract, row)
    except (UnicodeDecodeError, csv.Error):
        raise ConnectionFailed(f"{answer.place}: the query of {extract} is not answered by CSV. Try again.") from None
    stated = answer.headers.get("sforce-numberofrecords", "")
    if stated.isdigit() and int(stated) != n_rows:
        raise ConnectionFailed(f"{answer.place}: {n_rows:,} rows of {extract} came instead of {int(stated):,}. Try again.")
    pulling.tell(extract, f"{pulling.work.n_rows.get(extract, 0):,} rows")


def _add(rows: CrmRows, extract: str, row: dict[str, str]) -> None:
    """A row, or its deletion. A deleted contact who had opted out stays: nobody is to write to that person after all."""
    key, changed_at = "/".join(row[name] for name in _KEYS.get(extract, ("Id",))), row.get("SystemModstamp", "")
    has_opted_out = extract == "contacts" and any(row.get(name, "").lower() == "true" for name in _OPTED_OUT)
    if row.get("IsDeleted", "").lower() == "true" and (not has_opted_out or row.get("MasterRecordId")):
        rows.delete(key, changed_at)
    else:
        rows.add(key, changed_at, row)


def check(connection: Connection) -> list[Finding]:
    """Whether each object may be read, and which columns of its layout it lacks."""
    asked = cast(SalesforcePull, connection.settings.pull)
    found = []
    with Http(connection.name, connection.settings.address, connection.settings.limits, sign_in(connection)) as http:
        for extract in asked.extracts:
            kind, layout = _LAYOUTS[extract]
            try:
                there = _columns(http, extract, asked.api_version)
            except (Refused, _Gone) as error:
                found.append(Finding(f"permitted: reads {kind}", False, str(error)))
                continue
            lacking = [name for name in shipped_layouts()[layout].recognised_by if name not in there]
            found.append(
                Finding(
                    f"mapped: {kind} as {extract}, {len(there)} columns",
                    not lacking,
                    f"The account does not see {', '.join(lacking)}. Give it the fields." if lacking else "",
                )
            )
    return found
