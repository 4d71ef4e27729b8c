"""How a cell of a table is read as each type of column: shared by files loaded by hand and by mapped tables."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

YES = frozenset({"true", "yes", "y", "1", "是"})
NO = frozenset({"false", "no", "n", "0", "否"})

_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_BIGINT = 2**63
_INTEGER = 2**31
#: digits before or after the point beyond which nothing is a quantity or a price, and PostgreSQL refuses it in the end
_DIGITS = 1_000


def readers(zone: ZoneInfo | None) -> dict[str, Callable[[str], Any]]:
    """How a cell of each type is read; each raises ValueError with the reason."""
    return {
        "text": str,
        "bool": boolean,
        "int4": small,
        "int8": whole,
        "numeric": number,
        "date": day,
        "timestamptz": lambda cell: moment(cell, zone),
        "jsonb": parse_json,
        "_text": lambda cell: [part.strip() for part in cell.split(";") if part.strip()],
        "_int4": lambda cell: [small(part.strip()) for part in cell.split(";") if part.strip()],
    }


def boolean(cell: str) -> bool:
    """True or false, in English or Chinese. Raises ValueError with the reason."""
    if cell.lower() in YES:
        return True
    if cell.lower() in NO:
        return False
    raise ValueError(f'"{cell}" is neither true nor false')


def number(cell: str) -> Decimal:
    """A finite number with a decimal point. Raises ValueError with the reason."""
    try:
        found = Decimal(cell)
    except InvalidOperation:
        raise ValueError(f'"{cell}" is not a number (write 1234.5, no thousands separators)') from None
    if not found.is_finite() or abs(found.adjusted()) > _DIGITS:
        raise ValueError(f'"{cell}" is not a number')
    return found


def whole(cell: str) -> int:
    """A whole number that fits a bigint. Raises ValueError with the reason."""
    found = number(cell)
    if found != found.to_integral_value() or abs(found) >= _BIGINT:
        raise ValueError(f'"{cell}" is not a whole number')
    return int(found)


def small(cell: str) -> int:
    """A whole number of a column that holds no larger ones."""
    found = whole(cell)
    if abs(found) >= _INTEGER:
        raise ValueError(f'"{cell}" is too large')
    return found


def day(cell: str) -> date:
    """A day, as 2026-01-31, 2026/1/31 or 20260131. Raises ValueError with the reason."""
    parts = _DAY.fullmatch(cell)
    try:
        return date(*map(int, parts.groups())) if parts else date.fromisoformat(cell)
    except ValueError:
        raise ValueError(f'"{cell}" is not a day (write 2026-01-31)') from None


def moment(cell: str, zone: ZoneInfo | None) -> datetime:
    """A moment in ISO 8601; `zone` is that of one without an offset. Raises ValueError with the reason."""
    try:
        found = datetime.fromisoformat(cell.replace("/", "-"))
    except ValueError:
        raise ValueError(f'"{cell}" is not a moment (write 2026-01-31T08:30+08:00)') from None
    if found.tzinfo is None and zone is None:
        raise ValueError(f'"{cell}" has no time zone (write 2026-01-31T08:30+08:00, or name the zone of the file)')
    return found if found.tzinfo else found.replace(tzinfo=zone)


def parse_json(cell: str) -> Any:
    """JSON. Raises ValueError with the reason."""
    try:
        return json.loads(cell)
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from None
