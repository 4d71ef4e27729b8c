"""Why a rule fires, or does not, for one subject: its text with the values in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.facts import Column
from lotwatch.rules.compile import SCOPE_COLUMNS, Variant, variants
from lotwatch.rules.expression import Expression
from lotwatch.rules.tables import Rule
from lotwatch.rules.versions import rules_of


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition with the values in it, and whether it is so; None: that cannot be known."""

    role: Literal["when", "clear_when", "severity"]
    text: str
    so: bool | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rule makes of a subject. `variant`: the override that counts (0: none), `unknown`: columns without a value."""

    rule: Rule
    variant: int
    subject_key: str
    fires: bool
    level: str
    conditions: list[Condition]
    unknown: list[str]
    values: dict[str, Any]


def explain_now(conn: psycopg.Connection[Any], rule: Rule, subject_key: str) -> Explanation:
    """What a rule makes of a subject now: set the moment of the facts before. Raises LotwatchError for no such subject."""
    statement = sql.SQL("SELECT to_jsonb(fact) FROM {} AS fact WHERE subject_key = %(subject_key)s LIMIT 1")
    view = sql.Identifier("lotwatch", f"fact_{rule.subject}")
    row = conn.execute(statement.format(view), {"subject_key": subject_key}).fetchone()
    if row is None:
        raise LotwatchError(
            f"There are no facts about {subject_key!r}", where=f"fact_{rule.subject}", do="name it as an alert does"
        )
    return _explain(conn, rule, _variant(rule, row[0]), subject_key, row[0])


def explain_alert(conn: psycopg.Connection[Any], alert_id: int) -> Explanation:
    """What an alert's rule made of its subject when it was last seen, by the rule's text of then.

    Raises LotwatchError when there is no such alert, or its rule was never submitted.
    """
    row = conn.execute(query(__package__, "alert_evidence"), {"alert_id": alert_id}).fetchone()
    if row is None:
        raise LotwatchError(f"There is no alert {alert_id}")
    rule_id, version, variant, subject_key, evidence = row
    kept = rules_of(conn, {rule_id: version})
    if not kept:
        raise LotwatchError(f"The text {version} of rule {rule_id} was never submitted", where=f"alert {alert_id}")
    return _explain(conn, kept[0], variant, subject_key, evidence)


def _variant(rule: Rule, row: Mapping[str, Any]) -> int:
    for number, override in enumerate(rule.overrides, start=1):
        if all(row.get(SCOPE_COLUMNS[kind]) in codes for kind, codes in override.scope.codes().items()):
            return number
    return 0


def _explain(
    conn: psycopg.Connection[Any], rule: Rule, number: int, subject_key: str, row: Mapping[str, Any]
) -> Explanation:
    columns = facts.columns(conn)[f"fact_{rule.subject}"]
    variant = next(found for found in variants(rule, columns) if found.number == number)
    values = {name: row.get(name) for name in variant.read}
    parts: list[tuple[Literal["when", "clear_when", "severity"], Expression, str]] = [
        ("when", part, "") for part in variant.when.conditions()
    ]
    parts += [("clear_when", part, "") for part in variant.clear_when.conditions()] if variant.clear_when else []
    parts += [("severity", part, f"{level}: ") for part, level in variant.severity if part]
    fires, level, *so = _evaluate(conn, variant, columns, values, [part for _, part, _ in parts])
    conditions = [
        Condition(role, label + _with_values(part.text, values), was)
        for (role, part, label), was in zip(parts, so, strict=True)
    ]
    unknown = [name for name, value in values.items() if value is None]
    return Explanation(rule, number, subject_key, fires, level, conditions, unknown, values)


def _evaluate(
    conn: psycopg.Connection[Any],
    variant: Variant,
    columns: Mapping[str, Column],
    values: Mapping[str, Any],
    parts: list[Expression],
) -> tuple[Any, ...]:
    """Whether it fires, at which level, and whether each part is so: as the evaluation itself would say."""
    asked = [f"({variant.fires})", variant.level, *(f"({part.sql(columns)})" for part in parts)]
    row = ", ".join(f'"{name}" {columns[name].type}' for name in values) or '"nothing" text'
    statement = sql.SQL("SELECT {} FROM jsonb_to_record({}) AS fact ({})")
    found = conn.execute(
        statement.format(sql.SQL(", ".join(asked)), sql.Literal(Jsonb(values)), sql.SQL(row))
    ).fetchone()
    assert found is not None  # noqa: S101  # one row in, one row out
    return tuple(found)


def _with_values(text: str, values: Mapping[str, Any]) -> str:
    """`available < 5` with what `available` is: `available [3] < 5`; texts in quotes are left alone."""
    named = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))

    def shown(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0]
        value = values[name]
        return f"{name} [{'unknown' if value is None else value}]"

    return re.sub(rf"'(?:[^']|'')*'|\b(?P<name>{named})\b", shown, text) if named else text
