"""Planning, watching and proposing."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from lotwatch import actions, outbox, planning, rules
from lotwatch.audit import RunContext, record
from lotwatch.jobs.describe import in_words

Counts = dict[str, int]
#: alerts listed in one message's data; the link leads to all of them
MOST_TOLD = 50


def plan(conn: psycopg.Connection, context: RunContext, settings: planning.PlanSettings) -> Counts:
    """Policies for every item and site, and how suppliers delivered, as of the run's moment."""
    set_by = f"{context.dag_id} {context.run_id}"
    with conn.transaction():
        counts = planning.plan(conn, context.as_of, settings, set_by)
        counts["suppliers"] = planning.measure_suppliers(conn, context.as_of)
        record(conn, context, "policies planned", "policy", context.as_of.isoformat(), after=counts)
    return counts


def evaluate(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Evaluate the rules. A live run keeps the alerts; a backfilled one records what that day would have shown."""
    tables = rules.active_rules(conn, context.as_of)
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


def tell_alerts(conn: psycopg.Connection, context: RunContext) -> Counts:
    """One message for each role, with the alerts that nobody was told of yet and whose rules name it in `notify`."""
    known = {rule.id: rule for rule in rules.active_rules(conn, context.as_of)}
    with conn.transaction():
        fresh = rules.take_untold(conn, context.as_of)
        told = [
            (alert, known[alert.rule_id].applied(alert.variant).notify) for alert in fresh if alert.rule_id in known
        ]
        for role in sorted({role for _, roles in told for role in roles}):
            theirs = [alert for alert, roles in told if role in roles]
            payload = {"template": "alerts", "to": [role], "data": _digest(theirs, known)}
            # with the try: what a cleared task finds anew is another message
            outbox.enqueue(conn, "message", f"alerts:{context.run_id}:{context.try_number}:{role}", payload)
    return {"told": len(fresh)}


def _digest(alerts: Sequence[rules.Alert], known: Mapping[str, rules.Rule]) -> dict[str, Any]:
    return {
        "total": len(alerts),
        "critical": sum(alert.severity == "critical" for alert in alerts),
        "rows": [
            {
                "severity": alert.severity,
                "rule": known[alert.rule_id].title.model_dump(),
                "subject": alert.subject_key,
                "evidence": in_words(alert.evidence),
            }
            for alert in alerts[:MOST_TOLD]
        ],
    }


def propose(conn: psycopg.Connection, context: RunContext, settings: actions.ProposeSettings) -> Counts:
    """Orders for what is short. A backfilled run proposes nothing."""
    if context.backfilled:
        return {"proposals": 0}
    return actions.propose(conn, rules.active_rules(conn, context.as_of), settings, context)
