"""What the service was given: events and despatch advices, kept across restarts, in the order of their recording."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel

from sandbox.http import Journal


class StoredEvent(BaseModel):
    """An event as it was captured, and when."""

    recorded_at: AwareDatetime
    event: Any

    @property
    def shown(self) -> Any:
        """The event as a query answers it."""
        return {**self.event, "recordTime": stamp(self.recorded_at)} if isinstance(self.event, dict) else self.event


class StoredAdvice(BaseModel):
    """A despatch advice by its identity here; stored again, it has changed."""

    id: str
    changed_at: AwareDatetime
    content: str


class Store:
    """Both journals. Nothing is ever recorded at or before the moment of what was recorded last."""

    def __init__(self, state: Path) -> None:
        self._events = Journal(state / "events.jsonl", StoredEvent)
        self._advices = Journal(state / "advices.jsonl", StoredAdvice)

    @property
    def is_empty(self) -> bool:
        return not self._events.records and not self._advices.records

    def capture(self, events: list[Any], now: datetime) -> None:
        at = _after(now, self._events.records[-1].recorded_at if self._events.records else None)
        self._events.append(
            *(
                StoredEvent(recorded_at=at + timedelta(microseconds=number), event=event)
                for number, event in enumerate(events)
            )
        )

    def advise(self, identity: str, content: str, now: datetime) -> None:
        at = _after(now, self._advices.records[-1].changed_at if self._advices.records else None)
        self._advices.append(StoredAdvice(id=identity, changed_at=at, content=content))

    def restore(self, events: list[StoredEvent], advices: list[StoredAdvice]) -> None:
        """Fill an empty store with what was recorded in the past, oldest first."""
        self._events.append(*sorted(events, key=lambda each: each.recorded_at))
        self._advices.append(*sorted(advices, key=lambda each: each.changed_at))

    def events(self) -> list[StoredEvent]:
        return list(self._events.records)

    def advices(self) -> list[StoredAdvice]:
        """The latest version of each, oldest change first."""
        latest = {each.id: each for each in self._advices.records}
        return sorted(latest.values(), key=lambda each: each.changed_at)

    def clear(self) -> None:
        self._events.clear()
        self._advices.clear()


def stamp(moment: datetime) -> str:
    """A moment as EPCIS writes it."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _after(now: datetime, last: datetime | None) -> datetime:
    return max(now, last + timedelta(microseconds=1)) if last else now
