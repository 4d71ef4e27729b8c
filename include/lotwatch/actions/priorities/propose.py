"""Planned transfers and open orders that should leave today."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.actions.proposals import acting, lock
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.rules import Rule

CURRENCY = "EUR"
#: a counted shortage, against a day that somebody planned
CONFIDENCE = 0.9


def propose_priorities(conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext) -> dict[str, int]:
    """Propose to bring forward what would help against the critical alerts of rules in mode `act`; one proposal for each transfer
    or order. Returns how many."""
    about = acting(rules, "priority")
    counts = {"priorities": 0}
    if not about:
        return counts
    with conn.transaction():
        lock(conn)
        facts.live(conn, context.as_of)
        with conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(query(__package__, "waiting"), {"acting": about}).fetchall()
        for _, lines in groupby(rows, key=lambda row: (row["document"], row["source"], row["document_key"])):
            _write(conn, list(lines), context)
            counts["priorities"] += 1
    return counts


def _write(conn: psycopg.Connection, lines: Sequence[dict[str, Any]], context: RunContext) -> None:
    head = lines[0]
    day, before = head["today"].isoformat(), head["day"] and head["day"].isoformat()
    details = {
        "document": head["document"],
        "source": head["source"],
        "key": head["document_key"],
        "number": head["number"],
        "day": day,
        "day_before": before,
    }
    units = sum(line["quantity"] for line in lines)
    parameters = {
        "site_id": head["site_id"],
        "from_site_id": head["from_site_id"],
        "currency": CURRENCY,
        "as_of": context.as_of,
        "confidence": CONFIDENCE,
        "details": Jsonb(details),
        "if_nobody_acts": Jsonb({
            "en": f"{units} units leave on {before or 'a day that nobody has planned'}, and the site is critically short of them",
            "zh": f"{units} 件将于{before or '未定日期'}发出，而该站点严重缺货",
        }),
        "lines": Jsonb([
            {name: line[name] for name in ("item_id", "alert_id", "quantity", "unit_cost")} | {"requested_on": day}
            for line in lines
        ]),
    }
    row = conn.execute(query(__package__, "insert"), parameters).fetchone()
    assert row is not None  # noqa: S101 (an insert always answers)
    record(conn, context, "priority proposed", "proposal", row[1], after=details)
