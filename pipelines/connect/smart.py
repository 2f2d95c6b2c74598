"""Signs in at a FHIR server as SMART Backend Services says: a signed assertion for a token of some minutes.

SMART App Launch 2.2, "Backend Services", and RFC 7523: private_key_jwt with RS384 or ES384.
"""

import json
import time
from collections.abc import Callable, Mapping

from models.settings.connectors import Limits, SmartSignIn, checked_address
from pipelines.connect.http import Http
from pipelines.connect.secrets import Hidden
from pipelines.connect.shape import taken, taken_or
from pipelines.errors import ConnectionFailed, UsageError

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SPARE_SECONDS = 30


class Token:
    """An access token, kept until shortly before it expires. `fetch` answers the token and its seconds."""

    def __init__(self, fetch: Callable[[], tuple[Hidden, int]], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._token: Hidden | None = None
        self._until = 0.0

    def headers(self) -> Mapping[str, str]:
        if self._token is None or self._clock() >= self._until:
            self._token, seconds = self._fetch()
            self._until = self._clock() + max(1, seconds - _SPARE_SECONDS)
        return {"authorization": f"Bearer {self._token.reveal()}"}

    def renew(self) -> bool:
        self._token = None
        return True


class Smart:
    """Fetches tokens for one client. `granted` are the scopes of the last one, as the server said."""

    def __init__(self, name: str, address: str, settings: SmartSignIn, key: Hidden, limits: Limits) -> None:
        self._name, self._address, self._settings, self._limits = name, address, settings, limits
        self._key = private_key(key, settings.algorithm, name)
        self._token_address = settings.token_address
        self.granted: str | None = None

    def fetch(self) -> tuple[Hidden, int]:
        """A token and the seconds that it holds. Raises `ConnectionFailed`."""
        settings = self._settings
        address = self._discovered()
        assertion = signed(
            self._key,
            settings.algorithm,
            {"iss": settings.client_id or "", "sub": settings.client_id or "", "aud": address},
            settings.key_id,
        )
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(settings.scopes),
            "client_assertion_type": _ASSERTION,
            "client_assertion": assertion.reveal(),
        }
        token, seconds, self.granted = ask_token(self._name, address, form, self._limits)
        return token, seconds

    def _discovered(self) -> str:
        """The token address: that of the settings, otherwise the one that the server publishes, once."""
        if self._token_address is None:
            with Http(self._name, self._address, self._limits) as http:
                said = http.request("GET", ".well-known/smart-configuration", headers={"accept": "application/json"}).json()
            try:
                self._token_address = checked_address(taken(said, "token_endpoint", str, f"{self._name}: smart-configuration"))
            except ValueError as error:
                raise ConnectionFailed(
                    f"{self._name}: the server's token_endpoint {error}. Write sign_in.token_address."
                ) from None
        return self._token_address


def ask_token(name: str, address: str, form: Mapping[str, str], limits: Limits) -> tuple[Hidden, int, str | None]:
    """The token, its seconds (300 where the server does not say) and its scopes. Raises `ConnectionFailed`."""
    with Http(name, address, limits) as http:
        answer = http.request("POST", address, form=form, accept=(400, 401, 403), may_repeat=True)
    if answer.status != 200:
        raise ConnectionFailed(
            f"{answer.place}: no token (HTTP {answer.status}{_code(answer.content)}). Check client, key and scopes there."
        )
    said = answer.json()
    token = taken(said, "access_token", str, f"{name}: the token's answer")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConnectionFailed(f"{name}: the token's answer holds no usable token. Check the token address.")
    seconds = said.get("expires_in")
    scope = said.get("scope")
    return Hidden(token), int(seconds) if isinstance(seconds, int | float) else 300, scope if isinstance(scope, str) else None


def _code(content: bytes) -> str:
    """The error code of RFC 6749, 5.2, which is one of few words; never the description, which may repeat what was sent."""
    try:
        code = taken_or(json.loads(content), "error", "", "")
    except (ValueError, RecursionError, ConnectionFailed):
        return ""
    known = {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
    return f", {code}" if code in known else ""


def private_key(secret: Hidden, algorithm: str, name: str) -> object:
    """The key of a PEM file or a JWK. Raises `UsageError` where it is neither, or not of the algorithm's kind."""
    from joserfc.jwk import ECKey, RSAKey

    kind = ECKey if algorithm.startswith("ES") else RSAKey
    text = secret.reveal()
    try:
        key = kind.import_key(json.loads(text) if text.lstrip().startswith("{") else text)
        if not key.is_private:
            raise ValueError("a public key")
    except Exception:  # libraries differ in what they raise, and quote the key in it
        raise UsageError(
            f"{name}: private_key is no private {'EC' if kind is ECKey else 'RSA'} key, as {algorithm} needs: PEM, without a "
            "passphrase, or JWK."
        ) from None
    return key


def signed(key: object, algorithm: str, claims: Mapping[str, str], key_id: str | None, seconds: int = 240) -> Hidden:
    """A JWT of these claims with `iat`, `exp` and `jti`."""
    from authlib.oauth2.rfc7523 import assertion

    header = {"alg": algorithm, "typ": "JWT"} | ({"kid": key_id} if key_id else {})
    rest = dict(claims)
    return Hidden(
        assertion.sign_jwt_bearer_assertion(
            key, rest.pop("iss"), rest.pop("aud"), rest.pop("sub"), header=header, expires_in=seconds, claims=rest
        )
    )
