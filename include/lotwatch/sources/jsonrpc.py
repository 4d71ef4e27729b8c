"""A small client for Tryton's JSON-RPC: log in, call, typed values, and errors told as what to do about them."""

import base64
import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from lotwatch.errors import SourceError

CONNECT_SECONDS = 5.0
ATTEMPTS = 4
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY_REQUESTS = 401, 403, 404, 429
#: another try may find the server well again
PASSING = frozenset({502, 503, 504})
#: which right a method needs
RIGHTS = {"read": "read", "search": "read", "search_read": "read", "create": "create", "delete": "delete"}


class UnclearAnswerError(SourceError):
    """A call may or may not have been carried out: look up what it was to do before doing it again."""


class TrytonClient:
    """A session of one user with one Tryton database. It logs in at the first call, and again when it was logged out.

    Every method raises `SourceError`: `retry` is true where the same call can succeed later. Stamps come as naive UTC,
    as Tryton sends them.
    """

    def __init__(self, url: str, database: str, user: str, password: str, *, timeout_seconds: float = 60.0) -> None:
        self.url, self.database, self.user = url.rstrip("/"), database, user
        self._password = password
        self._timeout = (CONNECT_SECONDS, timeout_seconds)
        self._http = requests.Session()
        self._authorization: str | None = None
        self._context: dict[str, Any] | None = None
        self._answered_at: datetime | None = None
        self._modules: frozenset[str] | None = None
        #: model -> fields that this Tryton's modules do not have, and that are read as None
        self.lacking: Mapping[str, frozenset[str]] = {}

    def modules(self) -> frozenset[str]:
        """The modules that are activated in this database."""
        if self._modules is None:
            found = self.search_read("ir.module", [["state", "=", "activated"]], ["name"])
            self._modules = frozenset(record["name"] for record in found)
        return self._modules

    def read(self, model: str, ids: Sequence[int], fields: Sequence[str]) -> list[dict[str, Any]]:
        """The named fields of records by id, archived ones too, in no promised order."""
        if not ids:
            return []
        there, lacking = self._split(model, fields)
        records: list[dict[str, Any]] = self.ask(f"model.{model}.read", list(ids), there, self.context())
        return [record | lacking for record in records] if lacking else records

    def search_read(
        self,
        model: str,
        domain: list[Any],
        fields: Sequence[str],
        *,
        limit: int | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """The named fields of the records that a Tryton domain selects, archived ones too, by ascending id."""
        there, lacking = self._split(model, fields)
        records: list[dict[str, Any]] = self.ask(
            f"model.{model}.search_read", domain, 0, limit, [["id", "ASC"]], there,
            self.context() if context is None else context,
        )  # fmt: skip
        return [record | lacking for record in records] if lacking else records

    def _split(self, model: str, fields: Sequence[str]) -> tuple[list[str], dict[str, None]]:
        """The fields to ask for, and those that are read as None."""
        lacking = self.lacking.get(model, frozenset())
        return [name for name in fields if name not in lacking], dict.fromkeys(n for n in fields if n in lacking)

    def pages(
        self,
        model: str,
        domain: list[Any],
        fields: Sequence[str],
        *,
        size: int,
        after_id: int = 0,
        context: Mapping[str, Any] | None = None,
    ) -> Iterator[list[dict[str, Any]]]:
        """The selected records in pages by ascending id, so that records which change meanwhile are not skipped.

        The next page is read while this one is worked on: at most two are in memory.
        """

        def ask(after: int) -> list[dict[str, Any]]:
            return ahead.search_read(model, [domain, ["id", ">", after]], fields, limit=size, context=context)

        self.context()  # logged in, before the session is shared
        ahead = self._beside()
        worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tryton-page")
        try:
            page = ask(after_id)
            while page:
                coming = worker.submit(ask, page[-1]["id"]) if len(page) == size else None
                yield page
                page = coming.result() if coming else []
        finally:
            worker.shutdown(wait=True, cancel_futures=True)

    def _beside(self) -> "TrytonClient":
        """The same session over a connection of its own: an HTTP session is not for two threads."""
        other = copy.copy(self)
        other._http = requests.Session()
        return other

    def context(self) -> dict[str, Any]:
        """The user's context in Tryton (company and the like), in English, with archived records included."""
        if self._context is None:
            preferences = self.ask("model.res.user.get_preferences", True, {})
            self._context = {**preferences, "language": "en", "active_test": False}
        return self._context

    def server_time(self) -> datetime:
        """What the server's clock shows, to the second: the Date that HTTP has every answer carry."""
        self.ask("model.ir.date.today", self.context())
        if self._answered_at is None:
            raise SourceError(
                "Tryton's answers carry no Date header.", where=self._place(),
                do="serve it behind a web server that adds one",
            )  # fmt: skip
        return self._answered_at

    @property
    def answered_at(self) -> datetime:
        """What the server's clock showed with its last answer. It must have answered before."""
        return self._answered_at or self.server_time()

    def ask(self, method: str, *params: Any) -> Any:
        """Call a method that only reads: tried again while the failure may pass."""
        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, SourceError) and error.retry),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential_jitter(multiplier=0.2, max=4.0),
            reraise=True,
        )
        return retrying(self._call, method, params)

    def do(self, method: str, *params: Any) -> Any:
        """Call a method that writes: sent once. Raises `UnclearAnswerError` when nobody knows whether it was done."""
        return self._call(method, params)

    def _call(self, method: str, params: Sequence[Any]) -> Any:
        if self._authorization is None:
            self._log_in()
        response = self._post(method, params)
        if response.status_code == UNAUTHORIZED:  # logged out meanwhile: nothing was done
            self._log_in()
            response = self._post(method, params)
        return self._result(method, response)

    def _log_in(self) -> None:
        self._authorization = None
        method = "common.db.login"
        response = self._post(method, (self.user, {"password": self._password}, "en"))
        if response.status_code in {UNAUTHORIZED, FORBIDDEN}:
            raise SourceError(
                "Tryton refuses the user or the password.", where=f"user {self.user} at {self._place()}",
                do="correct the connection's login and password",
            )  # fmt: skip
        if response.status_code == NOT_FOUND:
            raise SourceError(
                f"Tryton has no database {self.database!r}.", where=self._place(),
                do="correct the database in the connection",
            )  # fmt: skip
        if response.status_code == TOO_MANY_REQUESTS:
            raise SourceError(
                "Tryton takes no more logins of this user for now: too many failed.",
                where=f"user {self.user} at {self._place()}", do="correct the password and wait five minutes",
            )  # fmt: skip
        user_id, token, *_ = self._result(method, response)
        session = f"{self.user}:{user_id}:{token}".encode()
        self._authorization = "Session " + base64.b64encode(session).decode()

    def _post(self, method: str, params: Sequence[Any]) -> requests.Response:
        headers = {"Content-Type": "application/json"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        body = json.dumps({"id": 0, "method": method, "params": list(params)}, default=encode)
        try:
            return self._http.post(
                f"{self.url}/{self.database}/rpc/", data=body, headers=headers, timeout=self._timeout
            )
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise self._down(error) from error
        except requests.ConnectionError as error:
            if "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error):
                raise self._down(error) from error
            raise self._unclear(method) from error
        except requests.RequestException as error:
            raise self._unclear(method) from error

    def _result(self, method: str, response: requests.Response) -> Any:
        """What the call returned, or the error it answered with."""
        stamp = response.headers.get("Date")
        self._answered_at = parsedate_to_datetime(stamp) if stamp else None
        if response.status_code in PASSING:
            raise self._unclear(method, f"HTTP {response.status_code}")
        if response.status_code in {UNAUTHORIZED, FORBIDDEN}:
            raise self._denied(method, "")
        try:
            answer = response.json(object_hook=decode)
        except requests.JSONDecodeError:
            answer = None
        if response.status_code != requests.codes.ok or not isinstance(answer, dict):
            raise SourceError(
                f"Tryton answered HTTP {response.status_code} with something that is no result.",
                where=f"{method} at {self._place()}",
                do="check that the address is a Tryton server of series 8.2, and read its log",
            )
        if "error" in answer:
            raise self._refused(method, answer["error"])
        return answer.get("result")

    def _refused(self, method: str, error: Any) -> SourceError:
        """Tryton's own error as ours."""
        name, *details = error if isinstance(error, list) else [str(error)]
        text = " ".join(flatten(details)) or str(name)
        where = f"{method} at {self._place()}"
        if "access rule" in text or "not allowed" in text or "don't have access" in text:
            return self._denied(method, f": {text}")
        if unknown := re.fullmatch(r"'([\w.]+)'", str(name)):
            return self._lacks(method, unknown[1])
        if name in {"UserError", "UserWarning"}:
            return SourceError(f"Tryton refuses: {text}", where=where, do="correct what it says in Tryton")
        if name == "ConcurrencyException":
            return SourceError(
                f"Somebody changed the record meanwhile: {text}", where=where, do="read it again", retry=True
            )
        return SourceError(f"Tryton failed: {name}", where=where, do="read the Tryton server's log")

    def _denied(self, method: str, why: str) -> SourceError:
        model, _, name = method.removeprefix("model.").rpartition(".")
        right = RIGHTS.get(name, "write")
        return SourceError(
            f"Tryton denies access of user {self.user} to {model} ({right}){why}", where=f"{method} at {self._place()}",
            do=f"give a group of this user the right to {right} {model}",
        )  # fmt: skip

    def _lacks(self, method: str, name: str) -> SourceError:
        model = method.removeprefix("model.").rpartition(".")[0]
        what = f"model {name}" if name == model else f"{name} of {model}"
        return SourceError(
            f"Tryton has no {what}: the module that brings it is not activated", where=f"{method} at {self._place()}",
            do="activate the module, or leave what needs it out of `entities` of this source",
        )  # fmt: skip

    def _down(self, error: Exception) -> SourceError:
        return SourceError(
            "Tryton does not answer.", where=f"{self._place()} ({type(error).__name__})",
            do="start the Tryton server, or correct the address in the connection", retry=True,
        )  # fmt: skip

    def _unclear(self, method: str, what: str = "no answer") -> UnclearAnswerError:
        return UnclearAnswerError(
            f"Tryton gave no clear answer ({what}).", where=f"{method} at {self._place()}",
            do="look whether it was done before trying again", retry=True,
        )  # fmt: skip

    def _place(self) -> str:
        return f"{self.url} database {self.database}"


def flatten(value: Any) -> Iterator[str]:
    """The texts in Tryton's nested error arguments."""
    if isinstance(value, list):
        for part in value:
            yield from flatten(part)
    elif isinstance(value, str) and value:
        yield value


def encode(value: Any) -> Any:
    """A value as Tryton's JSON has it, for what JSON has no type for."""
    if isinstance(value, datetime):
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    if isinstance(value, timedelta):
        return {"__class__": "timedelta", "seconds": value.total_seconds()}
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    raise TypeError(f"no JSON for {type(value).__name__}")


def decode(value: dict[str, Any]) -> Any:
    """A value out of Tryton's JSON. Stamps stay naive: Tryton's are UTC."""
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "date":
        return date(value["year"], value["month"], value["day"])
    if kind == "datetime":
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return datetime(*(value[part] for part in parts))  # noqa: DTZ001 (naive as it came)
    if kind == "time":
        return time(value["hour"], value["minute"], value["second"], value["microsecond"])
    if kind == "timedelta":
        return timedelta(seconds=value["seconds"])
    if kind == "bytes":
        return base64.b64decode(value["base64"])
    return value
