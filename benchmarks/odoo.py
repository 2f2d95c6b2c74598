"""How fast a list reaches an Odoo, and what a second push of the same list costs: by the engine, through its gates and its state.

Needs an Odoo (`make setup-odoo`). The push asks Odoo for opt-outs before each batch, and for every open task before the first.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.result import Result
from models.settings.connectors import Limits
from models.settings.crm_push import OdooPush
from models.settings.push import Push
from pipelines.connect.http import Http
from pipelines.connect.odoo.adapter import OdooAdapter
from pipelines.connect.push import Pushing
from pipelines.connect.secrets import Hidden
from pipelines.connect.sign_in import Bearer
from pipelines.connect.state import open_state
from pipelines.home import Home
from tests.connect.conformance import listed
from tests.connect.odoo.server import Odoo, OdooUnavailable, running_odoo

_ROWS = 2_000


def run(scale: int) -> list[Result]:
    """Rows a second of a first push, and the second push as a share of it; each carries out a plan that was drawn before."""
    n_rows = _ROWS * scale
    try:
        with running_odoo() as odoo, engine(odoo, n_rows) as made:
            (first, fates), (second, again) = (_pushed(made()) for _ in range(2))
    except OdooUnavailable as reason:
        return [Result("not measured", 0, "", note=str(reason))]
    assert (fates, again) == ({"created": n_rows}, {}), (fates, again)
    return [
        Result("tasks pushed", n_rows / first, "a second", note=f"{n_rows:,} contacts and tasks in {first:.1f} s"),
        Result("second, unchanged push to first", second / first, goal="≤ 0.1", note=f"{second:.2f} s"),
    ]


@contextmanager
def engine(odoo: Odoo, n_rows: int) -> Iterator[Callable[[], Pushing]]:
    """What makes a push of `n_rows` tasks, one a contact that Odoo has; called again, of the same list."""
    contacts = [f"c{number}" for number in range(n_rows)]
    rows = [[f"__import__.{one}", f"Person {one}", f"{one}@example.org"] for one in contacts]
    odoo.call("res.partner", "load", fields=["id", "name", "email"], data=rows)
    sign_in = Bearer(Hidden(odoo.keys["caregap"]), "odoo")
    settings = OdooPush(contact_key="external_id", users={"staff-1": "nurse.a"})
    with TemporaryDirectory() as folder, Http("odoo", odoo.url, Limits(requests_per_minute=60_000), sign_in) as http:
        home = Home(Path(folder))
        with open_state(home, "practice") as state:
            adapter, worklist = OdooAdapter(http, odoo.database, settings), listed(contacts, n_rows)
            yield lambda: Pushing(home, "odoo", adapter, worklist, state, Push(most_rows=n_rows))


def _pushed(push: Pushing) -> tuple[float, dict[str, int]]:
    """The seconds of a push, and its rows by fate."""
    plan = push.plan()
    begun = time.perf_counter()
    fates = push.apply(plan, "benchmark", "first_push")
    return time.perf_counter() - begun, {fate: n for fate, n in fates.items() if n}
