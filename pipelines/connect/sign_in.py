"""How a request says which account it comes from."""

from collections.abc import Mapping

from pipelines.connect.secrets import Hidden
from pipelines.errors import UsageError


class Bearer:
    """A token that never changes: a private app's, an API key."""

    def __init__(self, token: Hidden, name: str) -> None:
        if not token.reveal().isascii() or not token.reveal().isprintable():
            raise UsageError(f"{name}: the token holds characters that no token has. Copy it again, on one line.")
        self._token = token

    def headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self._token.reveal()}"}

    def renew(self) -> bool:
        return False
