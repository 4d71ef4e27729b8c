"""How far a feed has been read, by the column that tells what changed.

Reading resumes a little before the highest value seen, so a record may come again. What is changed while pages are
read must not be passed over: the mark never goes beyond the server's clock as reading began. Where no clock is told, or
a counter tells what changed, it stays behind by a whole reading instead. What could not be mapped is read again a few
times, from the oldest of it on.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from lotwatch.sources.tables import values
from lotwatch.sources.tables.mapper import getter
from lotwatch.sources.tables.mapping import Changed

#: how often what could not be mapped is read again: after that it waits in quarantine for a person
TRIES = 3

#: a moment in UTC, a day, or a counter
Mark = datetime | date | int


class Watermark:
    """The mark of one feed during one reading; `state` is what the cursor keeps of the last one."""

    def __init__(self, changed: Changed, time_zone: str | None, state: Mapping[str, Any] | None) -> None:
        self._changed = changed
        self.zone: tzinfo = values.in_zone(changed.time_zone or time_zone) or UTC
        self._get = getter(changed.column)
        self._day = values.day_reader(changed.format or (), self.zone)
        self._moment = values.moment_reader(changed.format or (), self.zone)
        self._seen = self._parsed((state or {}).get("seen"))
        self._before = self._parsed((state or {}).get("before"))
        self._clock = bool((state or {}).get("clock"))
        self._highest = self._seen
        again = (state or {}).get("again") or {}
        self._again, self._tries = self._parsed(again.get("from")), int(again.get("tries", 0))
        self._troubled = False
        self._lowest_trouble: Any = None

    def since(self) -> Mark | None:
        """Where reading resumes, inclusive; None: from the beginning."""
        start = self._seen if self._clock else self._before
        if start is None or (self._tries and self._again is None):
            return None
        if isinstance(start, int):
            start -= self._changed.overlap_steps
        else:
            start -= timedelta(seconds=self._changed.overlap_seconds)
        return min(start, self._again) if self._tries else start

    def note(self, row: Mapping[str, Any]) -> None:
        """Take notice of a row that was read. One whose stamp cannot be read may be garbled, and is read again."""
        mark = self.of(row)
        if mark is None and self._get(row):
            self.trouble(row)
        if mark is not None and (self._highest is None or mark > self._highest):
            self._highest = mark

    def trouble(self, row: Mapping[str, Any]) -> None:
        """Take notice of a row that could not be mapped: an answer that was garbled heals when it is read again."""
        mark = self.of(row)
        since = self.since()
        if mark is None or (since is not None and mark < since):  # type: ignore[operator]
            mark = since
        if not self._troubled or mark is None or self._lowest_trouble is None:
            self._lowest_trouble = None if self._troubled and self._lowest_trouble is None else mark
        else:
            self._lowest_trouble = min(self._lowest_trouble, mark)
        self._troubled = True

    def of(self, row: Mapping[str, Any]) -> Mark | None:
        """When a row was last changed; None where that cannot be read."""
        value = self._get(row)
        if value is None or value == "":
            return None
        try:
            if self._changed.type == "number":
                return int(Decimal(values.text_of(value)))
            return self._day(value) if self._changed.type == "day" else self._moment(value, None)
        except (ValueError, ArithmeticError):
            return None

    def state(self, began: datetime | None) -> dict[str, Any]:
        """What the cursor keeps once everything is read; `began` is the server's clock as reading began (UTC)."""
        highest = self._highest
        if highest is not None and began is not None and self._changed.type != "number":
            limit = began if self._changed.type == "moment" else began.astimezone(self.zone).date()
            highest = min(highest, limit) if self._seen is None else max(self._seen, min(highest, limit))
        clock = began is not None and self._changed.type != "number"
        state: dict[str, Any] = {"seen": _written(highest), "before": _written(self._seen), "clock": clock}
        tries = self._tries - 1 if self._tries else TRIES
        if self._troubled and tries > 0:
            state["again"] = {"from": _written(self._lowest_trouble), "tries": tries}
        return state

    def bounds(self, start: datetime, end: datetime) -> tuple[Mark, Mark] | None:
        """A backfill's interval in the terms of the column; None of a counter, which knows no time."""
        if self._changed.type == "number":
            return None
        if self._changed.type == "moment":
            return start, end
        last = (end - timedelta(microseconds=1)).astimezone(self.zone).date()
        return start.astimezone(self.zone).date(), last + timedelta(days=1)

    def wall(self, mark: Mark) -> Mark:
        """A mark as the system's own clock shows it: what its column holds."""
        return values.naive(mark, self.zone) if isinstance(mark, datetime) else mark

    def holds(self, row: Mapping[str, Any], bounds: tuple[Mark, Mark] | None) -> bool:
        """Whether a row was changed within a backfill's bounds; one that does not tell is taken along."""
        mark = self.of(row)
        return bounds is None or mark is None or bounds[0] <= mark < bounds[1]  # type: ignore[operator]

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
