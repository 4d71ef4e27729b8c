"""Tells who listens that a notice was posted, or that stock came which a known one concerns."""

from typing import cast

import psycopg

from lotwatch.db.query import query

#: where one listens
CHANNEL = "lotwatch_notices"


def wake(conn: psycopg.Connection) -> None:
    """Wake whoever listens on `CHANNEL`, once the caller's transaction is committed."""
    conn.execute(query(__package__, "wake"), {"channel": CHANNEL})


async def is_unread(conn: psycopg.AsyncConnection) -> bool:
    """Whether a notice says something that nobody has compared with what is ours."""
    cursor = await conn.execute(query(__package__, "is_unread"))
    return cast("tuple[bool]", await cursor.fetchone())[0]
