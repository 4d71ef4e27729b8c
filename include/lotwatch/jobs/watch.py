"""Planning, watching and proposing."""

import psycopg

from lotwatch import actions, planning, rules
from lotwatch.audit import RunContext, record

Counts = dict[str, int]


def plan(conn: psycopg.Connection, context: RunContext, settings: planning.PlanSettings) -> Counts:
    """Policies for every item and site, as of the run's moment."""
    set_by = f"{context.dag_id} {context.run_id}"
    with conn.transaction():
        counts = planning.plan(conn, context.as_of, settings, set_by)
        record(conn, context, "policies planned", "policy", context.as_of.isoformat(), after=counts)
    return counts


def evaluate(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Evaluate the rules. A live run keeps the alerts; a backfilled one records what that day would have shown."""
    tables = rules.load_rules()
    if context.backfilled:
        done = rules.evaluate_backfilled(conn, tables, context)
        return {"backfilled_findings": sum(done.findings.values())}
    done = rules.evaluate_live(conn, tables, context)
    return {
        "findings": sum(done.findings.values()),
        "opened": done.opened,
        "reopened": done.reopened,
        "continued": done.continued,
        "resolved": done.resolved,
    }


def propose(conn: psycopg.Connection, context: RunContext, settings: actions.ProposeSettings) -> Counts:
    """Orders for what is short. A backfilled run proposes nothing."""
    if context.backfilled:
        return {"proposals": 0}
    return actions.propose(conn, rules.load_rules(), settings, context)
