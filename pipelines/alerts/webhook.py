"""Sends a notice to a webhook: JSON, signed where the receiver shares a secret."""

import hashlib
import hmac
import json
from pathlib import Path

from models.settings.connectors import Limits
from models.settings.notices import Webhook
from pipelines.connect.http import Http
from pipelines.connect.secrets import read_secret

_LIMITS = Limits(timeout_seconds=30, wait_minutes=1, answer_megabytes=1)
SIGNATURE = "X-Caregap-Signature"


def post(name: str, webhook: Webhook, folder: Path, notice: dict[str, object]) -> None:
    """Send the notice. `folder` holds files that the webhook names. Raises `ConnectionFailed`."""
    content = json.dumps(notice, sort_keys=True).encode()
    headers = {"Content-Type": "application/json"}
    if webhook.secret:
        key = read_secret(webhook.secret, folder, f"webhooks.{name}").reveal().encode()
        headers[SIGNATURE] = f"sha256={hmac.new(key, content, hashlib.sha256).hexdigest()}"
    with Http(f"webhooks.{name}", webhook.url, _LIMITS) as http:
        http.request("POST", webhook.url, content=content, headers=headers)
