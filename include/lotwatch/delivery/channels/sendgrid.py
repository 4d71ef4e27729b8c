"""Sends messages to people through SendGrid's v3 API, or a server that speaks it."""

import logging
from collections.abc import Sequence
from email.utils import parseaddr
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import ClickTracking, CustomArg, Mail, OpenTracking, Personalization, To, TrackingSettings
from sendgrid.helpers.mail.exceptions import ApiKeyIncludedException

from lotwatch.delivery.channels.message import Message
from lotwatch.delivery.channels.recipients import mail_addresses
from lotwatch.delivery.outcome import Refused, Unavailable, Unclear, from_answer
from lotwatch.errors import LotwatchError


class SendGrid:
    """SendGrid's own client, pointed at `host` (https://api.sendgrid.com, its EU twin or the sandbox's server).

    `sender` is an address or "Name <address>". `timeout` in seconds bounds the connection and each wait for data:
    SendGrid's client has none of its own and would wait for ever.
    """

    def __init__(self, api_key: str, host: str, sender: str, timeout: float = 20.0) -> None:
        """Raises LotwatchError where the key is missing or an address is not one."""
        where = "connection of the mail service"
        if not api_key:
            # SendGrid's client would quietly take the key from the environment and send it to this host
            raise LotwatchError("The mail service's API key is empty.", where=where, do="enter the key")
        if not host.startswith(("http://", "https://")):
            raise LotwatchError(f"'{host}' is not the address of a mail service.", where=where, do="give https://host")
        if "@" not in parseaddr(sender)[1]:
            raise LotwatchError(f"'{sender}' is not a sender.", where=where, do="give 'Name <address>'")
        # at DEBUG the library under SendGrid's client logs every header, the API key among them
        logging.getLogger("python_http_client").setLevel(logging.INFO)
        self._host, self._sender = host.rstrip("/"), sender
        self._sendgrid = SendGridAPIClient(api_key, host=self._host)
        self._sendgrid.client.timeout = timeout

    def send(self, message: Message, to: Sequence[str]) -> str:
        """Send one mail to all of `to`, who see one another; see `Channel`.

        mail/send has neither an idempotency key nor a look-up, so after `Unclear` the sender chooses between a
        message that may come twice and one that may not come at all.
        """
        where = f"mail service {self._host}, message {message.reference}"
        addresses = mail_addresses(to, where)
        try:
            answer = self._sendgrid.send(_request(message, addresses, self._sender))
        except ApiKeyIncludedException as error:
            raise Refused(
                "SendGrid's client will not send a text that begins like an API key ('SG.x.y').",
                where=where,
                do="word its beginning differently",
            ) from error
        except HTTPError as error:
            raise from_answer(error.status_code, error.headers, error.body, where=where) from error
        except URLError as error:
            # urllib says so only while it connects or sends: the request never left in full
            raise Unavailable(
                f"It cannot be reached ({error.reason}).",
                where=where,
                do="nothing: it is sent again; if this lasts, check the address and the network",
            ) from error
        except (OSError, HTTPException) as error:
            raise Unclear(
                f"The request left, but no answer came ({error}).", where=where, do="see whether the message arrived"
            ) from error
        return _message_id(answer, where)


def _request(message: Message, to: Sequence[str], sender: str) -> Mail:
    envelope = Personalization()
    for address in to:
        envelope.add_to(To(address))
    # on the envelope: SendGrid's description has custom_args as an object here, but as a string beside it
    envelope.add_custom_arg(CustomArg("reference", message.reference))
    mail = Mail(sender, subject=message.subject, plain_text_content=message.text, html_content=message.html)
    mail.add_personalization(envelope)
    # links must lead to us and stay readable, and whether someone opened a message is nobody's business
    mail.tracking_settings = TrackingSettings(
        click_tracking=ClickTracking(enable=False, enable_text=False), open_tracking=OpenTracking(enable=False)
    )
    return mail


def _message_id(answer: Any, where: str) -> str:
    """The id in an acceptance. Anything but 202 with an id is not one: urllib follows redirects to other pages."""
    message_id = answer.headers.get("X-Message-Id")
    if answer.status_code != 202:
        raise from_answer(answer.status_code, answer.headers, answer.body, where=where)
    if not message_id:
        raise Unclear("The answer lacks the message's id.", where=where, do="see whether the message arrived")
    return str(message_id)
