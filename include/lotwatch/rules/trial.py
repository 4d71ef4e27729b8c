"""A dry run: what rules would find now, compared with other rules, and nothing is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from lotwatch import facts
from lotwatch.db.query import query
from lotwatch.rules.compile import compile_rules
from lotwatch.rules.tables import Rule

Became = Literal["new", "gone", "same"]


@dataclass(frozen=True, slots=True)
class Count:
    """How many findings of a rule and severity come, go and stay."""

    rule_id: str
    severity: str
    new: int
    gone: int
    same: int


@dataclass(frozen=True, slots=True)
class Found:
    """A subject that comes, goes or stays. `was` is the severity before; `shadow`: the rule only watches there."""

    rule_id: str
    subject_key: str
    became: Became
    severity: str | None
    was: str | None
    shadow: bool
    evidence: dict[str, object]


@dataclass(frozen=True, slots=True)
class Trial:
    """What rules find: counts of everything, and the first findings of it, those that change first."""

    counts: list[Count]
    found: list[Found]


def try_rules(
    conn: psycopg.Connection, rules: Sequence[Rule], before: Sequence[Rule], as_of: datetime, limit: int
) -> Trial:
    """Find what `rules` find now (those that are in force at `as_of`), and compare that with what `before` find.

    Both are evaluated together, on the same facts; the transaction is rolled back.
    """
    sides = [(rule, side) for side, of in (("new", rules), ("old", before)) for rule in of if rule.in_force(as_of)]
    distinct = {(rule.id, rule.version): rule for rule, _ in sides}
    with conn.transaction(force_rollback=True):
        facts.live(conn, as_of)
        known = facts.columns(conn)
        by_subject = sorted(distinct.values(), key=lambda rule: rule.subject)
        parts = [
            sql.SQL("({})").format(sql.SQL(compile_rules(subject, list(group), known[f"fact_{subject}"])))
            for subject, group in groupby(by_subject, key=lambda rule: rule.subject)
        ]
        if not parts:
            return Trial([], [])
        conn.execute(sql.SQL(query(__package__, "make_finding")).format(found=sql.SQL("\nUNION ALL\n").join(parts)))
        parameters = {
            "rules": [rule.id for rule, _ in sides],
            "versions": [rule.version for rule, _ in sides],
            "sides": [side for _, side in sides],
        }
        conn.execute(query(__package__, "make_trial"), parameters)
        with conn.cursor(row_factory=class_row(Count)) as counted:
            counts = counted.execute(query(__package__, "count_trial")).fetchall()
        with conn.cursor(row_factory=class_row(Found)) as listed:
            found = listed.execute(query(__package__, "list_trial"), {"limit": limit}).fetchall()
        return Trial(counts, found)
