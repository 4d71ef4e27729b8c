"""SMS through Twilio: its own client, over a connection of ours."""

import logging
from base64 import b64encode
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from twilio.base.values import unset
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from lotwatch.delivery.channels.message import Message
from lotwatch.delivery.channels.recipients import numbers, one_by_one
from lotwatch.delivery.channels.text import longest, sms_parts
from lotwatch.delivery.channels.web import Answer, Web, number, robot_url
from lotwatch.delivery.outcome import DeliveryError, Refused, Unavailable, Unclear
from lotwatch.errors import LotwatchError

API = "https://api.twilio.com"
#: parts of one SMS, each of which is paid for
MOST_PARTS = 3
#: codes that pass: too many requests, too many messages a second, a full queue, a congested network
_LATER = {20429, 14107, 21611, 30001, 30017, 30022, 63018}
_SENT = {"accepted", "scheduled", "queued", "sending", "sent", "delivered"}
_FAILED = {"failed", "undelivered", "canceled"}


class Twilio:
    """`account` is the Account SID (AC...), `sender` a number (+...) or a Messaging Service (MG...).

    `callback` is where Twilio tells what became of a message (see docs/channels.md); None: nowhere.
    """

    def __init__(
        self, account: str, token: str, sender: str, callback: str | None = None, url: str = API, timeout: float = 20.0
    ) -> None:
        """Raises LotwatchError where one of them is missing."""
        if not (account and token and sender):
            raise LotwatchError(
                "The account, its token or the sender is missing.",
                where="connection of Twilio",
                do='enter the Account SID as login, the Auth Token as password and {"sender": "+..."} as extra',
            )
        self._account, self._token, self._sender, self._callback = account, token, sender, callback
        self._url = robot_url(url, "Twilio").rstrip("/")
        basic = b64encode(f"{account}:{token}".encode()).decode()
        self._web = Web("Twilio", (token, basic), timeout)

    def send(self, message: Message, to: Sequence[str]) -> str:
        """One SMS to each number of `to`; see `Channel`. The ids are Twilio's SIDs."""
        where = f"Twilio, message {message.reference}"
        text = longest(message.short, lambda part: sms_parts(f"{part}\n{message.link}") <= MOST_PARTS)
        callback = f"{self._callback}?reference={quote(message.reference, safe='')}" if self._callback else unset
        over_ours = _Http(self._web, self._url, message.reference)
        client = Client(self._account, self._token, http_client=over_ours)
        service = self._sender.startswith("MG")

        def send_one(recipient: str) -> str:
            sent = client.messages.create(
                to=recipient,
                body=f"{text}\n{message.link}",
                from_=unset if service else self._sender,
                messaging_service_sid=self._sender if service else unset,
                status_callback=callback,
            )
            if sent.status in _FAILED:
                raise _failed(sent.error_code, sent.error_message or sent.status, where)
            if sent.status not in _SENT or not sent.sid:
                raise Unclear("The answer is not that of a message.", where=where, do="see whether the message arrived")
            return str(sent.sid)

        return one_by_one(numbers(to, where), send_one)


class _Http(HttpClient):
    """How Twilio's client posts: as all channels do, and whatever is no acceptance is raised here."""

    def __init__(self, web: Web, url: str, reference: str) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False)
        self._web, self._url, self._reference = web, url, reference

    def request(
        self,
        method: str,
        uri: str,
        params: Any = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """See `HttpClient`; the host that Twilio's client wants is replaced by ours."""
        login = b64encode(":".join(auth or ()).encode()).decode()
        answer = self._web.post(
            self._url + urlsplit(uri).path,
            self._reference,
            body=urlencode(data or {}, doseq=True).encode(),
            headers=dict(headers or {})
            | {"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"},
        )
        if not 200 <= answer.status < 300:
            raise _error(answer)
        answer.json()
        return Response(answer.status, answer.body.decode(), answer.headers)


def _error(answer: Answer) -> DeliveryError:
    if 400 <= answer.status < 500:
        try:
            said = answer.json()
        except DeliveryError:
            return answer.error()
        code = number(said.get("code"))
        if code in _LATER:
            return answer.unavailable(code, said.get("message"), None)
        if code is not None:
            return answer.refused(code, said.get("message"))
    return answer.error()


def _failed(code: int | None, said: object, where: str) -> DeliveryError:
    """Twilio took the request and says at once that the message failed."""
    if code in _LATER:
        return Unavailable(
            f"It asks us to come back later ({code}: {said}).", where=where, do="nothing: it is sent again"
        )
    return Refused(f"It was refused ({code}: {said}).", where=where, do="see the table of errors in docs/channels.md")
