"""Eighteen months of stock moving through the trial company, day by day.

Suppliers deliver to distribution centres (goods in, then a bin), which send transfers to hospital departments, which
use what they have: first expired first out, never more than there is. Scenarios bend it so that something is wrong
today: orders not placed (short), orders far too big (overstock), orders that are late.
"""

import csv
import gzip
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sandbox.tryton.catalogue import (
    COUNT_PLACE,
    DC_BINS,
    PATIENT_PLACE,
    SUPPLIER_PLACE,
    TRANSIT_PLACE,
    family_of,
)
from sandbox.tryton.world import Agreement, Device, Line, Lot, Move, Purchase, Shipment, Site, Supplier, World

USAGE_FILE = "hospital_monthly_usage.csv.gz"
SHAPE_MONTHS = 18
REVIEW_WEEKS = 4
TRANSFER_COVER_WEEKS = 7
ORDER_COVER_WEEKS = 9
TRANSFER_WEEKDAYS = {"H-N1": 0, "H-N2": 2, "H-S1": 1, "H-S2": 3}

#: scenarios: how many (device, distribution centre) pairs of each, and since how many days before today
SHORT_PAIRS, OVERSTOCK_PAIRS, LATE_PAIRS = 16, 12, 10
OVERSTOCKED_BEFORE_DAYS = 70


@dataclass(slots=True)
class Need:
    """A department's use of a device: mean units a week, and how it varies over the months."""

    site: Site
    place: str
    device: Device
    weekly: float
    shape: tuple[float, ...]
    intermittent: bool
    weekday: int
    review_week: int


@dataclass(slots=True)
class Pair:
    """A device at a distribution centre: how it is bought, and what is on order (units)."""

    device: Device
    site: Site
    bin: str
    agreement: Agreement
    supplier: Supplier
    weekly: float
    needs: list[Need]
    on_order: int = 0
    scenario: str = ""

    @property
    def reorder_point(self) -> float:
        """Use over the lead time and a weekly review, and a margin."""
        mean = self.weekly * ((self.agreement.lead_days or 0) / 7 + 2)
        return mean + 1.6 * math.sqrt(mean)

    def order_quantity(self) -> int:
        """What is ordered when the position falls to the reorder point: some weeks of use, minimum and multiple kept."""
        wanted = max(self.weekly * ORDER_COVER_WEEKS, self.agreement.minimum_quantity, 1)
        return math.ceil(wanted / self.device.order_multiple) * self.device.order_multiple


@dataclass(slots=True)
class Stock:
    """What is where: (place, device) -> [expiry (or the last date), lot, quantity], earliest expiry first."""

    bins: defaultdict[tuple[str, str], list[list[Any]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, place: str, device: str, lot: int, expires_on: date | None, quantity: int) -> None:
        """Put stock of one lot into a place."""
        shelf = self.bins[place, device]
        expiry = expires_on or date.max
        for entry in shelf:
            if entry[1] == lot:
                entry[2] += quantity
                return
        shelf.append([expiry, lot, quantity])
        shelf.sort()

    def usable(self, place: str, device: str, on: date) -> int:
        """Units in a place that have not expired on a day."""
        return sum(quantity for expiry, _, quantity in self.bins[place, device] if expiry >= on)

    def take(self, place: str, device: str, wanted: int, on: date) -> list[tuple[int, int]]:
        """(lot, quantity) taken, first expired first out, at most what is usable."""
        taken = []
        for entry in self.bins[place, device]:
            if wanted <= 0:
                break
            if entry[0] < on:
                continue
            quantity = min(entry[2], wanted)
            entry[2] -= quantity
            wanted -= quantity
            taken.append((entry[1], quantity))
        self.bins[place, device] = [entry for entry in self.bins[place, device] if entry[2]]
        return taken


def run(world: World, random: Random, data: Path | None, *, start: date) -> None:
    """Let the company run from `start` to the world's today, adding lots, moves, shipments and purchases to it."""
    needs = list(needs_of(world, random, usage_shapes(random, data)))
    company = Company(world, random, start, list(pairs_of(world, random, needs)), needs)
    company.open_balances()
    day = start
    while day <= world.today:
        company.live(day)
        day += timedelta(days=1)
    company.close_orders()


def usage_shapes(random: Random, data: Path | None) -> list[tuple[float, ...]]:
    """Monthly factors around 1 over the history: a hospital's real ones, or invented waves."""
    if data is None:
        shapes = []
        for _ in range(60):
            swing, phase, drift = random.uniform(0, 0.4), random.uniform(0, 12), random.uniform(-0.01, 0.015)
            shapes.append(
                tuple(
                    max(0.1, 1 + swing * math.sin(2 * math.pi * (month + phase) / 12) + drift * month)
                    for month in range(SHAPE_MONTHS + 1)
                )
            )
        return shapes
    used: defaultdict[str, dict[int, float]] = defaultdict(dict)
    with gzip.open(data / USAGE_FILE, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            used[row["item"]][int(row["month"])] = float(row["quantity"])
    shapes = []
    for months in used.values():
        last = [months.get(month, 0.0) for month in range(84 - SHAPE_MONTHS - 1, 84)]
        mean = sum(last) / len(last)
        if mean >= 3:
            shapes.append(tuple(quantity / mean for quantity in last))
    return shapes


def needs_of(world: World, random: Random, shapes: list[tuple[float, ...]]) -> Iterator[Need]:
    """Which department uses which device: about two departments for a device, at least one."""
    hospitals = [site for site in world.sites if site.supplied_by]
    for device in world.devices.values():
        family = family_of(device)
        chosen = [site for site in hospitals if random.random() < 0.46] or [random.choice(hospitals)]
        for site in chosen:
            department = random.choice(family.departments)
            yield Need(
                site=site,
                place=f"{site.code}-{department}-{random.randint(1, 2)}",
                device=device,
                weekly=family.weekly_use * random.uniform(0.5, 1.6),
                shape=random.choice(shapes),
                intermittent=not device.serialised and random.random() < 0.3,
                weekday=random.randrange(7),
                review_week=random.randrange(REVIEW_WEEKS),
            )


def pairs_of(world: World, random: Random, needs: list[Need]) -> Iterator[Pair]:
    """The devices of each distribution centre, some of them in a scenario."""
    agreements: dict[str, Agreement] = {}
    for agreement in world.agreements:
        agreements.setdefault(agreement.device, agreement)
    suppliers = {supplier.code: supplier for supplier in world.suppliers}
    wanted: defaultdict[tuple[str, str], list[Need]] = defaultdict(list)
    for need in needs:
        wanted[need.site.supplied_by or "", need.device.key].append(need)
    sites = {site.code: site for site in world.sites}
    pairs = []
    for (site, key), users in wanted.items():
        agreement, device = agreements[key], world.devices[key]
        bin_code = f"{site}-A{int(key[-4:]) % DC_BINS + 1:02}"
        weekly = sum(need.weekly for need in users)
        pairs.append(Pair(device, sites[site], bin_code, agreement, suppliers[agreement.supplier], weekly, users))
    moving = [pair for pair in pairs if pair.weekly >= 4 and not pair.device.serialised]
    random.shuffle(moving)
    scenarios = ["short"] * SHORT_PAIRS + ["overstock"] * OVERSTOCK_PAIRS + ["late"] * LATE_PAIRS
    for pair, scenario in zip(moving, scenarios, strict=False):
        pair.scenario = scenario
    yield from pairs


class Company:
    """The state of the company on a day of its history; what happens is appended to the world."""

    def __init__(self, world: World, random: Random, start: date, pairs: list[Pair], needs: list[Need]) -> None:
        self.world, self.random, self.start, self.pairs, self.needs = world, random, start, pairs, needs
        self.stock = Stock()
        self.deliveries: defaultdict[date, list[tuple[int, int, Pair]]] = defaultdict(list)
        self.arrivals: defaultdict[date, list[tuple[int, str, int, Device, int]]] = defaultdict(list)
        self.lot_numbers: defaultdict[str, int] = defaultdict(int)
        self.overstocked: set[int] = set()

    def live(self, day: date) -> None:
        """One day: goods in, transfers in, transfers out, use, orders."""
        self.receive(day)
        self.unload_transfers(day)
        self.send_transfers(day)
        self.use(day)
        if day.weekday() < 5:
            self.order(day)

    def open_balances(self) -> None:
        """The stock the history starts with, as count differences on its first day."""
        for pair in self.pairs:
            self.open_balance(pair.device, pair.bin, round(pair.reorder_point + pair.weekly * 2))
        for need in self.needs:
            self.open_balance(need.device, need.place, max(1, round(need.weekly * TRANSFER_COVER_WEEKS)))

    def open_balance(self, device: Device, place: str, quantity: int) -> None:
        """Bring in stock of a new lot (or of new serials) from the count."""
        for lot, units in self.new_lots(device, quantity, self.start):
            self.move(device, lot, COUNT_PLACE, place, units, self.start)

    def new_lots(self, device: Device, quantity: int, received_on: date) -> list[tuple[int, int]]:
        """(lot, units): one new lot, or one for each unit of a serialised device, with expiry from the shelf life."""
        made_on = received_on - timedelta(days=self.random.randint(15, 80))
        expires_on = made_on + timedelta(days=device.shelf_days) if device.shelf_days else None
        self.lot_numbers[device.key] += 1
        batch = f"{device.key[-4:]}{made_on:%y%m}{self.lot_numbers[device.key]:02}"
        if not device.serialised:
            return [(self.new_lot(device, f"L{batch}", expires_on), quantity)]
        prefix = f"L{batch}/" if device.label and device.label.lot else ""
        return [(self.new_lot(device, f"{prefix}S{batch}{unit:03}", expires_on), 1) for unit in range(1, quantity + 1)]

    def new_lot(self, device: Device, number: str, expires_on: date | None) -> int:
        """Add a lot to the world; its position there."""
        self.world.lots.append(Lot(device.key, number, expires_on))
        return len(self.world.lots) - 1

    def move(
        self,
        device: Device,
        lot: int,
        source: str,
        destination: str,
        quantity: int,
        day: date,
        *,
        line: tuple[int, int] | None = None,
        shipment: int | None = None,
    ) -> None:
        """Record a done move, and the stock at its destination if we keep stock there. Taking is the caller's."""
        self.world.moves.append(Move(device.key, lot, source, destination, quantity, day, line, shipment))
        if destination not in {PATIENT_PLACE, TRANSIT_PLACE} and not destination.endswith("-IN"):
            self.stock.add(destination, device.key, lot, self.world.lots[lot].expires_on, quantity)

    def receive(self, day: date) -> None:
        """What suppliers deliver today: into goods in, and on to the bin, on one paper for each purchase."""
        papers: dict[int, int] = {}
        for purchase, position, pair in self.deliveries.pop(day, []):
            if purchase not in papers:
                papers[purchase] = self.paper("in", SUPPLIER_PLACE, pair.site.code, day, day)
            line = self.world.purchases[purchase].lines[position]
            quantity = round(line.quantity) * (10 if pair.device.purchase_unit == "box" else 1)
            line.received = line.quantity
            pair.on_order -= quantity
            goods_in, shipment = f"{pair.site.code}-IN", papers[purchase]
            for lot, units in self.new_lots(pair.device, quantity, day):
                self.move(
                    pair.device, lot, SUPPLIER_PLACE, goods_in, units, day, line=(purchase, position), shipment=shipment
                )
                self.move(pair.device, lot, goods_in, pair.bin, units, day, shipment=shipment)

    def paper(self, kind: str, source: str, destination: str, started_on: date, done_on: date | None) -> int:
        """A new shipment; its position in the world."""
        self.world.shipments.append(Shipment(kind, source, destination, started_on, done_on))
        return len(self.world.shipments) - 1

    def send_transfers(self, day: date) -> None:
        """Top up the departments whose turn it is, as far as the distribution centre can; a day or two on the road."""
        week = (day - self.start).days // 7
        papers: dict[str, tuple[int, date]] = {}
        bins = {(pair.site.code, pair.device.key): pair.bin for pair in self.pairs}
        for need in self.needs:
            site = need.site
            if TRANSFER_WEEKDAYS[site.code] != day.weekday() or week % REVIEW_WEEKS != need.review_week:
                continue
            target = max(1, round(need.weekly * TRANSFER_COVER_WEEKS))
            missing = target - self.stock.usable(need.place, need.device.key, day)
            if missing < max(1, target * 0.35):
                continue
            source = bins[site.supplied_by or "", need.device.key]
            taken = self.stock.take(source, need.device.key, missing, day)
            if not taken:
                continue
            if site.code not in papers:
                arrival = day + timedelta(days=self.random.choice((1, 1, 2)))
                done_on = arrival if arrival <= self.world.today else None
                papers[site.code] = (
                    self.paper("internal", f"{site.supplied_by}-STO", f"{site.code}-STO", day, done_on),
                    arrival,
                )
            shipment, arrival = papers[site.code]
            for lot, units in taken:
                self.move(need.device, lot, source, TRANSIT_PLACE, units, day, shipment=shipment)
                self.arrivals[arrival].append((shipment, need.place, lot, need.device, units))

    def unload_transfers(self, day: date) -> None:
        """What arrives at the hospitals today."""
        for shipment, place, lot, device, units in self.arrivals.pop(day, []):
            self.move(device, lot, TRANSIT_PLACE, place, units, day, shipment=shipment)

    def use(self, day: date) -> None:
        """What departments use, booked once a week on their day: at most what they have."""
        month = (day - self.start).days * SHAPE_MONTHS // 548
        for need in self.needs:
            if need.weekday != day.weekday():
                continue
            mean = need.weekly * need.shape[min(month, len(need.shape) - 1)]
            if need.intermittent:
                wanted = poisson(self.random, mean * 4) if self.random.random() < 0.25 else 0
            else:
                wanted = poisson(self.random, mean)
            for lot, units in self.stock.take(need.place, need.device.key, wanted, day):
                self.move(need.device, lot, need.place, PATIENT_PLACE, units, day)

    def order(self, day: date) -> None:
        """Each supplier's weekly order from each distribution centre, for what is at its reorder point."""
        purchases: dict[tuple[str, str], int] = {}
        for number, pair in enumerate(self.pairs):
            if int(pair.supplier.code[-2:]) % 5 != day.weekday() or not self.wants(number, pair, day):
                continue
            key = (pair.supplier.code, pair.site.code)
            if key not in purchases:
                self.world.purchases.append(Purchase(pair.supplier.code, pair.site.code, day, "done"))
                purchases[key] = len(self.world.purchases) - 1
            self.order_line(purchases[key], pair, day, huge=number in self.overstocked)

    def wants(self, number: int, pair: Pair, day: date) -> bool:
        """Whether a device is ordered today: by its position, or because its scenario says so."""
        before = (self.world.today - day).days
        lead = pair.agreement.lead_days or 0
        if pair.scenario == "short" and before < lead * 1.6 + 60:
            return False
        if pair.scenario == "overstock" and before < lead + OVERSTOCKED_BEFORE_DAYS:
            if number in self.overstocked:
                return False
            self.overstocked.add(number)
            return True
        if pair.scenario == "late" and lead + 2 <= before <= lead + 8 and not pair.on_order:
            return True
        position = self.stock.usable(pair.bin, pair.device.key, day) + pair.on_order
        return position <= pair.reorder_point

    def order_line(self, purchase: int, pair: Pair, day: date, *, huge: bool) -> None:
        """Add a line to a purchase and plan its delivery, by the supplier's habit of being late."""
        units = pair.order_quantity() * (7 if huge else 1)
        box = 10 if pair.device.purchase_unit == "box" else 1
        price = (pair.agreement.price or pair.device.cost) * box
        lead = pair.agreement.lead_days or 0
        requested_on = working_day(day + timedelta(days=lead))
        delivered_on = working_day(requested_on + timedelta(days=self.random.choice(pair.supplier.lateness)))
        if pair.scenario == "late" and requested_on >= self.world.today - timedelta(days=lead + 8):
            late_until = self.world.today + timedelta(days=9)
            delivered_on = max(delivered_on, late_until) if requested_on < self.world.today else delivered_on
        delivered_on = max(delivered_on, working_day(day + timedelta(days=2)))
        lines = self.world.purchases[purchase].lines
        lines.append(Line(pair.device.key, units / box, price, requested_on))
        pair.on_order += units
        self.deliveries[delivered_on].append((purchase, len(lines) - 1, pair))

    def close_orders(self) -> None:
        """What is still to come: open purchases, and transfers on the road."""
        for purchase in self.world.purchases:
            if any(line.received < line.quantity for line in purchase.lines):
                purchase.state = "processing"
        for arrival, loads in self.arrivals.items():
            for shipment, place, lot, device, units in loads:
                self.world.moves.append(
                    Move(device.key, lot, TRANSIT_PLACE, place, units, arrival, shipment=shipment, state="draft")
                )


def working_day(day: date) -> date:
    """The day, or the Monday after it."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= 5 else day


def poisson(random: Random, mean: float) -> int:
    """A Poisson draw: Knuth's method for small means, the normal approximation above 30."""
    if mean <= 0:
        return 0
    if mean > 30:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count
