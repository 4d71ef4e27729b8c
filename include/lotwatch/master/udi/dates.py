"""Dates as labels write them. Each function returns None for digits that are no date."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Literal

#: which day of a month is meant where the day is not stated
Day = Literal["first", "last"]


def full_year(two_digits: int, as_of: date) -> int:
    """Return the year within 49 years before and 50 years after `as_of` (GS1 General Specifications 7.12)."""
    century, current = divmod(as_of.year, 100)
    ahead = two_digits - current
    if ahead > 50:
        century -= 1
    elif ahead < -49:
        century += 1
    return century * 100 + two_digits


def day_of(year: int, month: int, day: int, unknown: Day) -> date | None:
    """Return that day; day 0 is the first or the last day of the month."""
    try:
        if day == 0:
            day = 1 if unknown == "first" else monthrange(year, month)[1]
        return date(year, month, day)
    except ValueError:
        return None


def yymmdd(digits: str, as_of: date, unknown: Day = "last") -> date | None:
    """Read YYMMDD."""
    if not _are_digits(digits, 6):
        return None
    return day_of(full_year(int(digits[:2]), as_of), int(digits[2:4]), int(digits[4:]), unknown)


def yyyymmdd(digits: str, unknown: Day = "last") -> date | None:
    """Read YYYYMMDD or YYYY-MM-DD."""
    if len(digits) == 10 and digits[4] == digits[7] == "-":
        digits = digits.replace("-", "")
    if not _are_digits(digits, 8):
        return None
    return day_of(int(digits[:4]), int(digits[4:6]), int(digits[6:]), unknown)


def day_of_year(year: int, day: int) -> date | None:
    """Return the `day`th day of the year (1 is the first of January)."""
    try:
        found = date(year, 1, 1) + timedelta(days=day - 1)
    except (ValueError, OverflowError):
        return None
    return found if found.year == year else None


def yyjjj(digits: str, as_of: date) -> date | None:
    """Read YYJJJ, JJJ being the day of the year."""
    if not _are_digits(digits, 5):
        return None
    return day_of_year(full_year(int(digits[:2]), as_of), int(digits[2:]))


def _are_digits(text: str, count: int) -> bool:
    return len(text) == count and text.isascii() and text.isdigit()
