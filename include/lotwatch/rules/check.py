"""Whether rules can be used as written, asked of the database: types, codes and the whole statement."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import groupby
from typing import Any

import psycopg
from psycopg import sql

from lotwatch import facts
from lotwatch.db.query import query
from lotwatch.errors import RuleError, nearest
from lotwatch.facts import Column
from lotwatch.rules.compile import Variant, compile_rules, variants
from lotwatch.rules.expression import Expression
from lotwatch.rules.tables import Rule


def check(conn: psycopg.Connection[Any], rules: Sequence[Rule], roles: Collection[str]) -> list[RuleError]:
    """Everything that is wrong with rules that could be read. `roles`: who can be told."""
    known = {view.removeprefix("fact_"): columns for view, columns in facts.columns(conn).items()}
    errors: list[RuleError] = []
    sound = []
    for rule in rules:
        found = list(_wrong(conn, rule, known, roles))
        errors += found
        if not found:
            sound.append(rule)
    facts.live(conn, datetime(2000, 1, 1, tzinfo=UTC))  # any moment: nothing is read
    for subject, group in groupby(sorted(sound, key=lambda rule: rule.subject), key=lambda rule: rule.subject):
        # what was found good piece by piece is good as a whole: else that is a mistake of ours, and raises
        _explain(conn, compile_rules(subject, list(group), known[subject]))
    return errors


def _wrong(
    conn: psycopg.Connection[Any], rule: Rule, known: Mapping[str, Mapping[str, Column]], roles: Collection[str]
) -> Iterator[RuleError]:
    for field in ("notify", "escalate_to"):
        yield from _unknown_roles(rule, field, 0, getattr(rule, field), roles)
    for number, override in enumerate(rule.overrides, start=1):
        yield from _unknown_roles(rule, "notify", number, override.notify or (), roles)
        yield from _unknown_codes(conn, rule, number)
    if rule.subject not in known:
        yield RuleError(
            f"There are no facts about {rule.subject!r}",
            where=rule.where("subject")(0),
            do=nearest(rule.subject, known),
        )
        return
    try:
        for variant in variants(rule, known[rule.subject]):
            yield from _wrong_types(conn, rule, variant)
    except RuleError as error:
        yield error


def _unknown_roles(
    rule: Rule, field: str, number: int, named: Sequence[str], roles: Collection[str]
) -> Iterator[RuleError]:
    for place, role in enumerate(named):
        if role not in roles:
            where = rule.where(field, number, place)(0)
            yield RuleError(
                f"There is no role {role!r} in include/config/people.yaml", where=where, do=nearest(role, roles)
            )


def _unknown_codes(conn: psycopg.Connection[Any], rule: Rule, number: int) -> Iterator[RuleError]:
    for kind, codes in rule.overrides[number - 1].scope.codes().items():
        for place, code in enumerate(codes):
            known = [
                found for (found,) in conn.execute(query(__package__, "known_codes"), {"kind": kind, "code": code})
            ]
            if code not in known:
                near = get_close_matches(code, known, 1)
                do = f"did you mean {near[0]}?" if near else f"name a {kind} by its code, as the board shows it"
                yield RuleError(f"There is no {kind} {code!r}", where=rule.where("for", number, kind, place)(0), do=do)


def _wrong_types(conn: psycopg.Connection[Any], rule: Rule, variant: Variant) -> Iterator[RuleError]:
    conditions: list[tuple[str, Expression | None, tuple[str | int, ...]]] = [
        ("when", variant.when, ()),
        ("clear_when", variant.clear_when, ()),
    ]
    conditions += [("severity", each, (place, "when")) for place, (each, _) in enumerate(variant.severity)]
    said = rule.overrides[variant.number - 1].said if variant.number else {"when", "clear_when", "severity"}
    for field, condition, then in conditions:
        if condition is None or field not in said:  # what an override does not say is wrong once, in the rule
            continue
        where = rule.where(field, variant.number, *then)
        wrong = _type_error(conn, condition, variant.columns, "SELECT FROM {} WHERE ({})")
        if wrong is not None:
            for part in condition.parts():
                inner = _type_error(conn, part, variant.columns, "SELECT ({1}) FROM {0}")
                if inner is not None:
                    yield RuleError(f"{part.text}: {inner}", where=where(part.start))
                    break
            else:
                yield RuleError(f"A condition is true or false: {wrong}", where=where(condition.start))


def _type_error(
    conn: psycopg.Connection[Any], part: Expression, columns: Mapping[str, Column], statement: str
) -> str | None:
    """What the database does not like about an expression over a row of these columns, which need not exist."""
    row = ", ".join(f"NULL::{columns[name].type}" for name in part.columns) or "NULL"
    names = ", ".join(f'"{name}"' for name in part.columns) or "nothing"
    try:
        with conn.transaction():
            # nothing is read: the planner says what it makes of the types
            _explain(conn, statement.format(f"(VALUES ({row})) AS fact ({names})", part.sql(columns)))
    except psycopg.Error as error:
        return error.diag.message_primary or str(error)
    return None


def _explain(conn: psycopg.Connection[Any], statement: str) -> None:
    conn.execute(sql.SQL("EXPLAIN {}").format(sql.SQL(statement)))
