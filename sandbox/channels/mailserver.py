"""A mail server: it takes what it is given, and shows it instead of delivering it. A login must be right where there is one."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import uuid4

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.channels.received import Received
from sandbox.http import Journal, Misbehaviour, Mood, copies

USER = "lotwatch"


class Handler:
    """Addresses that begin with `nobody` are unknown here, those that begin with `later` are greylisted."""

    def __init__(self, inbox: Journal[Received], mood: Mood) -> None:
        self._inbox, self._mood = inbox, mood

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later"):
            return "451 4.7.1 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        suffered = self._mood.take("send")
        match suffered:
            case Misbehaviour(mode="latency" | "timeout_before_accept", seconds=seconds):
                await asyncio.sleep(seconds)
            case Misbehaviour(mode="429"):
                return "452 4.2.2 too many messages"
            case Misbehaviour(mode="500"):
                return "421 4.3.0 shutting down"
            case Misbehaviour(mode="reject"):
                return "554 5.7.1 refused as spam"
            case Misbehaviour(mode="code", code=code):
                return f"{code} as asked"
        self._inbox.append(*[_received(envelope)] * copies(suffered))
        match suffered:
            case Misbehaviour(mode="timeout_after_accept", seconds=seconds):
                await asyncio.sleep(seconds)
            case Misbehaviour(mode="malformed"):
                return "welcome to our new web site"
        return f"250 2.0.0 queued as {uuid4().hex[:10]}"


@asynccontextmanager
async def running(host: str, port: int, token: str, inbox: Journal[Received], mood: Mood) -> AsyncIterator[None]:
    """The mail server on `host`:`port`; its only login is `lotwatch` with `token`."""

    def authenticate(_: SMTP, __: Session, ___: Envelope, mechanism: str, login: Any) -> AuthResult:
        known = isinstance(login, LoginPassword) and login.login == USER.encode()
        return AuthResult(success=known and hmac.compare_digest(login.password, token.encode()), handled=False)

    def connected() -> SMTP:
        return SMTP(
            Handler(inbox, mood),
            hostname="sandbox",
            authenticator=authenticate,
            auth_require_tls=False,
        )

    server = await asyncio.get_running_loop().create_server(connected, host, port)
    try:
        yield
    finally:
        server.close()


def _received(envelope: Envelope) -> Received:
    content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
    mail = message_from_bytes(content, EmailMessage, policy=default)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return Received(
        channel="smtp",
        message_id=str(mail["Message-ID"]),
        received_at=datetime.now(UTC),
        to=list(envelope.rcpt_tos),
        heading=str(mail["Subject"]),
        text=plain.get_content() if plain else "",
        request={
            "headers": {name: str(value) for name, value in mail.items()},
            "sender": envelope.mail_from,
            "html": html.get_content() if html else None,
        },
    )
