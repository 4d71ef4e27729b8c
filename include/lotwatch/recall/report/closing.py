"""Closing a case and opening it again."""

from typing import Literal, NamedTuple

import psycopg
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.recall.case import Case
from lotwatch.recall.report.proof import prove
from lotwatch.recall.report.reconcile import reconcile

Against = Literal["tasks", "clocks", "review", "unknown", "units", "documents"]


class Obstacle(NamedTuple):
    """What stands against closing a case, and how much of it."""

    against: Against
    amount: int


def obstacles(conn: psycopg.Connection, case_id: int, action_kind: str) -> list[Obstacle]:
    """Open tasks, picks not called back yet, running clocks, verdicts that wait for a person, finds that nobody could name,
    units that nobody has accounted for, and, where goods are removed, units found that were neither sent back nor destroyed."""
    with conn.cursor(row_factory=class_row(Obstacle)) as cursor:
        counted = cursor.execute(query(__package__, "obstacles"), {"case_id": case_id}).fetchall()
    rows = reconcile(conn, case_id)
    counted.append(Obstacle("units", sum(abs(row.open) for row in rows)))
    if action_kind == "remove":
        counted.append(Obstacle("documents", sum(max(row.kept, 0) for row in rows)))
    return [each for each in counted if each.amount]


def close_case(
    conn: psycopg.Connection, context: RunContext, case: Case, reason: str, *, override: bool = False
) -> None:
    """The case is over. Its holds stay until they are released. Raises LotwatchError naming what stands against it, unless
    that is to be overridden, for a reason that is written down."""
    found = obstacles(conn, case.case_id, case.action_kind)
    said = ", ".join(f"{each.against}: {each.amount}" for each in found)
    if found and not override:
        raise LotwatchError("The case cannot be closed yet", where=f"{case.code} ({said})", do="settle these first")
    if not reason:
        raise LotwatchError("Say why the case is closed", where=case.code)
    parameters = {"case_id": case.case_id, "at": context.as_of, "by": context.actor}
    conn.execute(query(__package__, "close"), parameters)
    proof = prove(conn, case.case_id)
    after = {
        "overridden": {each.against: each.amount for each in found},
        "events": proof.events,
        "digest": proof.digest,
    }
    record(conn, context, "recall case closed", "recall_case", case.code, after=after, reason=reason)


def reopen_case(conn: psycopg.Connection, context: RunContext, case: Case, reason: str) -> None:
    """The case goes on. Raises LotwatchError for one that is open, or without a reason."""
    if case.state == "open":
        raise LotwatchError("The case is open", where=case.code)
    if not reason:
        raise LotwatchError("Say why the case is opened again", where=case.code)
    conn.execute(query(__package__, "reopen"), {"case_id": case.case_id})
    record(conn, context, "recall case reopened", "recall_case", case.code, reason=reason)
