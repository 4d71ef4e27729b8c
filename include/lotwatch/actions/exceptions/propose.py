"""Cases to be proposed: one for each order, delivery or supplier that an open alert complains of, unless there is one."""

from collections.abc import Sequence
from datetime import timedelta

import psycopg
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.actions.exceptions.terms import Terms, load_exceptions
from lotwatch.actions.proposals import acting, lock
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.rules import Rule

#: how long what an alert is about is left alone after a case about it was proposed or closed
QUIET = timedelta(days=7)
#: a question costs nothing; before something is claimed somebody looks whether it is so
CONFIDENCE = {"date": 1.0, "measures": 1.0, "claim": 0.5}
UNASKED = {
    "en": "Nobody is asked: no new date, claim number or cause will be known.",
    "zh": "无人追问：无法获知新的日期、索赔编号或原因。",
}


def propose_exceptions(conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext) -> dict[str, int]:
    """Propose a case for what the open alerts of rules in mode `act` are about. Returns how many."""
    counts = {"exceptions": 0}
    with conn.transaction():
        lock(conn)
        facts.live(conn, context.as_of)
        for name, terms in load_exceptions().items():
            about = acting([rule for rule in rules if rule.id in terms.rules], "exception")
            if about:
                counts["exceptions"] += _propose(conn, name, terms, about, context)
    return counts


def _propose(conn: psycopg.Connection, name: str, terms: Terms, about: Sequence[str], context: RunContext) -> int:
    parameters = {
        "acting": list(about),
        "name": name,
        "missing": terms.missing,
        "as_of": context.as_of,
        "quiet": QUIET,
        "within": terms.within,
        "confidence": CONFIDENCE[terms.asks],
        "english": terms.title.en,
        "chinese": terms.title.zh,
        "if_nobody_acts": Jsonb(UNASKED),
        "details": Jsonb({"case": name, "terms": terms.model_dump(mode="json")}),
    }
    rows = conn.execute(query(__package__, "insert"), parameters).fetchall()
    for (code,) in rows:
        record(conn, context, "exception proposed", "proposal", code, after={"case": name})
    return len(rows)
