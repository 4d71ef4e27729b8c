"""Days as people write them."""

import re
from calendar import monthrange
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def days(text: str) -> tuple[date, date] | None:
    """First and last day of a day or month as people write it, of all that 3/1/2026 may be; None for what is none."""
    if found := re.fullmatch(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})(?:\s*[-/.月]\s*(?:([0-9]{1,2})\s*日?)?)?", text):
        return _span(found[1], found[2], found[3])
    if found := re.fullmatch(r"([0-9]{1,2})/([0-9]{4})", text):
        return _span(found[2], found[1], None)
    if found := re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text):
        either = [_span(found[3], found[1], found[2]), _span(found[3], found[2], found[1])]
        possible = sorted(day for span in either if span for day in span)
        return (possible[0], possible[-1]) if possible else None
    words = re.findall(r"[A-Za-z]+|[0-9]+", re.sub(r"(?<=[0-9])(?:st|nd|rd|th)\b", "", text))
    month = next((_MONTHS.index(word[:3].lower()) + 1 for word in words if word[:3].lower() in _MONTHS), None)
    year = next((word for word in words if len(word) == 4 and word.isdigit()), None)
    day = next((word for word in words if len(word) <= 2 and word.isdigit()), None)
    return _span(year, str(month), day) if month and year else None


def is_sure(text: str) -> bool:
    """Whether people agree which day it is: 3/1/2026 is two."""
    found = re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/[0-9]{4}", text)
    return found is None or found[1] == found[2] or max(int(found[1]), int(found[2])) > 12


def of_eight_digits(text: str) -> tuple[date, date] | None:
    """The day that eight digits are."""
    found = re.fullmatch(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})", text)
    return _span(*found.groups()) if found else None


def _span(year: str, month: str, day: str | None) -> tuple[date, date] | None:
    try:
        if day:
            return (date(int(year), int(month), int(day)),) * 2
        return date(int(year), int(month), 1), date(int(year), int(month), monthrange(int(year), int(month))[1])
    except ValueError:
        return None
