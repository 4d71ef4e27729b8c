"""The ledger in plain Python: the simplest thing that can be right, for tests to compare the real one with."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

#: hours and steps after everything
EVER = 10**6

#: (source, key): what an event is known by
EventId = tuple[str, str]


class Place(NamedTuple):
    """Where something can be. `site` is None on the way and outside; only what is `ours` is stock."""

    code: str
    site: str | None = None
    ours: bool = True
    status: str = "unrestricted"


class Thing(NamedTuple):
    """An item, of a lot or a serial number or neither; `missing` is what its label carries and this does not name."""

    item: str
    lot: str | None = None
    serial: str | None = None
    missing: str | None = None


class Position(NamedTuple):
    """A thing at a place, of an owner and in a status."""

    thing: Thing
    place: Place
    owner: str
    status: str


@dataclass(frozen=True)
class Event:
    """Some of a thing leaves one position for another, at an hour; or `takes_back` an earlier event."""

    id: EventId
    origin: Position
    destination: Position
    quantity: int
    hour: int
    order_line: str | None = None
    takes_back: EventId | None = None


@dataclass(frozen=True)
class Posted:
    """An event as it was posted in a step; a side that a count had seen already does not count."""

    event: Event
    from_counted: bool
    to_counted: bool
    step: int

    def sides(self) -> Iterable[tuple[Position, int]]:
        if self.from_counted:
            yield self.event.origin, -self.event.quantity
        if self.to_counted:
            yield self.event.destination, self.event.quantity


@dataclass(frozen=True)
class CountSheet:
    """What was found in a site at an hour; an opening also says that nothing else is there."""

    id: EventId
    site: str
    opening: bool
    found: dict[Position, int]
    hour: int


class Books:
    """Posted events, and what follows from them."""

    def __init__(self) -> None:
        self.posted: dict[EventId, Posted] = {}
        self.flags: set[tuple[EventId, str]] = set()
        self._taken_back: set[EventId] = set()
        self._counted: dict[Position, int] = {}
        self._opened: dict[str, int] = {}

    def post(self, events: Sequence[Event], step: int) -> None:
        """What is new is posted, movements before what takes back; nothing is taken back twice."""
        told = [event for event in self._new(events) if event.takes_back is None]
        self._record(told, step)
        back = []
        for event in sorted(self._new(events), key=lambda event: event.id):
            if event.takes_back is not None and event.takes_back not in self._taken_back:
                self._taken_back.add(event.takes_back)
                back.append(self._turned(event))
        self._record(back, step)
        stock = self.stock()
        for event in told:
            there = sum(n for position, n in stock.items() if position.thing == event.origin.thing and n > 0)
            if event.origin.thing.serial and self.posted[event.id].to_counted and there > 1:
                self.flags.add((event.id, "conflict"))

    def _new(self, events: Sequence[Event]) -> list[Event]:
        return [event for event in {event.id: event for event in events}.values() if event.id not in self.posted]

    def _turned(self, event: Event) -> Event:
        assert event.takes_back is not None
        original = self.posted[event.takes_back].event
        return replace(
            original,
            id=event.id,
            takes_back=event.takes_back,
            origin=original.destination,
            destination=original.origin,
            hour=original.hour if event.hour == EVER else event.hour,
        )

    def _record(self, events: Sequence[Event], step: int) -> None:
        fresh = [self._as_posted(event, step) for event in events]
        self.posted |= {posted.event.id: posted for posted in fresh}
        stock = self.stock()
        for posted in fresh:
            event = posted.event
            if posted.from_counted and stock.get(event.origin, 0) < 0:
                self.flags.add((event.id, "conflict" if event.origin.thing.serial else "negative"))
            if event.origin.thing.missing:
                self.flags.add((event.id, event.origin.thing.missing))
            if (posted.from_counted, posted.to_counted) != (event.origin.place.ours, event.destination.place.ours):
                self.flags.add((event.id, "before_count"))

    def _as_posted(self, event: Event, step: int) -> Posted:
        from_counted, to_counted = event.origin.place.ours, event.destination.place.ours
        if event.takes_back is not None:
            original = self.posted[event.takes_back]
            from_counted, to_counted = original.to_counted, original.from_counted
        return Posted(
            event,
            from_counted and event.hour >= self._books_begin(event.origin),
            to_counted and event.hour >= self._books_begin(event.destination),
            step,
        )

    def _books_begin(self, position: Position) -> int:
        counted = self._counted.get(position, -EVER)
        return max(counted, self._opened.get(position.place.site or "", -EVER))

    def approve(self, sheet: CountSheet, step: int) -> None:
        """What differs from the books of that hour is moved in or out then; from there these positions go on."""
        before = self.stock(sheet.hour - 1)
        found = dict(sheet.found)
        if sheet.opening:
            found = {position: 0 for position in before if position.place.site == sheet.site} | found
        nowhere = Place("LOTWATCH/COUNT", ours=False)
        events: list[Event] = []
        for position, quantity in found.items():
            difference = quantity - before.get(position, 0)
            outside = position._replace(place=nowhere)
            sides = (outside, position) if difference > 0 else (position, outside)
            if difference:
                key = f"{sheet.id[1]}/{len(events)}"
                events.append(Event((sheet.id[0] + " counted", key), *sides, abs(difference), sheet.hour))
        self.post(events, step)
        if sheet.opening:
            self._opened[sheet.site] = max(sheet.hour, self._opened.get(sheet.site, -EVER))
        else:
            for position in sheet.found:
                self._counted[position] = max(sheet.hour, self._counted.get(position, -EVER))

    def stock(self, hour: int = EVER, step: int = EVER) -> dict[Position, int]:
        """What was where at an hour, by what was known after a step; nothing that is zero."""
        quantities: dict[Position, int] = defaultdict(int)
        for posted in self.posted.values():
            if posted.event.hour <= hour and posted.step <= step:
                for position, quantity in posted.sides():
                    quantities[position] += quantity
        return {position: quantity for position, quantity in quantities.items() if quantity}

    def crossed(self) -> dict[str, int]:
        """What came into stock of each item, less what went out of it."""
        quantities: dict[str, int] = defaultdict(int)
        for posted in self.posted.values():
            quantities[posted.event.origin.thing.item] += posted.event.quantity * (
                posted.to_counted - posted.from_counted
            )
        return {item: quantity for item, quantity in quantities.items() if quantity}

    def received(self) -> dict[str, int]:
        """What came of each order line, less what went back to the supplier."""
        quantities: dict[str, int] = defaultdict(int)
        for posted in self.posted.values():
            event = posted.event
            if event.order_line is not None:
                back = event.destination.place.code == "SUPPLIER"
                quantities[event.order_line] += -event.quantity if back else event.quantity
        return dict(quantities)
