"""Numbers, dates and times as people of a language write them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_decimal

Language = Literal["en", "zh"]
_LOCALES: Mapping[Language, Locale] = {"en": Locale("en", "GB"), "zh": Locale("zh", "CN", "Hans")}


class Formats:
    """Formats for one language."""

    def __init__(self, language: Language) -> None:
        self._locale = _LOCALES[language]

    def number(self, value: float | Decimal) -> str:
        """A quantity, with at most three decimals."""
        return format_decimal(value, locale=self._locale)

    def money(self, value: float | Decimal) -> str:
        """An amount with two decimals; its currency is said beside it."""
        return format_decimal(value, format="#,##0.00", locale=self._locale)

    def date(self, value: date) -> str:
        """A calendar day."""
        return format_date(value, "medium", locale=self._locale)

    def month(self, value: str) -> str:
        """A month given as YYYY-MM."""
        return format_skeleton("yMMMM", date.fromisoformat(f"{value}-01"), locale=self._locale)

    def moment(self, value: datetime, zone: str | None = None) -> str:
        """A moment to the minute in a site's zone, else in UTC, with its distance from UTC."""
        local = value.astimezone(_zone(zone))
        pattern = "d MMM y HH:mm" if self._locale.language == "en" else "y-MM-dd HH:mm"
        distance = timezone(local.utcoffset() or timedelta()).tzname(None)
        return f"{format_datetime(local, pattern, locale=self._locale)} {distance}"


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError):  # master data named a zone nobody knows: UTC, and the page says so
        return UTC
