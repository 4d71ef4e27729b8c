"""Planning, watching and proposing."""

import psycopg

from lotwatch import actions, outbox, planning, rules
from lotwatch.audit import RunContext, record
from lotwatch.jobs.describe import in_words

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


def tell_alerts(conn: psycopg.Connection, context: RunContext) -> Counts:
    """One message for all alerts that nobody was told of yet, to those whom their rules name."""
    tables = {rule.id: rule for rule in rules.load_rules()}
    with conn.transaction():
        fresh = rules.take_untold(conn, context.as_of)
        if not fresh:
            return {"told": 0}
        roles = sorted({role for alert in fresh if alert.rule_id in tables for role in tables[alert.rule_id].notify})
        data = {
            "total": len(fresh),
            "critical": sum(alert.severity == "critical" for alert in fresh),
            "rows": [
                {
                    "severity": alert.severity,
                    "rule": alert.rule_id,
                    "subject": alert.subject_key,
                    "evidence": in_words(alert.evidence),
                }
                for alert in fresh[:200]
            ],
        }
        payload = {"template": "alerts", "to": roles or ["ops"], "data": data}
        outbox.enqueue(conn, "message", f"alerts:{context.run_id}", payload)
    return {"told": len(fresh)}


def propose(conn: psycopg.Connection, context: RunContext, settings: actions.ProposeSettings) -> Counts:
    """Orders for what is short. A backfilled run proposes nothing."""
    if context.backfilled:
        return {"proposals": 0}
    return actions.propose(conn, rules.load_rules(), settings, context)
