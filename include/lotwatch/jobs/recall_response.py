"""The response to a recall: clocks, units located, tasks written, everybody told until they answer; and mock recalls."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from lotwatch import outbox
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.delivery.messages import MOST_ROWS
from lotwatch.delivery.people import About, People
from lotwatch.recall import clocks, drill, tasks
from lotwatch.recall.case import Case, lock_case, open_codes

__all__ = ["open_codes", "respond", "start_drill"]

Counts = dict[str, int]
#: who is told at a site; a supplier is told under its code, if it is a subscriber, and else by whoever buys from it
SITE_ROLES = ("recall", "quality", "warehouse")
SUPPLIER_ROLE = "buyer"
_BOARD = "/plugin/lotwatch/lotwatch/recalls"


def respond(conn: psycopg.Connection, context: RunContext, case_code: str, people: People) -> Counts:
    """Do all that a case asks for now: locate, start clocks, write tasks, tell whoever was not told or has not answered.

    One transaction: what a worker that died had begun is done again, and nothing is done twice. For a case that is closed, or
    in a backfilled run, nothing. Raises LotwatchError for a code that is no case.
    """
    if context.backfilled:
        return {}
    duties = clocks.load_duties()
    with conn.transaction():
        case = lock_case(conn, case_code)
        if case.state == "closed":
            return {}
        located = tasks.locate(conn, case)
        made = tasks.make_tasks(conn, context, case, duties)
        tasks.know_parties(conn, case)
        started = clocks.keep_clocks(conn, context, case, duties)
        told = _tell(conn, context, case, people, tasks.take_due(conn, context, case, duties.remind_after(case)))
    return {**located._asdict(), "tasks": made, "clocks": started, "told": told}


def start_drill(conn: psycopg.Connection, context: RunContext, begun: datetime) -> str:
    """Open a mock recall; returns its code. Tried again, the same run opens none anew.

    Its clocks start when its run has `begun`, which may be long after it was due.
    """
    with conn.transaction():
        known = conn.execute(query(__package__, "drill_of_run"), {"run_id": context.run_id}).fetchone()
        return str(known[0]) if known else drill.open_drill(conn, replace(context, as_of=begun))


def _tell(conn: psycopg.Connection, context: RunContext, case: Case, people: People, due: Sequence[tasks.Due]) -> int:
    """One message for each subscriber with all that concerns them: their sites, or a supplier. Returns how many."""
    severity = "warning" if case.is_drill else "critical"
    sites: dict[str, list[tasks.Due]] = defaultdict(list)
    suppliers: dict[str, list[tasks.Due]] = defaultdict(list)
    for each in due:
        if each.party == "site":
            about = About(frozenset({each.code}), frozenset({each.region} if each.region else ()))
            for name in people.concerned(SITE_ROLES, severity, about):
                sites[name].append(each)
        else:
            for name in people.concerned((each.code, SUPPLIER_ROLE), severity, About()):
                suppliers[name].append(each)
    places = _places(conn, case, due) if sites else {}
    for name, theirs in sites.items():
        rows = [row for each in theirs for row in places.get(each.party_id, ())]
        _enqueue(conn, context, case, name, "recall", severity, theirs, rows)
    for name, theirs in suppliers.items():
        rows = [{"supplier": f"{each.name} ({each.code})"} for each in theirs]
        _enqueue(conn, context, case, name, "recall_supplier", severity, theirs, rows)
    if due:
        after = {"sites": sum(each.party == "site" for each in due), "messages": len(sites) + len(suppliers)}
        record(conn, context, "told", "recall_case", case.code, after=after | {"parties": len(due)})
    return len(sites) + len(suppliers)


def _places(conn: psycopg.Connection, case: Case, due: Sequence[tasks.Due]) -> Mapping[int, list[dict[str, Any]]]:
    """For each site the lines of its message: a place, what is to be done there by when, and the page to do it on."""
    wanted = {"case_id": case.case_id, "sites": [each.party_id for each in due if each.party == "site"]}
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in conn.cursor(row_factory=dict_row).execute(query(__package__, "told_places"), wanted):
        found[row["party_id"]].append({
            "site": row["site"],
            "place": row["place"],
            "units": {"number": row["units"]},
            "until": {"moment": row["due_at"].isoformat()},
            "path": f"{_BOARD}/tasks/{row['task_id']}",
        })
    return found


def _enqueue(
    conn: psycopg.Connection,
    context: RunContext,
    case: Case,
    name: str,
    template: str,
    severity: str,
    due: Sequence[tasks.Due],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    data = {
        "code": case.code,
        "drill": case.is_drill,
        "again": max(each.told for each in due) > 1,
        "title": case.title,
        "issuer": case.issuer,
        "recall_class": case.recall_class,
        "action": case.action_kind,
        "all_rows": len(rows),
        "rows": list(rows[:MOST_ROWS]),
    }
    payload = {"template": template, "severity": severity, "subscribers": [name], "data": data}
    # with the moment: told again, it is another message
    key = f"{template}:{case.code}:{context.as_of.isoformat()}:{name}"
    outbox.enqueue(conn, "message", key, payload)
