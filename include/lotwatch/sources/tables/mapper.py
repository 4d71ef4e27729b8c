"""Maps rows of another system to records of ours, as a feed of the mapping file says.

A cell that cannot be read is the record's problem, with the place, the column and the value. What a feed filters out is
no record. A row of an item of a document may be told twice: the movement, and that it was taken back.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from lotwatch.sources import cells
from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.tables import values
from lotwatch.sources.tables.mapping import Case, Condition, Feed, Field, Mapping, Test

Row = AnyMapping[str, Any]
Read = Callable[[Row, Row], Any]


class Cell(Exception):  # noqa: N818 (it is no error of the program)
    """A cell that cannot be read: which, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


class Source(NamedTuple):
    """A row as it was read: where it stands ("stock.csv, line 12"), its columns, what is known beside them.

    `problem` says what is wrong with it as a row, so that no column can be told from another.
    """

    place: str
    row: Row
    circumstances: Row
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Case:
    holds: Callable[[Row, Row], bool]
    columns: dict[str, Read]
    skip: bool


class Mapper:
    """Makes records of the rows of one feed. `columns` are the entity's and their types by PostgreSQL's names."""

    def __init__(self, mapping: Mapping, feed: Feed, columns: AnyMapping[str, str]) -> None:
        self._mapping, self._feed, self._kinds = mapping, feed, columns
        self._key = [getter(name) for name in feed.keys]
        self._needed = [True] * len(feed.key) + [False] * len(feed.key_optional)
        self._where = self._condition(feed.where)
        self._columns = self._readers(feed.columns)
        self._cases = [self._case(case) for case in feed.cases]
        self._gone = self._condition(feed.deleted.when) if feed.deleted else None
        self._gone_columns = self._readers(feed.deleted.columns) if feed.deleted else {}
        #: their columns that are read, in the order in which the mapping names them
        self.used = tuple(dict.fromkeys(self._used()))

    def records(self, source: Source) -> Iterator[Record]:
        """The records of a row: none, one, or a movement and its reversal."""
        row, beside = source.row, source.circumstances
        if source.problem:
            problem = Problem(source.place, source.problem)
            yield Record(f"{self._feed.prefix}{source.place}", values.storable_row(row), {}, (problem,))
            return
        if not self._where(row, beside):
            return
        case = self._first_case(row, beside)
        if case is not None and case.skip:
            return
        problems: list[Problem] = []
        if case is None and self._cases:
            if self._feed.otherwise == "skip":
                return
            if self._feed.otherwise == "problem":
                told = ", ".join(f"{name} {values.shown(getter(name)(row))}" for name in self._case_columns())
                problems.append(Problem(source.place, f"no case of the mapping holds for {told}"))
        made: dict[str, Any] = {}
        gone = self._gone is not None and self._gone(row, beside)
        for readers in (self._columns, case.columns if case else {}, self._gone_columns if gone else {}):
            self._read(readers, source, made, problems)
        key = self._source_key(source, problems)
        raw = values.storable_row(row)
        yield Record(key, raw, made, tuple(problems))
        if gone and self._feed.deleted is not None and self._feed.deleted.reverse and not problems:
            yield Record(f"{key}|deleted", raw, {"kind": "reversal", "reverses_key": key})

    def _read(
        self, readers: AnyMapping[str, Read], source: Source, made: dict[str, Any], problems: list[Problem]
    ) -> None:
        for name, read in readers.items():
            try:
                made[name] = read(source.row, source.circumstances)
            except Cell as error:
                problems.append(Problem(f"{source.place}, column {error.column}", error.reason))

    def _source_key(self, source: Source, problems: list[Problem]) -> str:
        parts = [values.text_of(get(source.row)).strip() for get in self._key]
        for part, needed, column in zip(parts, self._needed, self._feed.keys, strict=True):
            if needed and not part:
                problems.append(Problem(f"{source.place}, column {column}", "it is empty, and part of the key"))
                return f"{self._feed.prefix}{source.place}"
        key = self._feed.prefix + join_key(parts)
        try:
            return values.read_text(key)
        except ValueError as error:
            problems.append(Problem(f"{source.place}, column {self._feed.keys[0]}", str(error)))
            return f"{self._feed.prefix}{source.place}"

    def _first_case(self, row: Row, beside: Row) -> _Case | None:
        return next((case for case in self._cases if case.holds(row, beside)), None)

    def _case(self, case: Case) -> _Case:
        return _Case(self._condition(case.when), self._readers(case.columns), case.skip)

    def _readers(self, columns: AnyMapping[str, Field]) -> dict[str, Read]:
        return {name: column_reader(field, self._kinds[name], self._mapping) for name, field in columns.items()}

    def _condition(self, condition: Condition) -> Callable[[Row, Row], bool]:
        tests = [(getter(name), tester(test, self._mapping)) for name, test in condition.items()]
        return lambda row, beside: all(test(get(row)) for get, test in tests)

    def _case_columns(self) -> list[str]:
        return list(dict.fromkeys(name for case in self._feed.cases for name in case.when))

    def _used(self) -> Iterator[str]:
        feed = self._feed
        yield from feed.keys
        if feed.changed:
            yield feed.changed.column
        yield from feed.where
        yield from feed.deleted.when if feed.deleted else ()
        yield from self._case_columns()
        fields = [*feed.columns.values(), *(field for case in feed.cases for field in case.columns.values())]
        fields += feed.deleted.columns.values() if feed.deleted else ()
        for field in fields:
            yield from (name for name in field.columns() if not name.startswith("$"))


def join_key(parts: Sequence[str]) -> str:
    """The parts of a key as one text, so that no two keys look alike."""
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") if "|" in part else part for part in parts)


def getter(name: str) -> Callable[[Row], Any]:
    """Finds a column of a row: by its whole name, or step by step where it names something within another."""
    steps = re.split(r"[./]", name)
    if len(steps) == 1:
        return lambda row: row.get(name)
    return lambda row: row[name] if name in row else _walked(row, steps)


def find(content: Any, path: str) -> Any:
    """What stands at a path in JSON ("data.0.message"); None where there is nothing."""
    return _walked(content, re.split(r"[./]", path))


def _walked(content: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(content, AnyMapping):
            content = content.get(step)
        elif isinstance(content, list) and step.isdigit():
            content = content[int(step)] if int(step) < len(content) else None
        else:
            return None
    return content


def tester(test: Test, mapping: Mapping) -> Callable[[Any], bool]:
    """Whether a value meets a condition."""
    number = values.number_reader(mapping.decimal, mapping.thousands)
    like = re.compile(test.like) if test.like else None
    wanted = frozenset(test.is_) if test.is_ is not None else None
    unwanted = frozenset(test.not_ or ())

    def holds(value: Any) -> bool:
        text = values.text_of(value).strip()
        if (wanted is not None and text not in wanted) or text in unwanted:
            return False
        if (test.present is not None and bool(text) is not test.present) or (like and not like.fullmatch(text)):
            return False
        if test.below is None and test.above is None:
            return True
        try:
            found = number(text)
        except ValueError:
            return False
        return (test.below is None or found < test.below) and (test.above is None or found > test.above)

    return holds


def column_reader(field: Field, kind: str, mapping: Mapping) -> Read:
    """How a column of ours is read from a row. It raises Cell for what cannot be read."""
    convert = _converter(field, kind, mapping)
    if field.value is not None:
        constant = convert(field.value, None)
        return lambda row, beside: constant
    column, take = _taken(field)
    reckon = _reckoning(field, kind, mapping)
    clock = getter(field.time) if field.time else None
    default = convert(field.default, None) if field.default is not None else None
    empty = frozenset({"", *mapping.empty, *(field.empty or ())})
    part = field.udi
    empty_is_false = kind == "bool" and field.no is not None and "" in field.no

    def read(row: Row, beside: Row) -> Any:
        try:
            value = take(row, beside)
            if isinstance(value, str):
                value = value.strip() if field.trim else value
            if value is None or (isinstance(value, str) and value in empty):
                if empty_is_false:
                    return False
            else:
                if part is not None:
                    value = values.read_udi(value, part, beside.get("$read_at"))
                found = None if value is None else convert(value, clock(row) if clock else None)
                if found is not None:
                    return reckon(found, row) if reckon else found
            if default is None and field.required:
                raise ValueError("it is empty, and required")
        except ValueError as error:
            raise Cell(column, values.printable(str(error))) from None
        return default

    return read


def check_constants(field: Field, kind: str, mapping: Mapping) -> None:
    """Raise ValueError when what is written in the mapping itself cannot be a value of the column."""
    read = _type_reader(field, kind, mapping)
    for text in (field.value, field.default):
        if text is not None:
            _converter(field, kind, mapping)(text, None)
    for text in (*(field.map or {}).values(), field.otherwise):
        if text:
            read(text, None)


def outermost(name: str) -> str:
    """The first step of a name that leads into something nested."""
    return re.split(r"[./]", name)[0]


def _taken(field: Field) -> tuple[str, Callable[[Row, Row], Any]]:
    """What is read, for messages, and how it is found in a row."""
    if field.from_ is not None:
        name = field.from_
        if name.startswith("$"):
            return name, lambda row, beside: beside.get(name)
        get = getter(name)
        return name, lambda row, beside: get(row)
    names = field.concat or field.first or field.key or ()
    gets = [getter(name) for name in names]
    if field.first is not None:
        return names[0], lambda row, beside: next((v for get in gets if values.text_of(v := get(row)).strip()), None)
    if field.key is not None:
        return names[0], lambda row, beside: _other_key(field.prefix, names, [get(row) for get in gets])
    glue = field.with_

    def joined(row: Row, beside: Row) -> str:
        parts = (values.text_of(get(row)).strip() for get in gets)
        return glue.join(part for part in parts if part)

    return names[0], joined


def _other_key(prefix: str, names: Sequence[str], found: Sequence[Any]) -> str | None:
    """The key of another record; None where nothing is told of it."""
    parts = [values.text_of(value).strip() for value in found]
    if not any(parts):
        return None
    if not all(parts):
        raise ValueError(f"{names[parts.index('')]} is empty, and part of a key")
    return prefix + join_key(parts)


def _converter(field: Field, kind: str, mapping: Mapping) -> Callable[[Any, Any], Any]:
    """What is done to a value that is there, in this order: cut, looked up in the map, read as the column's type, reckoned."""
    prepare = _preparation(field)
    read = _type_reader(field, kind, mapping)
    lookup = field.map

    def convert(value: Any, clock: Any) -> Any:
        if prepare is not None:
            value = prepare(value)
            if value is None or value == "":
                return None
        if lookup is not None:
            text = values.text_of(value)
            if text in lookup:
                value = lookup[text]
            elif field.otherwise is not None:
                value = field.otherwise
            elif not field.keep_unknown:
                raise ValueError(f"{values.shown(text)} is not in the map: write what it means to us")
            if value == "":
                return None
        return read(value, clock)

    return convert


def _preparation(field: Field) -> Callable[[Any], Any] | None:
    steps: list[Callable[[str], str | None]] = []
    if field.split is not None:
        at, part = field.split.at, field.split.part
        steps.append(lambda text: _part(text.split(at), part))
    if field.pattern is not None:
        pattern = re.compile(field.pattern)
        steps.append(lambda text: found[1] if (found := pattern.search(text)) else None)
    if field.strip_zeros:
        steps.append(lambda text: text.lstrip("0") or "0" if text.isdigit() else text)
    if not steps:
        return None

    def prepare(value: Any) -> str | None:
        text: str | None = values.text_of(value)
        for step in steps:
            text = step(text) if text is not None else None
        return text.strip() if text is not None else None

    return prepare


def _part(parts: list[str], number: int) -> str | None:
    index = number - 1 if number > 0 else number
    return parts[index] if -len(parts) <= index < len(parts) else None


def _type_reader(field: Field, kind: str, mapping: Mapping) -> Callable[[Any, Any], Any]:
    zone = values.in_zone(field.time_zone or mapping.time_zone)
    number = values.number_reader(
        field.decimal or mapping.decimal, field.thousands if field.thousands is not None else mapping.thousands
    )
    if kind == "text":
        prefix = field.prefix if field.key is None else ""
        return lambda value, clock: prefix + values.read_text(value)
    if kind == "bool":
        boolean = values.boolean_reader(field.yes or mapping.yes, field.no or mapping.no)
        return lambda value, clock: boolean(value)
    if kind == "date":
        day = values.day_reader(field.format or (), zone)
        return lambda value, clock: day(value)
    if kind == "timestamptz":
        return values.moment_reader(field.format or (), zone)
    if kind in {"numeric", "int4", "int8"}:
        return _number_reader(field, kind, number)
    plain = cells.readers(zone)[kind]
    return lambda value, clock: value if isinstance(value, list | dict) else plain(values.read_text(value))


def _number_reader(field: Field, kind: str, number: Callable[[object], Decimal]) -> Callable[[Any, Any], Any]:
    finish = _finish(kind) if not (field.times or field.over) else None

    def read(value: Any, clock: Any) -> Decimal | int:
        found = number(value)
        if field.absolute:
            found = abs(found)
        if field.multiply is not None:
            found *= field.multiply
        return finish(found) if finish else found

    return read


def _finish(kind: str) -> Callable[[Decimal], Decimal | int] | None:
    """How a number becomes one of a column of whole ones."""
    whole = {"int4": cells.small, "int8": cells.whole}.get(kind)
    return (lambda found: whole(format(found, "f"))) if whole else None


def _reckoning(field: Field, kind: str, mapping: Mapping) -> Callable[[Decimal, Row], Decimal | int] | None:
    """What a number is multiplied with and divided by: other columns of its row (units of an order, a price's unit)."""
    if not field.times and not field.over:
        return None
    number = values.number_reader(mapping.decimal, mapping.thousands)
    times, over = ([(name, getter(name)) for name in names] for names in (field.times, field.over))
    finish = _finish(kind)

    def reckon(found: Decimal, row: Row) -> Decimal | int:
        for name, get in times:
            found *= _factor(number, name, get(row))
        for name, get in over:
            found /= _factor(number, name, get(row))
        return finish(found) if finish else found

    return reckon


def _factor(number: Callable[[object], Decimal], name: str, value: Any) -> Decimal:
    if value is None or value == "":
        raise ValueError(f"{name}, which it is reckoned with, is empty")
    factor = number(value)
    if not factor:
        raise ValueError(f"{name}, which it is reckoned with, is 0")
    return factor
