"""A robot in a Feishu (飞书) or Lark group, by its webhook."""

import hmac
import time
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from lotwatch.delivery.channels.message import OPEN, Message
from lotwatch.delivery.channels.recipients import names
from lotwatch.delivery.channels.text import longest
from lotwatch.delivery.channels.web import Answer, Clock, Web, encoded, number, robot_url
from lotwatch.delivery.outcome import DeliveryError

#: bytes of a whole request
LIMIT = 30_000
#: too often (100 messages a minute, 5 a second); 9499 is also what a request that cannot be read gets
_TOO_OFTEN, _TOO_OFTEN_OR_BAD = 11232, 9499
_WAIT = 60.0
_COLOUR = {"critical": "red", "warning": "orange", "info": "blue"}


class Feishu:
    """`url` is the whole address that Feishu shows for the robot, `secret` that of its signature."""

    def __init__(self, url: str, secret: str, timeout: float = 20.0, clock: Clock = time.time) -> None:
        """Raises LotwatchError where there is no address. Without a `secret` nothing is signed (keywords, addresses)."""
        self._url, self._secret, self._clock = robot_url(url, "the Feishu robot"), secret, clock
        self._web = Web("Feishu robot", (url, url.rpartition("/")[2], secret), timeout)

    def send(self, message: Message, to: Sequence[str]) -> str:
        """`to` are Feishu's user ids (ou_...), to be called; see `Channel`. The id is our reference."""
        called = names(to, "Feishu robot")

        def body(text: str) -> bytes:
            return encoded(self._signature() | {"msg_type": "interactive", "card": _card(message, text, called)})

        text = longest(message.text, lambda part: len(body(part)) <= LIMIT)
        answer = self._web.post(self._url, message.reference, body=body(text))
        _judge(answer)
        return message.reference

    def _signature(self) -> dict[str, Any]:
        if not self._secret:
            return {}
        timestamp = str(int(self._clock()))
        return {"timestamp": timestamp, "sign": sign(self._secret, timestamp)}


def sign(secret: str, timestamp: str) -> str:
    """The signature of a request at `timestamp` (seconds since 1970): what is signed is the key, and the text is empty."""
    return b64encode(hmac.digest(f"{timestamp}\n{secret}".encode(), b"", sha256)).decode()


def _card(message: Message, text: str, called: Sequence[str]) -> dict[str, Any]:
    button = {"tag": "button", "text": _plain(OPEN[message.lang]), "url": message.link, "type": "primary"}
    calls = "".join(f"<at id={name}></at>" for name in called)
    return {
        "config": {"wide_screen_mode": True},
        "header": {"title": _plain(message.short), "template": _COLOUR[message.severity]},
        "elements": [
            {"tag": "div", "text": _plain(text)},
            *([{"tag": "div", "text": {"tag": "lark_md", "content": calls}}] if calls else []),
            {"tag": "action", "actions": [button]},
        ],
    }


def _plain(text: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": text}


def _judge(answer: Answer) -> None:
    """Raises what the code in the answer means, whatever its status; 200 and code 0 is accepted."""
    try:
        said = answer.json()
    except DeliveryError:
        if answer.status == 200:
            raise
        raise answer.error() from None
    code, words = number(said.get("code", said.get("StatusCode"))), said.get("msg", said.get("StatusMessage"))
    if code is None:
        raise answer.unclear("The answer has no code") if answer.status == 200 else answer.error()
    if code == _TOO_OFTEN or (code == _TOO_OFTEN_OR_BAD and "bad request" not in str(words).lower()):
        raise answer.unavailable(code, words, _WAIT)
    if (answer.status != 200 and code == 0) or answer.status >= 500:
        raise answer.error()
    if code != 0:
        raise answer.refused(code, words)
