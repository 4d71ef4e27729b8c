"""Evaluates the rules and keeps the alerts: one row for each problem, resolved when its condition ends.

Three ways to look: at everything (a sweep), at what changed since, and at a past day. One statement answers what is found,
from fact views that are the same but for what they read; one keeps the alerts. Nothing of it goes through Python but
counts, so that a hundred thousand findings cost no more memory than ten.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from lotwatch import facts
from lotwatch.audit import RunContext, record_acted
from lotwatch.db.query import query
from lotwatch.ledger import changed_items, clear_changes
from lotwatch.rules.compile import compile_rules
from lotwatch.rules.tables import Rule

#: what becomes wrong by the mere passing of time is found after so long, at the latest
SWEEP_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule found (`fired`, of them by severity, and `suppressed`: data is in quarantine), and what that did to its
    alerts."""

    fired: int = 0
    critical: int = 0
    warning: int = 0
    info: int = 0
    suppressed: int = 0
    opened: int = 0
    reopened: int = 0
    worsened: int = 0
    resolved: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation of so many changed item-sites found and did, by rule; of everything where `swept`."""

    rules: dict[str, Outcome]
    swept: bool = False
    item_sites: int = 0

    @property
    def total(self) -> Outcome:
        """All rules together."""
        return sum(self.rules.values(), Outcome())

    @property
    def opened(self) -> int:
        """Alerts that are new."""
        return self.total.opened

    @property
    def reopened(self) -> int:
        """Alerts that came again."""
        return self.total.reopened

    @property
    def continued(self) -> int:
        """Findings that were known already."""
        return self.total.fired - self.opened - self.reopened

    @property
    def resolved(self) -> int:
        """Alerts that ended."""
        return self.total.resolved

    @property
    def findings(self) -> dict[str, int]:
        """How often each rule fired that did."""
        return {rule: outcome.fired for rule, outcome in self.rules.items() if outcome.fired}


def evaluate_live(
    conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext, *, baseline: Collection[str] = ()
) -> Evaluation:
    """Evaluate all rules on everything that is so now; open, keep and resolve alerts. One evaluation at a time.

    What rules of `baseline` find is kept, and told to nobody until it gets worse or comes again: it was so before.
    """
    with conn.transaction():
        _lock(conn)
        # before the facts are read: a change that commits later stays for the next evaluation
        clear_changes(conn)
        return _sweep(conn, rules, context, baseline)


def evaluate_changed(
    conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext, *, baseline: Collection[str] = ()
) -> Evaluation:
    """Evaluate what changed since the last evaluation: each item at each site of which anything did, and what concerns no
    item. Other alerts are not touched. As `evaluate_live` where very much changed.

    What only time changes is not found here (`is_sweep_due`).
    """
    with conn.transaction():
        _lock(conn)
        with changed_items(conn) as changes:
            if changes.are_many:
                return _sweep(conn, rules, context, baseline)
            facts.live(conn, context.as_of)
            conn.execute(query(__package__, "plan_quickly"))
            _find(conn, rules, "lotwatch_changed")
            return replace(_keep(conn, rules, context, baseline, "end_changed"), item_sites=changes.item_sites)


def evaluate_backfilled(conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext) -> Evaluation:
    """Evaluate all rules on a past day's facts and record the findings as backfilled: no alert is touched."""
    with conn.transaction():
        facts.at(conn, context.as_of)
        _find(conn, rules, "lotwatch")
        parameters = {"dag_id": context.dag_id, "run_id": context.run_id, "as_of": context.as_of}
        conn.execute(query(__package__, "keep_backfilled"), parameters)
        return Evaluation(_outcomes(conn, "count_findings"), swept=True)


def is_sweep_due(conn: psycopg.Connection, rules: Sequence[Rule], as_of: datetime) -> bool:
    """Whether everything is to be evaluated: the last sweep is long ago, or a rule has changed since."""
    row = conn.execute(query(__package__, "sweep_due"), _versions(rules) | {"since": as_of - SWEEP_EVERY}).fetchone()
    assert row is not None  # noqa: S101 (the statement always answers one row)
    return bool(row[0])


def _lock(conn: psycopg.Connection) -> None:
    conn.execute(query(__package__, "lock_evaluation"))


def _sweep(
    conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext, baseline: Collection[str]
) -> Evaluation:
    facts.live(conn, context.as_of)
    _find(conn, rules, "lotwatch_now")
    done = _keep(conn, rules, context, baseline, "end_all")
    conn.execute(query(__package__, "note_sweep"), _versions(rules) | {"as_of": context.as_of})
    return replace(done, swept=True)


def _find(conn: psycopg.Connection, rules: Sequence[Rule], schema: facts.Schema) -> None:
    """Make the temporary table `finding` of what the rules find."""
    # a past moment may have had what is no more
    absent = facts.absent(conn, schema) if schema != "lotwatch" else set()
    present = [rule for rule in rules if rule.subject not in absent] or rules
    known = facts.columns(conn, {rule.subject for rule in present})
    by_subject = sorted(present, key=lambda rule: rule.subject)
    parts = [
        sql.SQL("({})").format(sql.SQL(compile_rules(subject, list(group), known[f"fact_{subject}"], schema)))
        for subject, group in groupby(by_subject, key=lambda rule: rule.subject)
    ]
    if schema == "lotwatch_changed":
        # one after the other: each is planned in the memory that the one before it had
        first, *others = parts
    else:
        first, others = sql.SQL("\nUNION ALL\n").join(parts), []
    conn.execute(sql.SQL(query(__package__, "make_finding")).format(found=first))
    for part in others:
        conn.execute(sql.SQL(query(__package__, "add_findings")).format(found=part))


def _keep(
    conn: psycopg.Connection,
    rules: Sequence[Rule],
    context: RunContext,
    baseline: Collection[str],
    end: Literal["end_all", "end_changed"],
) -> Evaluation:
    """Do to the alerts what `finding` says; those in the same scope that it says nothing of end."""
    evaluated = [rule.id for rule in rules]
    outcomes = _outcomes(conn, "count_findings")
    conn.execute(query(__package__, "drop_shadow"))
    conn.execute(query(__package__, end), {"rules": evaluated})
    conn.execute(query(__package__, "make_acted"))
    parameters = {"as_of": context.as_of, "rules": evaluated, "baseline": list(baseline)}
    conn.execute(query(__package__, "keep_alerts"), parameters)
    record_acted(conn, context, "alert")
    for rule, acted in _outcomes(conn, "count_acted").items():
        outcomes[rule] = outcomes.get(rule, Outcome()) + acted
    return Evaluation(outcomes)


def _outcomes(conn: psycopg.Connection, name: Literal["count_findings", "count_acted"]) -> dict[str, Outcome]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query(__package__, name)).fetchall()
    return {row.pop("rule_id"): Outcome(**row) for row in rows}


def _versions(rules: Sequence[Rule]) -> dict[str, list[str]]:
    return {"rules": [rule.id for rule in rules], "versions": [rule.version for rule in rules]}
