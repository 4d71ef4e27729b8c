"""A client for other systems' HTTP interfaces: bounded, patient where a failure may pass, clear about what to do."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests
from requests.utils import parse_header_links
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0
ATTEMPTS = 5
#: a server that asks for a longer pause is left alone until the task's next try
LONGEST_PAUSE = 60.0
MOST_PAGES = 100_000
LARGEST_ANSWER = 64 * 1024 * 1024  # bytes
_CHUNK = 1 << 16


class _PassingError(SourceError):
    """A failure that another try may not meet; `pause` seconds were asked for."""

    def __init__(self, what: str, *, where: str, do: str, pause: float | None = None) -> None:
        super().__init__(what, where=where, do=do, retry=True)
        self.pause = pause


class Answer:
    """What a server answered with success, or with a status that is an answer too: its text, headers and address."""

    def __init__(self, system: str, response: requests.Response, content: bytes, url: str) -> None:
        self.status = response.status_code
        self.url, self.headers, self.content = url, response.headers, content
        self._system, self._encoding = system, response.encoding or "utf-8"

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(self._encoding, errors="replace")

    def json(self) -> Any:
        """The body as JSON, numbers with a decimal point as Decimal. Raises SourceError when it is none."""
        import json
        from decimal import Decimal

        try:
            return json.loads(self.content, parse_float=Decimal)
        except ValueError as error:
            raise _PassingError(
                f"{self._system} answered with something that is no JSON ({error})", where=self.url,
                do="look at the address in the connection; if it is right, the server's log tells more",
            ) from error  # fmt: skip


def next_link(answer: Answer) -> str | None:
    """The address of the next page: the Link header with rel=next (RFC 8288)."""
    links = parse_header_links(answer.headers.get("Link", ""))
    return next((str(link["url"]) for link in links if "next" in link.get("rel", "").split()), None)


class HttpClient:
    """Reads one system. `login.user` and `login.password` go as Basic, a password alone as a Bearer token.

    `login.extra` may name another way: `{"auth": {"header": "X-Api-Key"}}` or `{"auth": {"parameter": "api_key"}}` sends
    the password under that name; `{"auth": {"token_url": ...}}` fetches a token with OAuth 2's client credentials.
    What answers 429 or 5xx, or not at all, is asked again, after the pause it asked for; what remains is raised as
    SourceError with `retry` true. Nothing is followed to another host. `answers` are statuses beside 200 that answer a
    question (404: there is none), to be told by `Answer.status`.
    """

    def __init__(
        self,
        system: str,
        login: Login,
        *,
        headers: Mapping[str, str] | None = None,
        answers: Collection[int] = (),
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.system, self.url = system, login.url.rstrip("/")
        self._login, self._auth = login, dict(login.extra.get("auth", {}))
        self._sleep = sleep
        self._answers = {int(requests.codes.ok), *answers}
        self._http = requests.Session()
        self._http.headers.update({"Accept": "application/json", **(headers or {})})
        self._secrets: dict[str, str] = {}  # parameters that no message shows
        self._answered_at: datetime | None = None
        self._authorize()

    def get(self, path: str, params: Mapping[str, Any] | None = None, **headers: str) -> Answer:
        """GET a path below the system's address, or an address of the same host that the system named."""
        return self._ask("GET", path, params=params, headers=headers)

    def follow(
        self, path: str, params: Mapping[str, Any], following: Callable[[Answer], str | None]
    ) -> Iterator[Answer]:
        """The pages of a list: each answer, and then what `following` finds in it, until that is None.

        Raises SourceError when a page comes a second time: then the list would never end.
        """
        yield from self.follow_from(self.get(path, params), following)

    def follow_from(self, answer: Answer, following: Callable[[Answer], str | None]) -> Iterator[Answer]:
        """The same from a first page that was asked for otherwise."""
        seen: set[str] = set()
        while True:
            yield answer
            address = following(answer)
            if address is None:
                return
            if address in seen or len(seen) >= MOST_PAGES:
                raise SourceError(
                    f"{self.system} names the same next page again and again", where=self._shown(address), retry=True,
                    do="look at that system's log: its paging does not come to an end",
                )  # fmt: skip
            seen.add(address)
            answer = self.get(address)

    def post(self, path: str, *, json: Any = None, data: Any = None, **headers: str) -> Answer:
        """POST what may be sent twice without harm: a query, a look-up."""
        return self._ask("POST", path, json=json, data=data, headers=headers)

    def send_always(self, *, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None) -> None:
        """Send these headers and parameters (a session's token) with every request; messages do not show them."""
        self._http.headers.update(headers or {})
        self._secrets |= params or {}
        self._http.params = dict(self._secrets)

    def server_time(self) -> datetime | None:
        """What the server's clock showed with its last answer (the Date header), in UTC."""
        return self._answered_at

    def _authorize(self) -> None:
        login, auth = self._login, self._auth
        if "token_url" in auth or not login.password:
            return
        if "header" in auth:
            self._http.headers[auth["header"]] = login.password
        elif "parameter" in auth:
            self.send_always(params={auth["parameter"]: login.password})
        elif login.user:
            self._http.auth = (login.user, login.password)
        else:
            self._http.headers["Authorization"] = f"Bearer {login.password}"

    def _fetch_token(self) -> None:
        answer = self._http.post(
            self._target(self._auth["token_url"]),
            data={"grant_type": "client_credentials", **({"scope": s} if (s := self._auth.get("scope")) else {})},
            auth=(self._login.user, self._login.password),
            timeout=(CONNECT_SECONDS, READ_SECONDS),
        )
        if answer.status_code != requests.codes.ok:
            raise self._refused(answer, "get a token")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _ask(self, method: str, path: str, **content: Any) -> Answer:
        options: dict[str, Any] = {"sleep": self._sleep} if self._sleep else {}
        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, _PassingError) and _worth_waiting(error)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_pause,
            reraise=True,
            **options,
        )
        return retrying(self._once, method, self._target(path), content)

    def _target(self, path: str) -> str:
        target = urljoin(self.url + "/", path)
        ours, theirs = urlsplit(self.url), urlsplit(target)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise SourceError(
                f"{self.system} leads to another host", where=target,
                do="if that is meant, make a connection of its own for that host",
            )  # fmt: skip
        return target

    def _once(self, method: str, target: str, content: Mapping[str, Any]) -> Answer:
        try:
            if "token_url" in self._auth and "Authorization" not in self._http.headers:
                self._fetch_token()
            with self._http.request(
                method, target, timeout=(CONNECT_SECONDS, READ_SECONDS), stream=True, allow_redirects=False, **content
            ) as response:
                return self._result(response)
        except requests.RequestException as error:
            raise _PassingError(
                f"{self.system} does not answer", where=f"{target} ({type(error).__name__})",
                do="start it, or correct the address in the connection",
            ) from error  # fmt: skip

    def _shown(self, url: str | None) -> str:
        """An address without the secrets that are sent in it."""
        parts = urlsplit(url or self.url)
        kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in self._secrets]
        return parts._replace(query=urlencode(kept, safe="$/'(),:{}")).geturl()

    def _result(self, response: requests.Response) -> Answer:
        self._answered_at = _moment_of(response.headers.get("Date"))
        if response.status_code == requests.codes.unauthorized and "token_url" in self._auth:
            self._http.headers.pop("Authorization", None)  # expired: the next try fetches another
        if response.status_code == requests.codes.too_many_requests or response.status_code >= 500:
            raise _PassingError(
                f"{self.system} answered HTTP {response.status_code}", where=self._shown(response.url),
                do="nothing, if it passes; otherwise look at that system's log", pause=_asked_pause(response),
            )  # fmt: skip
        if response.status_code not in self._answers:
            raise self._refused(response, "read")
        content = bytearray()
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > LARGEST_ANSWER:
                raise SourceError(
                    f"{self.system} answered with more than {LARGEST_ANSWER:,} bytes", where=self._shown(response.url),
                    do="ask for smaller pages in the source's options",
                )  # fmt: skip
        return Answer(self.system, response, bytes(content), self._shown(response.url))

    def _refused(self, response: requests.Response, what: str) -> SourceError:
        code = response.status_code
        if code in {requests.codes.unauthorized, requests.codes.forbidden}:
            do = "correct the login or the token in the connection, or give it the rights to read"
            return SourceError(
                f"{self.system} does not let us {what} (HTTP {code})", where=self._shown(response.url), do=do
            )
        detail = response.text[:300].strip()
        return SourceError(
            f"{self.system} answered HTTP {code}{': ' + detail if detail else ''}", where=self._shown(response.url),
            do="look at the address in the connection and the options of the source",
        )  # fmt: skip


def _moment_of(stamp: str | None) -> datetime | None:
    """The moment of a Date header in UTC; None where it is missing or none."""
    try:
        return parsedate_to_datetime(stamp).astimezone(UTC) if stamp else None
    except ValueError:
        return None


def _worth_waiting(error: _PassingError) -> bool:
    return error.pause is None or error.pause <= LONGEST_PAUSE


_backing_off = wait_exponential_jitter(multiplier=0.2, max=8.0)


def _pause(state: RetryCallState) -> float:
    """What the server asked for, or longer and longer by ourselves."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.pause if isinstance(error, _PassingError) else None
    return _backing_off(state) if asked is None else asked


def _asked_pause(response: requests.Response) -> float | None:
    """Seconds in Retry-After, which is a number or a date; None where it is missing or neither."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        shown = parsedate_to_datetime(response.headers["Date"])
    except (ValueError, TypeError, KeyError):
        return None
    return max(0.0, (moment - shown).total_seconds())
