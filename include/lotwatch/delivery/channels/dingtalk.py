"""A robot in a DingTalk (钉钉) group, by its webhook."""

import hmac
import time
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from lotwatch.delivery.channels.message import OPEN, Message
from lotwatch.delivery.channels.recipients import names
from lotwatch.delivery.channels.text import address, longest, unmarked
from lotwatch.delivery.channels.web import Clock, Web, encoded, need_errcode_0, robot_url

#: bytes of a whole request
LIMIT = 20_000
#: codes that pass, and the seconds to wait: more than 20 messages in a minute are stopped for ten
_LATER = {130101: 600.0, 410100: 600.0, -1: 10.0}


class DingTalk:
    """`url` is the whole address that DingTalk shows for the robot, `secret` that of its signature (SEC...)."""

    def __init__(self, url: str, secret: str, timeout: float = 20.0, clock: Clock = time.time) -> None:
        """Raises LotwatchError where there is no address. Without a `secret` nothing is signed (keywords, addresses)."""
        self._url, self._secret, self._clock = robot_url(url, "the DingTalk robot"), secret, clock
        self._web = Web("DingTalk robot", (url, url.partition("access_token=")[2], secret), timeout)

    def send(self, message: Message, to: Sequence[str]) -> str:
        """`to` are user ids, or mobile numbers beginning with +, to be called; see `Channel`. The id is our reference."""
        called = names(to, "DingTalk robot")
        mobiles = [name.removeprefix("+86-").lstrip("+") for name in called if name.startswith("+")]
        users = [name for name in called if not name.startswith("+")]
        head = f"#### {unmarked(message.short)}\n\n"
        foot = f"\n\n[{OPEN[message.lang]}]({address(message.link)})" + "".join(f" @{each}" for each in mobiles + users)

        def body(text: str) -> bytes:
            # one line break alone would be none
            markdown = {"title": unmarked(message.short), "text": head + text.replace("\n", "  \n") + foot}
            at = {"atMobiles": mobiles, "atUserIds": users, "isAtAll": False}
            return encoded({"msgtype": "markdown", "markdown": markdown, "at": at})

        text = longest(unmarked(message.text), lambda part: len(body(part)) <= LIMIT)
        answer = self._web.post(self._url, message.reference, body=body(text), params=self._signature())
        need_errcode_0(answer, _LATER)
        return message.reference

    def _signature(self) -> dict[str, str]:
        if not self._secret:
            return {}
        timestamp = str(round(self._clock() * 1000))
        return {"timestamp": timestamp, "sign": sign(self._secret, timestamp)}


def sign(secret: str, timestamp: str) -> str:
    """The signature of a request at `timestamp` (milliseconds since 1970)."""
    return b64encode(hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), sha256)).decode()
