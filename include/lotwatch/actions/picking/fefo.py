"""Which lots are picked for whom: what ends first goes out first, to whoever may still have it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Wanted:
    """An open line of demand: so many base units still to be picked, by a day of its site; `life_days`: what they must last from
    that day."""

    source: str
    line_key: str
    order_key: str
    item_id: int
    site_id: int
    quantity: int
    priority: str
    need_by: date | None
    today: date
    life_days: int
    ordered_at: datetime

    @property
    def emergency(self) -> bool:
        return self.priority == "emergency"

    @property
    def day(self) -> date:
        """The day it is handed over, at the earliest."""
        return max(self.need_by or self.today, self.today)

    @property
    def turn(self) -> tuple[int, date, datetime, str, str]:
        """Who comes before whom."""
        rank = ("emergency", "urgent", "routine").index(self.priority)
        return rank, self.need_by or self.today, self.ordered_at, self.source, self.line_key


@dataclass(slots=True)
class Shelf:
    """What is free of a lot or serial unit (0: none) at a place; `last_day` None where it never ends, or nobody knows."""

    item_id: int
    site_id: int
    lot_id: int
    serial_id: int
    location_id: int
    code: str
    quantity: int
    last_day: date | None
    dated: bool
    """whether the item's label says when it ends"""
    unit_cost: float = 0.0
    x: float | None = None
    y: float | None = None
    pick_sequence: int | None = None

    def lasts(self, day: date) -> bool:
        """Whether it may be used on a day; what should say when it ends and does not is never known to."""
        return not self.dated if self.last_day is None else self.last_day >= day


@dataclass(frozen=True, slots=True)
class Take:
    """So many base units of a shelf for a line of demand."""

    wanted: Wanted
    shelf: Shelf
    quantity: int


def allocate(wanted: Iterable[Wanted], shelves: Iterable[Shelf]) -> list[Take]:
    """What each line gets, in its turn: of the lots that last as long as it asks for those that end first, and of one lot the place
    that has enough of it, or else the most. `shelves` are left with what is not taken."""
    at: defaultdict[tuple[int, int], list[Shelf]] = defaultdict(list)
    for shelf in shelves:
        at[shelf.item_id, shelf.site_id].append(shelf)
    takes = []
    for line in sorted(wanted, key=lambda line: line.turn):
        until, left = line.day + timedelta(days=line.life_days), line.quantity
        for shelf in _in_order([s for s in at[line.item_id, line.site_id] if s.quantity and s.lasts(until)], left):
            taken = min(left, shelf.quantity)
            shelf.quantity -= taken
            left -= taken
            takes.append(Take(line, shelf, taken))
            if not left:
                break
    return takes


def _in_order(shelves: Sequence[Shelf], wanted: int) -> list[Shelf]:
    return sorted(
        shelves,
        key=lambda s: (
            s.last_day or date.max,
            s.quantity < wanted,  # one place rather than two
            s.quantity if s.quantity >= wanted else -s.quantity,
            s.lot_id == s.serial_id == 0,
            s.code,
            s.lot_id,
            s.serial_id,
        ),
    )
