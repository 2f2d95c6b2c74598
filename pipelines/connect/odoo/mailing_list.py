"""A mailing list of an Odoo. Its members are Odoo's mailing contacts, made from the contacts' own names and e-mail addresses.

Who has unsubscribed stays so: no subscription with an opt-out is made, changed or removed, since it is all that remembers it.
"""

from collections.abc import Collection
from typing import Any

from pipelines.connect.adapter import Fate, Finding, Result
from pipelines.connect.odoo.api import OdooApi, OdooError
from pipelines.connect.odoo.contacts import OdooContacts

_MEMBER, _SUBSCRIPTION, _LIST = "mailing.contact", "mailing.subscription", "mailing.list"


class OdooList:
    """The mailing lists of one database; a member's external id is `<module>.member_<contact>`."""

    def __init__(self, api: OdooApi, contacts: OdooContacts, module: str) -> None:
        self._api, self._contacts, self._module = api, contacts, module

    def check(self, name: str) -> Finding:
        """Whether there is one list of that name."""
        there = self._id_of(name) is not None
        return Finding(f"mapped: mailing list {name}", there, "" if there else f"Create one mailing list {name} in Odoo.")

    def change(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Result]:
        """One result a contact, those to add first. Raises `OdooError` where Odoo refuses a call for many."""
        at = self._id_of(name)
        if at is None:
            return [Result(one, Fate.REJECTED, code="list_unknown") for one in (*add, *remove)]
        subscribed = self._subscriptions(at, {*add, *remove})
        return [*self._added(at, add, subscribed), *self._removed(remove, subscribed)]

    def opted_out(self, name: str, contact_ids: Collection[str]) -> set[str]:
        """Those who have unsubscribed from the list."""
        at = self._id_of(name)
        return (
            {one for one, found in self._subscriptions(at, contact_ids).items() if found["opt_out"]} if at is not None else set()
        )

    def _id_of(self, name: str) -> int | None:
        found = self._api.found(_LIST, [["name", "=", name], ["active", "=", True]], ["id"])
        return int(found[0]["id"]) if len(found) == 1 else None

    def _subscriptions(self, at: int, contact_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """The subscription of each contact that has one, by its e-mail address too where somebody else has entered it."""
        addresses = self._addresses(contact_ids)
        members = self._api.by_external_id(_MEMBER, self._module, {f"member_{one}" for one in contact_ids})
        contact_of = {one: name.removeprefix("member_") for name, one in members.items()}
        by_address = {address: contact for contact, (address, _) in addresses.items()}
        who = ["|", ["contact_id", "in", sorted(contact_of)], ["contact_id.email_normalized", "in", sorted(by_address)]]
        found = self._api.found(_SUBSCRIPTION, [["list_id", "=", at], *who], ["contact_id", "opt_out"], order="opt_out, id")
        entered = [one["contact_id"][0] for one in found if one["contact_id"][0] not in contact_of]
        theirs = self._api.found(_MEMBER, [["id", "in", entered]], ["email_normalized"]) if entered else []
        contact_of |= {one["id"]: by_address[one["email_normalized"]] for one in theirs if one["email_normalized"] in by_address}
        return {contact_of[one["contact_id"][0]]: one for one in found if one["contact_id"][0] in contact_of}

    def _added(self, at: int, contact_ids: Collection[str], subscribed: dict[str, dict[str, Any]]) -> list[Result]:
        results = {
            one: Result(one, Fate.REJECTED, code="opted_out") if subscribed[one]["opt_out"] else Result(one, Fate.UNCHANGED)
            for one in contact_ids
            if one in subscribed
        }
        new = [one for one in contact_ids if one not in subscribed]
        addresses = self._addresses(new)
        results |= {one: Result(one, Fate.REJECTED, code="no_email") for one in new if one not in addresses}
        rows = [[f"{self._module}.member_{one}", name, address] for one, (address, name) in addresses.items()]
        if rows:
            self._load(_MEMBER, ["id", "name", "email"], rows)
            places = [[f"{self._module}.on_{at}_{one}", f"{self._module}.member_{one}", at] for one in addresses]
            self._load(_SUBSCRIPTION, ["id", "contact_id/id", "list_id/.id"], places)
        results |= {one: Result(one, Fate.CREATED) for one in addresses}
        return [results[one] for one in contact_ids]

    def _removed(self, contact_ids: Collection[str], subscribed: dict[str, dict[str, Any]]) -> list[Result]:
        leaving = {one: subscribed[one]["id"] for one in contact_ids if one in subscribed and not subscribed[one]["opt_out"]}
        if leaving:
            self._api.call(_SUBSCRIPTION, "unlink", ids=sorted(leaving.values()), may_repeat=False)
        return [Result(one, Fate.WITHDRAWN if one in leaving else Fate.UNCHANGED) for one in contact_ids]

    def _addresses(self, contact_ids: Collection[str]) -> dict[str, tuple[str, str]]:
        """Address and name of each contact that has an address and is not archived: they go from Odoo to Odoo alone."""
        partners = self._contacts.active_partners(contact_ids)
        domain = [["id", "in", sorted(partners.values())], ["email_normalized", "!=", False]]
        found = (
            {one["id"]: one for one in self._api.found("res.partner", domain, ["email_normalized", "name"])} if partners else {}
        )
        return {
            contact: (found[one]["email_normalized"], found[one]["name"] or "")
            for contact, one in partners.items()
            if one in found
        }

    def _load(self, model: str, fields: list[str], rows: list[list[Any]]) -> None:
        answer = self._api.call(model, "load", fields=fields, data=rows, may_repeat=False)
        if not answer["ids"]:
            raise OdooError("load_refused", is_transient=False)
