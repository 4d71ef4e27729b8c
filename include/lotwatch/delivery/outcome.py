"""What can become of something we send, told so that the sender can decide what to do next.

Accepted is a return value. Everything else is one of three errors: `Refused` (a person must look), `Unavailable`
(nothing was accepted: send again later) and `Unclear` (it may have been accepted: look it up before sending again).
"""

import ssl
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import requests
from pydantic import BaseModel, ValidationError
from urllib3.exceptions import NewConnectionError

from lotwatch.errors import LotwatchError

#: seconds; whoever asks for a longer pause is asked again after this one, so that nothing lies unseen for a day
LONGEST_WAIT = 3600.0

_LONGEST_REASON = 500  # characters of another system's words that we repeat
_NOT_JUDGED = (401, 403, 404, 405)  # what is said of a login or an address
_GATEWAY_DOES_NOT_KNOW = (502, 504)  # what stands behind the gateway may have received the request


class DeliveryError(LotwatchError):
    """It was not accepted, as far as we know. Always one of the three kinds below.

    `accepted` are recipients of the same request that have it all the same.
    """

    accepted: tuple[str, ...] = ()


class Refused(DeliveryError):  # noqa: N818 (an outcome first, an error second)
    """The recipient said no (4xx other than 408 and 429). Sending the same again cannot help."""


class NotLetIn(Refused):
    """It was not even looked at: the login or the address is wrong."""


class Unavailable(DeliveryError):  # noqa: N818
    """Nothing was accepted, and the same may be accepted later (nobody there, 408, 429, most 5xx).

    `retry_after` is the seconds the recipient asked us to wait, at most `LONGEST_WAIT`; None where it did not say,
    and then the sender's own back-off applies.
    """

    def __init__(self, what: str, *, where: str = "", do: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, where=where, do=do)
        self.retry_after = retry_after


class Unclear(DeliveryError):  # noqa: N818
    """The request left, but no answer that can be understood came back: it may or may not have been accepted.

    `silent`: no answer of the recipient's own came at all.
    """

    def __init__(self, what: str, *, where: str = "", do: str = "", silent: bool = False) -> None:
        super().__init__(what, where=where, do=do)
        self.silent = silent


def from_answer(status: int, headers: Mapping[str, str], body: bytes, *, where: str) -> DeliveryError:
    """The error for an HTTP answer that is not an acceptance; `headers` must ignore case, as HTTP does."""
    said = f"HTTP {status}: {_reason(body)}"
    if status in {408, 429}:
        return Unavailable(
            f"It asks us to come back later ({said}).",
            where=where,
            do="nothing: it is sent again",
            retry_after=seconds_to_wait(headers),
        )
    if status in _GATEWAY_DOES_NOT_KNOW or not 400 <= status < 600:
        return Unclear(
            f"The answer does not say whether it was accepted ({said}).",
            where=where,
            do="look it up before sending it again",
            silent=status in _GATEWAY_DOES_NOT_KNOW,
        )
    if status >= 500:
        return Unavailable(
            f"It is out of order ({said}).",
            where=where,
            do="nothing: it is sent again; if this lasts, tell those who run it",
            retry_after=seconds_to_wait(headers),
        )
    return refused(status, said, where)


def refused(status: int, said: str, where: str) -> Refused:
    """The error for a no with this HTTP status, or one that means the same."""
    kind = NotLetIn if status in _NOT_JUDGED else Refused
    return kind(f"It was refused ({said}).", where=where, do="correct what the reason names, then send it as new")


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """How many seconds the recipient asks us to wait, or None where its headers do not say.

    Reads Retry-After (seconds or a date) and, without it, SendGrid's X-RateLimit-Reset (Unix time). Moments are
    compared with the answer's own Date, so that neither our clock nor its error matters.
    """
    told = headers.get("Retry-After", "")
    if _is_whole(told):
        return _bounded(float(told))
    reset = headers.get("X-RateLimit-Reset", "")
    until = _unix_time(told) if told else float(reset) if _is_whole(reset) else None
    answered = _unix_time(headers.get("Date", ""))
    if until is None or answered is None:
        return None
    return _bounded(until - answered)


def nothing_was_sent(error: BaseException) -> bool:
    """Whether the connection of a request was never there, so that the recipient cannot have read anything."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    under: tuple[object, ...] = getattr(reason, "args", ())
    untrusted = bool(under) and isinstance(under[0], ssl.SSLCertVerificationError)
    return untrusted or isinstance(reason, NewConnectionError)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _unix_time(http_date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(http_date)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class _Problem(BaseModel):
    message: str
    field: str | None = None

    def __str__(self) -> str:
        # SendGrid's own examples give the text "null" where no field is meant
        return self.message if self.field in {None, "", "null"} else f"{self.field}: {self.message}"


class _Problems(BaseModel):
    errors: list[_Problem]


def _reason(body: bytes) -> str:
    """The recipient's words: its list of errors, or else the beginning of whatever it wrote."""
    try:
        said = "; ".join(str(problem) for problem in _Problems.model_validate_json(body).errors)
    except ValidationError:
        said = " ".join(body[: 4 * _LONGEST_REASON].decode(errors="replace").split())
    return said[:_LONGEST_REASON] or "no reason given"
