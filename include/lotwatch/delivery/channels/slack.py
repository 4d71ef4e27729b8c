"""Slack: an app's incoming webhook, or its token and chat.postMessage."""

from collections.abc import Sequence
from typing import Any

from lotwatch.delivery.channels.message import OPEN, Message
from lotwatch.delivery.channels.recipients import names
from lotwatch.delivery.channels.text import longest, unmarked
from lotwatch.delivery.channels.web import Web, encoded, robot_url
from lotwatch.errors import LotwatchError

API = "https://slack.com"
#: characters of a section, as Slack counts them
LIMIT = 3000
_HEADER = 150
_LATER = {"ratelimited": 30.0, "rate_limited": 30.0, "service_unavailable": None, "request_timeout": None}
#: Slack does not know either how far it came
_UNCLEAR = {"internal_error", "fatal_error"}


class SlackWebhook:
    """`url` is the whole address that Slack shows for the webhook; it leads to one channel, and is its secret."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        """Raises LotwatchError where there is no address."""
        self._url = robot_url(url, "the Slack webhook")
        self._web = Web("Slack webhook", (url, url.rpartition("/")[2]), timeout)

    def send(self, message: Message, to: Sequence[str]) -> str:
        """`to` are Slack's member ids (U...), to be called; see `Channel`. A webhook gives no id: it is our reference."""
        body = encoded(_content(message, names(to, "Slack webhook")))
        answer = self._web.post(self._url, message.reference, body=body)
        if answer.status != 200:
            raise answer.error()
        if answer.body.strip() != b"ok":
            raise answer.unclear("The answer is not ok")
        return message.reference


class Slack:
    """An app with the right chat:write: its `token` (xoxb-...) and the `channel` to write to (C..., or a name)."""

    def __init__(self, token: str, channel: str, url: str = API, timeout: float = 20.0) -> None:
        """Raises LotwatchError where the token or the channel is missing."""
        if not token or not channel:
            raise LotwatchError(
                "The token or the channel is missing.",
                where="connection of Slack",
                do='enter the token (xoxb-...) as password and {"channel": "C..."} as extra',
            )
        self._url, self._channel = robot_url(url, "Slack").rstrip("/") + "/api/chat.postMessage", channel
        self._headers = {"Authorization": f"Bearer {token}"}
        self._web = Web("Slack", (token,), timeout)

    def send(self, message: Message, to: Sequence[str]) -> str:
        """`to` are Slack's member ids (U...), to be called; see `Channel`. The id is the message's ts."""
        body = encoded({"channel": self._channel} | _content(message, names(to, "Slack")))
        answer = self._web.post(self._url, message.reference, body=body, headers=self._headers)
        if answer.status != 200:
            raise answer.error()
        said = answer.json()
        error = str(said.get("error", "no error named"))
        if said.get("ok") is True and said.get("ts"):
            return str(said["ts"])
        if said.get("ok") is not False or error in _UNCLEAR:
            raise answer.unclear(f"Slack does not say whether it was posted ({error[:300]})")
        if error in _LATER:
            raise answer.unavailable(error, "Slack", _LATER[error])
        raise answer.refused(error, "Slack")


def _content(message: Message, called: Sequence[str]) -> dict[str, Any]:
    calls = "".join(f"<@{name}> " for name in called)
    text = calls + _escaped(longest(message.text, lambda part: len(calls + _escaped(part)) <= LIMIT))
    return {
        "text": _escaped(message.short),
        "unfurl_links": False,
        "blocks": [
            {"type": "header", "text": _plain(longest(unmarked(message.short), lambda part: len(part) <= _HEADER))},
            {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}},
            {
                "type": "actions",
                "elements": [{"type": "button", "text": _plain(OPEN[message.lang]), "url": message.link}],
            },
        ],
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
