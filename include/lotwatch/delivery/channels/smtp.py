"""Mail by SMTP, through a server of the house."""

import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from typing import Literal

from lotwatch.delivery.channels.message import Message
from lotwatch.delivery.channels.recipients import mail_addresses
from lotwatch.delivery.outcome import DeliveryError, Refused, Unavailable, Unclear
from lotwatch.errors import LotwatchError

Security = Literal["starttls", "tls", "none"]
PORTS: Mapping[str, int] = {"starttls": 587, "tls": 465, "none": 25}
_HERE = {"127.0.0.1", "::1", "localhost"}
Reply = tuple[int, bytes]


class Smtp:
    """A mail server. `security` is `starttls`, `tls` (from the first byte) or `none` (only without a login, or on this machine).

    `sender` is an address or "Name <address>". `trust` are the certificates that are trusted; None: those of the system.
    """

    def __init__(
        self,
        host: str,
        sender: str,
        *,
        port: int | None = None,
        user: str = "",
        password: str = "",
        security: Security = "starttls",
        timeout: float = 20.0,
        trust: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises LotwatchError where the server or the sender is missing, or a password would go out in the open."""
        where = "connection of the mail server"
        name, address = parseaddr(sender)
        if not host or "@" not in address:
            raise LotwatchError(
                "The server or the sender is missing.", where=where, do='enter {"sender": "Name <address>"}'
            )
        if security not in PORTS:
            raise LotwatchError(f"'{security}' is no security.", where=where, do="use starttls, tls or none")
        if security == "none" and password and host not in _HERE:
            raise LotwatchError("The password would go out unencrypted.", where=where, do="use starttls or tls")
        self._host, self._port, self._security = host, port or PORTS[security], security
        self._user, self._password = user, password
        self._sender = Address(name, addr_spec=address)
        self._timeout, self._trust, self._now = timeout, trust or ssl.create_default_context(), now

    def send(self, message: Message, to: Sequence[str]) -> str:
        """One mail to all of `to`, who see one another; see `Channel`.

        The id is the mail's Message-ID, which follows from our reference: the same message again has the same, and a reader
        that keeps one of each shows one. `accepted` are those that the server took it for while it refused others.
        """
        where = f"mail server {self._host}:{self._port}, message {message.reference}"
        recipients = mail_addresses(to, where)
        mail = self._mail(message, recipients)
        content = mail.as_bytes(policy=SMTP)
        try:
            server = self._connected(where)
        except (OSError, smtplib.SMTPException) as error:
            raise _unreachable(error, where) from None
        try:
            return self._deliver(server, str(mail["Message-ID"]), content, recipients, where)
        finally:
            _quit(server)

    def _connected(self, where: str) -> smtplib.SMTP:
        server: smtplib.SMTP
        if self._security == "tls":
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=self._trust)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if self._security == "starttls":
                server.starttls(context=self._trust)
            if self._password:
                server.login(self._user, self._password)
            server.ehlo_or_helo_if_needed()
        except smtplib.SMTPResponseException as error:
            _quit(server)
            raise _said(error.smtp_code, error.smtp_error, where) from None
        except (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError) as error:
            _quit(server)
            raise Refused(
                f"The server does not offer what its connection asks for, or is not trusted ({type(error).__name__}).",
                where=where,
                do="correct the connection's security, or the server's certificate",
            ) from None
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server

    def _deliver(
        self, server: smtplib.SMTP, message_id: str, content: bytes, recipients: Sequence[str], where: str
    ) -> str:
        errors: dict[str, DeliveryError] = {}
        try:
            _need(server.mail(self._sender.addr_spec, ["BODY=8BITMIME"] if server.has_extn("8bitmime") else []), where)
            for recipient in recipients:
                code, said = server.rcpt(recipient)
                if code not in {250, 251}:
                    errors[recipient] = _said(code, said, f"{where}, {recipient}")
        except UnicodeEncodeError:
            raise Refused("The server takes no such address.", where=where, do="correct who is told") from None
        except (OSError, smtplib.SMTPException) as error:
            raise _unreachable(error, where) from None
        accepted = tuple(each for each in recipients if each not in errors)
        if accepted:
            try:
                _need(server.data(content), where)
            except smtplib.SMTPDataError as error:
                raise _said(error.smtp_code, error.smtp_error, where) from None
            except (OSError, smtplib.SMTPException) as error:
                raise Unclear(
                    f"The message left, but no answer came ({type(error).__name__}).",
                    where=where,
                    do="see whether the message arrived",
                ) from None
        if errors:
            # one that may pass first: then those that cannot are found out when it is sent again
            worst = min(errors.values(), key=lambda error: not isinstance(error, Unavailable))
            worst.accepted = accepted
            raise worst
        return message_id

    def _mail(self, message: Message, recipients: Sequence[str]) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = ", ".join(recipients)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(self._now())
        mail["Message-ID"] = f"<{sha256(message.reference.encode()).hexdigest()[:32]}@{self._sender.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text, cte="quoted-printable")
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
        return mail


def _need(reply: Reply, where: str) -> None:
    code, said = reply
    if code != 250:
        raise _said(code, said, where)


def _said(code: int, said: bytes | str, where: str) -> DeliveryError:
    """What a reply means: 4xx passes, 5xx does not. No reply of a server repeats what we logged in with."""
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    reason = f"{code}: {' '.join(words.split())[:300]}"
    if 400 <= code < 500:
        return Unavailable(f"It asks us to come back later ({reason}).", where=where, do="nothing: it is sent again")
    if 500 <= code < 600:
        return Refused(
            f"It was refused ({reason}).", where=where, do="correct what the reason names, then send it as new"
        )
    return Unclear(f"The answer cannot be understood ({reason}).", where=where, do="see whether the message arrived")


def _unreachable(error: Exception, where: str) -> Unavailable:
    return Unavailable(
        f"It cannot be reached ({type(error).__name__}).",
        where=where,
        do="nothing: it is sent again; if this lasts, check the address and the network",
    )


def _quit(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
