"""Clocks of a case: started by what binds us, withdrawn when it does so no longer, met with evidence."""

from datetime import datetime

import psycopg

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.recall.case import Case
from lotwatch.recall.clocks.duties import Duties, Duty


def keep_clocks(conn: psycopg.Connection, context: RunContext, case: Case, duties: Duties) -> int:
    """Start the clocks that the case starts, withdraw those whose duty binds us no longer, meet those that events met.

    Returns how many were started. A clock that was met stays so.
    """
    binding = [duty for duty in duties.duties if duty.binds(case)]
    started = sum(_start(conn, context, case, duties, duty) for duty in binding if duty.starts_with(case))
    # a duty of an incident stays once somebody has started it
    kept = [duty.id for duty in binding if duty.starts_with(case) or duty.trigger == "incident"]
    parameters = {"case_id": case.case_id, "kept": kept, "at": context.as_of}
    for (duty_id,) in conn.execute(query(__package__, "withdraw"), parameters).fetchall():
        _record(conn, context, case, "clock withdrawn", duty_id)
    for event, met_at, evidence in conn.execute(query(__package__, "events"), {"case_id": case.case_id}).fetchall():
        for duty in binding:
            if duty.met_by == event:
                _meet(conn, context, case, duty.id, met_at, "lotwatch", evidence)
    return started


def start_incident(
    conn: psycopg.Connection, context: RunContext, case: Case, duties: Duties, duty_id: str, happened_at: datetime
) -> None:
    """Start the clock of an incident report, counted from when the incident was known.

    Raises LotwatchError for what is no duty of ours in this case, or a moment that is not in the past.
    """
    duty = duties.get(duty_id)
    if duty is None or duty.trigger != "incident" or not duty.binds(case):
        raise LotwatchError("This is no incident report that binds us here", where=f"{case.code}, {duty_id}")
    if happened_at > context.as_of:
        raise LotwatchError("The incident is in the future", where=case.code, do="say when it became known")
    if not _start(conn, context, case, duties, duty, happened_at):
        raise LotwatchError("The clock runs already", where=f"{case.code}, {duty_id}")


def meet(conn: psycopg.Connection, context: RunContext, case: Case, duty_id: str, evidence: str) -> None:
    """Note that a duty was met, and what shows it. Raises LotwatchError when no such clock runs."""
    if not _meet(conn, context, case, duty_id, context.as_of, context.actor, evidence):
        raise LotwatchError("No such clock runs", where=f"{case.code}, {duty_id}", do="look at the case again")


def _start(
    conn: psycopg.Connection, context: RunContext, case: Case, duties: Duties, duty: Duty, at: datetime | None = None
) -> bool:
    starts_at = at or case.opened_at
    parameters = {
        "case_id": case.case_id,
        "duty_id": duty.id,
        "starts_at": starts_at,
        "due_at": duties.due(duty, starts_at),
    }
    started = conn.execute(query(__package__, "start"), parameters).rowcount == 1
    if started:
        _record(conn, context, case, "clock started", duty.id, due_at=parameters["due_at"])
    return started


def _meet(
    conn: psycopg.Connection,
    context: RunContext,
    case: Case,
    duty_id: str,
    met_at: datetime,
    met_by: str,
    evidence: str,
) -> bool:
    parameters = {
        "case_id": case.case_id,
        "duty_id": duty_id,
        "met_at": met_at,
        "met_by": met_by,
        "evidence": evidence,
    }
    met = conn.execute(query(__package__, "meet"), parameters).rowcount == 1
    if met:
        _record(conn, context, case, "clock met", duty_id, met_by=met_by, evidence=evidence)
    return met


def _record(
    conn: psycopg.Connection, context: RunContext, case: Case, action: str, duty_id: str, **after: object
) -> None:
    record(conn, context, action, "recall_case", case.code, after={"duty": duty_id} | after)
