"""Checks and work orders to be proposed: one for each open alert whose rule asks for one, unless there is one."""

from collections.abc import Sequence
from datetime import timedelta

import psycopg
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.actions.checks.checklists import Checklist, load_checklists
from lotwatch.actions.proposals import acting, lock
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.rules import Rule

#: how long what an alert is about is left alone after a no, or after its task was closed
QUIET = timedelta(days=7)


def propose_checks(conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext) -> dict[str, int]:
    """Propose what the checklists say for the open alerts of rules in mode `act`. Returns how many checks and work orders."""
    counts = {"checks": 0, "work_orders": 0}
    with conn.transaction():
        lock(conn)
        facts.live(conn, context.as_of)
        for name, checklist in load_checklists().items():
            named = [rule for rule in rules if rule.id in checklist.rules]
            about = acting(named, checklist.action)
            if about:
                counts[f"{checklist.action}s"] += _propose(conn, name, checklist, about, context)
    return counts


def _propose(
    conn: psycopg.Connection, name: str, checklist: Checklist, about: Sequence[str], context: RunContext
) -> int:
    parameters = {
        "acting": list(about),
        "kind": checklist.action,
        "as_of": context.as_of,
        "quiet": QUIET,
        "within": checklist.within,
        "details": Jsonb({"checklist": name, "what": checklist.title.model_dump()}),
    }
    rows = conn.execute(query(__package__, "insert"), parameters).fetchall()
    for (code,) in rows:
        record(conn, context, f"{checklist.kind} proposed", "proposal", code, after={"checklist": name})
    return len(rows)
