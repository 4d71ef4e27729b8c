"""A robot in a WeCom (企业微信) group, by its webhook."""

from collections.abc import Sequence

from lotwatch.delivery.channels.message import OPEN, Message
from lotwatch.delivery.channels.recipients import names
from lotwatch.delivery.channels.text import address, longest, unmarked
from lotwatch.delivery.channels.web import Web, encoded, need_errcode_0, robot_url

#: bytes of a message's Markdown
LIMIT = 4096
#: codes that pass, and the seconds to wait: too often (20 messages a minute), too many at once, the system is busy
_LATER = {45009: 60.0, 45033: 10.0, -1: 10.0}


class WeCom:
    """`url` is the whole address that WeCom shows for the robot; the key in it is its secret."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        """Raises LotwatchError where there is no address."""
        self._url = robot_url(url, "the WeCom robot")
        self._web = Web("WeCom robot", (url, url.partition("key=")[2]), timeout)

    def send(self, message: Message, to: Sequence[str]) -> str:
        """`to` are user ids in WeCom, to be called by name; see `Channel`. WeCom gives no id: it is our reference."""
        called = names(to, "WeCom robot")
        head = f"**{unmarked(message.short)}**\n"
        foot = f"\n[{OPEN[message.lang]}]({address(message.link)})" + "".join(f"<@{name}>" for name in called)

        def content(text: str) -> str:
            return head + text + foot

        text = longest(unmarked(message.text), lambda part: len(content(part).encode()) <= LIMIT)
        body = encoded({"msgtype": "markdown", "markdown": {"content": content(text)}})
        answer = self._web.post(self._url, message.reference, body=body)
        need_errcode_0(answer, _LATER)
        return message.reference
