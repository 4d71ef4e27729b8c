"""Deliveries of messages: rows of the outbox with a subscriber and a channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lotwatch.db.query import query
from lotwatch.outbox.queue import Kind

DELIVERY: Kind = "message_delivery"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message (`message_id`, with its `payload`) on its way to a subscriber. `tried`: the channels it has rows for."""

    outbox_id: int
    message_id: int
    message_key: str
    payload: dict[str, Any]
    subscriber: str
    channel: str
    lang: Literal["en", "zh"]
    template: str
    severity: Literal["info", "warning", "critical"]
    tried: list[str]


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery that waits for its moment; `alone`: it asks for something to be done, which a stop may keep back."""

    outbox_id: int
    message_id: int
    severity: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A delivery and what has become of it."""

    outbox_id: int
    message_id: int
    created_at: datetime
    severity: str
    template: str
    subscriber: str
    channel: str
    state: str
    attempts: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a provider told of a delivery after taking it."""

    outbox_id: int
    bounced: bool
    reason: str | None


def deliver_to(
    conn: psycopg.Connection,
    *,
    message_id: int,
    message_key: str,
    subscriber: str,
    channel: str,
    lang: str,
    template: str,
    severity: str,
    released_at: datetime | None = None,
    held_until: datetime | None = None,
) -> bool:
    """Make the delivery of a message to a subscriber by a channel; False where it was made before.

    `released_at`: it counts against the subscriber's messages an hour; `held_until`: it waits until then.
    """
    parameters = {
        "key": f"{message_key}:{subscriber}:{channel}",
        "state": "held" if held_until else "waiting",
        "until": held_until,
        "message_id": message_id,
        "subscriber": subscriber,
        "channel": channel,
        "lang": lang,
        "template": template,
        "severity": severity,
        "released_at": released_at,
    }
    return conn.execute(query(__package__, "deliver_to"), parameters).rowcount == 1


def delivery(conn: psycopg.Connection, outbox_id: int) -> Delivery:
    """The delivery of a row."""
    with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        found = cursor.execute(query(__package__, "delivery"), {"outbox_id": outbox_id}).fetchone()
    assert found is not None  # noqa: S101  # made with its row
    return found


def payloads(conn: psycopg.Connection, messages: Sequence[int]) -> list[dict[str, Any]]:
    """What messages say."""
    return [row[0] for row in conn.execute(query(__package__, "payloads"), {"messages": list(messages)})]


def lock_subscriber(conn: psycopg.Connection, subscriber: str) -> None:
    """Decide alone about this subscriber's messages until the transaction ends."""
    conn.execute(query(__package__, "lock_subscriber"), {"subscriber": subscriber})


def released(conn: psycopg.Connection, subscriber: str, since: datetime) -> list[datetime]:
    """When messages were let go to a subscriber since then."""
    found = conn.execute(query(__package__, "released"), {"subscriber": subscriber, "since": since})
    return [row[0] for row in found]


def holding(conn: psycopg.Connection, as_of: datetime) -> list[str]:
    """Subscribers for whom something is held that is due."""
    return [row[0] for row in conn.execute(query(__package__, "holding"), {"as_of": as_of})]


def held(conn: psycopg.Connection, subscriber: str, as_of: datetime) -> list[Held]:
    """What is held for a subscriber and due."""
    with conn.cursor(row_factory=class_row(Held)) as cursor:
        return cursor.execute(query(__package__, "held"), {"subscriber": subscriber, "as_of": as_of}).fetchall()


def hold(conn: psycopg.Connection, rows: Sequence[int], until: datetime) -> None:
    """Hold them on, until then."""
    conn.execute(query(__package__, "hold"), {"rows": list(rows), "until": until})


def let_go(conn: psycopg.Connection, outbox_id: int, as_of: datetime) -> None:
    """What was held goes by itself."""
    conn.execute(query(__package__, "let_go"), {"outbox_id": outbox_id, "as_of": as_of})


def gather(conn: psycopg.Connection, rows: Sequence[int], key: str, payload: dict[str, Any]) -> int:
    """What was held goes with one digest: its number among the messages."""
    made = conn.execute(query(__package__, "make_digest"), {"key": key, "payload": Jsonb(payload)}).fetchone()
    assert made is not None  # noqa: S101  # a row is gathered once, so its key is new
    conn.execute(query(__package__, "gather"), {"rows": list(rows), "digest_id": made[0]})
    return int(made[0])


def note_accepted(conn: psycopg.Connection, outbox_id: int, accepted: Sequence[str]) -> None:
    """Some of a delivery's addresses have it: they are not sent it again."""
    conn.execute(query(__package__, "note_accepted"), {"outbox_id": outbox_id, "accepted": Jsonb(list(accepted))})


def heard(conn: psycopg.Connection, key: str) -> bool:
    """Whether the provider told that it took the delivery with this key."""
    row = conn.execute(query(__package__, "heard"), {"key": key}).fetchone()
    return bool(row and row[0])


def hear(conn: psycopg.Connection, since: datetime) -> list[Heard]:
    """What providers told of what they took since then: delivered becomes so; what came back is the caller's to decide."""
    with conn.cursor(row_factory=class_row(Heard)) as cursor:
        return cursor.execute(query(__package__, "hear"), {"since": since}).fetchall()


def send_again(conn: psycopg.Connection, outbox_id: int) -> bool:
    """Have a delivery sent that was given up or came back; False where it is not one of those."""
    return conn.execute(query(__package__, "send_again"), {"outbox_id": outbox_id}).rowcount == 1


def list_deliveries(
    conn: psycopg.Connection,
    *,
    message_id: int | None = None,
    state: str | None = None,
    subscriber: str | None = None,
    most: int = 200,
) -> list[Listed]:
    """The latest deliveries first, of one message or in one state where told."""
    parameters = {"message_id": message_id, "state": state, "subscriber": subscriber, "most": most}
    with conn.cursor(row_factory=class_row(Listed)) as cursor:
        return cursor.execute(query(__package__, "list_deliveries"), parameters).fetchall()
