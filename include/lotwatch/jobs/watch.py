"""Planning, watching and proposing."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, fields
from functools import partial
from typing import Any

import psycopg

from lotwatch import actions, planning, rules
from lotwatch.actions import checks, dispositions, exceptions, picking, precautions, priorities, tasks, transfers
from lotwatch.audit import RunContext, record
from lotwatch.db.retry import in_transaction

log = logging.getLogger(__name__)

Counts = dict[str, int]


def plan(conn: psycopg.Connection, context: RunContext, settings: planning.PlanSettings) -> Counts:
    """Policies for every item and site, and how suppliers delivered, as of the run's moment."""
    set_by = f"{context.dag_id} {context.run_id}"
    with conn.transaction():
        counts = planning.plan(conn, context.as_of, settings, set_by)
        counts["suppliers"] = planning.measure_suppliers(conn, context.as_of)
        record(conn, context, "policies planned", "policy", context.as_of.isoformat(), after=counts)
    return counts


def evaluate(conn: psycopg.Connection, context: RunContext) -> dict[str, Any]:
    """Evaluate the rules. A live run keeps the alerts; a backfilled one records what that day would have shown.

    A run that something woke looks at what changed; one by the clock or by hand at everything, and so does the first
    one after a rule changed or when the last time is an hour ago. Returns the sums, and under `rules` what of them is whose.
    """
    tables = rules.active_rules(conn, context.as_of)
    if context.backfilled:
        done = rules.evaluate_backfilled(conn, tables, context)
        log.info("Findings of %s, recorded as backfilled:\n%s", context.as_of, as_table(done))
        return {"backfilled_findings": done.total.fired, "rules": _by_rule(done)}
    woken = context.run_type == "asset_triggered" and not rules.is_sweep_due(conn, tables, context.as_of)
    done = _keep(conn, context, tables, rules.evaluate_changed if woken else rules.evaluate_live)
    return _sums(done) | {"rules": _by_rule(done)}


def evaluate_events(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Evaluate what the events just posted have changed; everything, when the last time is an hour ago."""
    tables = rules.active_rules(conn, context.as_of)
    due = rules.is_sweep_due(conn, tables, context.as_of)
    return _sums(_keep(conn, context, tables, rules.evaluate_live if due else rules.evaluate_changed))


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
    evaluate: Callable[..., rules.Evaluation],
) -> rules.Evaluation:
    done = in_transaction(conn, partial(_once, conn, context, tables, evaluate))
    log.info("%s evaluated:\n%s", "Everything" if done.swept else f"{done.item_sites} item-sites", as_table(done))
    return done


def _by_rule(done: rules.Evaluation) -> dict[str, Counts]:
    """Of each rule what is not nought: fired, of that by severity, suppressed, and what that did to its alerts."""
    return {
        rule: {name: value for name, value in asdict(outcome).items() if value}
        for rule, outcome in sorted(done.rules.items())
    }


def _sums(done: rules.Evaluation) -> Counts:
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


def _once(
    conn: psycopg.Connection,
    context: RunContext,
    tables: Sequence[rules.Rule],
    evaluate: Callable[..., rules.Evaluation],
) -> rules.Evaluation:
    """Evaluate; the first time that a rule was evaluated on everything ends its baseline."""
    baseline = rules.baselined(conn) & {rule.id for rule in tables}
    done = evaluate(conn, tables, context, baseline=baseline)
    if done.swept:
        rules.end_baseline(conn, baseline)
        rules.retire_expired(conn, context)
    return done


def propose(conn: psycopg.Connection, context: RunContext, settings: actions.ProposeSettings) -> Counts:
    """What should be done: what is wanted is picked, what is critically short is brought forward, then moved from elsewhere, and what may
    take the place of what is recalled where that is not enough; something becomes of stock that is of no use, what is doubtful is held as a precaution and looked at, suppliers and carriers are asked about what
    is wrong, what is still short is ordered, and orders that are not needed any more or come at the wrong time are changed. Tasks that
    were proposed before are followed first.

    A backfilled run proposes nothing.
    """
    if context.backfilled:
        return {"proposals": 0}
    tables = rules.active_rules(conn, context.as_of)
    followed = tasks.follow(conn, context)
    picked = picking.propose_picks(conn, picking.load_picking(), context)
    raised = priorities.propose_priorities(conn, tables, context)
    moved = transfers.propose_transfers(conn, tables, transfers.TransferSettings(), context)
    replaced = transfers.propose_substitutes(conn, tables, transfers.TransferSettings(), context)
    disposed = dispositions.propose_dispositions(conn, tables, dispositions.DispositionSettings(), context)
    held = precautions.propose_precautions(conn, tables, context)
    looked = checks.propose_checks(conn, tables, context)
    complained = exceptions.propose_exceptions(conn, tables, context)
    ordered = actions.propose(conn, tables, settings, context)
    changed = actions.propose_order_changes(conn, tables, actions.OrderChangeSettings(), context)
    proposals = picked["pick_waves"] + raised["priorities"] + moved["transfers"] + replaced["transfers"]
    proposals += disposed["dispositions"] + held["precautions"] + sum(looked.values()) + complained["exceptions"]
    proposals += ordered["proposals"] + changed["order_changes"]
    moved = {name: count + replaced[name] for name, count in moved.items()}
    done = followed | picked | raised | moved | disposed | held | looked | complained | ordered | changed
    return done | {"proposals": proposals}
