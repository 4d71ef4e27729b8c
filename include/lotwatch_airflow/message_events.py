"""Where providers tell what became of messages: POST /lotwatch-messages/v1/{channel}, without Airflow's login.

What is signed by the provider is kept and answered with 204; see docs/channels.md.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import psycopg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lotwatch.delivery.events import MessageEvent, record_events
from lotwatch.errors import LotwatchError
from lotwatch_airflow.inbox.keys import KeyRing
from lotwatch_airflow.inbox.limits import Bucket, Limits
from lotwatch_airflow.inbox.receiving import DATABASE, Receiving, refuse, tell, tell_fault

log = logging.getLogger(__name__)

MOUNT = "/lotwatch-messages"
#: SendGrid posts 768 kB at most
_LIMITS = Limits(body=1024 * 1024, rate=20, burst=40, open=16, open_bytes=8 * 1024 * 1024)
_PATIENCE = "-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"


class Reader(Protocol):
    """Reads what a provider posts: None where it did not sign it. Raises ValueError for what cannot be read."""

    def read(
        self, headers: Mapping[str, str], query: str, content: bytes, now: datetime
    ) -> list[MessageEvent] | None: ...


Readers = Mapping[str, Reader]


def message_events_of_airflow() -> Starlette:
    """The door as Airflow mounts it."""
    from lotwatch_airflow.board.database import WRITES, airflow_address

    return create_app(airflow_readers, lambda: airflow_address(WRITES))


def airflow_readers() -> Readers:
    """The channels whose provider tells what became of messages, and may: its connection has what is needed to know it."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowException

    from lotwatch.delivery.channels.config import load_channels

    found: dict[str, Reader] = {}
    for name, channel in load_channels().items():
        if channel.kind not in _MAKERS:
            continue
        try:
            reader = _MAKERS[channel.kind](BaseHook.get_connection(channel.connection))
        except AirflowException:
            continue  # it is not set up
        except LotwatchError as error:
            log.error("What became of messages of %s cannot be told: %s", name, error)
            continue
        if reader is not None:
            found[name] = reader
    return found


def _sendgrid(known: Any) -> Reader | None:
    from lotwatch.delivery.channels.sendgrid_events import SendGridEvents

    key = known.extra_dejson.get("events_key")
    return SendGridEvents(key) if key else None


def _twilio(known: Any) -> Reader | None:
    from lotwatch.delivery.channels.twilio_events import TwilioEvents

    callback = known.extra_dejson.get("callback")
    return TwilioEvents(known.password, callback) if callback and known.password else None


_MAKERS: Mapping[str, Callable[[Any], Reader | None]] = {"sendgrid": _sendgrid, "twilio": _twilio}


def create_app(
    readers: Callable[[], Readers],
    address: Callable[[], str],
    *,
    limits: Limits = _LIMITS,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """An ASGI application. `readers` by name of their channel and `address` of the database are asked in a thread."""
    door = _Door(readers, address, limits, now, clock)
    return Starlette(
        routes=[Route("/v1/{channel}", door.receive, methods=["POST"])],
        exception_handlers={HTTPException: tell, Exception: tell_fault},
    )


class _Door:
    def __init__(
        self,
        readers: Callable[[], Readers],
        address: Callable[[], str],
        limits: Limits,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._limits, self._address, self._now, self._clock = limits, address, now, clock
        self._readers: KeyRing[Readers] = KeyRing(lambda _: readers(), clock)
        self._receiving = Receiving(limits, clock)
        self._buckets: dict[str, Bucket] = {}

    async def receive(self, request: Request) -> Response:
        """POST /v1/{channel}: 204 once the events are committed."""
        name = request.path_params["channel"]
        size = self._receiving.size(request.headers)
        with self._receiving.place(size):
            reader = (await self._known()).get(name)
            if reader is None:
                refuse(404, "No channel of this name is told what became of its messages.")
            content = await self._receiving.content(request)
            try:
                events = await asyncio.to_thread(reader.read, request.headers, request.url.query, content, self._now())
            except (ValueError, RecursionError):
                refuse(400, "The body is signed, and cannot be read.")
            if events is None:
                refuse(401, "It is not signed by the provider, or was signed long ago.")
            if len(events) > self._limits.events:
                refuse(413, f"A message may hold {self._limits.events} events; send several.")
            self._take_turn(name)
            try:
                await asyncio.to_thread(self._keep, name, events)
            except (psycopg.Error, OSError) as error:
                log.error("What became of messages could not be kept: %s", type(error).__name__)
                refuse(503, "It could not be kept; send it again later.", DATABASE)
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def _known(self) -> Readers:
        try:
            return await self._readers.login("")
        except LotwatchError as error:
            log.error("The channels cannot be told: %s", error)
            refuse(503, "The channels cannot be used; those who run them can read why.", DATABASE)

    def _take_turn(self, name: str) -> None:
        """Only what is signed counts, so that strangers cannot use it up."""
        bucket = self._buckets.setdefault(name, Bucket(self._limits.rate, self._limits.burst, self._clock()))
        wait = bucket.take(self._clock())
        if wait:
            refuse(429, f"A channel may tell {self._limits.rate:g} times a second.", wait)

    def _keep(self, name: str, events: Sequence[MessageEvent]) -> None:
        if events:
            with psycopg.connect(
                self._address(), options=_PATIENCE, application_name="lotwatch messages", connect_timeout=5
            ) as conn:
                record_events(conn, name, events)
