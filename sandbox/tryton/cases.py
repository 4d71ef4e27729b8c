"""What a trial needs to find in the company: special cases, and the bad rows (`plant`) with the gate's rule each breaks.

Planted rows never make another record wrong: bad devices have no history of their own, and bad moves only bring stock
in, so leaving them out (as quarantine does) never makes stock negative.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from random import Random

from sandbox.tryton.catalogue import (
    COUNT_PLACE,
    LOT_EXPIRY,
    PATIENT_PLACE,
    SERIAL_ONLY,
    SUPPLIER_PLACE,
    TRANSIT_PLACE,
    WASTE_PLACE,
    with_check_digit,
)
from sandbox.tryton.world import (
    Agreement,
    Bill,
    Customer,
    Device,
    Inspection,
    Line,
    Lot,
    Move,
    Planted,
    Purchase,
    Request,
    Shipment,
    World,
)

EXPIRING_LOTS, EXPIRED_LOTS, BREAKAGES, PASSED_INSPECTIONS = 14, 6, 8, 30
NEWEST_PURCHASES = 8
WEEKLY_LINES = 15
#: suppliers send their invoices two days after the goods; older deliveries' are in books that are closed
BILLED_AFTER_DAYS, BILLED_SINCE_DAYS = 2, 21
REGISTRATION_LAPSES_IN_DAYS = 25
CONFIRMED_LATER_BY_DAYS = 18

#: devices of the catalogue the cases use, by what they are in it (their families)
CONSIGNED_STEM, STENT, CARTRIDGE, LAPSING, TAPE = "MD-0170", "MD-0163", "MD-0107", "MD-0044", "MD-0158"
INSPECTED, REJECTED, BY_HAND = "MD-0051", "MD-0086", ("MD-0012", "MD-0014")


def add(world: World, random: Random) -> None:
    """Add every case to a world whose history has run."""
    stage = Stage(world, random)
    stage.age_lots()
    stage.break_some()
    stage.ship_today()
    stage.consign()
    stage.lend()
    stage.serial_without_lot()
    stage.registration_lapsing()
    stage.orders()
    stage.inspections()
    stage.take_back()
    stage.serve_customers()
    stage.prepare_transfer()
    world.special["cold_chain"] = {"item": CARTRIDGE}
    stage.await_open_lines()
    stage.bill()
    plant(stage)


class Stage:
    """The world with its stock at hand, and the few things that happen in it."""

    def __init__(self, world: World, random: Random) -> None:
        self.world, self.random, self.today = world, random, world.today
        storage = set(world.storage_places())
        self.shelf = {
            (place, device, lot): quantity
            for (place, device, lot), quantity in world.stock().items()
            if quantity > 0 and place in storage and lot is not None
        }

    def ago(self, days: int) -> date:
        """A day before today."""
        return self.today - timedelta(days=days)

    def lot(self, device: str, number: str, expires_on: date | None) -> int:
        """A new lot; its position."""
        self.world.lots.append(Lot(device, number, expires_on))
        return len(self.world.lots) - 1

    def move(
        self, lot: int, source: str, destination: str, quantity: float, on: date, line: tuple[int, int] | None = None,
        shipment: int | None = None, state: str = "done",
    ) -> int:  # fmt: skip
        """A new move of a lot; its position. Stock at both ends is kept."""
        device = self.world.lots[lot].device
        self.world.moves.append(Move(device, lot, source, destination, quantity, on, line, shipment, state))
        if state == "done" and (source, device, lot) in self.shelf:
            self.shelf[source, device, lot] -= quantity
        return len(self.world.moves) - 1

    def last_moved(self) -> dict[int, date]:
        """Lot -> the day it last moved."""
        last: dict[int, date] = {}
        for move in self.world.moves:
            if move.lot is not None:
                last[move.lot] = max(move.on, last.get(move.lot, date.min))
        return last

    def on_shelf(self, fits: Callable[[str, Device, int, float], bool]) -> Iterator[tuple[str, int, float]]:
        """(place, lot, quantity) of stock that fits, in random order, one place for a lot."""
        found = [
            (place, lot, quantity)
            for (place, device, lot), quantity in sorted(self.shelf.items())
            if fits(place, self.world.devices[device], lot, quantity)
        ]
        self.random.shuffle(found)
        seen: set[int] = set()
        for place, lot, quantity in found:
            if lot not in seen:
                seen.add(lot)
                yield place, lot, quantity

    def age_lots(self) -> None:
        """Lots that expire within sixty days, and lots that expired where they lie."""
        last = self.last_moved()
        lots = self.world.lots

        def long_lived(_: str, device: Device, lot: int, quantity: float) -> bool:
            expires_on = lots[lot].expires_on
            return (
                device.label == LOT_EXPIRY and quantity >= 5 and expires_on is not None and expires_on > self.ago(-90)
            )

        still = self.on_shelf(long_lived)
        for _, lot, _ in (next(still) for _ in range(EXPIRING_LOTS)):
            lots[lot] = replace(lots[lot], expires_on=self.today + timedelta(days=self.random.randint(4, 55)))
            self.world.special.setdefault("expiring", {})[lots[lot].number] = lots[lot].device
        unmoved = (
            lot
            for _, lot, _ in self.on_shelf(lambda *stock: long_lived(*stock) and last[stock[2]] < self.ago(12))
            if lots[lot].number not in self.world.special["expiring"]
        )
        for lot in (next(unmoved) for _ in range(EXPIRED_LOTS)):
            lots[lot] = replace(lots[lot], expires_on=self.ago(self.random.randint(2, 10)))
            self.world.special.setdefault("expired", {})[lots[lot].number] = lots[lot].device

    def break_some(self) -> None:
        """Single units dropped and scrapped in the last days."""
        broken = self.on_shelf(lambda place, device, _lot, quantity: not device.serialised and quantity >= 10)
        for place, lot, _ in (next(broken) for _ in range(BREAKAGES)):
            self.move(lot, place, WASTE_PLACE, 1, self.ago(self.random.randint(0, 3)))

    def ship_today(self) -> None:
        """A transfer that left the distribution centre today and has not arrived."""
        self.world.shipments.append(Shipment("internal", "DC-N-STO", "H-N1-STO", self.today, None))
        paper = len(self.world.shipments) - 1
        stock = self.on_shelf(
            lambda place, device, _, quantity: (
                place.startswith("DC-N-A") and device.label == LOT_EXPIRY and quantity >= 30
            )
        )
        for place, lot, _ in (next(stock) for _ in range(4)):
            self.move(lot, place, TRANSIT_PLACE, 5, self.today, shipment=paper)
            arrival = self.today + timedelta(days=1)
            self.move(lot, TRANSIT_PLACE, "H-N1-WARD-1", 5, arrival, shipment=paper, state="draft")
            self.world.special.setdefault("in_transit", {})[self.world.lots[lot].number] = self.world.lots[lot].device

    def take_back(self) -> None:
        """Stock that a count brought in, and that was taken back when somebody counted again."""
        place, lot, _ = next(self.in_bins("DC-N"))
        self.move(lot, COUNT_PLACE, place, 12, self.ago(4), state="cancelled")
        self.world.special["taken_back"] = {"item": self.world.lots[lot].device, "lot": self.world.lots[lot].number}

    def in_bins(self, site: str) -> Iterator[tuple[str, int, float]]:
        """(place, lot, quantity) of stock that may be used, in a distribution centre's bins, one lot of each device."""
        usable = self.on_shelf(
            lambda place, device, lot, quantity: (
                place.startswith(f"{site}-A")
                and device.label == LOT_EXPIRY
                and quantity >= 30
                and (self.world.lots[lot].expires_on or date.max) > self.today
            )
        )
        seen: set[str] = set()
        for place, lot, quantity in usable:
            device = self.world.lots[lot].device
            if device not in seen:
                seen.add(device)
                yield place, lot, quantity

    def serve_customers(self) -> None:
        """Two clinics' orders: one is set aside lot by lot, another wants more than there is and is overdue; and two weekly
        orders of each, for tomorrow, that nobody has picked yet: more than a walk, whenever its cut-off is."""
        self.world.customers += [Customer("CLI-01", "Rivermouth Clinic"), Customer("CLI-02", "Alder Street Surgery")]
        stock = self.in_bins("DC-N")
        chosen = [next(stock) for _ in range(3)]
        loads: list[tuple[str, int | None, float]] = [(self.world.lots[lot].device, lot, 6) for _, lot, _ in chosen]
        self.world.requests.append(
            Request("CLI-01", "DC-N", PATIENT_PLACE, self.ago(2), self.today + timedelta(days=2), loads)
        )
        _, lot, _ = next(stock)
        scarce = self.world.lots[lot].device
        there = sum(
            quantity for (place, device, _), quantity in self.shelf.items() if place[:5] == "DC-N-" and device == scarce
        )
        self.world.requests.append(
            Request("CLI-02", "DC-N", PATIENT_PLACE, self.ago(6), self.ago(1), [(scarce, None, there + 40)])
        )
        for customer in ("CLI-01", "CLI-02", "CLI-01", "CLI-02"):
            weekly: list[tuple[str, int | None, float]] = [
                (self.world.lots[lot].device, None, 3) for _, lot, _ in islice(stock, WEEKLY_LINES)
            ]
            tomorrow = self.today + timedelta(days=1)
            self.world.requests.append(
                Request(customer, "DC-N", PATIENT_PLACE, self.ago(1), tomorrow, weekly, assigned=False)
            )
        self.world.special["set_aside"] = {
            self.world.lots[lot].number: device for device, lot, _ in loads if lot is not None
        }
        self.world.special["backordered"] = {"item": scarce, "quantity": f"{there + 40:g}"}

    def prepare_transfer(self) -> None:
        """A transfer that is set aside at the distribution centre and leaves tomorrow."""
        stock = self.in_bins("DC-S")
        chosen = [next(stock) for _ in range(2)]
        loads: list[tuple[str, int | None, float]] = [(self.world.lots[lot].device, lot, 4) for _, lot, _ in chosen]
        leaves_on = self.today + timedelta(days=1)
        self.world.requests.append(Request(None, "DC-S", "H-S1", self.today, leaves_on, loads))
        self.world.special["transfer_planned"] = {
            self.world.lots[lot].number: self.world.lots[lot].device for _, lot, _ in chosen
        }

    def consign(self) -> None:
        """Six hip stems of the supplier's in a hospital's cabinet, of which two were used."""
        expires_on = self.today + timedelta(days=900)
        stems = [self.lot(CONSIGNED_STEM, f"LCONS24/SC{unit:03}", expires_on) for unit in range(1, 7)]
        for stem in stems:
            self.move(stem, SUPPLIER_PLACE, "H-N1-CONS", 1, self.ago(120))
        for stem in stems[:2]:
            self.move(stem, "H-N1-CONS", PATIENT_PLACE, 1, self.ago(self.random.randint(5, 90)))
        self.world.special["consigned"] = {"item": CONSIGNED_STEM, "location": "H-N1-CONS", "lot": "LCONS24"}

    def lend(self) -> None:
        """A loaner set of a supplier's, at a hospital for a week."""
        key = "MD-0201"
        self.world.devices[key] = replace(
            self.world.devices["MD-0193"],
            key=key,
            code=key,
            name="Kneeva revision instrument set (loaner)",
            category="Orthopaedic instrument set",
            udi_di=with_check_digit("0405321000201"),
            criticality="standard",
            label=SERIAL_ONLY,
            cost=Decimal("18500.0000"),
            registration_number="REG-20201",
        )
        unit = self.lot(key, "KIT-0007", None)
        self.move(unit, SUPPLIER_PLACE, "H-S1-LOANER", 1, self.ago(7))
        self.world.special["loaned"] = {"item": key, "location": "H-S1-LOANER", "serial": "KIT-0007"}

    def serial_without_lot(self) -> None:
        """A stent found in a count: its serial was written down, its lot was not, though the label carries both."""
        unit = self.lot(STENT, "S9934471", self.today + timedelta(days=300))
        self.move(unit, COUNT_PLACE, "DC-N-A04", 1, self.ago(20))
        self.world.special["serial_without_lot"] = {"item": STENT, "serial": "S9934471"}

    def registration_lapsing(self) -> None:
        """A device whose registration runs out in twenty-five days."""
        lapses_on = self.today + timedelta(days=REGISTRATION_LAPSES_IN_DAYS)
        self.world.devices[LAPSING] = replace(self.world.devices[LAPSING], registration_through=lapses_on)
        self.world.special["registration_lapsing"] = {"item": LAPSING}

    def purchase(self, supplier: str, site: str, ordered_on: date | None, state: str, lines: list[Line]) -> int:
        """A new purchase; its position."""
        bulk = state in {"done", "cancelled"}
        self.world.purchases.append(Purchase(supplier, site, ordered_on, state, lines, bulk=bulk))
        return len(self.world.purchases) - 1

    def agreement(self, device: str) -> Agreement:
        """Where a device is bought first."""
        return next(agreement for agreement in self.world.agreements if agreement.device == device)

    def orders(self) -> None:
        """An order confirmed later than asked for, one half received, one cancelled, and a draft made by hand."""
        waiting = [
            (number, line)
            for number, purchase in enumerate(self.world.purchases)
            for line in purchase.lines
            if line.received < line.quantity and line.requested_on > self.today and line.quantity >= 4
        ]
        number, confirmed = self.random.choice(waiting)
        self.world.purchases[number].bulk = False
        confirmed.promised_on = confirmed.requested_on + timedelta(days=CONFIRMED_LATER_BY_DAYS)
        self.world.special["late_confirmation"] = {"item": confirmed.device or ""}
        self.receive_half(*self.random.choice([
            (number, line)
            for number, line in waiting
            if line is not confirmed and not self.world.devices[line.device or ""].serialised
        ]))  # fmt: skip
        bought = [self.agreement(device) for device in BY_HAND]
        wanted_on = self.today + timedelta(days=30)
        lines = [Line(agreement.device, 40, agreement.price or Decimal(1), wanted_on) for agreement in bought]
        self.purchase(bought[0].supplier, "DC-N", None, "cancelled", [replace(line, quantity=60) for line in lines])
        self.world.purchases[-1].ordered_on = self.ago(15)
        self.purchase(bought[0].supplier, "DC-N", None, "draft", lines)
        self.world.special["draft_by_hand"] = {"supplier": bought[0].supplier, "site": "DC-N"}

    def receive_half(self, purchase: int, line: Line) -> None:
        """Half of an open line came yesterday."""
        order = self.world.purchases[purchase]
        order.bulk = False
        line.received = line.quantity // 2
        device = self.world.devices[line.device or ""]
        units = line.received * (10 if device.purchase_unit == "box" else 1)
        lot = self.lot(device.key, f"L{device.key[-4:]}HALF", self.today + timedelta(days=device.shelf_days - 40))
        self.world.shipments.append(Shipment("in", SUPPLIER_PLACE, order.site, self.ago(1), self.ago(1)))
        paper = len(self.world.shipments) - 1
        position = (purchase, order.lines.index(line))
        self.move(lot, SUPPLIER_PLACE, f"{order.site}-IN", units, self.ago(1), position, paper)
        self.move(lot, f"{order.site}-IN", f"{order.site}-A01", units, self.ago(1), shipment=paper)
        self.world.special["half_received"] = {"item": device.key}

    def await_open_lines(self) -> None:
        """The newest open purchases are made through Tryton's API, which makes their waiting moves; the others' are made here."""
        opened = [purchase for purchase in self.world.purchases if purchase.state == "processing"]
        for purchase in sorted(opened, key=lambda purchase: purchase.ordered_on or self.today)[-NEWEST_PURCHASES:]:
            purchase.bulk = False
        for number, purchase in enumerate(self.world.purchases):
            if purchase.state != "processing" or not purchase.bulk:
                continue
            for position, line in enumerate(purchase.lines):
                if line.received < line.quantity and line.device:
                    per_unit = 10 if self.world.devices[line.device].purchase_unit == "box" else 1
                    left, due_on = (line.quantity - line.received) * per_unit, line.promised_on or line.requested_on
                    source, destination, position_of = SUPPLIER_PLACE, f"{purchase.site}-IN", (number, position)
                    self.world.moves.append(
                        Move(line.device, None, source, destination, left, due_on, position_of, state="draft")
                    )

    def bill(self) -> None:
        """Suppliers bill what they delivered: one too dear, one too much, one twice, and one wrongly, which was credited."""
        came: dict[tuple[int, int], date] = {}
        for move in self.world.moves:
            if move.line and move.state == "done":
                came[move.line] = max(move.on, came.get(move.line, date.min))
        bills = self.world.bills
        for number, purchase in enumerate(self.world.purchases):
            days = {place: came[number, place] for place in range(len(purchase.lines)) if (number, place) in came}
            if days and self.ago(BILLED_SINCE_DAYS) <= max(days.values()) <= self.ago(BILLED_AFTER_DAYS):
                lines = [(place, purchase.lines[place].received, purchase.lines[place].price) for place in days]
                on = max(days.values()) + timedelta(days=BILLED_AFTER_DAYS)
                bills.append(Bill(number, f"INV-{number}", on, lines))
        dear, much, twice, wrong = bills[-4:]
        for name, bill in (("dear", dear), ("too_much", much), ("twice", twice), ("credited", wrong)):
            device = self.world.purchases[bill.purchase].lines[bill.lines[0][0]].device
            self.world.special[f"billed_{name}"] = {"item": device or "", "number": bill.number}
        (place, quantity, price), *rest = dear.lines
        dear.lines = [(place, quantity, (price * Decimal("1.08")).quantize(Decimal("0.0001"))), *rest]
        (place, quantity, price), *rest = much.lines
        much.lines = [(place, quantity + 10, price), *rest]
        bills.append(replace(twice, state="draft"))
        bills.append(replace(wrong, number=f"{wrong.number}/B"))
        wrong.state, wrong.lines = "credited", [(place, quantity * 2, price) for place, quantity, price in wrong.lines]

    def inspections(self) -> None:
        """Past receipts inspected and passed; one lot waiting for its inspection; one that failed and is blocked."""
        receipts = [
            move
            for move in self.world.moves
            if move.line and move.lot is not None and self.world.devices[move.device].label == LOT_EXPIRY
            and self.ago(400) < move.on < self.ago(6)
        ]  # fmt: skip
        for move in self.random.sample(receipts, PASSED_INSPECTIONS):
            closed_on = move.on + timedelta(days=self.random.randint(1, 4))
            number = self.world.lots[move.lot or 0].number
            self.world.inspections.append(Inspection(move.device, number, "passed", move.on, closed_on, move.shipment))
        self.inspected("in_inspection", INSPECTED, "pending", days_ago=4)
        self.inspected("rejected", REJECTED, "failed", days_ago=21)

    def inspected(self, name: str, device: str, state: str, *, days_ago: int) -> None:
        """A lot received some days ago into inspection; if it failed, blocked since."""
        agreement, received_on, quantity = self.agreement(device), self.ago(days_ago), 60
        ordered_on = received_on - timedelta(days=agreement.lead_days or 0)
        box = 10 if self.world.devices[device].purchase_unit == "box" else 1
        line = Line(device, quantity / box, (agreement.price or Decimal(1)) * box, received_on, received=quantity / box)
        purchase = self.purchase(agreement.supplier, "DC-S", ordered_on, "done", [line])
        self.world.shipments.append(Shipment("in", SUPPLIER_PLACE, "DC-S", received_on, received_on))
        paper = len(self.world.shipments) - 1
        lot = self.lot(device, f"L{device[-4:]}Q{days_ago}", self.today + timedelta(days=400))
        self.move(lot, SUPPLIER_PLACE, "DC-S-IN", quantity, received_on, (purchase, 0), paper)
        self.move(lot, "DC-S-IN", "DC-S-INSP", quantity, received_on, shipment=paper)
        closed_on = None if state == "pending" else received_on + timedelta(days=2)
        if closed_on:
            self.move(lot, "DC-S-INSP", "DC-S-BLOCKED", quantity, closed_on)
        number = self.world.lots[lot].number
        self.world.inspections.append(Inspection(device, number, state, received_on, closed_on, paper))
        self.world.special[name] = {"item": device, "lot": number}


def plant(stage: Stage) -> None:
    """Add the bad rows. This is the one place that says what they are and which rule each should break."""
    plant_items(stage)
    plant_lots(stage)
    plant_moves(stage)
    plant_agreements(stage)
    plant_purchase_lines(stage)
    plant_inspections(stage)
    plant_bills(stage)


def plant_items(stage: Stage) -> None:
    """Devices whose master data is wrong."""
    world, sound = stage.world, stage.world.devices["MD-0018"]

    def item(number: int, name: str, rule: str, **wrong: object) -> None:
        key = f"MD-{number:04}"
        device = replace(
            sound, key=key, code=key, name=f"{sound.name} ({name.replace('_', ' ')})",
            udi_di=with_check_digit(f"0405321{number:06}"), registration_number=f"REG-{20000 + number}",
        )  # fmt: skip
        world.devices[key] = replace(device, **wrong)  # type: ignore[arg-type]
        if rule:
            world.planted.append(Planted(name, rule, "item", ("device", key)))

    right = with_check_digit("0405321000210")
    item(210, "item_wrong_check_digit", "ITM017", udi_di=right[:-1] + str((int(right[-1]) + 1) % 10))
    item(211, "item_without_code", "ITM001", code=None)
    item(212, "item_without_label_flags", "ITM007", label=None)
    item(213, "item_repeated_udi", "ITM018")
    item(214, "item_repeating_udi", "ITM018", udi_di=world.devices["MD-0213"].udi_di)
    item(215, "item_storage_reversed", "ITM015", storage_c=(Decimal(25), Decimal(2)))
    item(216, "discontinued", "", active=False)


def plant_lots(stage: Stage) -> None:
    """Lots whose number or dates are wrong. Tryton keeps no date of manufacture, so that one cannot be wrong here."""
    world, today = stage.world, stage.today

    def lot(name: str, rule: str, device: str, number: str, expires_on: date | None) -> None:
        position = stage.lot(device, number, expires_on)
        world.planted.append(Planted(name, rule, "lot", ("lot", position)))

    lot("lot_without_expiry", "LOT009", "MD-0021", "L0021NODATE", None)
    lot("lot_expiry_implausible", "LOT007", "MD-0021", "L0021TYPO", date(today.year + 100, 5, 1))
    lot("lot_two_expiries", "LOT005", "MD-0022", "L0022TWICE", today + timedelta(days=300))
    lot("lot_two_expiries_again", "LOT005", "MD-0022", "L0022TWICE", today + timedelta(days=210))


def plant_moves(stage: Stage) -> None:
    """Moves that cannot be right. All bring stock in from a count."""
    world = stage.world

    def move(name: str, rule: str, device: str, lot: int | None, quantity: float, on: date) -> None:
        world.moves.append(Move(device, lot, COUNT_PLACE, "DC-S-A05", quantity, on))
        world.planted.append(Planted(name, rule, "movement", ("move", len(world.moves) - 1)))

    def lot(device: str, number: str) -> int:
        return stage.lot(device, number, stage.today + timedelta(days=400))

    # tape is kept by the roll, and Tryton lets a roll be cut in half
    world.devices[TAPE] = replace(world.devices[TAPE], unit="roll", purchase_unit="roll")
    move("move_without_lot", "MOV011", "MD-0024", None, 5, stage.ago(9))
    move("move_fractional", "MAP", TAPE, lot(TAPE, "L0158CUT"), 2.5, stage.ago(8))
    move("move_zero", "MOV005", "MD-0026", lot("MD-0026", "L0026ZERO"), 0, stage.ago(7))
    move("move_two_of_one_serial", "MOV010", "MD-0194", stage.lot("MD-0194", "SPUMP0194X", None), 2, stage.ago(6))
    move("move_in_future", "MOV009", "MD-0027", lot("MD-0027", "L0027NEXT"), 5, stage.ago(-30))
    move("move_of_item_without_code", "MOV001", "MD-0211", lot("MD-0211", "L0211A"), 5, stage.ago(5))


def plant_agreements(stage: Stage) -> None:
    """A lead time and a price that were never filled in."""
    rows = (
        ("agreement_without_lead_time", "AGR012", Agreement("SUP-12", "MD-0030", Decimal("4.20"), 1, None)),
        ("agreement_without_price", "AGR004", Agreement("SUP-12", "MD-0031", None, 1, 14)),
    )
    for name, rule, agreement in rows:
        stage.world.agreements.append(agreement)
        stage.world.planted.append(Planted(name, rule, "agreement", ("agreement", len(stage.world.agreements) - 1)))


def plant_purchase_lines(stage: Stage) -> None:
    """One open purchase nobody looked at twice. Its last line is good, but for a discontinued item."""
    soon, price = stage.ago(-12), Decimal("2.5000")
    rows = (
        ("line_price_zero", "PUR010", Line("MD-0033", 50, Decimal(0), soon)),
        ("line_of_item_without_code", "PUR005", Line("MD-0211", 50, price, soon)),
        ("line_without_item", "PUR005", Line(None, 50, price, soon)),
        ("line_negative", "PUR007", Line("MD-0034", -10, price, soon)),
        ("line_promised_before_ordered", "PUR016", Line("MD-0035", 50, price, soon, promised_on=stage.ago(200))),
        ("discontinued", "", Line("MD-0216", 50, price, soon)),
    )
    world, lines = stage.world, [line for _, _, line in rows]
    world.purchases.append(Purchase("SUP-05", "DC-S", stage.ago(2), "processing", lines))
    purchase = len(world.purchases) - 1
    for position, (name, rule, line) in enumerate(rows):
        if rule:
            world.planted.append(Planted(name, rule, "purchase_line", ("line", (purchase, position))))
        if line.promised_on:
            waiting = Move(
                line.device or "", None, SUPPLIER_PLACE, "DC-S-IN", line.quantity, line.promised_on,
                (purchase, position), state="draft",
            )  # fmt: skip
            world.moves.append(waiting)
    world.special["order_of_discontinued_item"] = {"item": "MD-0216"}


def plant_inspections(stage: Stage) -> None:
    """Inspections that name a lot of another item, or no product."""
    other = stage.world.special["in_inspection"]["lot"]
    rows = (
        ("inspection_of_other_item", "REF014", Inspection(REJECTED, other, "pending", stage.ago(3), None)),
        ("inspection_without_item", "INS002", Inspection(None, "L0000", "pending", stage.ago(2), None)),
    )
    for name, rule, inspection in rows:
        stage.world.inspections.append(inspection)
        stage.world.planted.append(Planted(name, rule, "inspection", ("inspection", len(stage.world.inspections) - 1)))


def plant_bills(stage: Stage) -> None:
    """An invoice of which nobody said what order it is about."""
    world, sound = stage.world, stage.world.bills[0]
    world.bills.append(replace(sound, number=f"{sound.number}-A", lines=sound.lines[:1], ordered=False))
    world.planted.append(Planted("bill_without_order", "INV004", "invoice_line", ("bill", (len(world.bills) - 1, 0))))
