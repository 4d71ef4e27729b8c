"""A person confirms that a code is one of our items, or rejects it; what waited for it is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row

from lotwatch import gate, master
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A code that may be an item of ours. `reason` is in both languages, `theirs` how they describe it."""

    suggestion_id: int
    system: str
    kind: Literal["item", "identifier"]
    their_code: str
    our_code: str
    item_name: str | None
    score: int
    reason: Mapping[str, str]
    theirs: Mapping[str, Any]
    package_level: str
    units_contained: int | None
    waiting: int
    state: str
    first_seen: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None


def list_suggestions(
    conn: psycopg.Connection, *, state: str | None = "proposed", suggestion_id: int | None = None, limit: int = 50
) -> list[Suggestion]:
    """Suggestions, those that most records wait for first, at most `limit`."""
    parameters = {"state": state, "suggestion": suggestion_id, "limit": limit}
    with conn.cursor(row_factory=class_row(Suggestion)) as cursor:
        return cursor.execute(query(__package__, "list_suggestions"), parameters).fetchall()


def confirm(
    conn: psycopg.Connection,
    context: RunContext,
    suggestion_id: int,
    *,
    by: str,
    note: str | None = None,
    units_contained: int | None = None,
) -> int:
    """Take a suggestion as right; return how many records of quarantine are tried again by their source's next sync.

    A code becomes a cross reference of its system, a device identifier one of the item; `units_contained` says how many
    base units a package with that identifier has, where nobody knows yet. In the caller's transaction, and written into
    the audit trail. Raises LotwatchError when it was decided already, or the code is known to be something else.
    """
    chosen = _lock(conn, suggestion_id)
    reason = note or str(chosen.reason["en"])
    if chosen.kind == "item":
        master.refer(conn, context, chosen.system, chosen.their_code, chosen.our_code, by=by, reason=reason)
    else:
        units = units_contained or chosen.units_contained
        if units is None:
            raise LotwatchError(
                f"Nobody knows how many base units a package with {chosen.their_code} has",
                where=f"suggestion {suggestion_id}",
                do="look at the package, and say how many with the confirmation",
            )
        master.identify(
            conn, context, chosen.our_code, chosen.their_code,
            package_level=chosen.package_level, units_contained=units, by=by, reason=reason,
        )  # fmt: skip
    _decide(conn, context, chosen, "confirmed", by, note)
    return _try_again(conn, context, chosen)


def reject(
    conn: psycopg.Connection, context: RunContext, suggestion_id: int, *, by: str, note: str | None = None
) -> None:
    """Take a suggestion as wrong: the same pair is not suggested again. Raises LotwatchError when it was decided."""
    _decide(conn, context, _lock(conn, suggestion_id), "rejected", by, note)


def _lock(conn: psycopg.Connection, suggestion_id: int) -> Suggestion:
    row = conn.execute(query(__package__, "lock_suggestion"), {"suggestion": suggestion_id}).fetchone()
    found = list_suggestions(conn, state=None, suggestion_id=suggestion_id)
    if row is None or not found:
        raise LotwatchError(
            "There is no such suggestion that waits for a decision",
            where=f"suggestion {suggestion_id}",
            do="look at the Matches page anew: somebody else may have decided, or the code became known",
        )
    return found[0]


def _decide(
    conn: psycopg.Connection, context: RunContext, chosen: Suggestion, state: str, by: str, note: str | None
) -> None:
    parameters = {"suggestion": chosen.suggestion_id, "state": state, "by": by, "note": note, "as_of": context.as_of}
    conn.execute(query(__package__, "decide_suggestion"), parameters)
    after = {
        "system": chosen.system, "kind": chosen.kind, "their_code": chosen.their_code, "our_code": chosen.our_code,
        "score": chosen.score,
    }  # fmt: skip
    record(
        conn,
        context,
        f"match {state}",
        "match_suggestion",
        str(chosen.suggestion_id),
        actor=by,
        after=after,
        reason=note,
    )


def _try_again(conn: psycopg.Connection, context: RunContext, chosen: Suggestion) -> int:
    parameters = {"system": chosen.system, "kind": chosen.kind, "their_code": chosen.their_code}
    waiting = [row[0] for row in conn.execute(query(__package__, "waiting_rows"), parameters)]
    if waiting:
        gate.replay(conn, context, reason=f"{chosen.their_code} is {chosen.our_code}", ids=waiting)
    return len(waiting)
