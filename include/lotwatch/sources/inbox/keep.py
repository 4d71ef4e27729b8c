"""Keeps what is pushed, many bodies in one transaction, and tells whose turn it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import psycopg

from lotwatch.db.query import query

#: the notification that says: bodies have come
CHANNEL = "lotwatch_inbox"
#: seconds after which a body that was announced and not read is announced again
AGAIN_AFTER = 20
Media = Literal["json", "xml", "text"]


@dataclass(frozen=True, slots=True)
class Body:
    """One body as it was received: whose, under which id of the sender's, signed by which key, with how many events."""

    source: str
    event_id: str
    key_id: str
    media: Media
    events: int
    content: bytes


#: stored: it is kept now; known: it was kept before; different: under its id another body was kept before
Receipt = Literal["stored", "known", "different"]


async def receive(conn: psycopg.AsyncConnection, bodies: Sequence[Body]) -> list[Receipt]:
    """Keep the bodies, each id of a source once for ever; returns what became of each, in their order.

    One transaction, committed when this returns; who listens on `CHANNEL` is woken by it. Raises psycopg.Error: then
    nothing may be said to have been kept.
    """
    digests = [sha256(body.content).digest() for body in bodies]
    ids = {"source": [body.source for body in bodies], "event_id": [body.event_id for body in bodies]}
    parameters = ids | {
        "key_id": [body.key_id for body in bodies],
        "media": [body.media for body in bodies],
        "events": [body.events for body in bodies],
        "digest": digests,
        "body": [body.content for body in bodies],
    }
    async with conn.transaction(), conn.cursor(binary=True) as cursor:
        await cursor.execute(query(__package__, "receive"), parameters)
        fresh = set(await cursor.fetchall())
        kept = {}
        if len(fresh) < len(bodies):
            await cursor.execute(query(__package__, "digests"), ids)
            kept = {(source, event_id): digest for source, event_id, digest in await cursor.fetchall()}
        if fresh:
            await cursor.execute(query(__package__, "notify"), {"channel": CHANNEL})
    return [_receipt(body, digest, fresh, kept) for body, digest in zip(bodies, digests, strict=True)]


def _receipt(body: Body, digest: bytes, fresh: set[tuple[str, str]], kept: dict[tuple[str, str], bytes]) -> Receipt:
    key = (body.source, body.event_id)
    if kept and kept.get(key) != digest:
        return "different"
    if key in fresh:
        fresh.discard(key)  # the same id twice in one transaction: the first is stored, the second known
        return "stored"
    return "known"


async def announce(conn: psycopg.AsyncConnection) -> list[str]:
    """Sources whose bodies wait and were not announced in the last 20 s, in the order of their names.

    They count as announced when this returns (`conn` in autocommit mode). Two who ask at once share them.
    """
    cursor = await conn.execute(query(__package__, "announce"), {"again_after": AGAIN_AFTER})
    return [source for (source,) in await cursor.fetchall()]


async def backlog(conn: psycopg.AsyncConnection) -> int:
    """Events that wait to be read, of all sources."""
    cursor = await conn.execute(query(__package__, "backlog"))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


def waiting_sources(conn: psycopg.Connection) -> list[str]:
    """Sources with bodies that wait, the longest waiting first."""
    return [source for (source,) in conn.execute(query(__package__, "waiting")).fetchall()]
