"""One POST to a provider: bounded in time and size, never redirected, and with no secret in what is told of it."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

from lotwatch.delivery.outcome import (
    DeliveryError,
    Refused,
    Unavailable,
    Unclear,
    from_answer,
    nothing_was_sent,
    seconds_to_wait,
)
from lotwatch.errors import LotwatchError

#: bytes of an answer that are read: no provider's is longer
_LARGEST_ANSWER = 64 * 1024
#: seconds for which a whole answer may be on its way
_LONGEST_ANSWER = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `where` says from whom."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises Unclear where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self.unclear(f"The answer cannot be read (HTTP {self.status})")
        return found

    def error(self) -> DeliveryError:
        """What its HTTP status means."""
        return from_answer(self.status, self.headers, self.body, where=self.where)

    def unclear(self, what: str) -> Unclear:
        return Unclear(what, where=self.where, do="see whether the message arrived")

    def refused(self, code: object, said: object) -> Refused:
        """The provider's own code says no."""
        return Refused(
            f"It was refused ({code}: {str(said)[:300]}).",
            where=self.where,
            do="see the table of errors in docs/channels.md, then send it as new",
        )

    def unavailable(self, code: object, said: object, wait: float | None) -> Unavailable:
        """The provider's own code says: later. What its headers ask for goes before `wait`."""
        asked = seconds_to_wait(self.headers)
        return Unavailable(
            f"It asks us to come back later ({code}: {str(said)[:300]}).",
            where=self.where,
            do="nothing: it is sent again; if this lasts, send less through it",
            retry_after=wait if asked is None else asked,
        )


class Web:
    """Posts to one provider. `secrets` are never told: the address of a robot is one of them."""

    def __init__(self, where: str, secrets: tuple[str, ...], timeout: float) -> None:
        # at DEBUG the library under requests logs each path, and a robot's path is its secret
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
        self._where, self._timeout = where, timeout
        self._secrets = {
            form for secret in secrets if secret for form in (secret, quote(secret), quote(secret, safe=""))
        }

    def post(
        self,
        url: str,
        message: str,
        *,
        body: bytes,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to one POST, for the message of that reference. Raises Unavailable or Unclear where there is none."""
        where = f"{self._where}, message {message}"
        try:
            with requests.post(
                url,
                data=body,
                params=params,
                headers={"Content-Type": "application/json; charset=utf-8"} | dict(headers or {}),
                auth=_as_it_is,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = _read(answer)
        except requests.exceptions.InvalidURL:
            raise Refused("Its address cannot be used.", where=where, do="correct the connection") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            # neither the error nor its cause: both name the path
            raise _no_answer(error, where) from None
        return Answer(answer.status_code, answer.headers, self._hidden(content), where)

    def _hidden(self, content: bytes) -> bytes:
        for secret in self._secrets:
            content = content.replace(secret.encode(), b"***")
        return content


def robot_url(url: str, kind: str) -> str:
    """The address of a robot as it stands in its connection. Raises LotwatchError, and does not tell it."""
    if not url.startswith(("http://", "https://")) or any(each.isspace() for each in url):
        raise LotwatchError(
            "There is no address in the password of the connection.",
            where=f"connection of {kind}",
            do="paste the whole address that the provider shows, https://...",
        )
    return url


def encoded(payload: Mapping[str, Any]) -> bytes:
    """JSON as it is sent and measured."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def number(value: object) -> int | None:
    """A provider's code as a number; None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def need_errcode_0(answer: Answer, later: Mapping[int, float]) -> None:
    """Raises what WeCom's and DingTalk's `errcode` means unless it is 0; `later` are those that pass, and seconds to wait."""
    if answer.status != 200:
        raise answer.error()
    said = answer.json()
    code, words = number(said.get("errcode")), said.get("errmsg")
    if code is None:
        raise answer.unclear("The answer has no errcode")
    if code in later:
        raise answer.unavailable(code, words, later[code])
    if code != 0:
        raise answer.refused(code, words)


#: reads the seconds since 1970, for signatures
Clock = Callable[[], float]


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Given as auth: otherwise an entry in ~/.netrc would add a password unasked."""
    return request


def _read(answer: requests.Response) -> bytes:
    content, end = bytearray(), time.monotonic() + _LONGEST_ANSWER
    for part in answer.iter_content(1):  # more at once would be waited for, however slowly they came
        content += part
        if len(content) >= _LARGEST_ANSWER or time.monotonic() > end:
            break
    return bytes(content[:_LARGEST_ANSWER])


def _no_answer(error: Exception, where: str) -> DeliveryError:
    if nothing_was_sent(error):
        return Unavailable(
            f"It cannot be reached ({type(error).__name__}).",
            where=where,
            do="nothing: it is sent again; if this lasts, check the address and the network",
        )
    return Unclear(
        f"The request left, but no answer came ({type(error).__name__}).",
        where=where,
        do="see whether the message arrived",
    )
