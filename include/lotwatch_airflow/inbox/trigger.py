"""Wakes `handle_events` when something has come: it listens, and looks every 30 s all the same.

The table is the truth. A notification that is lost, a triggerer that is started anew and a database that was away cost at
most one look; a run that was woken and died is woken for again after 20 s.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

#: seconds between two looks when nothing wakes it; between two bells at first, and at most while they follow one another
_SWEEP, _SHORTEST, _LONGEST = 30.0, 0.5, 4.0
#: seconds until the database is tried again
_RECONNECT = 5.0


class InboxTrigger(BaseEventTrigger):
    """Rings for each source of which bodies wait. `conn_id` is the Airflow connection of Lotwatch's database."""

    def __init__(self, conn_id: str = "lotwatch_db", sweep: float = _SWEEP) -> None:
        super().__init__()
        self.conn_id, self.sweep = conn_id, sweep

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """As Airflow keeps it."""
        return "lotwatch_airflow.inbox.trigger.InboxTrigger", {"conn_id": self.conn_id, "sweep": self.sweep}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event for all that came meanwhile: whoever is woken reads everything that waits."""
        from psycopg import OperationalError

        while True:
            try:
                async for sources in watch(await self._address(), self.sweep):
                    yield TriggerEvent({"sources": sources})
            except OperationalError as error:
                self.log.warning("The inbox cannot be watched: %s", error)
                await asyncio.sleep(_RECONNECT)

    async def _address(self) -> str:
        return await address(self.conn_id)


async def address(conn_id: str) -> str:
    """Address of a database from an Airflow connection, asked as a triggerer may ask."""
    from airflow.sdk import BaseHook
    from psycopg.conninfo import make_conninfo

    found = await BaseHook.aget_connection(conn_id)
    return make_conninfo(
        host=found.host, port=found.port, dbname=found.schema, user=found.login, password=found.password
    )


async def watch(address: str, sweep: float = _SWEEP) -> AsyncIterator[list[str]]:
    """Sources of which bodies have come to wait, again and again, at most one answer at a time.

    The first answer after a pause comes at once; while bodies keep coming, the answers do so ever less often (every 4 s
    at last): each of them costs a run, and a run reads all there is. Raises psycopg.OperationalError.
    """
    from psycopg import AsyncConnection, sql

    from lotwatch.sources import inbox

    conn = await AsyncConnection.connect(address, autocommit=True, application_name="lotwatch inbox watch")
    async with conn:
        await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(inbox.CHANNEL)))
        pause = _SHORTEST
        while True:
            sources = await inbox.announce(conn)
            if sources:
                yield sources
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST)
                continue
            async for _ in conn.notifies(timeout=sweep, stop_after=1):
                pass
            pause = _SHORTEST
