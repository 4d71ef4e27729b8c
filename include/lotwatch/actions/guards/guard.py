"""What may not be ordered, and why: before anybody is asked, and again before anything is sent.

Each guard is a query that answers the proposals and lines it refuses, with the reason in a buyer's words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.actions.guards.caps import Caps, load_caps
from lotwatch.actions.proposals import Proposal, lock
from lotwatch.audit import RunContext, record
from lotwatch.config import Words
from lotwatch.db.query import query

Stage = Literal["ask", "send"]

#: in this order; of lines, but `blocked`, which is of the whole order
LINE_GUARDS = (
    "blocked",
    "changed",
    "credential",
    "recalled",
    "quarantine",
    "duplicate",
    "maximum",
    "shelf_life",
    "stock",
    "wanted",
    "given_away",
    "ceiling",
    "price",
)
#: of what the remaining lines come to, proposal by proposal
SUM_GUARDS = ("caps", "budget")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A guard's no to a proposal, or to one line of it when `item_id` is set; `reason` in English."""

    proposal_id: int
    code: str
    item_id: int | None
    item_code: str | None
    reason: str
    reason_zh: str


def guard(
    conn: psycopg.Connection,
    proposal_ids: Sequence[int],
    stage: Stage,
    as_of: datetime,
    context: RunContext,
    caps: Caps | None = None,
) -> list[Refusal]:
    """Refuse what may not be ordered, by the shipped caps unless others are given. A proposal without a line left, or refused as a whole, ends in state `refused`.

    Must run in the transaction that then asks or sends; takes the lock that keeps two from spending one budget.
    """
    lock(conn)
    facts.live(conn, as_of)
    caps = caps or load_caps()
    common = {"as_of": as_of, "jump": caps.price_jump, "caps": Jsonb(caps.model_dump(mode="json"))}
    refusals: list[Refusal] = []
    for name in LINE_GUARDS:
        refusals += _apply(conn, name, common | {"proposals": list(proposal_ids)}, stage, context)
    passed: list[int] = []
    for proposal_id in sorted(proposal_ids):  # one by one: what is refused leaves its money to the next
        parameters = common | {"proposals": [proposal_id], "passed": passed}
        refused = [refusal for name in SUM_GUARDS for refusal in _apply(conn, name, parameters, stage, context)]
        refusals += refused
        passed += [] if refused else [proposal_id]
    _refuse_empty(conn, proposal_ids, context)
    return refusals


def refuse(
    conn: psycopg.Connection, proposal: Proposal, name: str, stage: Stage, reason: Words, context: RunContext
) -> None:
    """Refuse a proposal as a whole, for what no query of ours can see. In the transaction that would have sent it."""
    refusal = Refusal(proposal.proposal_id, proposal.code, None, None, reason.en, reason.zh)
    _write(conn, refusal, name, stage, context)
    _refuse_empty(conn, [proposal.proposal_id], context)


def _refuse_empty(conn: psycopg.Connection, proposal_ids: Sequence[int], context: RunContext) -> None:
    """What has no line left is refused."""
    refused = conn.execute(query(__package__, "refuse_proposals"), {"proposals": list(proposal_ids)}).fetchall()
    for code, reason in refused:
        record(conn, context, "order refused", "proposal", code, reason=reason)


def _apply(
    conn: psycopg.Connection, name: str, parameters: Mapping[str, object], stage: Stage, context: RunContext
) -> list[Refusal]:
    """Ask one guard, and write down what it refuses."""
    with conn.cursor(row_factory=class_row(Refusal)) as cursor:
        refused = cursor.execute(query(__package__, name), parameters).fetchall()
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
        "reason_zh": refusal.reason_zh,
    }
    conn.execute(query(__package__, "write_refusal"), parameters)
    conn.execute(query(__package__, "refuse_line"), parameters)
    if refusal.item_id is not None:
        after = {"item": refusal.item_code, "guard": name}
        record(conn, context, "line refused", "proposal", refusal.code, after=after, reason=refusal.reason)
