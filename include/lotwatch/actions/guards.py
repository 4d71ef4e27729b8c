"""What may not be ordered, and why: before anybody is asked, and again before anything is sent.

Each guard is a query that answers the proposals and lines it refuses, with the reason in a buyer's words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg
from psycopg.rows import class_row

from lotwatch import facts
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query

Stage = Literal["ask", "send"]

#: of lines, in this order; the budget comes last, for what the remaining lines cost
LINE_GUARDS = ("credential", "duplicate", "maximum", "stock")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A guard's no to a proposal, or to one line of it when `item_id` is set."""

    proposal_id: int
    code: str
    item_id: int | None
    item_code: str | None
    reason: str


def guard(
    conn: psycopg.Connection, proposal_ids: Sequence[int], stage: Stage, as_of: datetime, context: RunContext
) -> list[Refusal]:
    """Refuse what may not be ordered. A proposal without a line left, or refused as a whole, ends in state `refused`.

    Must run in the transaction that then asks or sends; takes the lock that keeps two from spending one budget.
    """
    conn.execute(query(__package__, "lock_proposals"))
    facts.live(conn, as_of)
    refusals: list[Refusal] = []
    for name in LINE_GUARDS:
        refusals += _apply(conn, name, {"proposals": list(proposal_ids), "as_of": as_of}, stage, context)
    passed: list[int] = []
    for proposal_id in sorted(proposal_ids):  # one by one: what is refused leaves its money to the next
        parameters = {"proposals": [proposal_id], "passed": passed, "as_of": as_of}
        refused = _apply(conn, "budget", parameters, stage, context)
        refusals += refused
        passed += [] if refused else [proposal_id]
    for code, reason in conn.execute(
        query(__package__, "refuse_proposals"), {"proposals": list(proposal_ids)}
    ).fetchall():
        record(conn, context, "order refused", "proposal", code, reason=reason)
    return refusals


def _apply(
    conn: psycopg.Connection, name: str, parameters: Mapping[str, object], stage: Stage, context: RunContext
) -> list[Refusal]:
    """Ask one guard, and write down what it refuses."""
    with conn.cursor(row_factory=class_row(Refusal)) as cursor:
        refused = cursor.execute(query(__package__, f"guard_{name}"), parameters).fetchall()
    for refusal in refused:
        _write(conn, refusal, name, stage, context)
    return refused


def _write(conn: psycopg.Connection, refusal: Refusal, name: str, stage: Stage, context: RunContext) -> None:
    parameters = {
        "proposal_id": refusal.proposal_id,
        "item_id": refusal.item_id,
        "guard": name,
        "stage": stage,
        "reason": refusal.reason,
    }
    conn.execute(query(__package__, "write_refusal"), parameters)
    conn.execute(query(__package__, "refuse_line"), parameters)
    if refusal.item_id is not None:
        after = {"item": refusal.item_code, "guard": name}
        record(conn, context, "line refused", "proposal", refusal.code, after=after, reason=refusal.reason)
