"""The contacts of an Odoo by the ids that the practice's contract has for them, and whom its blacklists hold back.

No name, address or number is read: Odoo itself compares a contact with its blacklists (`is_blacklisted`,
`phone_sanitized_blacklisted`), which moves no date of the contact, so that they are read anew each time.
"""

from collections.abc import Collection

from models.settings.crm_push import OdooPush
from pipelines.connect.odoo.api import OdooApi

_PARTNER = "res.partner"
_BY_TELEPHONE = frozenset({"phone", "sms"})


class OdooContacts:
    """The contacts of one database, archived ones included where nothing else is said."""

    def __init__(self, api: OdooApi, settings: OdooPush) -> None:
        self._api, self._settings = api, settings

    def partners(self, contact_ids: Collection[str]) -> dict[str, int]:
        """The database id of each contact that is there; an id that two contacts share is nobody's."""
        if not contact_ids:
            return {}
        if self._settings.contact_key == "external_id":
            return self._by_external_id(contact_ids)
        if self._settings.contact_key == "id":
            numbers = {int(one): one for one in contact_ids if one.isascii() and one.isdigit()}
            return {numbers[one["id"]]: one["id"] for one in self._api.found(_PARTNER, [["id", "in", sorted(numbers)]], ["id"])}
        found = self._api.found(_PARTNER, [["ref", "in", sorted(contact_ids)]], ["ref"])
        shared = [one["ref"] for one in found]
        return {one["ref"]: one["id"] for one in found if shared.count(one["ref"]) == 1}

    def active_partners(self, contact_ids: Collection[str]) -> dict[str, int]:
        """Those of `partners` that are not archived."""
        ids = self.partners(contact_ids)
        active = self._api.searched(_PARTNER, [["id", "in", sorted(ids.values())]]) if ids else set()
        return {contact: one for contact, one in ids.items() if one in active}

    def opt_outs(self, contact_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """The channels that Odoo's blacklists close for each contact that is there and not archived.

        A number that Odoo has not brought into the blacklist's form (`+1…`; it needs Python's phonenumbers for that) cannot be
        compared with it, and counts as on it. Searched for: reading the two fields of each contact costs three times as much.
        """
        ids = self.active_partners(contact_ids)
        if not ids:
            return {}
        these = ["id", "in", sorted(ids.values())]
        unreadable = ["&", ["phone", "!=", False], ["phone_sanitized", "not =like", "+%"]]
        no_email = self._api.searched(_PARTNER, [these, ["is_blacklisted", "=", True]])
        no_calls = self._api.searched(_PARTNER, [these, "|", ["phone_sanitized_blacklisted", "=", True], *unreadable])
        return {
            contact: (frozenset({"email"}) if one in no_email else frozenset())
            | (_BY_TELEPHONE if one in no_calls else frozenset())
            for contact, one in ids.items()
        }

    def names(self, partners: Collection[int]) -> dict[int, str]:
        """The contract's id of each contact of these database ids; who has none is missing."""
        if not partners:
            return {}
        if self._settings.contact_key == "id":
            return {one: str(one) for one in partners}
        if self._settings.contact_key == "ref":
            found = self._api.found(_PARTNER, [["id", "in", sorted(partners)], ["ref", "!=", False]], ["ref"])
            return {one["id"]: one["ref"] for one in found}
        plain = self._settings.contact_module
        named = {}
        for partner, known in self._api.external_ids(_PARTNER, partners).items():
            module, name = next((one for one in known if one[0] == plain), known[0])
            named[partner] = name if module == plain else f"{module}.{name}"
        return named

    def _by_external_id(self, contact_ids: Collection[str]) -> dict[str, int]:
        """`module.name` is an id as Odoo exports it; without a dot, the module is that of the settings."""
        by_module: dict[str, dict[str, str]] = {}
        for contact in contact_ids:
            module, dot, name = contact.partition(".")
            by_module.setdefault(module if dot else self._settings.contact_module, {})[name if dot else contact] = contact
        found: dict[str, int] = {}
        for module, names in by_module.items():
            found |= {names[name]: one for name, one in self._api.by_external_id(_PARTNER, module, names).items()}
        return found
