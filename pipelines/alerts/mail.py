"""Sends a notice by the practice's mail server."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from models.settings.notices import Mail
from pipelines.connect.secrets import read_secret
from pipelines.errors import ConnectionFailed

_SECONDS = 30


def send_mail(
    server: Mail, folder: Path, to: list[str], subject: str, text: str, attached: tuple[str, bytes] | None = None
) -> None:
    """Send one message, in plain text, with one HTML file `attached` at most. `folder` holds files that `server` names.

    Each recipient sees no other. Raises `ConnectionFailed` where the server does not take it, without its words: a server may
    repeat a part of the message.
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = server.sender, "undisclosed-recipients:;", subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=server.sender.partition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer by a machine
    message.set_content(text)
    if attached:
        message.add_attachment(attached[1], maintype="text", subtype="html", filename=attached[0])
    try:
        with _signed_in(server, folder) as connection:
            connection.send_message(message, from_addr=server.sender, to_addrs=to)
    except (OSError, smtplib.SMTPException) as error:
        code = getattr(error, "smtp_code", "")
        raise ConnectionFailed(
            f"Mail server {server.host}:{server.port}: {type(error).__name__} {code}".strip()
            + ". `caregap alerts test` tries it."
        ) from None


@contextmanager
def _signed_in(server: Mail, folder: Path) -> Iterator[smtplib.SMTP]:
    trusted = ssl.create_default_context(cafile=str(folder / server.ca_file) if server.ca_file else None)
    connection: smtplib.SMTP
    if server.security == "tls":
        connection = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=trusted)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
    with connection:
        if server.security == "starttls":
            connection.starttls(context=trusted)
        if server.user and server.password:
            connection.login(server.user, read_secret(server.password, folder, "mail").reveal())
        yield connection
