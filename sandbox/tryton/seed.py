"""Put the trial company into a database restored from the template.

Runs in Tryton's environment (see environment.py). Job: {"database", "today", "data" (folder or null),
"admin_password", "service_password"}. Masters and open documents go through Tryton's own API; past documents and moves
by COPY, of which a sample is then validated by Tryton itself. Prints what it made as JSON: counts, and the planted
bad rows with their source keys.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from psycopg import sql

from sandbox.tryton import bills, catalogue
from sandbox.tryton.company import make_world
from sandbox.tryton.environment import in_transaction, read_job, set_log_level
from sandbox.tryton.template import SERVICE_LOGIN
from sandbox.tryton.world import Device, Place, Purchase, Request, World

#: a default installation's places that the company uses under its own codes
EXISTING_PLACES = {
    catalogue.SUPPLIER_PLACE: "location_supplier",
    catalogue.PATIENT_PLACE: "location_customer",
    catalogue.TRANSIT_PLACE: "location_transit",
    catalogue.COUNT_PLACE: "location_lost_found",
}
UNUSED_PLACES = ("location_input", "location_output", "location_storage", "location_warehouse")
#: documents are entered in the afternoon (UTC) of their day; every so many moves is entered days later
ENTERED_AT, LATE_ENTRY_EVERY, LATE_ENTRY_DAYS = time(15), 301, 3
SAMPLE, ORDER_POINTS = 300, 6
#: moves that have a day on which they happened: cancelling one that was done leaves it
HAPPENED = {"done", "cancelled"}
MASTER_TABLES = (
    "stock_location", "stock_location_lead_time", "party_party", "party_contact_mechanism", "product_category",
    "product_template", "product_product", "purchase_product_supplier", "purchase_product_supplier_price",
    "product_identifier", "stock_order_point", "quality_control",
)  # fmt: skip
MODEL_OF = {
    "device": "product.product",
    "lot": "stock.lot",
    "move": "stock.move",
    "line": "purchase.line",
    "agreement": "purchase.product_supplier",
    "inspection": "quality.inspection",
    "bill": "account.invoice.line",
}


def main() -> None:
    """Load the world into the job's database."""
    job = read_job()
    set_log_level()
    from trytond.pool import Pool

    Pool(job["database"]).init()
    world = make_world(date.fromisoformat(job["today"]), Path(job["data"]) if job["data"] else None)
    seed = Seed(world)
    for step in (
        lambda pool: set_passwords(pool, job["admin_password"], job["service_password"]),
        seed.masters,
        seed.past,
        seed.open_purchases,
        seed.open_shipments,
        seed.quality,
        seed.alert,
        seed.bill,
        seed.announce,
        seed.replenish,
        seed.backdate_masters,
        seed.check_sample,
    ):
        in_transaction(job["database"], step)
    print(json.dumps(seed.summary()))


def set_passwords(pool: Any, admin: str, service: str) -> None:
    """Give the two users their passwords."""
    User = pool.get("res.user")
    for login, password in (("admin", admin), (SERVICE_LOGIN, service)):
        (user,) = User.search([("login", "=", login)])
        User.write([user], {"password": password})


class Seed:
    """The world on its way into Tryton: what each of its parts became (Tryton ids)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ids: dict[tuple[str, object], int] = {}
        self.company = self.currency = 0
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self.counts: Counter[str] = Counter()

    def entered(self, day: date, later: timedelta = timedelta()) -> datetime:
        """The stamp of a record entered on a day; never in the future."""
        return min(datetime.combine(day, ENTERED_AT) + later, self.now)

    def summary(self) -> dict[str, Any]:
        """Counts, special cases, and the planted rows with their source keys."""
        return {
            "counts": dict(self.counts),
            "special": self.world.special,
            "planted": [
                {
                    "name": row.name,
                    "rule": row.rule,
                    "entity": row.entity,
                    "source_key": f"{MODEL_OF[row.where[0]]},{self.ids[row.where]}",
                }
                for row in self.world.planted
            ],
        }

    # ---- masters

    def masters(self, pool: Any) -> None:
        """Places, suppliers, devices and agreements, through Tryton's API."""
        (company,) = pool.get("company.company").search([])
        self.company, self.currency = company.id, company.currency.id
        with context(company=self.company):
            self.make_places(pool)
            self.make_suppliers(pool)
            self.make_devices(pool)
            self.make_agreements(pool)

    def make_places(self, pool: Any) -> None:
        """The location tree. Warehouses need their zones first, and the zones then move under them."""
        Location, data = pool.get("stock.location"), pool.get("ir.model.data")
        for code, name in EXISTING_PLACES.items():
            self.ids["place", code] = data.get_id("stock", name)
        for place in self.world.places:
            if place.code in EXISTING_PLACES:
                Location.write([Location(self.ids["place", place.code])], {"code": place.code, "name": place.name})
            elif place.type == "warehouse":
                self.make_warehouse(pool, place)
            elif ("place", place.code) not in self.ids:
                (location,) = Location.create([self.place_values(place)])
                self.ids["place", place.code] = location.id
        unused = Location.browse([data.get_id("stock", name) for name in UNUSED_PLACES])
        Location.write(list(unused), {"active": False})
        pool.get("stock.location.lead_time").create([
            {
                "warehouse_from": self.ids["place", site.supplied_by],
                "warehouse_to": self.ids["place", site.code],
                "lead_time": timedelta(days=1),
            }
            for site in self.world.sites
            if site.supplied_by
        ])

    def make_warehouse(self, pool: Any, place: Place) -> None:
        """A warehouse with its three zones."""
        Location = pool.get("stock.location")
        zones = [other for other in self.world.places if other.parent == place.code][:3]
        located = Location.create([{"name": zone.name, "code": zone.code, "type": zone.type} for zone in zones])
        goods_in, goods_out, store = located
        (warehouse,) = Location.create([
            {
                **self.place_values(place),
                "input_location": goods_in.id,
                "output_location": goods_out.id,
                "storage_location": store.id,
                "lost_found_location": self.ids["place", catalogue.COUNT_PLACE],
                "waste_locations": [("add", [self.ids["place", catalogue.WASTE_PLACE]])],
            }
        ])
        Location.write(located, {"parent": warehouse.id})
        self.ids["place", place.code] = warehouse.id
        self.ids |= {("place", zone.code): location.id for zone, location in zip(zones, located, strict=True)}

    def place_values(self, place: Place) -> dict[str, Any]:
        """A place's fields. A consignment's supplier is filled in once suppliers exist."""
        parent = self.ids["place", place.parent] if place.parent else None
        return {"name": place.name, "code": place.code, "type": place.type, "parent": parent}

    def make_suppliers(self, pool: Any) -> None:
        """Suppliers as parties, with an address, a mailbox and a lead time; then the consignment places' owner."""
        parties = pool.get("party.party").create([
            {
                "name": supplier.name,
                "code": supplier.code,
                "supplier_lead_time": timedelta(days=supplier.lead_days),
                "addresses": [("create", [{"street": "1 Supplier Road"}])],
                "contact_mechanisms": [("create", [{"type": "email", "value": supplier.email}])],
            }
            for supplier in self.world.suppliers
        ])
        for supplier, party in zip(self.world.suppliers, parties, strict=True):
            self.ids["supplier", supplier.code] = party.id
            self.ids["address", supplier.code] = party.addresses[0].id
        Location = pool.get("stock.location")
        for place in self.world.places:
            if place.consignment_supplier:
                owner = self.ids["supplier", place.consignment_supplier]
                Location.write([Location(self.ids["place", place.code])], {"consignment_party": owner})
        self.counts["suppliers"] = len(parties)

    def make_devices(self, pool: Any) -> None:
        """Devices as products with one variant, in one category each."""
        Category, Uom, data = pool.get("product.category"), pool.get("product.uom"), pool.get("ir.model.data")
        (attribute_set,) = pool.get("product.attribute.set").search([])
        (goods,) = Category.search([("accounting", "=", True)])
        self.ids["unit", "unit"] = data.get_id("product", "uom_unit")
        for unit, symbol in (("box", "bx10"), ("roll", "roll")):
            (uom,) = Uom.search([("symbol", "=", symbol)])
            self.ids["unit", unit] = uom.id
        names = sorted({device.category for device in self.world.devices.values()})
        categories = dict(zip(names, Category.create([{"name": name} for name in names]), strict=True))
        templates = pool.get("product.template").create([
            {
                **self.device_values(device),
                "attribute_set": attribute_set.id,
                "account_category": goods.id,
                "categories": [("add", [categories[device.category].id])],
            }
            for device in self.world.devices.values()
        ])
        for key, template in zip(self.world.devices, templates, strict=True):
            self.ids["template", key] = template.id
            (product,) = template.products
            self.ids["device", key] = product.id
        inactive = [self.ids["device", key] for key, device in self.world.devices.items() if not device.active]
        pool.get("product.product").write(list(pool.get("product.product").browse(inactive)), {"active": False})
        self.counts["devices"] = len(templates)

    def device_values(self, device: Device) -> dict[str, Any]:
        """A device's fields; what Tryton has no field for goes into the attributes."""
        attributes: dict[str, Any] = {
            "udi_di": device.udi_di,
            "device_class": device.device_class,
            "criticality": device.criticality,
            "legal_manufacturer": device.legal_manufacturer,
            "registration_number": device.registration_number,
            "registration_through": device.registration_through,
            "order_multiple": device.order_multiple,
        }
        if device.label:
            attributes |= {f"label_{name}": getattr(device.label, name) for name in ("lot", "serial", "expiry")}
        if device.storage_c:
            attributes["storage_min_c"], attributes["storage_max_c"] = device.storage_c
        return {
            "name": device.name,
            "type": "goods",
            "default_uom": self.ids["unit", device.unit],
            "purchase_uom": self.ids["unit", device.purchase_unit],
            "purchasable": True,
            "expiration_state": "optional" if device.label and device.label.expiry else "none",
            "products": [
                ("create", [{"suffix_code": device.code, "attributes": attributes, "cost_price": device.cost}])
            ],
        }

    def make_agreements(self, pool: Any) -> None:
        """What suppliers sell, at a price from a minimum quantity on; both in the purchase unit, as Tryton has it."""
        rows = []
        for agreement in self.world.agreements:
            per = units_per(self.world.devices[agreement.device])
            prices = [] if agreement.price is None else [
                {"quantity": float(agreement.minimum_quantity // per), "unit_price": agreement.price * per}
            ]  # fmt: skip
            rows.append({
                "template": self.ids["template", agreement.device],
                "product": self.ids["device", agreement.device],
                "party": self.ids["supplier", agreement.supplier],
                "currency": self.currency,
                "company": self.company,
                "lead_time": None if agreement.lead_days is None else timedelta(days=agreement.lead_days),
                "prices": [("create", prices)],
            })
        made = pool.get("purchase.product_supplier").create(rows)
        self.ids |= {("agreement", position): record.id for position, record in enumerate(made)}
        unknown = [agreement for agreement in self.world.agreements if agreement.lead_days is None]
        self.forget_lead_times(pool, {agreement.supplier for agreement in unknown})
        self.counts["agreements"] = len(made)

    def forget_lead_times(self, pool: Any, suppliers: set[str]) -> None:
        """A supplier without a lead time of its own leaves an agreement without one truly without."""
        Party = pool.get("party.party")
        parties = Party.browse([self.ids["supplier", code] for code in suppliers])
        Party.write(list(parties), {"supplier_lead_time": None})

    # ---- the past, by COPY

    def past(self, pool: Any) -> None:
        """Lots, finished purchases, shipments and moves."""
        with context(company=self.company):
            self.copy_lots()
            self.copy_purchases(pool)
            self.copy_shipments(pool)
            self.reserve("move", "stock_move", len(self.world.moves))

    def reserve(self, kind: str, table: str, count: int) -> None:
        """Take ids for `count` rows from the table's own sequence."""
        self.ids |= {(kind, position): identity for position, identity in enumerate(new_ids(table, count))}
        self.counts[f"{kind}s"] = count

    def copy_lots(self) -> None:
        """Lots, entered when they first moved."""
        first: dict[int, date] = {}
        for move in self.world.moves:
            if move.lot is not None:
                first[move.lot] = min(move.on, first.get(move.lot, date.max))
        self.reserve("lot", "stock_lot", len(self.world.lots))
        copy(
            "stock_lot",
            ("id", "active", "create_date", "create_uid", "number", "product", "expiration_date"),
            (
                (
                    self.ids["lot", position], True, self.entered(first.get(position, self.world.today)), 0,
                    lot.number, self.ids["device", lot.device], lot.expires_on,
                )
                for position, lot in enumerate(self.world.lots)
            ),
        )  # fmt: skip

    def copy_purchases(self, pool: Any) -> None:
        """Purchases that need nothing more of Tryton, numbered by its sequence in the order they were made."""
        chosen = sorted(
            (position for position, purchase in enumerate(self.world.purchases) if purchase.bulk),
            key=lambda position: self.world.purchases[position].ordered_on or date.max,
        )
        numbers = next_numbers(pool, "purchase.configuration", "purchase_sequence", self.company, len(chosen))
        identities = new_ids("purchase_purchase", len(chosen))
        self.ids |= {("purchase", position): identity for position, identity in zip(chosen, identities, strict=True)}
        copy(
            "purchase_purchase",
            (
                "id", "company", "create_date", "create_uid", "write_date", "write_uid", "currency", "party",
                "invoice_address", "invoice_method", "invoice_state", "number", "purchase_date", "shipment_state", "state",
                "to_invoice", "untaxed_amount_cache", "tax_amount_cache", "total_amount_cache", "warehouse",
            ),
            (self.purchase_row(position, number) for position, number in zip(chosen, numbers, strict=True)),
        )  # fmt: skip
        lines = [(position, place) for position in chosen for place in range(len(self.world.purchases[position].lines))]
        identities = new_ids("purchase_line", len(lines))
        self.ids |= {("line", line): identity for line, identity in zip(lines, identities, strict=True)}
        copy(
            "purchase_line",
            (
                "id", "create_date", "create_uid", "delivery_date_edit", "delivery_date_store", "description", "product",
                "purchase", "quantity", "actual_quantity", "sequence", "type", "unit", "unit_price",
            ),
            (self.line_row(*line) for line in lines),
        )  # fmt: skip
        self.counts["past_purchases"] = len(chosen)

    def purchase_row(self, position: int, number: str) -> tuple[Any, ...]:
        """A finished (or cancelled) purchase as its table has it, last written when its last line came."""
        purchase = self.world.purchases[position]
        amount = sum((line.price * Decimal(str(line.quantity)) for line in purchase.lines), Decimal(0))
        amount = amount.quantize(Decimal("0.01"))
        ordered_on = purchase.ordered_on or self.world.today
        came = [line.requested_on for line in purchase.lines if line.received]
        done_on = max(came, default=ordered_on)
        received = {"done": "received", "processing": "waiting"}.get(purchase.state, "none")
        if received == "waiting" and any(line.received for line in purchase.lines):
            received = "partially shipped"
        return (
            self.ids["purchase", position], self.company, self.entered(ordered_on), 0,
            self.entered(max(ordered_on, min(done_on, self.world.today))), 0, self.currency,
            self.ids["supplier", purchase.supplier], self.ids["address", purchase.supplier], "manual", "none", number,
            ordered_on, received, purchase.state, False, amount, Decimal(0), amount, self.ids["place", purchase.site],
        )  # fmt: skip

    def line_row(self, position: int, place: int) -> tuple[Any, ...]:
        """A line of a finished purchase as its table has it."""
        purchase = self.world.purchases[position]
        line = purchase.lines[place]
        device = self.world.devices[line.device] if line.device else None
        return (
            self.ids["line", (position, place)], self.entered(purchase.ordered_on or self.world.today), 0, True,
            line.requested_on, None if device else "Delivery and handling", self.ids["device", device.key] if device else None,
            self.ids["purchase", position], line.quantity, line.received or None, place + 1, "line",
            self.ids["unit", device.purchase_unit if device else "unit"], line.price,
        )  # fmt: skip

    def copy_shipments(self, pool: Any) -> None:
        """The papers of receipts and transfers."""
        papers: dict[str, list[int]] = {"in": [], "internal": []}
        for position, shipment in enumerate(self.world.shipments):
            papers[shipment.kind].append(position)
        numbers: dict[int, str] = {}
        for kind, chosen in papers.items():
            identities = new_ids(f"stock_shipment_{kind}", len(chosen))
            self.ids |= {("shipment", position): new for position, new in zip(chosen, identities, strict=True)}
            sequence = f"shipment_{kind}_sequence"
            taken = next_numbers(pool, "stock.configuration", sequence, self.company, len(chosen))
            numbers |= dict(zip(chosen, taken, strict=True))
        self.copy_receipts(papers["in"], numbers)
        self.copy_transfers(papers["internal"], numbers)
        self.counts["shipments"] = len(numbers)

    def copy_receipts(self, chosen: list[int], numbers: dict[int, str]) -> None:
        """Supplier shipments, from the supplier of the purchase that their moves came from."""
        supplier_of = {
            move.shipment: self.world.purchases[move.line[0]].supplier
            for move in self.world.moves
            if move.line and move.shipment is not None
        }
        copy(
            "stock_shipment_in",
            (
                "id", "company", "create_date", "create_uid", "number", "state", "supplier", "contact_address", "warehouse",
                "warehouse_input", "warehouse_storage", "effective_date", "planned_date",
            ),
            (
                (
                    self.ids["shipment", position], self.company, self.entered(paper.started_on), 0, numbers[position], "done",
                    self.ids["supplier", supplier_of[position]], self.ids["address", supplier_of[position]],
                    self.ids["place", paper.destination], self.ids["place", f"{paper.destination}-IN"],
                    self.ids["place", f"{paper.destination}-STO"], paper.done_on, paper.started_on,
                )
                for position, paper in ((position, self.world.shipments[position]) for position in chosen)
            ),
        )  # fmt: skip

    def copy_transfers(self, chosen: list[int], numbers: dict[int, str]) -> None:
        """Internal shipments through the transit place; those not yet done are on the road."""
        copy(
            "stock_shipment_internal",
            (
                "id", "company", "create_date", "create_uid", "number", "state", "from_location", "to_location",
                "internal_transit_location", "effective_start_date", "effective_date", "planned_start_date", "planned_date",
            ),
            (
                (
                    self.ids["shipment", position], self.company, self.entered(paper.started_on), 0, numbers[position],
                    "done" if paper.done_on else "shipped", self.ids["place", paper.source],
                    self.ids["place", paper.destination], self.ids["place", catalogue.TRANSIT_PLACE], paper.started_on,
                    paper.done_on, paper.started_on, paper.done_on or paper.started_on + timedelta(days=1),
                )
                for position, paper in ((position, self.world.shipments[position]) for position in chosen)
            ),
        )  # fmt: skip

    def copy_moves(self) -> None:
        """Every move of the history; a few entered days after they happened."""
        copy(
            "stock_move",
            (
                "id", "company", "create_date", "create_uid", "product", "lot", "unit", "quantity", "internal_quantity",
                "from_location", "to_location", "effective_date", "planned_date", "origin_planned_date", "origin", "shipment", "state",
                "unit_price", "currency", "cost_price", "unit_price_updated",
            ),
            (self.move_row(position) for position in range(len(self.world.moves))),
        )  # fmt: skip

    def move_row(self, position: int) -> tuple[Any, ...]:
        """A move as its table has it, with the prices Tryton wants for its kind of places."""
        move = self.world.moves[position]
        device, done = self.world.devices[move.device], move.state in HAPPENED
        kinds = {place.code: place.type for place in self.world.places}
        source, destination = kinds[move.source], kinds[move.destination]
        priced = (source, destination) in {("supplier", "storage"), ("storage", "customer")}
        valued = done and (source == "storage") != (destination == "storage")
        boxed = move.line is not None and device.purchase_unit == "box"
        late = timedelta(days=LATE_ENTRY_DAYS) if position % LATE_ENTRY_EVERY == 0 else timedelta()
        paper = None if move.shipment is None else self.world.shipments[move.shipment]
        order = self.world.purchases[move.line[0]] if move.line else None
        entered_on = (
            move.on if done else paper.started_on if paper else (order and order.ordered_on) or self.world.today
        )
        return (
            self.ids["move", position], self.company, self.entered(entered_on, late), 0, self.ids["device", move.device],
            None if move.lot is None else self.ids["lot", move.lot],
            self.ids["unit", "box" if boxed else device.unit], move.quantity / 10 if boxed else move.quantity,
            move.quantity, self.ids["place", move.source], self.ids["place", move.destination],
            move.on if done else None, move.on, order.lines[move.line[1]].requested_on if order and move.line else move.on,
            f"purchase.line,{self.ids['line', move.line]}" if move.line else None,
            f"stock.shipment.{paper.kind},{self.ids['shipment', move.shipment]}" if paper else None,
            move.state, device.cost * units_per(device) if priced and boxed else device.cost if priced else None,
            self.currency if priced else None, device.cost if valued else None, True,
        )  # fmt: skip

    # ---- the present, through Tryton's API

    def open_purchases(self, pool: Any) -> None:
        """Draft and open purchases; then the moves, so that those received in part know it."""
        PurchaseModel = pool.get("purchase.purchase")
        chosen = sorted(
            (position for position, purchase in enumerate(self.world.purchases) if not purchase.bulk),
            key=lambda position: self.world.purchases[position].ordered_on or date.max,
        )
        with context(company=self.company):
            made = PurchaseModel.create([self.purchase_values(self.world.purchases[position]) for position in chosen])
            for position, purchase in zip(chosen, made, strict=True):
                self.ids["purchase", position] = purchase.id
                for place, line in enumerate(purchase.lines):
                    self.ids["line", (position, place)] = line.id
            going = [
                purchase
                for position, purchase in zip(chosen, made, strict=True)
                if self.world.purchases[position].state == "processing"
            ]
            PurchaseModel.quote(going)
            PurchaseModel.confirm(going)
            PurchaseModel.process(going)
            self.confirm_dates(pool, chosen)
            self.copy_moves()
            PurchaseModel.process(PurchaseModel.browse([purchase.id for purchase in going]))  # some came in part
        self.backdate(chosen)
        self.counts["open_purchases"] = len(chosen)

    def purchase_values(self, purchase: Purchase) -> dict[str, Any]:
        """A purchase as Tryton's client would create it."""
        return {
            "company": self.company,
            "party": self.ids["supplier", purchase.supplier],
            "invoice_party": None,
            "invoice_address": self.ids["address", purchase.supplier],
            "warehouse": self.ids["place", purchase.site],
            "currency": self.currency,
            "invoice_method": "manual",
            "purchase_date": purchase.ordered_on,
            "lines": [
                (
                    "create",
                    [
                        {
                            "product": self.ids["device", line.device],
                            "unit": self.ids["unit", self.world.devices[line.device or ""].purchase_unit],
                            "quantity": line.quantity,
                            "unit_price": line.price,
                            "delivery_date_edit": True,
                            "delivery_date_store": line.requested_on,
                        }
                        for line in purchase.lines
                    ],
                )
            ],
        }

    def confirm_dates(self, pool: Any, chosen: Sequence[int]) -> None:
        """Give each waiting move the date the supplier confirmed, and only what is still to come of a line."""
        Line, MoveModel = pool.get("purchase.line"), pool.get("stock.move")
        with MoveModel.bulk_save() as save, MoveModel.bulk_delete() as delete:
            for position in chosen:
                for place, line in enumerate(self.world.purchases[position].lines):
                    for move in Line(self.ids["line", (position, place)]).moves:
                        if line.received >= line.quantity:
                            delete.push(move)
                            continue
                        move.origin_planned_date = line.requested_on
                        move.planned_date = line.promised_on or line.requested_on
                        move.quantity = line.quantity - line.received
                        save.push(move)

    def backdate(self, chosen: Sequence[int]) -> None:
        """Stamp open purchases, their lines and waiting moves with the day they were ordered."""
        rows = [
            {
                "entered": self.entered(self.world.purchases[position].ordered_on or self.world.today),
                "purchase": self.ids["purchase", position],
            }
            for position in chosen
        ]
        for name in ("backdate_purchase", "backdate_purchase_lines", "backdate_waiting_moves"):
            cursor().executemany(statement(name), rows)

    def open_shipments(self, pool: Any) -> None:
        """Customers, and the shipments that have not left: Tryton assigns what it finds."""
        with context(company=self.company):
            self.make_customers(pool)
            for request in self.world.requests:
                model, values = self.shipment_values(request)
                ShipmentModel = pool.get(model)
                (shipment,) = ShipmentModel.create([values])
                ShipmentModel.wait([shipment])
                if request.assigned:
                    self.name_lots(pool, request, shipment)
                    ShipmentModel.assign_try([shipment])
                stamps = {"entered": self.entered(request.entered_on), "shipment": shipment.id}
                name = "backdate_order" if request.customer else "backdate_transfer"
                cursor().execute(statement(name), stamps)
        self.counts["open_shipments"] = len(self.world.requests)

    def make_customers(self, pool: Any) -> None:
        """Customers as parties with an address."""
        parties = pool.get("party.party").create([
            {"name": customer.name, "code": customer.code, "addresses": [("create", [{"street": "2 Clinic Lane"}])]}
            for customer in self.world.customers
        ])
        for customer, party in zip(self.world.customers, parties, strict=True):
            self.ids["customer", customer.code] = party.id
            self.ids["delivery", customer.code] = party.addresses[0].id

    def shipment_values(self, request: Request) -> tuple[str, dict[str, Any]]:
        """A request's model and fields, as Tryton's client would create it."""
        shipment = {"company": self.company, "planned_date": request.planned_on}
        if request.customer is None:
            ends = {"from_location": f"{request.source}-STO", "to_location": f"{request.destination}-STO"}
            places = {field: self.ids["place", code] for field, code in ends.items()}
            moves = [self.load_values(load) | places for load in request.loads]
            days = {"planned_start_date": request.planned_on}
            return "stock.shipment.internal", shipment | places | days | {"moves": [("create", moves)]}
        places = {
            "from_location": self.ids["place", f"{request.source}-OUT"],
            "to_location": self.ids["place", request.destination],
        }
        moves = [self.load_values(load, priced=True) | places for load in request.loads]
        return "stock.shipment.out", shipment | {
            "customer": self.ids["customer", request.customer],
            "delivery_address": self.ids["delivery", request.customer],
            "warehouse": self.ids["place", request.source],
            "warehouse_storage": self.ids["place", f"{request.source}-STO"],
            "warehouse_output": self.ids["place", f"{request.source}-OUT"],
            "outgoing_moves": [("create", moves)],
        }

    def load_values(self, load: tuple[str, int | None, float], *, priced: bool = False) -> dict[str, Any]:
        """A move of a request; the lot is named where it is picked."""
        key, _, quantity = load
        device = self.world.devices[key]
        values = {
            "product": self.ids["device", key],
            "unit": self.ids["unit", device.unit],
            "quantity": quantity,
            "company": self.company,
        }
        return values | {"unit_price": device.cost, "currency": self.currency} if priced else values

    def name_lots(self, pool: Any, request: Request, shipment: Any) -> None:
        """Choose the lots to be picked."""
        lots = {self.ids["device", device]: self.ids["lot", lot] for device, lot, _ in request.loads if lot is not None}
        MoveModel = pool.get("stock.move")
        for move in shipment.assign_moves:
            if move.product.id in lots:
                MoveModel.write([move], {"lot": lots[move.product.id]})

    def quality(self, pool: Any) -> None:
        """Inspections and their controls (one for each inspected product, and one for none)."""
        Control, InspectionModel = pool.get("quality.control"), pool.get("quality.inspection")
        with context(company=self.company):
            devices = list(dict.fromkeys(inspection.device for inspection in self.world.inspections))
            controls = dict(
                zip(devices, Control.create([self.control_values(device) for device in devices]), strict=True)
            )
            made = InspectionModel.create([
                {
                    "company": self.company,
                    "control": controls[inspection.device].id,
                    "reference": inspection.lot_number,
                    "origin": None
                    if inspection.shipment is None
                    else f"stock.shipment.in,{self.ids['shipment', inspection.shipment]}",
                    "points": {
                        "package_intact": None if inspection.state == "pending" else inspection.state == "passed"
                    },
                    "state": inspection.state,
                }
                for inspection in self.world.inspections
            ])
        for position, (inspection, record) in enumerate(zip(self.world.inspections, made, strict=True)):
            self.ids["inspection", position] = record.id
            closed = self.entered(inspection.closed_on) if inspection.closed_on else None
            stamps = {"opened": self.entered(inspection.opened_on), "closed": closed, "inspection": record.id}
            cursor().execute(statement("backdate_inspection"), stamps)
        self.counts["inspections"] = len(made)

    def alert(self, pool: Any) -> None:
        """The inspection that failed has raised an alert."""
        with context(company=self.company):
            failed = [n for n, inspection in enumerate(self.world.inspections) if inspection.state == "failed"]
            pool.get("quality.alert").create([
                {
                    "company": self.company,
                    "origin": f"quality.inspection,{self.ids['inspection', position]}",
                    "title": "Packages damaged",
                    "description": "Seals are broken on several packages of the lot.",
                }
                for position in failed
            ])
        self.counts["alerts"] = len(failed)

    def bill(self, pool: Any) -> None:
        """Suppliers' invoices of the last weeks."""
        with context(company=self.company):
            bills.open_books(pool, self.company, self.world.today)
            made = bills.make(pool, self.world, self.ids, self.company, self.currency)
        for bill, lines in enumerate(made):
            self.ids |= {("bill", (bill, place)): line for place, line in enumerate(lines)}
        self.counts["bills"] = len(made)

    def announce(self, pool: Any) -> None:
        """A supplier has announced what an open purchase of one line is waiting for: a shipment not yet received."""
        position, line = next(
            (position, purchase.lines[0])
            for position, purchase in enumerate(self.world.purchases)
            if not purchase.bulk and purchase.state == "processing" and len(purchase.lines) == 1
            and not purchase.lines[0].received and purchase.lines[0].promised_on is None and purchase.lines[0].device
        )  # fmt: skip
        purchase = self.world.purchases[position]
        Line, InShipment = pool.get("purchase.line"), pool.get("stock.shipment.in")
        with context(company=self.company):
            moves = [move.id for move in Line(self.ids["line", (position, 0)]).moves if move.state == "draft"]
            InShipment.create([
                {
                    "company": self.company,
                    "reference": "ASN-7001",
                    "supplier": self.ids["supplier", purchase.supplier],
                    "warehouse": self.ids["place", purchase.site],
                    "warehouse_input": self.ids["place", f"{purchase.site}-IN"],
                    "warehouse_storage": self.ids["place", f"{purchase.site}-STO"],
                    "planned_date": line.requested_on,
                    "incoming_moves": [("add", moves)],
                }
            ])
        self.world.special["announced"] = {"item": line.device or "", "reference": "ASN-7001"}

    def replenish(self, pool: Any) -> None:
        """The levels by which Tryton itself would order a few devices, and their cases' article numbers."""
        bought = list(dict.fromkeys(agreement.device for agreement in self.world.agreements))[:ORDER_POINTS]
        with context(company=self.company):
            pool.get("stock.order_point").create([
                {
                    "company": self.company,
                    "product": self.ids["device", device],
                    "location": self.ids["place", "DC-N"],
                    "type": "purchase",
                    "min_quantity": 100.0,
                    "target_quantity": 400.0,
                }
                for device in bought
            ])
            pool.get("product.identifier").create([
                {
                    "product": self.ids["device", device],
                    "type": "ean",
                    "code": catalogue.with_check_digit(f"04099999{number:05d}"),
                }
                for number, device in enumerate(bought)
            ])
        self.counts["order_points"] = len(bought)

    def control_values(self, device: str | None) -> dict[str, Any]:
        """A control of one point; it is started by hand, so that receiving is never stopped by it."""
        return {
            "name": f"Incoming inspection {device or 'general'}",
            "frequency": 1.0,
            "product": self.ids["device", device] if device else None,
            "points": [("create", [{"name": "package_intact", "string": "Package intact", "type_": "boolean"}])],
        }

    def backdate_masters(self, _: Any) -> None:
        """Masters were entered before the history began, not just now: a pull must not take them for changed."""
        began = self.entered(min(move.on for move in self.world.moves), -timedelta(days=30))
        for table in MASTER_TABLES:
            cursor().execute(
                sql.SQL("UPDATE {} SET create_date = %s, write_date = NULL").format(sql.Identifier(table)), (began,)
            )

    # ---- the proof

    def check_sample(self, pool: Any) -> None:
        """Let Tryton validate a sample of what went in by COPY. Raises its validation error."""
        planted = {row.where for row in self.world.planted}
        with context(company=self.company):
            for kind, model in (
                ("lot", "stock.lot"),
                ("move", "stock.move"),
                ("purchase", "purchase.purchase"),
                ("line", "purchase.line"),
            ):
                sound = [identity for key, identity in self.ids.items() if key[0] == kind and key not in planted]
                Model = pool.get(model)
                Model._validate(Model.browse(sound[:: max(1, len(sound) // SAMPLE)]))
        cursor().execute("ANALYZE")


def context(**values: Any) -> Any:
    """Tryton's transaction context with some values set."""
    from trytond.transaction import Transaction

    return Transaction().set_context(values)


def cursor() -> Any:
    """A cursor of Tryton's own transaction."""
    from trytond.transaction import Transaction

    return Transaction().connection.cursor()


def statement(name: str) -> str:
    """The SQL in the file of that name beside this one."""
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")


def new_ids(table: str, count: int) -> list[int]:
    """Ids for new rows of a table."""
    reader = cursor()
    reader.execute(statement("reserve_ids"), {"table": table, "count": count})
    return [identity for (identity,) in reader]


def copy(table: str, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Load rows into a table."""
    command = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    ready = list(rows)  # before the COPY: making a row may read the database, and the connection is then taken
    with cursor().copy(command) as target:
        for row in ready:
            target.write_row(row)


def next_numbers(pool: Any, configuration: str, name: str, company: int, count: int) -> list[str]:
    """The next numbers of a document's sequence, all taken at once: none may be fetched while a COPY is under way."""
    sequence = pool.get(configuration)(1).get_multivalue(name, company=company)
    return list(sequence.get_many(count))


def units_per(device: Device) -> int:
    """Base units in the unit a device is bought in."""
    return 10 if device.purchase_unit == "box" else 1


if __name__ == "__main__":
    main()
