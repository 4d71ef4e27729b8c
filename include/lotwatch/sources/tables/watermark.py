"""How far a feed has been read, by the column that tells what changed.

Reading resumes a little before the highest value seen, so a record may come again. What is changed while pages are
read must not be passed over: the mark never goes beyond the server's clock as reading began. Where no clock is told, or
a counter tells what changed, it stays behind by a whole reading instead.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from lotwatch.sources.tables import values
from lotwatch.sources.tables.mapper import getter
from lotwatch.sources.tables.mapping import Changed

#: a moment in UTC, a day, or a counter
Mark = datetime | date | int


class Watermark:
    """The mark of one feed during one reading; `state` is what the cursor keeps of the last one."""

    def __init__(self, changed: Changed, time_zone: str | None, state: Mapping[str, Any] | None) -> None:
        self._changed = changed
        self.zone = values.in_zone(changed.time_zone or time_zone)
        self._get = getter(changed.column)
        self._day = values.day_reader(changed.format or (), self.zone)
        self._moment = values.moment_reader(changed.format or (), self.zone)
        self._seen = self._parsed((state or {}).get("seen"))
        self._before = self._parsed((state or {}).get("before"))
        self._clock = bool((state or {}).get("clock"))
        self._highest = self._seen

    def since(self) -> Mark | None:
        """Where reading resumes, inclusive; None: from the beginning."""
        start = self._seen if self._clock else self._before
        if start is None:
            return None
        if isinstance(start, int):
            return start - self._changed.overlap_steps
        return start - timedelta(seconds=self._changed.overlap_seconds)

    def note(self, row: Mapping[str, Any]) -> None:
        """Take notice of a row that was read. One that does not say when it changed is no help, and no harm."""
        mark = self.of(row)
        if mark is not None and (self._highest is None or mark > self._highest):  # type: ignore[operator]
            self._highest = mark

    def of(self, row: Mapping[str, Any]) -> Mark | None:
        """When a row was last changed; None where that cannot be read."""
        value = self._get(row)
        if value is None or value == "":
            return None
        try:
            if self._changed.type == "number":
                return int(Decimal(values.text_of(value)))
            return self._day(value) if self._changed.type == "day" else self._moment(value)
        except (ValueError, ArithmeticError):
            return None

    def state(self, began: datetime | None) -> dict[str, Any]:
        """What the cursor keeps once everything is read; `began` is the server's clock as reading began (UTC)."""
        highest = self._highest
        if highest is not None and began is not None and self._changed.type != "number":
            limit = began if self._changed.type == "moment" else (began.astimezone(self.zone or UTC)).date()
            highest = min(highest, limit) if self._seen is None else max(self._seen, min(highest, limit))  # type: ignore[type-var]
        clock = began is not None and self._changed.type != "number"
        return {"seen": _written(highest), "before": _written(self._seen), "clock": clock}

    def bounds(self, start: datetime, end: datetime) -> tuple[Mark, Mark] | None:
        """A backfill's interval in the terms of the column; None of a counter, which knows no time."""
        if self._changed.type == "number":
            return None
        if self._changed.type == "moment":
            return start, end
        zone = self.zone or UTC
        last = (end - timedelta(microseconds=1)).astimezone(zone).date()
        return start.astimezone(zone).date(), last + timedelta(days=1)

    def _parsed(self, text: str | None) -> Any:
        if text is None:
            return None
        if self._changed.type == "number":
            return int(text)
        return date.fromisoformat(text) if self._changed.type == "day" else datetime.fromisoformat(text)


def _written(mark: Any) -> str | None:
    if mark is None:
        return None
    return str(mark) if isinstance(mark, int) else mark.isoformat()


def as_moment(mark: Mark, zone: Any) -> datetime:
    """A mark as a moment: a day begins at midnight in `zone`."""
    if isinstance(mark, datetime):
        return mark
    if isinstance(mark, date):
        return datetime.combine(mark, time(), zone or UTC)
    raise TypeError("a counter is no moment")
