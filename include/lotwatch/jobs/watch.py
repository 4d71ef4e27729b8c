"""Planning, watching and proposing."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import astuple, fields
from functools import partial
from typing import Any

import psycopg

from lotwatch import actions, outbox, planning, rules
from lotwatch.actions import transfers
from lotwatch.audit import RunContext, record
from lotwatch.db.retry import in_transaction
from lotwatch.jobs.describe import in_words

log = logging.getLogger(__name__)

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
    """Evaluate the rules. A live run keeps the alerts; a backfilled one records what that day would have shown.

    A run that something woke looks at what changed; one by the clock or by hand at everything, and so does the first
    one after a rule changed or when the last time is an hour ago.
    """
    tables = rules.load_rules()
    if context.backfilled:
        done = rules.evaluate_backfilled(conn, tables, context)
        log.info("Findings of %s, recorded as backfilled:\n%s", context.as_of, as_table(done))
        return {"backfilled_findings": done.total.fired}
    woken = context.run_type == "asset_triggered" and not rules.is_sweep_due(conn, tables, context.as_of)
    return _keep(conn, context, tables, rules.evaluate_changed if woken else rules.evaluate_live)


def evaluate_events(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Evaluate what the events just posted have changed; everything, when the last time is an hour ago."""
    tables = rules.load_rules()
    due = rules.is_sweep_due(conn, tables, context.as_of)
    return _keep(conn, context, tables, rules.evaluate_live if due else rules.evaluate_changed)


def as_table(done: rules.Evaluation) -> str:
    """For people: a line for each rule that fired or whose alerts changed."""
    names = [part.name for part in fields(rules.Outcome)]
    rows = [
        ("", *names),
        *((rule, *astuple(done.rules[rule])) for rule in sorted(done.rules)),
        ("all", *astuple(done.total)),
    ]
    return "\n".join(f"{row[0]:<32}" + "".join(f"{value!s:>11}" for value in row[1:]) for row in rows)


def _keep(
    conn: psycopg.Connection,
    context: RunContext,
    tables: Sequence[rules.Rule],
    evaluate: Callable[[psycopg.Connection, Sequence[rules.Rule], RunContext], rules.Evaluation],
) -> Counts:
    done = in_transaction(conn, partial(evaluate, conn, tables, context))
    log.info("%s evaluated:\n%s", "Everything" if done.swept else f"{done.item_sites} item-sites", as_table(done))
    total = done.total
    return {
        "swept": int(done.swept),
        "item_sites": done.item_sites,
        "findings": total.fired,
        "suppressed": total.suppressed,
        "opened": total.opened,
        "reopened": total.reopened,
        "worsened": total.worsened,
        "continued": done.continued,
        "resolved": total.resolved,
    }


def tell_alerts(conn: psycopg.Connection, context: RunContext) -> Counts:
    """One message for each role, with the alerts that nobody was told of yet and whose rules name it in `notify`."""
    notify = {rule.id: rule.notify for rule in rules.load_rules()}
    with conn.transaction():
        fresh = rules.take_untold(conn, context.as_of)
        for role in sorted({role for alert in fresh for role in notify.get(alert.rule_id, ())}):
            theirs = [alert for alert in fresh if role in notify.get(alert.rule_id, ())]
            payload = {"template": "alerts", "to": [role], "data": _digest(theirs)}
            # with the try: what a cleared task finds anew is another message
            outbox.enqueue(conn, "message", f"alerts:{context.run_id}:{context.try_number}:{role}", payload)
    return {"told": len(fresh)}


def _digest(alerts: Sequence[rules.Alert]) -> dict[str, Any]:
    english, chinese = rules.titles("en"), rules.titles("zh")  # once: each reads the decision tables
    return {
        "total": len(alerts),
        "critical": sum(alert.severity == "critical" for alert in alerts),
        "rows": [
            {
                "severity": alert.severity,
                "rule": {"en": english[alert.rule_id], "zh": chinese[alert.rule_id]},
                "subject": alert.subject_key,
                "evidence": in_words(alert.evidence),
            }
            for alert in alerts[:MOST_TOLD]
        ],
    }


def propose(conn: psycopg.Connection, context: RunContext, settings: actions.ProposeSettings) -> Counts:
    """What should be done: first stock that can be moved to where it is needed, then orders for what is still short.

    A backfilled run proposes nothing.
    """
    if context.backfilled:
        return {"proposals": 0}
    tables = rules.load_rules()
    moved = transfers.propose_transfers(conn, tables, transfers.TransferSettings(), context)
    ordered = actions.propose(conn, tables, settings, context)
    return moved | ordered | {"proposals": ordered["proposals"] + moved["transfers"]}
