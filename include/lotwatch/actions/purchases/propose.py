"""Purchase orders to be: one for each supplier and site, from the alerts whose rules may act."""

from collections.abc import Sequence

import psycopg
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.actions.proposals import acting, lock
from lotwatch.actions.purchases.terms import load_purchasing
from lotwatch.audit import RunContext, record_many
from lotwatch.config import Strict
from lotwatch.db.query import query
from lotwatch.rules import Rule


class ProposeSettings(Strict):
    """How long a need is not proposed again after a guard or the sending refused it."""

    quiet_days_after_refusal: int = 1


def propose(
    conn: psycopg.Connection, rules: Sequence[Rule], settings: ProposeSettings, context: RunContext
) -> dict[str, int]:
    """Propose orders for the open alerts of rules in mode `act`; what is ordered, proposed or waiting already counts. What is recalled
    and cannot be had is ordered by what may take its place, once that has what it needs for itself. What a supplier
    declined lately is ordered from another one, or rests.

    Returns how many orders and lines were proposed, and how many needs have no supplier to order from.
    """
    about = acting(rules, "purchase_order")
    with conn.transaction():
        lock(conn)
        facts.live(conn, context.as_of)
        terms = load_purchasing()
        parameters = settings.model_dump() | {
            "as_of": context.as_of,
            "acting": about,
            "holding_rate": terms.holding_rate,
            "quiet_after_no": terms.quiet_after_no,
            "freight": Jsonb(terms.freight.model_dump(mode="json")),
        }
        conn.execute("SET LOCAL enable_nestloop = off")  # what is written in one statement is thought to be one row
        rows = [
            row
            for in_place in (False, True)
            for row in conn.execute(query(__package__, "insert"), parameters | {"in_place": in_place}).fetchall()
        ]
        conn.execute("SET LOCAL enable_nestloop = on")
        record_many(conn, context, "proposal", (("order proposed", code, after) for code, after in rows))
        unsupplied = conn.execute(query(__package__, "needs_without_supplier"), {"acting": about}).fetchone()
    return {
        "proposals": len(rows),
        "lines": sum(after["lines"] for _, after in rows),
        "without_supplier": unsupplied[0] if unsupplied else 0,
    }
