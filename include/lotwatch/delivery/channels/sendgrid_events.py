"""SendGrid's event webhook: what became of mails, signed by SendGrid (ECDSA over the time and the body)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

from lotwatch.delivery.events import MessageEvent
from lotwatch.errors import LotwatchError

#: seconds by which the signed time may differ from ours
SKEW = 300
#: what they are called there and here; that a mail was opened or a link followed is nobody's business
_EVENTS = {
    "processed": "processed",
    "delivered": "delivered",
    "deferred": "deferred",
    "bounce": "bounce",
    "dropped": "dropped",
    "spamreport": "spam",
}


class SendGridEvents:
    """Reads what SendGrid posts. `public_key` is the verification key that its page shows (base64)."""

    def __init__(self, public_key: str) -> None:
        """Raises LotwatchError for what is no key."""
        try:
            self._verifier = EventWebhook("".join(public_key.split()))
        except ValueError:
            raise LotwatchError(
                "The verification key cannot be used.",
                where="connection of SendGrid, events_key",
                do="copy it from SendGrid: Mail Settings, Event Webhooks, Signature verification",
            ) from None

    def read(self, headers: Mapping[str, str], query: str, content: bytes, now: datetime) -> list[MessageEvent] | None:
        """The events of messages of ours in a signed body; None where it is not signed, or was signed long ago.

        `headers` must ignore case. Raises ValueError for a signed body that is no list of events.
        """
        timestamp = headers.get(EventWebhookHeader.TIMESTAMP, "")
        signature = headers.get(EventWebhookHeader.SIGNATURE, "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return None
        if abs(now.timestamp() - int(timestamp)) > SKEW:
            return None
        try:
            signed = self._verifier.verify_signature(content.decode(), signature, timestamp)
        except ValueError:  # no text, no base64
            return None
        if not signed:
            return None
        told = json.loads(content)
        if not isinstance(told, list):
            raise ValueError("not a list of events")  # noqa: TRY004
        return [event for each in told if (event := _event(each)) is not None]


def _event(told: Any) -> MessageEvent | None:
    """One event; None for one that is not of a message of ours, or says nothing of whether it arrived."""
    if not isinstance(told, dict) or told.get("event") not in _EVENTS or not told.get("reference"):
        return None
    try:
        return MessageEvent.model_validate({
            "event_id": told["sg_event_id"],
            "reference": told["reference"],
            "recipient": told["email"],
            "event": _EVENTS[told["event"]],
            "reason": told.get("reason") or told.get("response"),
            "at": datetime.fromtimestamp(told["timestamp"], UTC),
        })
    except (KeyError, TypeError, OverflowError, OSError, ValidationError) as error:
        raise ValueError("an event that cannot be one") from error
