"""Odoo's external JSON API: `POST /json/2/<model>/<method>` with the account's API key (Odoo 19, `odoo/addons/rpc`).

An error's body holds a traceback, and with it whatever the failed statement held: only the exception's class name is read.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pipelines.connect.http import Http, Refused
from pipelines.errors import ConnectionFailed

ERRORS = (403, 404, 409, 422, 500)
"""The statuses with which Odoo answers an exception of its own. 403: rights; 404: a record that is gone; 409: one in use."""
_TRANSIENT = frozenset({"ConcurrencyError", "LockError", "OperationalError", "PoolError"})
_IDS_PER_CALL = 1000


class OdooError(Exception):
    """A method raised. `code` is the class of what it raised, `AccessError`; nothing of its text is kept."""

    def __init__(self, code: str, *, is_transient: bool) -> None:
        super().__init__(code)
        self.code, self.is_transient = code, is_transient


class OdooApi:
    """The methods of one database, as far as the account may call them. Raises `ConnectionFailed` where Odoo does not answer."""

    def __init__(self, http: Http, database: str) -> None:
        self._http, self._database = http, database

    def call(self, model: str, method: str, *, may_repeat: bool = True, **arguments: Any) -> Any:
        """What a method answers. `may_repeat`: the call may be sent again where its answer got lost. Raises `OdooError`."""
        answer = self._http.request(
            "POST",
            f"json/2/{model}/{method}",
            json=arguments,
            headers={"x-odoo-database": self._database},
            accept=ERRORS,
            may_repeat=may_repeat,
        )
        if answer.status in ERRORS:
            raise _raised(answer.json(), answer.status, self._http.name)
        return answer.json()

    def found(self, model: str, domain: Sequence[object], fields: Sequence[str], **more: Any) -> list[dict[str, Any]]:
        """The records of a domain, archived ones too. Raises `ConnectionFailed` where the account may not read them."""
        try:
            return list(self.call(model, "search_read", domain=domain, fields=fields, context={"active_test": False}, **more))
        except OdooError as error:
            raise Refused(f"{self._http.name}: {model} cannot be read ({error.code}). {RIGHTS}", 403) from None

    def searched(self, model: str, domain: Sequence[object]) -> set[int]:
        """The ids of the records of a domain, without archived ones. Raises as `found`."""
        try:
            return set(self.call(model, "search", domain=domain))
        except OdooError as error:
            raise Refused(f"{self._http.name}: {model} cannot be read ({error.code}). {RIGHTS}", 403) from None

    def by_external_id(self, model: str, module: str, names: Collection[str]) -> dict[str, int]:
        """The database id of each external id `module.name`; who is not there is missing."""
        found: dict[str, int] = {}
        for some in _in_parts(sorted(names)):
            domain = [["model", "=", model], ["module", "=", module], ["name", "in", some]]
            found |= {one["name"]: one["res_id"] for one in self.found("ir.model.data", domain, ["name", "res_id"])}
        return found

    def external_ids(self, model: str, ids: Collection[int], module: str | None = None) -> dict[int, list[tuple[str, str]]]:
        """The external ids of records as (module, name), in order; only those of `module` where it is given."""
        found: dict[int, list[tuple[str, str]]] = {}
        for some in _in_parts(sorted(ids)):
            domain = [["model", "=", model], ["res_id", "in", some], *([["module", "=", module]] if module else [])]
            for one in self.found("ir.model.data", domain, ["module", "name", "res_id"], order="id"):
                found.setdefault(one["res_id"], []).append((one["module"], one["name"]))
        return found


RIGHTS = "Give the account the rights that docs/connections.md lists."


def _raised(body: object, status: int, name: str) -> OdooError:
    """What an error's body says in its first key. Raises `ConnectionFailed` where it is not Odoo that answered."""
    said = body.get("name") if isinstance(body, Mapping) else None
    if not isinstance(said, str):
        raise ConnectionFailed(f"{name} answered HTTP {status}, and not as Odoo 19 does. Check address and database.")
    if said.endswith("exceptions.NotFound"):
        raise Refused(f"{name}: Odoo has no such model or method. Install the apps that docs/connections.md lists.", status)
    module, _, code = said.rpartition(".")
    return OdooError(code, is_transient=code in _TRANSIENT or status == 409 or (module == "psycopg2.errors" and code in _RACES))


_RACES = frozenset({"SerializationFailure", "DeadlockDetected", "LockNotAvailable", "QueryCanceled"})


def _in_parts(things: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(things), _IDS_PER_CALL):
        yield things[start : start + _IDS_PER_CALL]
