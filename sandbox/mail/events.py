"""Tells what became of mails, as SendGrid's event webhook does: signed, again and again until it is taken."""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterable
from secrets import token_urlsafe
from typing import Any

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from lotwatch_local.airflow import sandbox_events_key
from sandbox.mail.models import ReceivedMessage

_HEADER = "X-Twilio-Email-Event-Webhook-"


def teller(url: str, api_key: str) -> Callable[[Iterable[ReceivedMessage]], None]:
    """What tells `url` of messages that were taken. Each is delivered but to those whose address begins with `nobody`."""

    @retry(
        retry=retry_if_exception_type(requests.RequestException),
        stop=stop_after_attempt(6),
        wait=wait_exponential(),
        retry_error_callback=lambda _: None,
    )
    def post(events: list[dict[str, Any]]) -> None:
        body = json.dumps(events).encode()
        requests.post(url, data=body, headers=signed(body, api_key), timeout=10).raise_for_status()

    def tell(messages: Iterable[ReceivedMessage]) -> None:
        post([event for message in messages for event in events_of(message)])

    return tell


def events_of(message: ReceivedMessage) -> list[dict[str, Any]]:
    """The events of a message: one that it was processed and one of its end, for each recipient."""
    events = []
    for address in [*message.to, *message.cc, *message.bcc]:
        known = {
            "email": address.email,
            "timestamp": int(time.time()),
            "sg_message_id": f"{message.message_id}.sandbox",
            **message.custom_args,
        }
        unknown = address.email.startswith("nobody")
        end = {"event": "bounce", "reason": "550 5.1.1 no such mailbox"} if unknown else {"event": "delivered"}
        events += [known | each | {"sg_event_id": token_urlsafe(16)} for each in ({"event": "processed"}, end)]
    return events


def signed(body: bytes, api_key: str) -> dict[str, str]:
    """The headers with which SendGrid signs a body."""
    timestamp = str(int(time.time()))
    signature = sandbox_events_key(api_key).sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "Content-Type": "application/json",
        f"{_HEADER}Timestamp": timestamp,
        f"{_HEADER}Signature": b64encode(signature).decode(),
    }
