"""Commits what came at the same time together: one transaction, one commit and one notification for all of it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

import psycopg
from psycopg_pool import AsyncConnectionPool

from lotwatch.sources import inbox

#: bodies and bytes in one transaction
_MOST, _MOST_BYTES = 200, 8 * 1024 * 1024
#: seconds after which the backlog is counted anew
_COUNTED = 1.0
_PATIENCE = "-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"
_Waiting = tuple[inbox.Body, "asyncio.Future[inbox.Receipt]"]


class Committer:
    """Keeps bodies in the inbox. While one transaction is being committed, what comes is gathered for the next one.

    `address` of the database is asked once, in a thread. Everything happens in the event loop of the first call.
    """

    def __init__(self, address: Callable[[], str], clock: Callable[[], float]) -> None:
        self._address, self._clock = address, clock
        self._pool: AsyncConnectionPool | None = None
        self._opening = asyncio.Lock()
        self._counting = asyncio.Lock()
        self._backlog, self._counted_at = 0, float("-inf")
        self._waiting: deque[_Waiting] = deque()
        self._running: asyncio.Task[None] | None = None

    async def keep(self, body: inbox.Body) -> inbox.Receipt:
        """Returns once the body is committed. Raises psycopg.Error: it is not known to have been kept."""
        future: asyncio.Future[inbox.Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await future

    async def backlog(self) -> int:
        """Events that wait to be read, as counted at most a second ago. Raises psycopg.Error."""
        async with self._counting:
            if self._clock() - self._counted_at > _COUNTED:
                async with (await self._opened()).connection() as conn:
                    self._backlog = await inbox.backlog(conn)
                self._counted_at = self._clock()
        return self._backlog

    async def close(self) -> None:
        """Commit what waits, and close the connections; the next message opens them again."""
        if self._running is not None:
            await self._running
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._commit(self._next())
        finally:
            self._running = None

    def _next(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        size = 0
        while self._waiting and len(taken) < _MOST and size < _MOST_BYTES:
            taken.append(self._waiting.popleft())
            size += len(taken[-1][0].content)
        return taken

    async def _commit(self, taken: list[_Waiting]) -> None:
        try:
            receipts = await self._receive([body for body, _ in taken])
        except Exception as error:  # noqa: BLE001 (whatever it is, who asked is waiting)
            for _, future in taken:
                with contextlib.suppress(asyncio.InvalidStateError):  # who asked has gone
                    future.set_exception(error)
        else:
            for (_, future), receipt in zip(taken, receipts, strict=True):
                with contextlib.suppress(asyncio.InvalidStateError):
                    future.set_result(receipt)

    async def _receive(self, bodies: list[inbox.Body]) -> list[inbox.Receipt]:
        """Once more over a new connection when the first had died: what was kept after all is then known."""
        try:
            async with (await self._opened()).connection() as conn:
                return await inbox.receive(conn, bodies)
        except psycopg.OperationalError:
            async with (await self._opened()).connection() as conn:
                return await inbox.receive(conn, bodies)

    async def _opened(self) -> AsyncConnectionPool:
        async with self._opening:
            if self._pool is None:
                pool = AsyncConnectionPool(
                    await asyncio.to_thread(self._address),
                    kwargs={"options": _PATIENCE, "application_name": "lotwatch inbox", "connect_timeout": 5},
                    min_size=0,
                    max_size=2,
                    timeout=5,
                    open=False,
                )
                await pool.open()
                self._pool = pool
            return self._pool
