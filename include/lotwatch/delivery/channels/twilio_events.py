"""Twilio's status callbacks: what became of an SMS, signed with the account's token over the address and the form."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs, parse_qsl

from pydantic import ValidationError
from twilio.request_validator import RequestValidator

from lotwatch.delivery.events import MessageEvent

#: what they are called there and here
_EVENTS = {"sent": "processed", "delivered": "delivered", "undelivered": "bounce", "failed": "dropped"}


class TwilioEvents:
    """Reads what Twilio posts to `callback`, the public address that it was given with each message."""

    def __init__(self, token: str, callback: str) -> None:
        self._validator, self._callback = RequestValidator(token), callback

    def read(self, headers: Mapping[str, str], query: str, content: bytes, now: datetime) -> list[MessageEvent] | None:
        """The event in a signed form; None where it is not signed. `headers` must ignore case.

        Twilio signs no time: told again, an event is known by its id. Raises ValueError for a signed form that is none.
        """
        try:
            form = dict(parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=100))
        except ValueError:
            return None
        address = f"{self._callback}?{query}" if query else self._callback
        if not self._validator.validate(address, form, headers.get("X-Twilio-Signature", "")):
            return None
        status = form.get("MessageStatus", "")
        if status not in _EVENTS:
            return []
        try:
            event = MessageEvent.model_validate({
                "event_id": f"{form['MessageSid']}:{status}",
                "reference": parse_qs(query)["reference"][0],
                "recipient": form["To"],
                "event": _EVENTS[status],
                "reason": form.get("ErrorCode") or None,
                "at": now,
            })
        except (KeyError, ValidationError) as error:
            raise ValueError("a status that cannot be one") from error
        return [event]
