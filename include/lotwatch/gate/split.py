"""Splits good rows from bad: one SQL statement for each entity, derived from its suite.

Great Expectations counts what is wrong with a batch but does not say which rows (its list of keys ends at 200), so
the statement does, and Great Expectations referees its counts (`lotwatch.gate.judge`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any

import psycopg
from psycopg import sql
from sqlglot import exp

from lotwatch.db.query import query
from lotwatch.errors import GateError
from lotwatch.gate.suites import Check, Suite, is_row_condition, parse_query

#: a tree deeper than this does not exist: network, region, site, department, bin and room to spare
_MAX_PASSES = 64
#: the column in which a record names another of its own entity
_NAMING_OWN = {"location": "parent_code", "movement": "reverses_key"}


def split(conn: psycopg.Connection, suite: Suite, batch_id: int) -> dict[str, int]:
    """Write errors and warnings (rule ids) into the batch's staged rows of the suite's entity.

    Returns how many rows break each rule that is broken at all. Running it again overwrites the verdict. Raises
    GateError when the statement cannot be run: then a check is broken, not the data.
    """
    _run(conn, suite, batch_id)
    return rule_counts(conn, suite.entity, batch_id)


def settle(conn: psycopg.Connection, suite: Suite, batch_id: int) -> None:
    """Split again and again until the verdict stays the same: for records that refer to others of their own kind.

    From the roots downwards: a location is good once its parent is, so a bad one takes its branch with it, and those
    that name each other in a circle are never reached.
    """
    for _ in range(_MAX_PASSES):
        if _run(conn, suite, batch_id) == 0:
            return
    raise GateError(
        f"The {suite.entity} records of batch {batch_id} refer to one another more than {_MAX_PASSES} levels deep",
        where=str(suite.path),
        do="look for a record that is its own ancestor",
    )


def rule_counts(conn: psycopg.Connection, entity: str, batch_id: int) -> dict[str, int]:
    """Rows of the batch that break each rule, as the verdict stands."""
    statement = sql.SQL(query(__package__, "rule_counts")).format(entity=sql.Identifier(entity))
    return dict(conn.execute(statement, {"batch_id": batch_id}).fetchall())


def names_its_own(conn: psycopg.Connection, suite: Suite, batch_id: int) -> bool:
    """Whether records of the batch refer to others of their own entity, so that the verdict must be settled."""
    if not _looks_up_its_own(suite):
        return False
    statement = sql.SQL(query(__package__, "names_its_own")).format(
        entity=sql.Identifier(suite.entity), column=sql.Identifier(_NAMING_OWN[suite.entity])
    )
    return conn.execute(statement, {"batch_id": batch_id}).fetchone() is not None


def _looks_up_its_own(suite: Suite) -> bool:
    own = f"waiting_{suite.entity}"
    queries = (check.kwargs.get("unexpected_rows_query") for check in suite.checks)
    return any(table.name == own for text in queries if text for table in parse_query(text).find_all(exp.Table))


def _run(conn: psycopg.Connection, suite: Suite, batch_id: int) -> int:
    """Split once; returns how many verdicts changed."""
    statement, parameters = _compose(suite)
    try:
        with conn.transaction():
            return conn.execute(statement, parameters | {"batch_id": batch_id}).rowcount
    except psycopg.Error as error:
        broken = _broken(conn, suite, batch_id) or str(error)
        raise GateError(
            f"Checks of {suite.entity} cannot be run, so nothing is known about the data: {broken}",
            where=str(suite.path),
            do=f"correct the suite, then `lotwatch batch judge {batch_id}`",
        ) from error


def _broken(conn: psycopg.Connection, suite: Suite, batch_id: int) -> str:
    """Which checks cannot be run, each tried alone; empty when none of them fails by itself."""
    found = []
    for check in suite.checks:
        statement, parameters = _compose(replace(suite, checks=(check,)))
        try:
            with conn.transaction(force_rollback=True):
                conn.execute(statement, parameters | {"batch_id": batch_id})
        except psycopg.Error as error:
            found.append(f"{check.rule}: {str(error).splitlines()[0]}")
    return "; ".join(found)


@dataclass(slots=True)
class _Parts:
    """What is being composed: parameters, and the key sets of rows that fail."""

    parameters: dict[str, Any] = field(default_factory=dict)
    key_sets: list[sql.Composable] = field(default_factory=list)
    _number: Iterator[int] = field(default_factory=count)

    def bind(self, value: Any) -> sql.Composable:
        """Bind a value; returns its placeholder."""
        name = f"p{next(self._number)}"
        self.parameters[name] = value
        return sql.Placeholder(name)

    def keys(self, check: Check, select: sql.Composable) -> sql.Composable:
        """Add the keys of the rows that fail a check; returns the condition that a row is among them."""
        rule = self.bind(check.rule)
        self.key_sets.append(
            sql.SQL("UNION ALL SELECT keys.record_no, {rule}::text FROM ({select}) AS keys").format(
                rule=rule, select=select
            )
        )
        return sql.SQL("{} = ANY (f.rules)").format(rule)


def _compose(suite: Suite) -> tuple[sql.Composed, dict[str, Any]]:
    parts = _Parts()
    errors = [_case(check, parts) for check in suite.checks if check.critical]
    warnings = [_case(check, parts) for check in suite.checks if not check.critical]
    statement = sql.SQL(query(__package__, "split")).format(
        entity=sql.Identifier(suite.entity),
        columns=sql.SQL(", ").join(map(sql.Identifier, suite.columns)),
        errors=sql.SQL(", ").join(errors),
        warnings=sql.SQL(", ").join(warnings),
        key_sets=sql.SQL("\n").join(parts.key_sets),
    )
    return statement, parts.parameters


def _case(check: Check, parts: _Parts) -> sql.Composable:
    return sql.SQL("CASE WHEN {bad} THEN {rule}::text END").format(
        bad=FAILS[check.type](check, parts), rule=parts.bind(check.rule)
    )


def _column(check: Check, kwarg: str = "column") -> sql.Composable:
    return sql.SQL("b.{}").format(sql.Identifier(check.kwargs[kwarg]))


def _is_null(check: Check, parts: _Parts) -> sql.Composable:
    return sql.SQL("{} IS NULL").format(_column(check))


def _not_in_set(check: Check, parts: _Parts) -> sql.Composable:
    return sql.SQL("{} <> ALL ({})").format(_column(check), parts.bind(list(check.kwargs["value_set"])))


def _no_match(check: Check, parts: _Parts) -> sql.Composable:
    return sql.SQL("{} !~ {}").format(_column(check), parts.bind(check.kwargs["regex"]))


def _wrong_check_digit(check: Check, parts: _Parts) -> sql.Composable:
    return sql.SQL("NOT lotwatch.gs1_check_digit_holds({})").format(_column(check))


def _wrong_check_character(check: Check, parts: _Parts) -> sql.Composable:
    return sql.SQL("NOT lotwatch.hibcc_check_character_holds({})").format(_column(check))


def _out_of_range(check: Check, parts: _Parts) -> sql.Composable:
    ends = (
        ("min_value", sql.SQL("<=") if check.kwargs.get("strict_min") else sql.SQL("<")),
        ("max_value", sql.SQL(">=") if check.kwargs.get("strict_max") else sql.SQL(">")),
    )
    return sql.SQL(" OR ").join(
        sql.SQL("{} {} {}").format(_column(check), operator, parts.bind(check.kwargs[end]))
        for end, operator in ends
        if check.kwargs.get(end) is not None
    )


def _not_greater(check: Check, parts: _Parts) -> sql.Composable:
    operator = sql.SQL("<") if check.kwargs.get("or_equal") else sql.SQL("<=")
    return sql.SQL("{} {} {}").format(_column(check, "column_A"), operator, _column(check, "column_B"))


def _repeated(check: Check, parts: _Parts, *, columns: str) -> sql.Composable:
    named = check.kwargs[columns]
    identifiers = [sql.Identifier(name) for name in (named if isinstance(named, list) else [named])]
    keys = sql.SQL(
        "SELECT record_no FROM (SELECT record_no, count(*) OVER (PARTITION BY {columns}) AS copies FROM batch"
        " WHERE {present}) AS counted WHERE copies > 1"
    ).format(
        columns=sql.SQL(", ").join(identifiers),
        present=sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(each) for each in identifiers),
    )
    return parts.keys(check, keys)


def _selected(check: Check, parts: _Parts) -> sql.Composable:
    """The rule's own SQL: in place where it looks at one row alone, otherwise by the keys it selects."""
    select = parse_query(check.kwargs["unexpected_rows_query"])
    if not is_row_condition(select):
        return parts.keys(check, _text(select))
    condition = select.args["where"].this
    for column in condition.find_all(exp.Column):
        column.set("table", exp.to_identifier("b"))
    return _text(condition)


def _text(expression: exp.Expression) -> sql.SQL:
    # a suite is part of the project, like any .sql file; the percent sign is doubled for psycopg
    return sql.SQL(expression.sql(dialect="postgres").replace("%", "%%"))


#: for each type of check, the condition under which a row fails (nulls fail nothing but "not null")
FAILS: Mapping[str, Callable[[Check, _Parts], sql.Composable]] = {
    "expect_column_values_to_not_be_null": _is_null,
    "expect_column_values_to_be_unique": partial(_repeated, columns="column"),
    "expect_column_values_to_be_in_set": _not_in_set,
    "expect_column_values_to_match_regex": _no_match,
    "expect_column_values_to_have_gs1_check_digit": _wrong_check_digit,
    "expect_column_values_to_have_hibcc_check_character": _wrong_check_character,
    "expect_column_values_to_be_between": _out_of_range,
    "expect_column_pair_values_a_to_be_greater_than_b": _not_greater,
    "expect_compound_columns_to_be_unique": partial(_repeated, columns="column_list"),
    "unexpected_rows_expectation": _selected,
}
