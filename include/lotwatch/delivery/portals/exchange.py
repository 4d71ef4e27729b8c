"""One question to a portal over HTTP, and what became of it."""

from collections.abc import Mapping
from typing import Any

import requests
from requests.auth import AuthBase

from lotwatch.delivery.outcome import Unavailable, Unclear, nothing_was_sent
from lotwatch.errors import LotwatchError

TIMEOUT = 20.0  # seconds
LARGEST_ANSWER = 8 * 1024 * 1024  # bytes
_CHUNK = 1 << 16


class Bearer(AuthBase):
    """Sets the token as an auth object: given as a plain header, an entry in ~/.netrc would replace it unasked."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class NoAuth(AuthBase):
    """The login is in what is sent. An entry in ~/.netrc is no business of the portal's."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Reply:
    """An answer: its status, its headers (whatever their case) and its body."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


class Exchange:
    """The address of a portal (scheme and host, perhaps a path) and how long to wait for it.

    `timeout` in seconds bounds the connection and each wait for data. Every call is one request on a connection of
    its own: a kept connection that the portal has closed meanwhile would turn "nobody there" into `Unclear`.
    """

    def __init__(self, url: str, secret: str, auth: AuthBase, timeout: float) -> None:
        """Raises LotwatchError where the address is not one or the secret is missing."""
        if not url.startswith(("http://", "https://")):
            raise LotwatchError(
                f"'{url}' is not the address of a portal.",
                where="connection of the supplier portal",
                do="give it as https://host",
            )
        if not secret:
            raise LotwatchError(
                "The portal's token is empty.",
                where="connection of the supplier portal",
                do="enter the token or shared secret the supplier gave you",
            )
        self.url, self._auth, self._timeout = url.rstrip("/"), auth, timeout

    def where(self, reference: str | None = None) -> str:
        """The portal and the order, as errors name them."""
        return f"supplier portal {self.url}" + (f", order {reference}" if reference else "")

    def ask(self, method: str, path: str, where: str, *, headers: Mapping[str, str], **content: Any) -> Reply:
        """Raises `Unavailable` where the request cannot have left, `Unclear` where it did and no whole answer came."""
        try:
            with requests.request(
                method,
                self.url + path,
                auth=self._auth,
                headers=dict(headers),
                timeout=self._timeout,
                allow_redirects=False,  # a followed redirect would turn the order into a GET
                stream=True,
                **content,
            ) as answer:
                body = bytearray()
                for chunk in answer.iter_content(_CHUNK):
                    body += chunk
                    if len(body) > LARGEST_ANSWER:
                        raise Unclear(
                            f"The answer has more than {LARGEST_ANSWER:,} bytes.", where=where, do="tell the supplier"
                        )
                return Reply(answer.status_code, answer.headers, bytes(body))
        except requests.RequestException as error:
            if nothing_was_sent(error):
                raise Unavailable(
                    f"It cannot be reached ({error}).",
                    where=where,
                    do="nothing: it is sent again; if this lasts, check the address and the network",
                ) from error
            raise Unclear(
                f"The request left, but no answer came ({error}).",
                where=where,
                do="look it up before sending it again",
                silent=True,
            ) from error


def open_question(error: Unavailable, where: str) -> Unclear:
    """A look-up that did not get through leaves the question open."""
    return Unclear(f"It could not be looked up. {error.what}", where=where, do="look it up later", silent=True)


def unreadable(problem: object, where: str) -> Unclear:
    """An answer that is no answer: whatever was asked may have been done."""
    return Unclear(
        f"The portal's answer cannot be read ({str(problem)[:500]}).",
        where=where,
        do="look it up before sending it again",
    )
