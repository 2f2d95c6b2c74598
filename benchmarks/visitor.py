"""One person at the running dashboards, without a browser: sends what a browser would, and reads what it would draw.

with visiting("localhost:8501", "care_team") as visitor:
    visitor.open("outreach").seconds
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE_SECONDS = 300


@dataclass
class Drawn:
    """What one run of a page gave: how long it took, the errors that it showed, and all that was sent, as bytes."""

    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)
    sent: bytes = b""


class Visitor:
    """A session of its own, in the role of its choice."""

    def __init__(self, door: ClientConnection, role: str) -> None:
        self._door, self._role, self._sites = door, role, ""

    def open(self, page: str, *, sites: tuple[str, ...] = ()) -> Drawn:
        """Go to a page and wait until it is drawn. `sites`, by name, are those to look at from here on, for a role that has any;
        the sidebar offers them from the second page on. Raises `TimeoutError`.
        """
        state = ClientState(query_string=f"viewer_role={self._role}", page_name=page)
        if sites:
            state.widget_states.widgets.add(id=self._sites).string_array_value.data.extend(sites)
        began = time.perf_counter()
        self._door.send(BackMsg(rerun_script=state).SerializeToString())
        drawn = Drawn()
        while True:
            message = ForwardMsg.FromString(self._door.recv(timeout=PATIENCE_SECONDS))
            drawn.sent += message.SerializeToString()
            element = message.delta.new_element
            if element.HasField("multiselect") and element.multiselect.label == "Sites":
                self._sites = element.multiselect.id
            if element.HasField("exception"):
                drawn.errors.append(element.exception.type)
            if message.WhichOneof("type") == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                drawn.seconds = time.perf_counter() - began
                return drawn

    def empty_caches(self) -> None:
        """Let the server forget every answer and close every database."""
        self._door.send(BackMsg(clear_cache=True).SerializeToString())


@contextmanager
def visiting(address: str, role: str) -> Iterator[Visitor]:
    """Come in at `address` (`host:port`), and leave at the end."""
    place, own = f"ws://{address}/_stcore/stream", f"http://{address}"
    with connect(place, origin=Origin(own), subprotocols=[Subprotocol("streamlit")], max_size=None, ping_interval=None) as door:
        yield Visitor(door, role)
