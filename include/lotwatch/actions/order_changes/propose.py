"""Changes of our own orders to be proposed: what is on order and not needed, or needed at another time."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.actions.order_changes.deciding import Candidate, OrderChangeSettings, Wanted, decide
from lotwatch.actions.proposals import Part, acting, lock
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.rules import Rule


def propose_order_changes(
    conn: psycopg.Connection, rules: Sequence[Rule], settings: OrderChangeSettings, context: RunContext
) -> dict[str, int]:
    """Propose changes of orders for the open alerts of rules in mode `act`; one for each order. Returns how many, and lines."""
    about = acting(rules, "order_change")
    counts = {"order_changes": 0, "order_change_lines": 0}
    if not about:
        return counts
    with conn.transaction():
        lock(conn)
        facts.live(conn, context.as_of)
        parameters = {
            "acting": about,
            "as_of": context.as_of,
            "rest_days": settings.rest_days,
            "quiet_days_after_no": settings.quiet_days_after_no,
            "quiet_days_after_refusal": settings.quiet_days_after_refusal,
        }
        with conn.cursor(row_factory=class_row(Candidate)) as cursor:
            found = cursor.execute(query(__package__, "candidates"), parameters).fetchall()
        lines: dict[tuple[int, int], list[Candidate]] = defaultdict(list)
        for line in found:
            lines[line.order_id, line.item_id].append(line)
        # of an item of which a part cannot be changed any more nothing is
        whole = {key: each for key, each in lines.items() if len(each) == each[0].of_lines}
        wanted: dict[int, dict[int, list[Wanted]]] = defaultdict(lambda: defaultdict(list))
        for each in decide([line for known in whole.values() for line in known], settings):
            wanted[each.line.order_id][each.line.item_id].append(each)
        for order_id, changes in sorted(wanted.items()):
            rows = [_row(whole[order_id, item_id], theirs) for item_id, theirs in changes.items()]
            _write(conn, order_id, rows, [each for theirs in changes.values() for each in theirs], context)
            counts["order_changes"] += 1
            counts["order_change_lines"] += len(rows)
    return counts


def _row(lines: Sequence[Candidate], wanted: Sequence[Wanted]) -> dict[str, Any]:
    """The proposal's line for an item of an order: what all of its parts are before and after."""
    changed = {id(each.line): each.after for each in wanted}
    parts = {id(line): (Part(line.quantity, line.requested_on),) for line in lines}
    first = wanted[0]
    return {
        "item_id": first.line.item_id,
        "alert_id": first.line.alert_id,
        "quantity": sum(each.quantity for each in wanted),
        "unit_price": str(first.line.unit_price),
        "requested_on": min((part.requested_on for part in first.after), default=first.line.requested_on).isoformat(),
        "why": {
            "change": first.change,
            "before": [part.as_told() for line in lines for part in parts[id(line)]],
            "after": [part.as_told() for line in lines for part in changed.get(id(line), parts[id(line)])],
            "inventory_position": first.line.inventory_position,
            "max_level": first.line.max_level,
            "days_to_stockout": first.line.days_to_stockout,
        },
    }


def _write(
    conn: psycopg.Connection,
    order_id: int,
    rows: Sequence[dict[str, Any]],
    wanted: Sequence[Wanted],
    context: RunContext,
) -> None:
    """One proposal for an order."""
    parameters = {
        "order_id": order_id,
        "as_of": context.as_of,
        "saves": sum((each.saves for each in wanted), Decimal(0)),
        "if_nobody_acts": Jsonb({
            "en": "; ".join(f"{each.line.item_code}: {each.english}" for each in wanted),
            "zh": "；".join(f"{each.line.item_code}：{each.chinese}" for each in wanted),
        }),
        "lines": Jsonb(rows),
    }
    row = conn.execute(query(__package__, "insert"), parameters).fetchone()
    assert row is not None  # noqa: S101 (the order is there)
    after = {"order": row[2], "changes": [each.change for each in wanted], "saves": parameters["saves"]}
    record(conn, context, "order change proposed", "proposal", row[1], after=after)
