"""What dbt does at each node and no build has a use for, left out while one runs. None of it has a setting."""

from collections.abc import Iterator, Set
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from dbt.adapters.sql import impl
from dbt.compilation import Compiler, Linker
from dbt_common.clients import agate_helper
from dbt_common.dataclass_schema import dbtClassMixin
from dbt_common.events.base_types import BaseEvent
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager, get_event_manager

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

ENGINES = ("default", "duckdb", "spark")
MATERIALIZED = ("table", "view", "seed", "test")
CALLED_BY_ADAPTER = {value for name, value in vars(impl).items() if name.endswith("_MACRO_NAME")}


class _HeardEvents(EventManager):
    """Makes a message of those events alone that somebody listens to, and of what dbt would raise as an error."""

    def __init__(self, heard: Set[str]) -> None:
        super().__init__()
        self._heard = heard

    def fire_event(self, e: Any, level: Any = None, node: Any = None, force_warn_or_error_handling: bool = False) -> None:
        if self.loggers or force_warn_or_error_handling or type(e).__name__ in self._heard:
            super().fire_event(e, level, node, force_warn_or_error_handling)


@contextmanager
def sparing(heard: Set[str]) -> Iterator[None]:
    """While dbt runs here,

    - no message is made of events other than these names (22 a node otherwise), nor anything of what a message would say;
    - no file of a node's compiled SQL is written;
    - settings are not held against a schema of theirs, and models not searched for circles: parsing has done both;
    - no summary of the models is written;
    - the result of a statement without rows is one and the same table: to make one took 3 ms.
    """
    events = get_event_manager()
    with ExitStack() as restored:
        restored.callback(ctx_set_event_manager, events)
        ctx_set_event_manager(_HeardEvents(heard))
        for owner, name, spared in (
            (BaseEvent, "__init__", _keep_what_is_told),
            (BaseEvent, "__getattr__", _tell(BaseEvent.__init__, BaseEvent.__getattr__)),
            (Compiler, "_write_node", lambda self, node, split_suffix=None: node),
            (dbtClassMixin, "validate", classmethod(lambda cls, data: None)),
            (Linker, "find_cycles", lambda self: None),
            (Linker, "get_graph_summary", lambda self, manifest: {}),
            (agate_helper, "empty_table", cache(agate_helper.empty_table)),
        ):
            restored.callback(setattr, owner, name, vars(owner)[name])
            setattr(owner, name, spared)
        yield


def _keep_what_is_told(event: BaseEvent, *args: Any, **kwargs: Any) -> None:
    object.__setattr__(event, "told", (args, kwargs))


def _tell(make: Any, read: Any) -> Any:
    """Makes an event's message when somebody reads it."""

    def attribute(event: BaseEvent, name: str) -> Any:
        if "pb_msg" not in vars(event) and (told := vars(event).get("told")):
            make(event, *told[0], **told[1])
        return read(event, name)

    return attribute


def keep_called_macros(manifest: "Manifest") -> None:
    """Take the macros that no node of a build calls out of dbt's manifest: it makes the name of each known twice a node.

    Those stay that a node, a materialization or the adapter calls, and those that they call.
    """
    named = {f"materialization_{kind}_{engine}" for kind in MATERIALIZED for engine in ENGINES} | CALLED_BY_ADAPTER
    left = [id for id, macro in manifest.macros.items() if macro.name in named]
    left += [id for node in manifest.nodes.values() for id in node.depends_on.macros]
    called = set[str]()
    while left:
        if (id := left.pop()) in manifest.macros and id not in called:
            called.add(id)
            left += manifest.macros[id].depends_on.macros
    for id in manifest.macros.keys() - called:
        del manifest.macros[id]
    manifest._macros_by_package = manifest._macros_by_name = None
