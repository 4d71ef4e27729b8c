"""What is received from outside without Airflow's login: bounded in size, time and number, and told in the same words."""

import asyncio
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from lotwatch_airflow.inbox.limits import Lag, Limits

log = logging.getLogger(__name__)

#: seconds after which to come again: when the database is away, when the server is busy
DATABASE, BUSY = 5, 2


def refuse(status: int, error: str, retry_after: float | None = None) -> NoReturn:
    """End the request with this answer."""
    headers = {"Retry-After": str(max(1, math.ceil(retry_after)))} if retry_after is not None else None
    raise HTTPException(status, error, headers)


def tell(_: Request, error: Exception) -> Response:
    """The answer to a refused request."""
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for it
    headers = dict(error.headers or {}) | {"Cache-Control": "no-store"}
    return JSONResponse({"error": error.detail}, error.status_code, headers)


def tell_fault(_: Request, error: Exception) -> Response:
    """The answer to a request that broke something here."""
    log.error("What was received could not be answered", exc_info=error)
    return JSONResponse({"error": "An error of ours; send it again later."}, 503, {"Retry-After": str(DATABASE)})


class Receiving:
    """Takes in bodies within `limits`."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self.lag = Lag(clock)
        self.open = self._open_bytes = 0

    def size(self, headers: Headers) -> int:
        """How many bytes are announced; the most there may be where it is not said."""
        written = headers.get("content-length")
        if written is None:
            return self._limits.body
        if not (written.isascii() and written.isdigit()):
            refuse(400, "Content-Length is not a number.")
        if int(written) > self._limits.body:
            self._too_large()
        return int(written)

    @contextmanager
    def place(self, size: int) -> Iterator[None]:
        """A place among the messages that are being received, or 429."""
        limits = self._limits
        self.lag.measure()
        if self.open >= limits.open or self._open_bytes + size > limits.open_bytes:
            refuse(429, "Too much is being received at once; send it again later.", 1)
        if self.lag.seconds > limits.lag:
            refuse(429, "The server is busy; send it again later.", BUSY)
        self.open += 1
        self._open_bytes += size
        try:
            yield
        finally:
            self.open -= 1
            self._open_bytes -= size

    async def content(self, request: Request) -> bytes:
        """The whole body, if it comes in time."""
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._limits.patience):
                async for part in request.stream():
                    size += len(part)
                    if size > self._limits.body:
                        self._too_large()
                    parts.append(part)
        except TimeoutError:
            refuse(503, f"The body did not come within {self._limits.patience:.0f} s; send it again.", BUSY)
        except ClientDisconnect:
            refuse(400, "The body ended early.")
        return b"".join(parts)

    def _too_large(self) -> NoReturn:
        refuse(413, f"A body may have {self._limits.body} bytes; send several messages.")
