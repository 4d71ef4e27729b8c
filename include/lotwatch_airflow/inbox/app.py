"""The door itself. What costs little is checked first, the signature before anything of the body is believed."""

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import psycopg
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lotwatch.errors import LotwatchError
from lotwatch.paths import SOURCES
from lotwatch.sources import inbox
from lotwatch.sources.inbox.keep import Media
from lotwatch.sources.inbox.signature import signer
from lotwatch.sources.registry import Source, load_sources
from lotwatch_airflow.inbox.committer import Committer
from lotwatch_airflow.inbox.keys import KeyRing, Login, airflow_login
from lotwatch_airflow.inbox.limits import Bucket, Limits
from lotwatch_airflow.inbox.receiving import DATABASE, Receiving, refuse, tell, tell_fault

log = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9_:\-]{1,256}")
_JSON = re.compile(r"application/([a-z0-9.\-]+\+)?json")
_XML = re.compile(r"(application|text)/([a-z0-9.\-]+\+)?xml")
_TEXT = re.compile(r"text/(plain|csv)")
#: bytes from which on a body is looked at in a thread, so that others need not wait
_LARGE = 64 * 1024
#: seconds after which to come again when much waits to be read
_BACKLOG = 10


def inbox_of_airflow() -> Starlette:
    """The door as Airflow mounts it."""
    from lotwatch_airflow.board.database import WRITES, airflow_address

    return create_app(Registry(SOURCES, time.monotonic), airflow_login, lambda: airflow_address(WRITES))


class Registry:
    """The registry of sources as its file has it: read again when the file has changed, looked at every 10 s.

    A file that cannot be used is logged, and what was known goes on. Raises LotwatchError when there never was a usable one.
    """

    _EVERY = 10.0

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path, self._clock = path, clock
        self._looked, self._changed = float("-inf"), -1
        self._known: Mapping[str, Source] | None = None

    def __call__(self) -> Mapping[str, Source]:
        if self._known is None or self._clock() - self._looked > self._EVERY:
            self._looked = self._clock()
            self._read()
        if self._known is None:
            raise LotwatchError("There is no registry of sources", where=str(self._path), do="mend the file")
        return self._known

    def _read(self) -> None:
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._changed:
                load_sources.cache_clear()
                self._known, self._changed = load_sources(self._path), changed
        except (LotwatchError, OSError) as error:
            log.error("The inbox goes by the sources that it knew: %s", error)


def create_app(
    sources: Callable[[], Mapping[str, Source]],
    look_up: Callable[[str], Login],
    address: Callable[[], str],
    *,
    limits: Limits | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """An ASGI application; it opens its database connections at the first message.

    `look_up` finds the login of a connection id, `address` that of the database; both may block.
    """
    door = _Door(sources, look_up, address, limits or Limits(), now, clock)
    app = Starlette(
        routes=[Route("/v1/{source}", door.receive, methods=["POST"])],
        exception_handlers={HTTPException: tell, Exception: tell_fault},
    )
    app.state.door = door
    return app


class _Door:
    def __init__(
        self,
        sources: Callable[[], Mapping[str, Source]],
        look_up: Callable[[str], Login],
        address: Callable[[], str],
        limits: Limits,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._sources, self._limits, self._now, self._clock = sources, limits, now, clock
        self._keys = KeyRing(look_up, clock)
        self.receiving = Receiving(self._limits, clock)
        self._buckets: dict[str, Bucket] = {}
        self.committer = Committer(address, clock)

    async def receive(self, request: Request) -> Response:
        """POST /v1/{source}: 202 once the body is committed."""
        name = request.path_params["source"]
        conn_id = self._connection(name)
        media = _media(request.headers)
        size = self.receiving.size(request.headers)
        message_id, timestamp, signatures = self._webhook(request.headers)
        with self.receiving.place(size):
            login = await self._login(conn_id)
            content = await self.receiving.content(request)
            key_id = await _in_thread_if_large(
                content, lambda: signer(login.keys, signatures, message_id, timestamp, content, self._now())
            )
            if key_id is None:
                refuse(401, "No key in force has signed this: check the secret, and that the body is sent as signed.")
            self._take_turn(name, login)
            await self._need_room()
            events = await _in_thread_if_large(content, lambda: _count(media, content))
            if events > self._limits.events:
                refuse(413, f"A message may hold {self._limits.events} events; send several.")
            return await self._keep(inbox.Body(name, message_id, key_id, media, events, content))

    def _connection(self, name: str) -> str:
        source = self._sources().get(name)
        if source is None:
            refuse(404, "There is no source of this name.")
        if source.push is None:
            refuse(403, "This source may not push.")
        return source.push

    def _webhook(self, headers: Headers) -> tuple[str, int, str]:
        message_id = headers.get("webhook-id", "")
        written = headers.get("webhook-timestamp", "")
        signatures = headers.get("webhook-signature", "")
        if not (message_id and written and signatures):
            refuse(401, "A message is signed: webhook-id, webhook-timestamp and webhook-signature.")
        if not _ID.fullmatch(message_id):
            refuse(400, "webhook-id has 1 to 256 letters, digits, - _ and :.")
        if not (written.isascii() and written.isdigit() and len(written) <= 12):
            refuse(400, "webhook-timestamp is the seconds since 1970.")
        if abs(self._now().timestamp() - int(written)) > self._limits.skew:
            refuse(401, f"webhook-timestamp differs by more than {self._limits.skew:.0f} s: sign when you send.")
        return message_id, int(written), signatures

    async def _login(self, conn_id: str) -> Login:
        try:
            return await self._keys.login(conn_id)
        except LotwatchError as error:
            log.error("The inbox cannot tell who pushes: %s", error)
            refuse(503, "The keys of this source cannot be used; its operators can read why.", DATABASE)

    def _take_turn(self, name: str, login: Login) -> None:
        """One message of the source's rate: only what is signed counts, so that strangers cannot use it up."""
        rate = login.rate or self._limits.rate
        bucket = self._buckets.get(name)
        if bucket is None or bucket.rate != rate:
            bucket = Bucket(rate, max(self._limits.burst, rate) if login.rate else self._limits.burst, self._clock())
            self._buckets[name] = bucket
        wait = bucket.take(self._clock())
        if wait:
            refuse(429, f"A source may send {rate:g} messages a second: put more events into each.", wait)

    async def _need_room(self) -> None:
        try:
            backlog = await self.committer.backlog()
        except (psycopg.Error, OSError) as error:
            self._no_database(error)
        if backlog >= self._limits.backlog:
            refuse(429, "Too much waits to be read; send it again later.", _BACKLOG)

    async def _keep(self, body: inbox.Body) -> Response:
        try:
            receipt = await self.committer.keep(body)
        except (psycopg.Error, OSError) as error:
            self._no_database(error)
        if receipt == "different":
            refuse(409, "Another body was received under this webhook-id.")
        return JSONResponse({"id": body.event_id, "status": "accepted" if receipt == "stored" else "known"}, 202)

    def _no_database(self, error: Exception) -> NoReturn:
        log.error("The inbox's database cannot be reached: %s", type(error).__name__)
        refuse(503, "It could not be kept; send it again later.", DATABASE)


def _media(headers: Headers) -> Media:  # noqa: RET503 (refuse never returns)
    if headers.get("content-encoding", "identity") != "identity":
        refuse(415, "Send the body as it is, without Content-Encoding.")
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    for media, pattern in (("json", _JSON), ("xml", _XML), ("text", _TEXT)):
        if pattern.fullmatch(content_type):
            return media  # type: ignore[return-value]
    refuse(415, "Content-Type is that of JSON, XML or text (application/json, application/xml, text/plain, text/csv).")


def _count(media: Media, content: bytes) -> int:
    """About how many events a body holds. Refuses what is not what it says it is."""
    if media != "json":
        return 1
    try:
        return max(1, _longest(json.loads(content), 3))
    except (ValueError, RecursionError):
        refuse(400, "The body is not JSON in UTF-8.")


def _longest(value: Any, levels: int) -> int:
    """Length of the longest list within so many levels: of rows, of a FHIR Bundle's entries, of an EPCIS event list."""
    if levels == 0 or not isinstance(value, dict | list):
        return 0
    if isinstance(value, list):
        return len(value)
    return max((_longest(each, levels - 1) for each in value.values()), default=0)


async def _in_thread_if_large(content: bytes, work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work) if len(content) > _LARGE else work()
