"""The outbox as a queue: put in once for a key, claimed by one worker, closed with what came back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from lotwatch.db.query import query

Kind = Literal[
    "erp_draft", "portal_order", "portal_change", "erp_change", "portal_case", "warehouse_task", "message",
    "message_delivery",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A claimed row. `look_first`: an earlier attempt had no clear end, so it may have arrived."""

    outbox_id: int
    kind: Kind
    key: str
    payload: dict[str, Any]
    attempts: int
    look_first: bool


def enqueue(conn: psycopg.Connection, kind: Kind, idempotency_key: str, payload: Mapping[str, Any]) -> bool:
    """Put one thing to be sent into the outbox; False when the same key is there already."""
    parameters = {"kind": kind, "key": idempotency_key, "payload": Jsonb(dict(payload))}
    return conn.execute(query(__package__, "enqueue"), parameters).rowcount == 1


def claim(conn: psycopg.Connection, lease: float) -> Row | None:
    """Take the next row that is due, marked as unclear, for `lease` seconds; None when nothing is due.

    `conn` must be in autocommit mode: the mark is committed before anything is sent. The row is also locked to this
    session until `release`, so that a worker slower than its lease is not overtaken.
    """
    while found := conn.execute(query(__package__, "claim"), {"lease": lease}).fetchone():
        row = Row(*found)
        locked = conn.execute(query(__package__, "lock"), {"outbox_id": row.outbox_id}).fetchone()
        if locked and locked[0]:
            return row
    return None


def release(conn: psycopg.Connection, row: Row) -> None:
    """This worker is done with the row."""
    conn.execute(query(__package__, "unlock"), {"outbox_id": row.outbox_id})


def try_again(
    conn: psycopg.Connection,
    row: Row,
    state: Literal["waiting", "unclear"],
    error: str,
    seconds: float,
    *,
    untried: bool,
) -> None:
    """Leave the row for later: `waiting` when nothing can have arrived, `unclear` when it may have.

    `untried`: nothing was tried this time, and it does not count as an attempt.
    """
    parameters = {"outbox_id": row.outbox_id, "state": state, "error": error, "seconds": seconds, "untried": untried}
    conn.execute(query(__package__, "again"), parameters)


def put_back(conn: psycopg.Connection, row: Row, why: str, seconds: float) -> None:
    """The row was claimed too early: it is as it was, and due again after `seconds`. It does not count as an attempt."""
    parameters = {"outbox_id": row.outbox_id, "look_first": row.look_first, "why": why, "seconds": seconds}
    conn.execute(query(__package__, "put_back"), parameters)


Closed = Literal["refused", "failed", "bounced", "failed_over"]


def close(conn: psycopg.Connection, outbox_id: int, state: Closed, error: str) -> None:
    """Nothing more is tried for this row."""
    conn.execute(query(__package__, "close"), {"outbox_id": outbox_id, "state": state, "error": error})


def close_as_sent(conn: psycopg.Connection, key: str, response: Mapping[str, Any]) -> None:
    """The recipient has it; `response` is what it said. In the transaction that records what that means."""
    conn.execute(query(__package__, "close_as_sent"), {"key": key, "response": Jsonb(dict(response))})
