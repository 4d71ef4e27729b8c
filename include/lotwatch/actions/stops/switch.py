"""The stop switch: what it covers is neither asked for nor sent until it is lifted. Nothing is refused for good."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.errors import LockNotAvailable
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError

Scope = Literal["all", "region", "rule", "supplier"]


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop; `key` is the region, rule or supplier code, or empty for everything. Not lifted: in force."""

    number: int
    scope: Scope
    key: str
    reason: str
    set_by: str
    set_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None


def stop(conn: psycopg.Connection, scope: Scope, key: str, reason: str, context: RunContext, who: str) -> int | None:
    """Put a stop in force; returns its number, None where the same one is in force.

    Once this transaction is committed nothing it covers begins to be sent. What is being sent now is waited for, a
    moment at most. Raises LotwatchError where there is no such thing, or no reason.
    """
    if not reason.strip():
        raise LotwatchError("A stop needs a reason", where=f"stop {scope} {key}".strip(), do="say why")
    found = conn.execute(query(__package__, "stop_subject"), {"scope": scope, "key": key}).fetchone()
    if found is None or not found[0]:
        raise LotwatchError(
            f"There is no {scope} {key or 'without a name'}" if scope != "all" else "Everything has no name",
            where=f"stop {scope} {key}".strip(),
            do="name a region or supplier as the master data do, a rule with its id as alerts do, and everything with nothing",
        )
    with conn.transaction():
        parameters = {"scope": scope, "key": key, "reason": reason, "who": who, "as_of": context.as_of}
        row = conn.execute(query(__package__, "stop"), parameters).fetchone()
        if row is None:
            return None
        record(conn, context, "actions stopped", "stop", _name(scope, key), actor=who, reason=reason)
        _wait_for_senders(conn)
        return int(row[0])


def resume(conn: psycopg.Connection, number: int, reason: str, context: RunContext, who: str) -> None:
    """Lift a stop: what it kept back is asked for and sent by the next runs. Raises LotwatchError where none is in force."""
    if not reason.strip():
        raise LotwatchError("To lift a stop needs a reason", where=f"stop {number}", do="say why")
    with conn.transaction():
        parameters = {"number": number, "who": who, "as_of": context.as_of}
        row = conn.execute(query(__package__, "resume"), parameters).fetchone()
        if row is None:
            raise LotwatchError(f"Stop {number} is not in force", where=f"stop {number}", do="see `lotwatch stop list`")
        record(conn, context, "actions resumed", "stop", _name(*row), actor=who, reason=reason)


def stops_in_force(conn: psycopg.Connection, *, lifted: bool = False) -> list[Stop]:
    """The stops in force, the newest first, at most 200; with `lifted` those that were, too."""
    with conn.cursor(row_factory=class_row(Stop)) as cursor:
        return cursor.execute(query(__package__, "stops"), {"lifted": lifted}).fetchall()


@contextmanager
def sending(conn: psycopg.Connection, payload: Mapping[str, Any]) -> Iterator[str | None]:
    """Around the sending of a row of the outbox: says what stops it, else None, and no stop comes in between.

    `conn` must be in autocommit mode.
    """
    parameters = {"proposal_id": payload.get("proposal_id"), "task_id": payload.get("task_id")}
    if parameters == {"proposal_id": None, "task_id": None}:  # it is about no proposal
        yield None
        return
    conn.execute(query(__package__, "begin_sending"))
    try:
        rows = conn.execute(query(__package__, "stops_of_row"), parameters).fetchall()
        yield "; ".join(f"Stopped ({_name(scope, key)}): {reason}" for scope, key, reason in rows) or None
    finally:
        conn.execute(query(__package__, "end_sending"))


def _wait_for_senders(conn: psycopg.Connection) -> None:
    """A recipient that does not answer must not hold up a stop: then what is on its way to it is let go."""
    try:
        with conn.transaction():
            conn.execute(query(__package__, "wait_for_senders"))
            conn.execute(query(__package__, "lock_stops"))
    except LockNotAvailable:
        pass


def _name(scope: str, key: str) -> str:
    return f"{scope} {key}".strip()
