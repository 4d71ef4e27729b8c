"""A label while it is being read: every agency's reader fills one in."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from lotwatch.master.udi.model import Agency, Udi, UdiWarning
from lotwatch.master.udi.notices import notice
from lotwatch.master.udi.text import refuse

_ONE_LABEL = "Read one label at a time; if it is one label, compare what was read with its print."


@dataclass
class Draft:
    """What has been read so far from `raw`, on the day `as_of`."""

    raw: str
    agency: Agency
    as_of: date
    _fields: dict[str, Any] = field(default_factory=dict)
    _others: list[tuple[str, str]] = field(default_factory=list)
    _warnings: list[UdiWarning] = field(default_factory=list)

    def set(self, name: str, value: Any, place: int = 0) -> None:
        """Note a field of the label, read at that place of the raw text; raises UdiError if it differs from before."""
        if self._fields.setdefault(name, value) != value:
            what = f"The text has two values for {name}: {self._fields[name]} and {value}"
            refuse(self.raw, place, what, _ONE_LABEL)

    def keep(self, identifier: str, value: str) -> None:
        """Keep an element that has no field of its own."""
        self._others.append((identifier, value))

    def warn(self, code: str, **details: object) -> None:
        """Tell the reader of the label about something."""
        self._warnings.append(notice(code, **details))

    def has(self, name: str) -> bool:
        """Say whether a field was read."""
        return name in self._fields

    def manufactured(self, day: date | None, element: str, value: str, place: int) -> None:
        """Note the day of production read from `value`, or warn that it is none."""
        if day is None:
            self.warn("date_unreadable", element=element, value=value)
        else:
            self.set("manufactured_on", day, place)

    def expires(self, last: date | None, element: str, value: str) -> None:
        """Note the last day of use read from `value`, or warn that it is none; the earliest of several holds."""
        known = self._fields.get("usable_through")
        if last is None:
            self.warn("date_unreadable", element=element, value=value)
        elif known is None:
            self._fields["usable_through"] = last
        elif known != last:
            self.warn("expiry_disagrees", first=known, second=last)
            self._fields["usable_through"] = min(known, last)

    def expires_at(self, day: date | None, clock: str, element: str, value: str) -> None:
        """Note an expiry at a time of `day`: `clock` is HH or HHMM. From midnight on means through the day before."""
        hour, minute = int(clock[:2]), int(clock[2:] or 0)
        if day is None or hour * 60 + minute > 24 * 60 or minute > 59:
            return self.expires(None, element, value)
        if hour == minute == 0:
            return self.expires(day - timedelta(days=1) if day > date.min else None, element, value)
        if hour < 24 and (hour, minute) != (23, 59):
            self.warn("expires_at_time", day=day, time=f"{hour:02}:{minute:02}")
        return self.expires(day, element, value)

    def finish(self) -> Udi:
        """Return the label as read."""
        others, warnings = tuple(self._others), tuple(self._warnings)
        return Udi(raw=self.raw, agency=self.agency, others=others, warnings=warnings, **self._fields)
