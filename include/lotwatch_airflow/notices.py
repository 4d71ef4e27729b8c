"""Wakes `receive_notices` when a notice was posted: it listens. What it misses, the run of every 5 minutes finds."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from lotwatch_airflow.inbox.trigger import address

#: seconds in which notices that follow one another are one bell; until the database is tried again
_TOGETHER, _RECONNECT = 0.5, 5.0


class NoticeTrigger(BaseEventTrigger):
    """Rings for notices. `conn_id` is the Airflow connection of Lotwatch's database."""

    def __init__(self, conn_id: str = "lotwatch_db") -> None:
        super().__init__()
        self.conn_id = conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """As Airflow keeps it."""
        return "lotwatch_airflow.notices.NoticeTrigger", {"conn_id": self.conn_id}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event for all that came meanwhile: whoever is woken reads everything that waits."""
        from psycopg import OperationalError

        while True:
            try:
                async for _ in watch(await address(self.conn_id)):
                    yield TriggerEvent({})
            except OperationalError as error:
                self.log.warning("Notices cannot be watched: %s", error)
                await asyncio.sleep(_RECONNECT)


async def watch(address: str) -> AsyncIterator[None]:
    """Again and again, when there is a notice to read: at the start, and whenever one is posted.

    Raises psycopg.OperationalError.
    """
    from psycopg import AsyncConnection, sql

    from lotwatch.recall.cases import CHANNEL, is_unread

    conn = await AsyncConnection.connect(address, autocommit=True, application_name="lotwatch notices watch")
    async with conn:
        await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        if await is_unread(conn):
            yield
        while True:
            async for _ in conn.notifies(stop_after=1):
                pass
            yield
            await asyncio.sleep(_TOGETHER)
