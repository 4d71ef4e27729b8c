"""Loads the suites: one JSON file for each entity, the only definition of what a good row is.

Great Expectations judges by them and the split is derived from them, so a mistake must not pass: it only logs a
mistyped check and leaves it out, and the suite stays green with fewer checks. Everything is refused here, with the
file, the place in it and the rule, before any row is looked at.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

import sqlglot
from sqlglot import exp

from lotwatch.errors import GateError, nearest

#: entities in the order in which their records refer to one another
ENTITIES = (
    "cross_reference", "legal_entity", "supplier", "location", "lane", "device_record", "item", "item_unit",
    "substitute", "identifier", "agreement", "credential", "notice", "adverse_event", "lot", "kit", "order_point", "stock_level",
    "movement", "purchase_line", "invoice_line", "demand_line", "allocation", "delivery_line", "package_event",
    "tracking_event", "temperature_reading", "inspection", "quality_alert", "count",
)  # fmt: skip

#: a row that breaks only such rules is tried again by itself, once what it refers to is known
REFERENCE_PREFIX = "REF"

#: the name under which a rule's own SQL sees the batch
BATCH = "batch"

SEVERITIES = ("critical", "warning")
LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class CheckType:
    """What a type of check may say: required and optional kwargs, and which of them name columns."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    columns: tuple[str, ...] = ("column",)


_COLUMN = frozenset({"column"})
CHECK_TYPES: Mapping[str, CheckType] = {
    "expect_column_values_to_not_be_null": CheckType(_COLUMN),
    "expect_column_values_to_be_unique": CheckType(_COLUMN),
    "expect_column_values_to_be_in_set": CheckType(_COLUMN | {"value_set"}),
    "expect_column_values_to_match_regex": CheckType(_COLUMN | {"regex"}),
    "expect_column_values_to_have_gs1_check_digit": CheckType(_COLUMN),
    "expect_column_values_to_have_hibcc_check_character": CheckType(_COLUMN),
    "expect_column_values_to_be_between": CheckType(
        _COLUMN, frozenset({"min_value", "max_value", "strict_min", "strict_max"})
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": CheckType(
        frozenset({"column_A", "column_B", "ignore_row_if"}), frozenset({"or_equal"}), ("column_A", "column_B")
    ),
    "expect_compound_columns_to_be_unique": CheckType(
        frozenset({"column_list", "ignore_row_if"}), columns=("column_list",)
    ),
    "unexpected_rows_expectation": CheckType(frozenset({"unexpected_rows_query"}), columns=()),
}

#: the only ways of treating nulls that mean the same to Great Expectations and to the split
IGNORE_ROW_IF = {
    "expect_column_pair_values_a_to_be_greater_than_b": "either_value_is_missing",
    "expect_compound_columns_to_be_unique": "any_value_is_missing",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row is refused, in both languages; {column} stands for the row's own value."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of a suite."""

    rule: str
    type: str
    kwargs: Mapping[str, Any]
    severity: str
    reason: Reason

    @property
    def critical(self) -> bool:
        """A row that breaks it is kept back; otherwise it flows on with a warning."""
        return self.severity == "critical"


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one entity, in the order of its file. `columns` are the staged entity's own."""

    entity: str
    path: Path
    columns: tuple[str, ...]
    checks: tuple[Check, ...]

    def check(self, rule: str) -> Check:
        """The check with this rule id; KeyError when there is none."""
        return {check.rule: check for check in self.checks}[rule]


def load_suites(folder: Path, columns: Mapping[str, Sequence[str]]) -> dict[str, Suite]:
    """Read `<entity>.json` for every entity, in the order of `ENTITIES`.

    `columns` are the columns of each staging table, without those that every staged row has. Raises GateError for
    whatever is wrong with a file, naming the file, the check's index and its rule.
    """
    suites: dict[str, Suite] = {}
    seen: dict[str, str] = {}
    for entity in ENTITIES:
        suite = _load_suite(folder / f"{entity}.json", entity, tuple(columns[entity]))
        for index, check in enumerate(suite.checks):
            place = f"{suite.path.name}, expectation {index}"
            if check.rule in seen:
                raise GateError(
                    f"Rule id {check.rule} is used twice",
                    where=f"{place} and {seen[check.rule]}",
                    do="give one of them an id of its own",
                )
            seen[check.rule] = place
        suites[entity] = suite
    return suites


def _load_suite(path: Path, entity: str, columns: tuple[str, ...]) -> Suite:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise GateError(
            f"There is no suite for {entity}", where=str(path), do="restore the file: unchecked rows do not flow on"
        ) from None
    except (ValueError, OSError) as error:
        raise _unreadable(path, error) from error
    return _read_suite(path, text, entity, columns)


@lru_cache(maxsize=128)  # each batch needs all suites, and reading one takes its queries apart
def _read_suite(path: Path, text: str, entity: str, columns: tuple[str, ...]) -> Suite:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _unreadable(path, error) from error
    if not isinstance(content, dict) or content.get("name") != entity:
        raise GateError("A suite does not bear its entity's name", where=str(path), do=f'write "name": "{entity}"')
    expectations = content.get("expectations")
    if not isinstance(expectations, list) or not expectations:
        raise GateError("A suite has no expectations", where=str(path), do='list them under "expectations"')
    reader = (_CheckReader(path, index, columns) for index in range(len(expectations)))
    checks = tuple(each.read(item) for each, item in zip(reader, expectations, strict=True))
    return Suite(entity, path, columns, checks)


def _unreadable(path: Path, error: Exception) -> GateError:
    return GateError(f"A suite cannot be read: {error}", where=str(path), do="correct the file")


@dataclass(slots=True)
class _CheckReader:
    """Reads one expectation of a file; knows where it stands, for messages."""

    path: Path
    index: int
    columns: tuple[str, ...]
    rule: str = "?"

    def read(self, item: object) -> Check:
        if not isinstance(item, dict):
            raise self._error("An expectation is not an object", 'write {"type", "kwargs", "meta", "severity"}')
        meta = item.get("meta")
        if not isinstance(meta, dict) or not isinstance(meta.get("rule"), str) or not meta["rule"]:
            raise self._error("An expectation has no rule id", 'write "meta": {"rule": ..., "reason": ...}')
        self.rule = meta["rule"]
        self._names(item, ("type", "kwargs", "meta", "severity"), "entry")
        self._names(meta, ("rule", "reason", "why"), "entry of meta")
        check_type = self._one_of(item.get("type"), CHECK_TYPES, "type of check")
        kwargs = self._kwargs(check_type, item.get("kwargs"))
        severity = self._one_of(item.get("severity"), SEVERITIES, "severity")
        return Check(self.rule, check_type, kwargs, severity, self._reason(meta.get("reason")))

    def _kwargs(self, check_type: str, kwargs: object) -> Mapping[str, Any]:
        if not isinstance(kwargs, dict):
            raise self._error("kwargs are not an object", "write the check's arguments by name")
        if "mostly" in kwargs:
            raise self._error("mostly is not supported", "every row is judged for itself: use severity warning instead")
        known = CHECK_TYPES[check_type]
        self._names(kwargs, [*known.required, *known.optional], f"argument of {check_type}")
        for missing in sorted(known.required - kwargs.keys()):
            raise self._error(f"{check_type} needs {missing}", f"add {missing} to kwargs")
        for name in known.columns:
            named = kwargs[name] if isinstance(kwargs[name], list) else [kwargs[name]]
            for column in named:
                self._one_of(column, self.columns, "column")
        self._meaning(check_type, kwargs)
        return kwargs

    def _meaning(self, check_type: str, kwargs: Mapping[str, Any]) -> None:
        """What the names alone do not tell."""
        if check_type in IGNORE_ROW_IF:
            self._one_of(kwargs["ignore_row_if"], [IGNORE_ROW_IF[check_type]], "ignore_row_if")
        if check_type == "expect_column_values_to_be_between" and not {"min_value", "max_value"} & kwargs.keys():
            raise self._error("The range has no end", "give min_value, max_value or both")
        if check_type == "expect_column_values_to_be_in_set" and not (
            isinstance(kwargs["value_set"], list) and kwargs["value_set"]
        ):
            raise self._error("value_set is not a list of values", "list the values that are allowed")
        if check_type == "unexpected_rows_expectation":
            self._query(kwargs["unexpected_rows_query"])

    def _query(self, text: object) -> None:
        try:
            query = parse_query(str(text))
        except (ValueError, KeyError, IndexError) as error:
            raise self._error(
                f"The query cannot be read: {error}",
                "write one SELECT from {batch}, and double the braces that are not {batch}",
            ) from error
        if [column.alias_or_name for column in query.expressions] != ["record_no"]:
            raise self._error("The query does not select record_no alone", "select the key of the failing rows")
        tables = [table for table in query.find_all(exp.Table) if table.name == BATCH and not table.db]
        if not tables:
            raise self._error(
                "The query does not read {batch}", "select from {batch}: other batches' rows are not ours"
            )
        joins = query.find(exp.Join) is not None
        if any(bool(table.alias) != joins for table in tables):  # Great Expectations adds an alias where none joins
            wanted = "FROM {batch} AS b" if joins else "FROM {batch} without an alias"
            raise self._error("The query's alias of {batch} would not be understood", f"write {wanted}")
        aliases = {table.alias for table in tables} if joins or is_row_condition(query) else set()
        for column in query.find_all(exp.Column):
            if column.table in aliases:
                self._one_of(column.name, [*self.columns, "batch_id", "record_no", "source_key"], "column")

    def _reason(self, reason: object) -> Reason:
        if not isinstance(reason, dict):
            raise self._error("The rule has no reason", 'write "reason": {"en": ..., "zh": ...}')
        for language in LANGUAGES:
            text = reason.get(language)
            if not isinstance(text, str) or not text.strip():
                raise self._error(f"The rule has no reason in {language}", f'write "reason": {{"{language}": ...}}')
            try:
                fields = [field for _, field, _, _ in Formatter().parse(text) if field is not None]
            except ValueError as error:
                raise self._error(f"The reason in {language} has an odd brace: {error}", "double it") from error
            for field in fields:
                self._one_of(field, self.columns, f"column in the reason in {language}")
        return Reason(reason["en"], reason["zh"])

    def _names(self, given: Mapping[str, object], known: Iterable[str], kind: str) -> None:
        names = list(known)
        for name in given:
            self._one_of(name, names, kind)

    def _one_of(self, value: object, known: Iterable[str], kind: str) -> str:
        names = sorted(known)
        if isinstance(value, str) and value in names:
            return value
        raise self._error(f'"{value}" is not a known {kind}', nearest(str(value), names))

    def _error(self, what: str, do: str) -> GateError:
        return GateError(what, where=f"{self.path}, expectation {self.index}, rule {self.rule}", do=do)


def parse_query(text: str) -> exp.Select:
    """The SELECT of an `unexpected_rows_query`, with `{batch}` read as a table named `BATCH`.

    Raises ValueError, KeyError or IndexError when a brace is not doubled or the text is not one SELECT.
    """
    try:
        parsed = sqlglot.parse(text.format(batch=BATCH), dialect="postgres")
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(str(error)) from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Select):
        raise ValueError("it is not one SELECT")
    return parsed[0]


def is_row_condition(query: exp.Select) -> bool:
    """Whether the query looks at each row alone: `SELECT record_no FROM {batch} WHERE <condition>`."""
    plain = {name for name, value in query.args.items() if value} <= {"expressions", "from_", "where", "kind"}
    return plain and "where" in query.args and len(list(query.find_all(exp.Select))) == 1
