"""Precautions to be proposed: a hold for each lot that open alerts speak against, unless it is held or that is proposed."""

from collections.abc import Sequence
from datetime import timedelta

import psycopg
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.actions.proposals import acting, lock
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.rules import Rule

#: how long a lot is left alone after it was proposed, or after a precaution of ours was released
QUIET = timedelta(days=7)
#: what else could be done
_LOOKED_AT = {
    "kind": "check",
    "why_not": {
        "en": "it tells what is wrong, but the lot can be picked meanwhile",
        "zh": "核查可查明问题，但期间该批次仍可拣选",
    },
}


def propose_precautions(conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext) -> dict[str, int]:
    """Propose to hold the lots that open alerts of rules in mode `act` with the action `hold` are about. Returns how many."""
    about = acting(rules, "hold")
    if not about:
        return {"precautions": 0}
    parameters = {
        "acting": about,
        "titles": Jsonb({rule.id: rule.title.model_dump() for rule in rules}),
        "as_of": context.as_of,
        "quiet": QUIET,
        "alternatives": Jsonb([_LOOKED_AT]),
    }
    with conn.transaction():
        lock(conn)
        facts.live(conn, context.as_of)
        rows = conn.execute(query(__package__, "insert"), parameters).fetchall()
        for code, reason in rows:
            record(conn, context, "hold proposed", "proposal", code, reason=reason)
    return {"precautions": len(rows)}
