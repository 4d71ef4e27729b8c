"""What is to become of the lines of our own orders: what is needed sooner, later, less of, or not at all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from math import ceil, floor
from typing import Literal

from lotwatch.actions.proposals import Part
from lotwatch.config import Strict

Change = Literal["bring_forward", "push_out", "reduce", "cancel"]


class OrderChangeSettings(Strict):
    """What is needed within `push_out_days` is put off, what is needed later is cancelled. A change by fewer than `least_days` is not
    worth one. `rest_days`: how long a new order is left alone about what was known when it was made;
    `quiet_days_...`: how long it rests after a no, or after a refusal or failure. `holding_rate`: what it costs
    to hold stock for a year, as a part of its value."""

    push_out_days: int = 270
    least_days: int = 3
    rest_days: int = 7
    quiet_days_after_no: int = 14
    quiet_days_after_refusal: int = 1
    holding_rate: Decimal = Decimal("0.2")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line of one of our orders, and how its item stands at the site; see candidates.sql."""

    alert_id: int
    item_id: int
    item_code: str
    site_id: int
    inventory_position: int
    reorder_point: int | None
    safety_stock: int | None
    target_level: int | None
    max_level: int | None
    usage: float | None
    days_to_stockout: float | None
    today: date
    order_id: int
    supplier_id: int
    currency: str
    unit_price: Decimal
    quantity: int
    requested_on: date
    due_on: date
    least: int
    multiple: int
    of_lines: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to become of a line: its parts afterwards; `quantity` of it changes. `saves` in the order's currency."""

    line: Candidate
    change: Change
    quantity: int
    after: tuple[Part, ...]
    saves: Decimal
    english: str
    chinese: str


def decide(lines: Sequence[Candidate], settings: OrderChangeSettings) -> Iterable[Wanted]:
    """What is wanted of each item at each site, whichever orders it is on."""

    def subject(line: Candidate) -> tuple[int, int]:
        return line.item_id, line.site_id

    for _, group in groupby(sorted(lines, key=subject), subject):
        known = list(group)
        first = known[0]
        if first.max_level is not None and first.inventory_position > first.max_level:
            yield from _less(known, settings)
        elif first.days_to_stockout is not None:
            yield from _sooner(known, settings)


def _less(lines: Sequence[Candidate], settings: OrderChangeSettings) -> Iterable[Wanted]:
    """Down to the target level, from what comes last: a whole line is put off where it will be needed, else cancelled."""
    position = lines[0].inventory_position
    target = max(lines[0].target_level or 0, lines[0].reorder_point or 0)
    for line in sorted(lines, key=lambda each: each.due_on, reverse=True):
        kept = _rounded(line.quantity - min(line.quantity, position - target), line)
        cut = line.quantity - kept
        if cut <= 0:
            return
        position -= cut
        value = cut * line.unit_price
        if kept:
            left = (Part(kept, line.requested_on),)
            yield Wanted(line, "reduce", cut, left, value, f"{cut} are not needed", f"{cut} 个不再需要")
            return
        needed_on = _needed_on(line, position)
        if needed_on is None or (needed_on - line.today).days > settings.push_out_days:
            yield Wanted(line, "cancel", cut, (), value, f"{cut} are not needed", f"{cut} 个不再需要")
        elif (needed_on - line.requested_on).days >= settings.least_days:
            days = (needed_on - line.requested_on).days
            saved = round(value * settings.holding_rate * days / 365, 4)
            english, chinese = f"{cut} come {days} days too early", f"{cut} 个提前 {days} 天到货"
            yield Wanted(line, "push_out", cut, (Part(cut, needed_on),), saved, english, chinese)


def _rounded(quantity: int, line: Candidate) -> int:
    """What may be left of a line: nothing, or whole packs and no less than the supplier delivers."""
    if quantity <= 0:
        return 0
    return min(line.quantity, ceil(max(quantity, line.least) / line.multiple) * line.multiple)


def _needed_on(line: Candidate, position: int) -> date | None:
    """When the stock without a line reaches the safety stock; None: never, as nothing is used."""
    if not line.usage:
        return None
    return line.today + timedelta(days=floor(min(max(0, position - (line.safety_stock or 0)) / line.usage, 36_500)))


def _sooner(lines: Sequence[Candidate], settings: OrderChangeSettings) -> Iterable[Wanted]:
    """The next line that comes too late is brought forward; of a large one so much as lasts until its own day."""
    line = min(lines, key=lambda each: each.due_on)
    days = floor(line.days_to_stockout or 0)
    wanted_on = line.today + timedelta(days=max(1, days - 1))
    late = (line.due_on - wanted_on).days
    # what is overdue, or was asked for sooner, is late: to ask again changes nothing
    if line.due_on < line.today or (line.requested_on - wanted_on).days < settings.least_days or late <= 0:
        return
    needed = (
        _rounded(min(line.quantity, ceil((line.usage or 0) * late) + (line.safety_stock or 0)), line) or line.quantity
    )
    rest = line.quantity - needed
    after = (Part(needed, wanted_on), *((Part(rest, line.requested_on),) if rest else ()))
    english, chinese = (
        f"it runs out in {days} days, {late} days before more comes",
        f"{days} 天后用完，比下次到货早 {late} 天",
    )
    yield Wanted(line, "bring_forward", needed, after, Decimal(0), english, chinese)
