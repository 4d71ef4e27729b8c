"""A channel of Microsoft Teams, by a workflow ("Post to a channel when a webhook request is received")."""

import re
from collections.abc import Sequence
from typing import Any

from lotwatch.delivery.channels.message import OPEN, Message
from lotwatch.delivery.channels.recipients import mail_addresses
from lotwatch.delivery.channels.text import longest, unmarked
from lotwatch.delivery.channels.web import Answer, Web, encoded, robot_url

#: bytes of a whole request
LIMIT = 28_000
_COLOUR = {"critical": "Attention", "warning": "Warning", "info": "Accent"}
#: what Teams says in the body of an answer that has HTTP 200
_FAILED = re.compile(rb"HTTP error (\d{3})")
_TOO_LARGE = b"too large"


class Teams:
    """`url` is the whole address that the workflow shows; the signature in it is its secret."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        """Raises LotwatchError where there is no address."""
        self._url = robot_url(url, "the Teams workflow")
        self._web = Web("Teams workflow", (url, url.partition("sig=")[2]), timeout)

    def send(self, message: Message, to: Sequence[str]) -> str:
        """`to` are people's addresses (UPN), to be called; see `Channel`. Teams gives no id: it is our reference."""
        called = mail_addresses(to, "Teams workflow") if to else ()

        def body(text: str) -> bytes:
            content = {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": _card(message, text, called),
            }
            return encoded({"type": "message", "attachments": [content]})

        text = longest(unmarked(message.text), lambda part: len(body(part)) <= LIMIT)
        answer = self._web.post(self._url, message.reference, body=body(text))
        _judge(answer)
        return message.reference


def _card(message: Message, text: str, called: Sequence[str]) -> dict[str, Any]:
    mentions: list[dict[str, Any]] = [
        {"type": "mention", "text": f"<at>{name}</at>", "mentioned": {"id": name, "name": name}} for name in called
    ]
    calls = [{"type": "TextBlock", "text": " ".join(each["text"] for each in mentions)}] if mentions else []
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {
                "type": "TextBlock",
                "text": unmarked(message.short),
                "weight": "Bolder",
                "wrap": True,
                "color": _COLOUR[message.severity],
            },
            # one line break alone would be none
            {"type": "TextBlock", "text": text.replace("\n", "\n\n"), "wrap": True},
            *calls,
        ],
        "actions": [{"type": "Action.OpenUrl", "title": OPEN[message.lang], "url": message.link}],
        "msteams": {"width": "Full", "entities": mentions},
    }


def _judge(answer: Answer) -> None:
    """Raises what an answer means that is no acceptance: 202, or 200 with nothing but a 1 in it."""
    if answer.status not in {200, 202}:
        raise answer.error()
    found = _FAILED.search(answer.body)
    if found:
        status = int(found[1])
        if status == 429 or status >= 500:
            raise answer.unavailable(status, answer.body.decode(errors="replace"), None)
        raise answer.refused(status, answer.body.decode(errors="replace"))
    if _TOO_LARGE in answer.body:
        raise answer.refused(answer.status, answer.body.decode(errors="replace"))
    if answer.status == 200 and answer.body.strip() not in {b"", b"1"}:
        raise answer.unclear("The answer is not that of a workflow")
