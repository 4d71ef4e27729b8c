"""Fits what another system sent into the columns of a staging table: by their types, or with the reason why not.

A value that is of the column's type already passes; JSON's numbers and text are read as a cell of a table is.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lotwatch.errors import nearest
from lotwatch.sources.cells import readers
from lotwatch.sources.connector import Problem, Record

_CELLS = readers(None)
_LARGEST = {"int4": 2**31 - 1, "int8": 2**63 - 1}
#: digits before or after the point beyond which a number is nobody's quantity, price or temperature
_DIGITS = 40


def fit(record: Record, columns: Mapping[str, str]) -> Record:
    """The record with every value of its column's type (PostgreSQL's names); what does not fit becomes its problem.

    `stated` is ours to write. A record that has problems already is left as it is.
    """
    if record.problems:
        return record
    problems: list[Problem] = []
    row: dict[str, Any] = {}
    for name, value in record.row.items():
        kind = columns.get(name)
        if kind is None or name == "stated":
            known = [column for column in columns if column != "stated"]
            problems.append(Problem(str(name)[:100], f"there is no such field: {nearest(str(name), known)}"))
        elif value is not None and value != "":
            try:
                row[name] = _FITS[kind](value)
            except ValueError as error:
                problems.append(Problem(name, str(error)))
    return Record(record.source_key, record.raw, row, tuple(problems))


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise _wrong(value, "is not text")
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("it holds a character that is none")
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_CELLS["bool"](value))
    if not isinstance(value, bool):
        raise _wrong(value, "is neither true nor false")
    return value


def _number(value: Any) -> Decimal:
    number = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(number, str):
        number = _CELLS["numeric"](number)
    if not isinstance(number, Decimal) or not number.is_finite():
        raise _wrong(value, "is not a number")
    if number.adjusted() > _DIGITS or number.as_tuple().exponent < -_DIGITS:  # type: ignore[operator]  # finite
        raise ValueError("the number has too many digits")
    return number


def _whole(value: Any, kind: str) -> int:
    number = _number(value)
    if number != number.to_integral_value():
        raise _wrong(value, "is not a whole number")
    if abs(number) > _LARGEST[kind]:
        raise ValueError("the number is too large")
    return int(number)


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise _wrong(value, "is not a day (write 2026-01-31)")
    found: date = _CELLS["date"](value)
    return found


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if not isinstance(value, str):
        raise _wrong(value, "is not a moment (write 2026-01-31T08:30+08:00)")
    found: datetime = _CELLS["timestamptz"](value)
    return found


def _list(value: Any, of: Callable[[Any], Any], kind: str) -> list[Any]:
    if isinstance(value, str):
        value = _CELLS[kind](value)
    if not isinstance(value, list | tuple):
        raise _wrong(value, "is not a list")
    return [of(each) for each in value]


def _wrong(value: Any, what: str) -> ValueError:
    return ValueError(f"{repr(value)[:80]} {what}")


def needs_cleaning(content: bytes) -> bool:
    """Whether a body may hold characters that PostgreSQL cannot keep (NUL, half of a surrogate pair)."""
    lowered = content.lower()
    return b"\x00" in content or b"\\u0000" in lowered or b"\\ud" in lowered


def cleaned(value: Any) -> Any:
    """The value with every character that PostgreSQL cannot keep replaced by U+FFFD, within lists and objects too."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
    if isinstance(value, Mapping):
        return {cleaned(key): cleaned(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(each) for each in value]
    return value


_FITS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "bool": _boolean,
    "int4": lambda value: _whole(value, "int4"),
    "int8": lambda value: _whole(value, "int8"),
    "numeric": _number,
    "date": _day,
    "timestamptz": _moment,
    "jsonb": cleaned,
    "_text": lambda value: _list(value, _text, "_text"),
    "_int4": lambda value: _list(value, lambda each: _whole(each, "int4"), "_int4"),
}


def as_json(value: object) -> str:
    """JSON of a raw record that PostgreSQL can keep: decimals become numbers where that loses nothing, text otherwise."""
    text = json.dumps(value, default=_plain, ensure_ascii=False)
    if "\\u0000" not in text and _can_be_written(text):
        return text
    return json.dumps(cleaned(value), default=_plain, ensure_ascii=False)


def _can_be_written(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def misfits(values: Mapping[str, Any]) -> list[Problem]:
    """The texts among some columns' values that PostgreSQL cannot keep, as problems of their record."""
    return [
        Problem(name, "it holds a character that is none")
        for name, value in values.items()
        if type(value) is str and ("\x00" in value or (not value.isascii() and not _can_be_written(value)))
    ]


def _plain(value: object) -> float | str:
    if isinstance(value, Decimal) and Decimal(repr(float(value))) == value:
        return float(value)
    return str(value)
