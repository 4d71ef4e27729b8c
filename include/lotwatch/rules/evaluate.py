"""Evaluates the rules and keeps the alerts: one row for each problem, resolved when its condition ends."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import psycopg
from psycopg import sql

from lotwatch import facts
from lotwatch.audit import RunContext, record_many
from lotwatch.db.query import query
from lotwatch.ledger import clear_changes
from lotwatch.rules.compile import compile_rules
from lotwatch.rules.tables import Rule
from lotwatch.rules.versions import baselined, end_baseline


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found: findings by rule, and what that did to the alerts."""

    findings: dict[str, int]
    opened: int = 0
    reopened: int = 0
    continued: int = 0
    resolved: int = 0


def evaluate_live(conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext) -> Evaluation:
    """Evaluate all rules on what is so now; open, keep and resolve alerts. One evaluation at a time."""
    with conn.transaction():
        conn.execute(query(__package__, "lock_evaluation"))
        # before the facts are read: a change that commits later stays for the next evaluation
        clear_changes(conn)
        facts.live(conn, context.as_of)
        findings = _find(conn, rules)
        evaluated = {rule.id for rule in rules}
        baseline = baselined(conn) & evaluated
        parameters = {"as_of": context.as_of, "rules": list(evaluated), "baseline": list(baseline)}
        kept = conn.execute(query(__package__, "keep_alerts"), parameters).fetchall()
        end_baseline(conn, baseline)
        record_many(
            conn,
            context,
            "alert",
            (
                (
                    f"alert {change}",
                    str(alert_id),
                    {"rule_id": rule_id, "subject_key": subject_key, "evidence": evidence},
                )
                for change, alert_id, rule_id, subject_key, evidence in kept
                if change != "continued"
            ),
        )
        return Evaluation(findings, **Counter(change for change, *_ in kept))


def evaluate_backfilled(conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext) -> Evaluation:
    """Evaluate all rules on a past day's facts and record the findings as backfilled: no alert is touched."""
    with conn.transaction():
        facts.at(conn, context.as_of)
        findings = _find(conn, rules)
        parameters = {"dag_id": context.dag_id, "run_id": context.run_id, "as_of": context.as_of}
        conn.execute(query(__package__, "keep_backfilled"), parameters)
        return Evaluation(findings)


def _find(conn: psycopg.Connection, rules: Sequence[Rule]) -> dict[str, int]:
    """Fill the temporary table `finding`; count by rule."""
    conn.execute(query(__package__, "make_finding"))
    known = facts.columns(conn)
    by_subject = sorted(rules, key=lambda rule: rule.subject)
    for subject, group in groupby(by_subject, key=lambda rule: rule.subject):
        statement = compile_rules(subject, list(group), known[f"fact_{subject}"])
        conn.execute(sql.SQL("INSERT INTO finding {}").format(sql.SQL(statement)))
    return dict(conn.execute(query(__package__, "count_findings")).fetchall())
