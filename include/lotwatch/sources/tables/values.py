"""How a value of another system becomes one of ours: text, numbers, days, moments, booleans and UDI labels.

Values come as text (CSV) or typed (Parquet, JSON, a database). Each reader raises ValueError with the reason.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from lotwatch.errors import UdiError
from lotwatch.master.udi import Udi, parse
from lotwatch.sources import cells

_ODATA = re.compile(r"/Date\((-?\d+)([+-]\d{1,4})?\)/")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](.+))?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[ T]?(\d{6}))?")
_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日(?:\s*(.+))?")
_SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?:[ T](.+))?")
_PERIOD = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a wall clock without a zone, to which one is given afterwards)
_EXCEL = datetime(1899, 12, 30)  # noqa: DTZ001 (1900 was no leap year, though Excel believes it)
#: how dates are written where there is none
_NO_DATE = frozenset({"00000000", "0000-00-00", "0000-00-00 00:00:00", "00.00.0000"})
_SHOWN = 80


def text_of(value: object) -> str:
    """A value as text, exactly: true, 12.50, 2026-01-31."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case Decimal():
            return format(value, "f") if abs(value.adjusted()) < 100 else str(value)
        case date() | time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
    return str(value)


def shown(value: object) -> str:
    """A value in a message: in quotes and not endless."""
    text = printable(text_of(value))
    return f'"{text}"' if len(text) <= _SHOWN else f'"{text[:_SHOWN]}..."'


def storable(value: object) -> Any:
    """A value of a raw record as JSON that PostgreSQL keeps: exact numbers as text, no NUL, no half characters."""
    match value:
        case str():
            return printable(value)
        case None | bool() | int():
            return value
        case Mapping():
            return {storable(str(key)): storable(each) for key, each in value.items()}
        case list() | tuple():
            return [storable(each) for each in value]
    return text_of(value)


def storable_row(row: Mapping[str, Any]) -> Any:
    """A whole row as `storable` makes it; one of clean text, as most are, is seen to be so at one glance."""
    try:
        clean = _is_clean("".join(row.values())) and _is_clean("".join(row))
    except TypeError:  # not all of it is text
        clean = False
    return row if clean else storable(row)


def _is_clean(text: str) -> bool:
    return (text.isascii() and "\x00" not in text) or not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text)


def printable(text: str) -> str:
    """Text without what PostgreSQL cannot keep: a sign stands for each such character."""
    return (
        text if _is_clean(text) else "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in text)
    )


def read_text(value: object) -> str:
    """Text that PostgreSQL keeps as it is."""
    text = text_of(value)
    if not _is_clean(text):
        raise ValueError(f"{shown(text)} holds characters that are none (NUL, or half of one)")
    return text


def number_reader(decimal: str, thousands: str | None) -> Callable[[object], Decimal]:
    """Reads numbers that are written with this decimal sign and separator of thousands."""

    def read(value: object) -> Decimal:
        match value:
            case bool():
                raise ValueError(f"{shown(value)} is not a number")
            case Decimal() | int() | float():
                return cells.number(str(value))
        text = text_of(value)
        if thousands:
            text = text.replace(thousands, "")
        if decimal == ",":
            text = text.replace(".", "?").replace(",", ".")
        if text.endswith("-"):  # SAP writes the sign behind
            text = "-" + text[:-1]
        try:
            return _number(text)
        except ValueError:
            raise ValueError(f"{shown(value)} is not a number with decimal {decimal!r}{_grouped(thousands)}") from None

    return read


@lru_cache(4096)
def _number(text: str) -> Decimal:
    if "_" in text:
        raise ValueError(text)
    return cells.number(text)


def _grouped(thousands: str | None) -> str:
    return f" and thousands {thousands!r}" if thousands else ""


def boolean_reader(yes: Sequence[str] | None, no: Sequence[str] | None) -> Callable[[object], bool]:
    """Reads these words as true and false; where only one side is named, every other word is the other."""
    if yes is None and no is None:
        return lambda value: value if isinstance(value, bool) else cells.boolean(text_of(value))
    true, false = (frozenset(word.lower() for word in words or ()) for words in (yes, no))

    def read(value: object) -> bool:
        word = text_of(value).lower()
        if word in true or (word == "true" and isinstance(value, bool)):
            return True
        if word in false or (word == "false" and isinstance(value, bool)):
            return False
        if yes is None or no is None:  # one is told: everything else is the other
            return yes is None
        raise ValueError(f"{shown(value)} is neither {' / '.join(yes)} nor {' / '.join(no)}")

    return read


def day_reader(formats: Sequence[str], zone: tzinfo | None) -> Callable[[object], date | None]:
    """Reads days; of a moment with an offset the day in `zone`. None: what is written there means no date."""

    def read(value: object) -> date | None:
        stamp = _stamp(value, tuple(formats))
        if isinstance(stamp, datetime):
            return (stamp.astimezone(zone) if stamp.tzinfo and zone else stamp).date()
        return stamp

    return read


def moment_reader(formats: Sequence[str], zone: tzinfo | None) -> Callable[[object, object], datetime | None]:
    """Reads moments in UTC from a stamp and, where the time stands by itself, a time. `zone` is that of local ones."""

    def read(value: object, clock: object = None) -> datetime | None:
        stamp = _stamp(value, tuple(formats))
        if stamp is None:
            return None
        moment = stamp if isinstance(stamp, datetime) else datetime.combine(stamp, time())
        if clock is not None and text_of(clock).strip():
            moment = datetime.combine(moment.date(), time(), moment.tzinfo) + _clock(clock)
        if moment.tzinfo is None and zone is None:
            raise ValueError(f"{shown(value)} has no time zone (say time_zone in the mapping)")
        try:
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except OverflowError:
            raise ValueError(f"{shown(value)} is out of range") from None

    return read


def _clock(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    text = text_of(value).strip()
    if parts := _PERIOD.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if text.isdigit() and len(text) <= 6:
        text = text.rjust(6, "0")
    try:
        at = time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{shown(value)} is not a time of day (123456, 12:34:56 or PT12H34M56S)") from None
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _stamp(value: object, formats: tuple[str, ...]) -> date | datetime | None:
    if isinstance(value, date):
        return value
    return _written_stamp(text_of(value), formats)


@lru_cache(4096)
def _written_stamp(text: str, formats: tuple[str, ...]) -> date | datetime | None:
    if text in _NO_DATE:
        return None
    for name in formats or _USUAL:
        try:
            found = _FORMATS[name](text) if name in _FORMATS else datetime.strptime(text, name)  # noqa: DTZ007
        except (ValueError, OverflowError):
            continue
        if found is not None:
            return found
    expected = f"written as {' or '.join(formats)}" if formats else "2026-01-31, 20260131 or 31.01.2026"
    raise ValueError(f"{shown(text)} is not a date ({expected})")


def _iso(text: str) -> date | datetime | None:
    if len(text) == 10 and text[4] == "-":
        return date.fromisoformat(text)
    if parts := _SLASHED.fullmatch(text):
        return _at(parts[1], parts[2], parts[3], parts[4])
    return datetime.fromisoformat(text) if len(text) > 10 and text[4] == "-" else None


def _compact(text: str) -> date | datetime | None:
    parts = _COMPACT.fullmatch(text)
    return _at(parts[1], parts[2], parts[3], parts[4]) if parts else None


def _dotted(text: str) -> date | datetime | None:
    parts = _DOTTED.fullmatch(text)
    return _at(parts[3], parts[2], parts[1], parts[4]) if parts else None


def _chinese(text: str) -> date | datetime | None:
    parts = _CHINESE.fullmatch(text)
    return _at(parts[1], parts[2], parts[3], parts[4]) if parts else None


def _european(text: str) -> date | datetime | None:
    return _dotted(text.replace("/", "."))


def _american(text: str) -> date | datetime | None:
    month, _, rest = text.partition("/")
    day, _, year = rest.partition("/")
    return _dotted(f"{day}.{month}.{year}")


def _odata(text: str) -> datetime | None:
    """OData 2: milliseconds since 1970. Without an offset they are a wall clock's, of whatever zone it hangs in."""
    parts = _ODATA.fullmatch(text)
    if parts is None:
        return None
    wall = _EPOCH + timedelta(milliseconds=int(parts[1]))
    return wall.replace(tzinfo=UTC) if parts[2] is not None else wall


def _excel(text: str) -> date | datetime | None:
    """Days since 1899-12-30, with the time as a fraction."""
    days = Decimal(text) if re.fullmatch(r"\d{1,7}(\.\d+)?", text) else None
    if days is None:
        return None
    moment = _EXCEL + timedelta(seconds=round(float(days) * 86_400))
    return moment if days % 1 else moment.date()


def _unix(text: str) -> datetime | None:
    return _EPOCH.replace(tzinfo=UTC) + timedelta(seconds=int(text)) if re.fullmatch(r"-?\d{1,11}", text) else None


def _unix_ms(text: str) -> datetime | None:
    return _EPOCH.replace(tzinfo=UTC) + timedelta(milliseconds=int(text)) if re.fullmatch(r"-?\d{1,14}", text) else None


def _at(year: str, month: str, day: str, clock: str | None) -> date | datetime:
    on = date(int(year), int(month), int(day))
    return datetime.combine(on, time()) + _clock(clock) if clock else on


_FORMATS: dict[str, Callable[[str], date | datetime | None]] = {
    "iso": _iso,
    "yyyymmdd": _compact,
    "dd.mm.yyyy": _dotted,
    "dd/mm/yyyy": _european,
    "mm/dd/yyyy": _american,
    "odata": _odata,
    "excel": _excel,
    "unix": _unix,
    "unix_ms": _unix_ms,
    "chinese": _chinese,
}
#: what is read without being told: nothing that could mean two days
_USUAL = ("iso", "yyyymmdd", "dd.mm.yyyy", "odata", "chinese")


@lru_cache(4096)
def _label(text: str, as_of: date) -> Udi:
    return parse(text, as_of)


def read_udi(value: object, part: str, read_at: datetime | None) -> Any:
    """A part of a UDI label; None where the label does not carry it. `read_at` settles the century of its years."""
    if read_at is None:
        raise ValueError("the century of a label's years cannot be settled: the system tells no time")
    try:
        return getattr(_label(text_of(value), read_at.date()), part)
    except UdiError as error:
        raise ValueError(f"{shown(value)} is no UDI that can be read: {error.what}") from None


def in_zone(name: str | None) -> ZoneInfo | None:
    """A time zone by its name."""
    return ZoneInfo(name) if name else None


def naive(moment: datetime, zone: tzinfo) -> datetime:
    """A moment as the wall clock of `zone` shows it."""
    return moment.astimezone(zone).replace(tzinfo=None)


def write_stamp(stamp: date, name: str) -> str:
    """A day or a wall clock's moment as text that sorts as time does, in a format of the mapping or of strftime."""
    if "%" in name:
        return stamp.strftime(name)
    timed = isinstance(stamp, datetime)
    if name == "yyyymmdd":
        return stamp.strftime("%Y%m%d%H%M%S" if timed else "%Y%m%d")
    return stamp.strftime("%Y-%m-%dT%H:%M:%S" if timed else "%Y-%m-%d")
