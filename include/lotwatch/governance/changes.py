"""Change sets: each holds all that would be in force of its kind, and waits for a second person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError

Kind = Literal["rules", "budget", "approval_policy"]
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A change set. `decision` is None while it waits; `based_on` is what was in force when it was submitted; `effect` what
    it would do, as its kind tells it (None: it was not tried)."""

    change_set_id: int
    kind: Kind
    content: dict[str, Any]
    based_on: int | None
    released: bool
    reason: str
    submitted_by: str
    submitted_at: datetime
    decision: Literal["activated", "rejected"] | None
    decided_by: str | None
    decided_at: datetime | None
    effect: list[dict[str, Any]] | None


def active(conn: psycopg.Connection[Any], kind: Kind) -> Change | None:
    """What is in force; None: nothing was ever activated."""
    with conn.cursor(row_factory=class_row(Change)) as cursor:
        return cursor.execute(query(__package__, "active"), {"kind": kind}).fetchone()


def changes(conn: psycopg.Connection[Any], kind: Kind | None = None, *, pending: bool, limit: int = 50) -> list[Change]:
    """Change sets, the latest first: those that wait, or all."""
    with conn.cursor(row_factory=class_row(Change)) as cursor:
        parameters = {"kind": kind, "pending": pending, "limit": limit}
        return cursor.execute(query(__package__, "changes"), parameters).fetchall()


def change(conn: psycopg.Connection[Any], change_set_id: int) -> Change:
    """One change set. Raises LotwatchError when there is none of that number."""
    with conn.cursor(row_factory=class_row(Change)) as cursor:
        found = cursor.execute(query(__package__, "change"), {"change_set_id": change_set_id}).fetchone()
    if found is None:
        raise LotwatchError(
            f"There is no change set {change_set_id}", do="see the board's Rules page, or: lotwatch rules versions"
        )
    return found


def differences(before: Content, after: Content) -> dict[str, list[str]]:
    """Which keys were `added`, `removed` or `changed`."""
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(key for key in after.keys() & before.keys() if after[key] != before[key]),
    }


def release(conn: psycopg.Connection, kind: Kind, content: Content, as_of: datetime) -> Change:
    """What is in force; where nothing ever was, that is from now on what was shipped: no second person is there yet."""
    found = active(conn, kind)
    if found is not None:
        return found
    context = RunContext("release", f"release__{as_of.isoformat()}", "manual", kind, -1, 1, None, as_of, "release")
    with conn.transaction():
        parameters = {"kind": kind, "content": Jsonb(dict(content)), "as_of": as_of}
        row = conn.execute(query(__package__, "release"), parameters).fetchone()
        if row is not None:  # else another was quicker
            record(conn, context, "change activated", "change_set", str(row[0]), after={"kind": kind, "released": True})
    found = active(conn, kind)
    assert found is not None  # noqa: S101  # by now one was released
    return found


def submit(
    conn: psycopg.Connection,
    context: RunContext,
    kind: Kind,
    content: Content,
    *,
    reason: str,
    effect: Sequence[Mapping[str, Any]] | None = None,
) -> int:
    """Ask for this to be in force; return the number of the change set. Raises LotwatchError for no reason or no change."""
    if not reason.strip():
        raise LotwatchError("A change needs a reason", do="say why, for who has to agree")
    with conn.transaction():
        _lock(conn)
        before = active(conn, kind)
        if before and before.content == content:
            raise LotwatchError("That is in force already: nothing is submitted")
        parameters = {
            "kind": kind,
            "content": Jsonb(dict(content)),
            "based_on": before and before.change_set_id,
            "reason": reason,
            "by": context.actor,
            "as_of": context.as_of,
            "effect": None if effect is None else Jsonb(list(effect)),
        }
        row = conn.execute(query(__package__, "submit"), parameters).fetchone()
        assert row is not None  # noqa: S101 (the statement always answers one row)
        after: dict[str, Any] = {"kind": kind} | differences(before.content if before else {}, content)
        record(conn, context, "change submitted", "change_set", str(row[0]), after=after, reason=reason)
        return int(row[0])


def activate(conn: psycopg.Connection, context: RunContext, change_set_id: int, kind: Kind) -> Change:
    """Put a change set of this kind in force; return it. Raises LotwatchError when it was decided, when the actor submitted
    it, or when something else was activated since."""
    with conn.transaction():
        wanted = _undecided(conn, change_set_id)
        if wanted.kind != kind:
            raise LotwatchError(f"Change set {change_set_id} is of another kind: {wanted.kind}")
        if _same(context.actor, wanted.submitted_by):
            raise LotwatchError(
                f"{wanted.submitted_by} submitted change set {change_set_id} and cannot activate it",
                do="let a second person look at it and activate it",
            )
        before = active(conn, wanted.kind)
        if (before and before.change_set_id) != wanted.based_on:
            raise LotwatchError(
                f"Something else was activated since change set {change_set_id} was submitted",
                do="look at the difference, and submit it again",
            )
        _decide(conn, context, wanted, "activated", None)
        return change(conn, change_set_id)


def reject(conn: psycopg.Connection, context: RunContext, change_set_id: int, *, reason: str) -> None:
    """Put a change set aside; who submitted it may, too. Raises LotwatchError when it was decided already."""
    with conn.transaction():
        _decide(conn, context, _undecided(conn, change_set_id), "rejected", reason)


def _decide(conn: psycopg.Connection, context: RunContext, wanted: Change, decision: str, reason: str | None) -> None:
    parameters = {
        "change_set_id": wanted.change_set_id,
        "decision": decision,
        "by": context.actor,
        "as_of": context.as_of,
    }
    conn.execute(query(__package__, "decide"), parameters)
    after = {"kind": wanted.kind, "submitted_by": wanted.submitted_by}
    record(conn, context, f"change {decision}", "change_set", str(wanted.change_set_id), after=after, reason=reason)


def _undecided(conn: psycopg.Connection, change_set_id: int) -> Change:
    _lock(conn)
    wanted = change(conn, change_set_id)
    if wanted.decision is not None:
        raise LotwatchError(f"Change set {change_set_id} was {wanted.decision} by {wanted.decided_by}")
    return wanted


def _lock(conn: psycopg.Connection) -> None:
    conn.execute(query(__package__, "lock"))


def _same(one: str, other: str) -> bool:
    return one.strip().lower() == other.strip().lower()
