"""Any other system: a POST of JSON, signed as the Standard Webhooks specification has it (docs/channels.md has the form)."""

import re
import time
from collections.abc import Sequence
from hashlib import sha256

from lotwatch.delivery.channels.message import Message
from lotwatch.delivery.channels.web import Clock, Web, encoded, robot_url
from lotwatch.errors import LotwatchError
from lotwatch.sources.inbox.signature import secret_bytes, sign

#: what a webhook-id may be: any other reference is told by its digest
_ID = re.compile(r"[A-Za-z0-9_:\-]{1,256}")


class Webhook:
    """`url` is where to post, `secret` signs (whsec_<base64>, or 24 characters and more).

    The same message again has the same `webhook-id`, by which the other side knows it. It refuses what was signed long ago.
    """

    def __init__(self, url: str, secret: str, timeout: float = 20.0, clock: Clock = time.time) -> None:
        """Raises LotwatchError where there is no address, or no usable secret."""
        self._url, self._clock = robot_url(url, "the webhook"), clock
        try:
            self._secret = secret_bytes(secret)
        except ValueError as error:
            raise LotwatchError(
                f"The secret cannot be used: {error}",
                where="connection of the webhook",
                do='write {"secret": "whsec_..."} as its extra',
            ) from None
        self._web = Web("webhook", (url, secret), timeout)

    def send(self, message: Message, to: Sequence[str]) -> str:
        """`to` are whoever the other side knows, told to it as they are; see `Channel`. Any 2xx is an acceptance."""
        parts = message.model_dump(mode="json", exclude={"html"})
        body = encoded({"type": "lotwatch.message", "data": parts | {"to": list(to)}})
        message_id, timestamp = _id(message.reference), int(self._clock())
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._secret, message_id, timestamp, body),
        }
        answer = self._web.post(self._url, message.reference, body=body, headers=headers)
        if not 200 <= answer.status < 300:
            raise answer.error()
        return message_id


def _id(reference: str) -> str:
    return reference if _ID.fullmatch(reference) else sha256(reference.encode()).hexdigest()
