"""Pulls from Odoo 19: persons among its contacts by time of change, archived ones as deletions, its e-mail blacklist as consents.

Pages go by id: `write_date` is answered in seconds and kept in microseconds, so that it orders no rows of one import.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from models.settings.connectors import OdooConnector, OdooPull, OwnField
from models.settings.crm_push import OdooPush
from pipelines.connect.adapter import Finding
from pipelines.connect.connectors import Connection
from pipelines.connect.http import Http, Refused, SignIn
from pipelines.connect.odoo.api import OdooApi, OdooError
from pipelines.connect.odoo.contacts import OdooContacts
from pipelines.connect.pulls.crm_rows import CrmRows
from pipelines.connect.pulls.pulling import Pulling
from pipelines.connect.shape import checked, taken
from pipelines.connect.sign_in import Bearer
from pipelines.errors import ConnectionFailed, UsageError

_PAGE = 500
_BLACKLISTED = "is_blacklisted"
_FIELDS = ("name", "email", "phone", "street", "city", "state_id", "zip", "lang", "active", "create_date", "write_date")
_BLACKLIST_FIELDS = ("email", "active", "write_date")
_CONTACT = [
    "contact_id",
    "mrn",
    "first_name",
    "last_name",
    "birth_date",
    "sex",
    "email",
    "phone",
    "address_line",
    "city",
    "state",
    "postal_code",
    "language",
    "preferred_channel",
    "is_do_not_contact",
    "is_deceased",
    "created_at",
    "updated_at",
]
_CONSENT = ["consent_id", "contact_id", "channel", "status", "recorded_at", "source", "updated_at"]


def sign_in(connection: Connection) -> SignIn:
    settings = cast(OdooConnector, connection.settings)
    return Bearer(connection.secret(settings.sign_in.key), connection.name)


def pull(pulling: Pulling) -> None:
    """Fetch the contacts that changed since, and where it is set whose address was put on the blacklist or taken off it."""
    found = _Odoo(pulling.connection, pulling.http)
    done: list[str] = pulling.work.steps.setdefault("done", [])
    if "clock" not in pulling.work.steps:
        pulling.note_clock(pulling.http.request("GET", "web/health", accept=range(300, 600), is_signed=False))
    for extract, fetch in (("contacts", _contacts), ("consents", _consents)):
        if extract in found.asked.extracts and extract not in done:
            fetch(pulling, found)
            done.append(extract)
            pulling.work.steps.pop("last", None)
            pulling.work.save()


class _Odoo:
    """The database of a connection: its methods, and by which of its ids the practice knows a contact."""

    def __init__(self, connection: Connection, http: Http) -> None:
        settings = cast(OdooConnector, connection.settings)
        self.asked = cast(OdooPull, settings.pull)
        self.api = OdooApi(http, settings.database)
        self.name = connection.name
        keys = OdooPush(contact_key=self.asked.contact_key, contact_module=self.asked.contact_module)
        self.contacts = OdooContacts(self.api, keys)
        self._states: dict[int, str] = {}

    def changed(
        self, model: str, fields: Collection[str], since: datetime | None, last: int, *rules: list[Any]
    ) -> list[dict[str, Any]]:
        """One page of records beyond an id."""
        domain: list[Any] = [["id", ">", last], *rules]
        if since:
            domain.append(["write_date", ">=", f"{since:%Y-%m-%d %H:%M:%S}"])
        found = self.api.found(model, domain, [*fields], order="id", limit=_PAGE)
        return [checked(one, dict, "a record", self.name) for one in checked(found, list, "the answer", self.name)]

    def fields(self) -> set[str]:
        """The fields that contacts have, which depends on the apps that are installed."""
        try:
            return set(checked(self.api.call("res.partner", "fields_get", attributes=["type"]), dict, "the answer", self.name))
        except OdooError as error:
            raise Refused(f"{self.name}: Odoo does not name the fields of contacts ({error.code}).", 403) from None

    def states(self, rows: list[dict[str, Any]]) -> dict[int, str]:
        """The codes of the states that contacts live in, as mail uses them."""
        wanted = {one["state_id"][0] for one in rows if isinstance(one.get("state_id"), list)} - self._states.keys()
        if wanted:
            found = self.api.found("res.country.state", [["id", "in", sorted(wanted)]], ["code"])
            self._states |= {taken(one, "id", int, self.name): taken(one, "code", str, self.name) for one in found}
        return self._states


def _pages(
    pulling: Pulling, odoo: _Odoo, model: str, fields: Collection[str], extract: str, *rules: list[Any]
) -> Iterator[list[Any]]:
    """Pages by id, from where a killed pull came to."""
    steps = pulling.work.steps
    while rows := odoo.changed(model, fields, pulling.since.get(extract), steps.get("last", 0), *rules):
        newest = max(taken(one, "id", int, pulling.name) for one in rows)
        if newest <= steps.get("last", 0):
            raise ConnectionFailed(f"{pulling.name}: the pages of {extract} lead back to what was read.")
        yield rows
        steps["last"] = newest
        pulling.work.save()
        pulling.tell(extract, f"up to id {newest}")


def _contacts(pulling: Pulling, odoo: _Odoo) -> None:
    rows, there = CrmRows(pulling, "contacts", _CONTACT), odoo.fields()
    if lacking := sorted(set(odoo.asked.fields.values()) - there):
        raise UsageError(f"{pulling.name}: Odoo's contacts have no {', '.join(lacking)}. Correct pull.fields in connectors.toml.")
    fields = [*dict.fromkeys([*_FIELDS, *odoo.asked.fields.values(), *(there & {_BLACKLISTED})])]
    for page in _pages(pulling, odoo, "res.partner", fields, "contacts", ["is_company", "=", False]):
        names, states = odoo.contacts.names([one["id"] for one in page]), odoo.states(page)
        for one in page:
            contact, changed_at = names.get(one["id"]), _at(taken(one, "write_date", str, pulling.name))
            if contact is None:
                pulling.leave_out(f"contacts without {odoo.asked.contact_key}")
                continue
            row, is_active = _contact(one, contact, states, odoo.asked.fields), taken(one, "active", bool, pulling.name)
            if is_active:
                rows.add(contact, changed_at, row)
            elif row["is_do_not_contact"] or one.get(_BLACKLISTED):
                # Archived, and had opted out: stays, so that nobody writes to that person after all.
                rows.add(contact, changed_at, row | {"is_do_not_contact": True})
            else:
                rows.delete(contact, changed_at)
    rows.delete_gone()


def _contact(one: dict[str, Any], contact: str, states: dict[int, str], fields: Mapping[OwnField, str]) -> dict[str, Any]:
    """A partner as a row of the contract. Odoo answers `false` for what is empty."""
    first, last = _names(_said(one, "name") or "")
    state = one.get("state_id")
    row: dict[str, Any] = {
        "contact_id": contact,
        "first_name": first,
        "last_name": last,
        "email": _said(one, "email"),
        "phone": _said(one, "phone"),
        "address_line": _said(one, "street"),
        "city": _said(one, "city"),
        "state": states.get(state[0]) if isinstance(state, list) and state else None,
        "postal_code": _said(one, "zip"),
        "language": (_said(one, "lang") or "")[:2] or None,
        "is_do_not_contact": False,
        "is_deceased": False,
        "created_at": _at(_said(one, "create_date") or ""),
        "updated_at": _at(one["write_date"]),
    }
    yes_or_no = {"is_do_not_contact", "is_deceased"}
    return row | {name: one.get(odoo) is True if name in yes_or_no else _said(one, odoo) for name, odoo in fields.items()}


def _names(name: str) -> tuple[str | None, str | None]:
    """Given and family name: `Ana Maria Lopez`, or `Lopez, Ana Maria`."""
    family, comma, given = name.partition(",")
    if not comma:
        given, _, family = name.rpartition(" ")
    return given.strip() or None, family.strip() or None


def _said(one: dict[str, Any], field: str) -> str | None:
    value = one.get(field)
    if isinstance(value, list) and len(value) == 2:  # a link to another record: its id and what it is called
        value = value[1]
    return None if value is False or value is None or value == "" else str(value)


def _at(text: str) -> str:
    """Odoo's times are UTC and do not say so."""
    return f"{text.replace(' ', 'T')}Z" if text else ""


def _consents(pulling: Pulling, odoo: _Odoo) -> None:
    """Whom the e-mail blacklist holds back. An address that came to a contact later than to the list is looked up too."""
    rows = CrmRows(pulling, "consents", _CONSENT)
    for page in _pages(pulling, odoo, "mail.blacklist", _BLACKLIST_FIELDS, "consents"):
        _consents_of(pulling, odoo, rows, page)
    pulling.work.steps["last"] = 0
    blacklisted = [_BLACKLISTED, "=", True]
    for partners in _pages(pulling, odoo, "res.partner", ["email_normalized"], "consents", blacklisted):
        addresses = sorted({address for one in partners if (address := _said(one, "email_normalized"))})
        entries = odoo.api.found("mail.blacklist", [["email", "in", addresses]], [*_BLACKLIST_FIELDS])
        _consents_of(pulling, odoo, rows, entries)
    pulling.until["consents"] = pulling.clock


def _consents_of(pulling: Pulling, odoo: _Odoo, rows: CrmRows, entries: list[dict[str, Any]]) -> None:
    by_address = {_said(one, "email"): one for one in entries}
    rules = [["email_normalized", "in", sorted(address for address in by_address if address)], ["is_company", "=", False]]
    partners = odoo.api.found("res.partner", rules, ["email_normalized"])
    names = odoo.contacts.names([taken(one, "id", int, pulling.name) for one in partners])
    for one in partners:
        entry, contact = by_address.get(_said(one, "email_normalized")), names.get(one["id"])
        if entry is None or contact is None:
            continue
        at = _at(taken(entry, "write_date", str, pulling.name))
        is_on = taken(entry, "active", bool, pulling.name)
        row = {
            "consent_id": f"{contact}:email",
            "contact_id": contact,
            "channel": "email",
            "status": "revoked" if is_on else "granted",
            "recorded_at": at,
            "source": "blacklist",
            "updated_at": at,
        }
        # Without a time of its own: an old entry comes with a contact that changed today.
        rows.add(row["consent_id"], "", row)


def check(connection: Connection) -> list[Finding]:
    """Whether the account may read what is set, and whether the fields are there."""
    with Http(connection.name, connection.settings.address, connection.settings.limits, sign_in(connection)) as http:
        odoo = _Odoo(connection, http)
        models = ["res.partner", *(["mail.blacklist"] if "consents" in odoo.asked.extracts else [])]
        found = [_permitted(odoo, model) for model in models]
        if odoo.asked.fields:
            lacking = sorted(set(odoo.asked.fields.values()) - odoo.fields())
            step = f"Odoo's contacts have no {', '.join(lacking)}." if lacking else ""
            found.append(Finding(f"mapped: {', '.join(odoo.asked.fields)}", not lacking, step))
    return found


def _permitted(odoo: _Odoo, model: str) -> Finding:
    try:
        odoo.api.found(model, [], ["id"], limit=1)
    except Refused as error:
        return Finding(f"permitted: reads {model}", False, str(error))
    return Finding(f"permitted: reads {model}", True)
