"""Tryton's shipments as demand, allocations and deliveries: pure functions, one for each entity.

A shipment's moves are split by lot, deleted and made anew while it is assigned, picked or put back, so a line is known
by what it is of (shipment, product, lot), never by its move; only an allocation is one move.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.tryton.mapping import Product, Unit, in_base, in_utc, jsonable, key, split_number, whole
from lotwatch.sources.tryton.places import Place
from lotwatch.sources.tryton.site import TrytonSite

CUSTOMER, INTERNAL, SUPPLIER_RETURN = "stock.shipment.out", "stock.shipment.internal", "stock.shipment.in.return"
SUPPLIER, CUSTOMER_RETURN = "stock.shipment.in", "stock.shipment.out.return"

DEMAND_STATE = {
    "draft": "draft",
    "waiting": "open",
    "assigned": "open",
    "picked": "open",
    "packed": "open",
    "shipped": "open",
    "done": "done",
    "cancelled": "cancelled",
}
#: a draft or a request is no delivery yet
DELIVERY_STATE = {
    "waiting": "planned",
    "assigned": "planned",
    "picked": "planned",
    "packed": "planned",
    "shipped": "shipped",
    "done": "delivered",
    "cancelled": "cancelled",
}
#: what comes from outside: a supplier's shipment is entered when it is announced; a customer's return when it is agreed
ARRIVAL_STATE = {
    SUPPLIER: {"draft": "shipped", "received": "delivered", "done": "delivered", "cancelled": "cancelled"},
    CUSTOMER_RETURN: {"draft": "planned", "received": "delivered", "done": "delivered", "cancelled": "cancelled"},
}
WITHDRAWN = ";withdrawn"


@dataclass(frozen=True, slots=True)
class Load:
    """A move of a shipment, with what it refers to. `lot` is Tryton's lot number."""

    record: Mapping[str, Any]
    source: Place
    destination: Place
    product: Product
    unit: Unit
    lot: str | None

    @property
    def quantity(self) -> float:
        """In base units."""
        return in_base(self.record["quantity"], self.unit, self.product.base_unit)


@dataclass(frozen=True, slots=True)
class Shipment:
    """A shipment with its moves: where it comes from and goes to, and the zone in which its days are meant."""

    model: str
    record: Mapping[str, Any]
    source: Place
    destination: Place
    zone: ZoneInfo
    loads: tuple[Load, ...]

    @property
    def key(self) -> str:
        """The shipment's identity."""
        return key(self.model, self.record["id"])

    @property
    def state(self) -> str:
        """Tryton's state of it."""
        return str(self.record["state"])

    @property
    def changed_at(self) -> datetime:
        """When it, or a move of it, was last changed."""
        stamps = [entry["write_date"] or entry["create_date"] for entry in (self.record, *self._moves)]
        return max(stamps).replace(tzinfo=UTC)

    @property
    def _moves(self) -> Iterable[Mapping[str, Any]]:
        return (load.record for load in self.loads)

    @property
    def leaving(self) -> list[Load]:
        """What leaves the site: out of the house, or into transit. What is cancelled counts if all of it is."""
        return [
            load
            for load in self.loads
            if load.source.site == self.source.site
            and load.destination.site is None
            and load.quantity  # not those left empty when their lots were split off
            and (self.state == "cancelled" or load.record["state"] != "cancelled")
        ]

    @property
    def arriving(self) -> list[Load]:
        """What comes in from outside. What is cancelled counts if all of it is."""
        return [
            load
            for load in self.loads
            if load.source.site is None
            and load.destination.site is not None
            and load.quantity
            and (self.state == "cancelled" or load.record["state"] != "cancelled")
        ]

    def start_of(self, day: date | None) -> datetime | None:
        """The first moment of a day there."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC) if day else None

    def end_of(self, day: date | None) -> datetime | None:
        """The last second of a day there."""
        return datetime.combine(day, time(23, 59, 59), self.zone).astimezone(UTC) if day else None


@dataclass(frozen=True, slots=True)
class Document:
    """A shipment as an entity sees it: the records of its lines, and whether they may still change or go."""

    key: str
    changed_at: datetime
    lines: list[Record]
    open: bool


def demand(shipment: Shipment, _: TrytonSite) -> Document:
    """Rows of stage.demand_line: a customer shipment is an order of what leaves with it, a line for each product."""
    state = DEMAND_STATE[shipment.state]
    closed_at = shipment.changed_at if state in {"done", "cancelled"} else None
    lines = []
    for product, loads in _grouped(shipment.leaving, "product").items():
        problems: list[Problem] = []
        row = {
            "order_key": shipment.key,
            "order_number": shipment.record["number"] or None,
            "order_kind": "customer",
            "site_code": shipment.source.site,
            "customer_location": loads[0].destination.code,
            "priority": None,
            "ordered_at": in_utc(shipment.record["create_date"]),
            "procedure_at": None,
            "procedure_reference": None,
            "item_code": loads[0].product.code,
            "quantity": _total(loads, problems),
            "need_by": shipment.record["planned_date"],
            "minimum_remaining_life_days": None,
            "state": state,
            "closed_at": closed_at,
        }
        lines.append(Record(demand_key(shipment, product), _raw(shipment, loads), row, tuple(problems)))
    return Document(shipment.key, shipment.changed_at, lines, open=closed_at is None)


def demand_key(shipment: Shipment, product: tuple[Any, ...]) -> str:
    """The identity of a customer shipment's line."""
    return ";".join(map(str, (shipment.key, *product)))


def allocations(shipment: Shipment, site: TrytonSite) -> Document:
    """Rows of stage.allocation: the moves that Tryton has assigned, and those that are picked and wait to be packed.

    Tryton says nothing of a closed one: its move is done, cancelled, a draft again or deleted.
    """
    lines = []
    for load in shipment.loads:
        picked = shipment.state == "picked" and load.record["state"] == "draft"
        if load.source.site is None or not load.quantity or not (load.record["state"] == "assigned" or picked):
            continue
        problems: list[Problem] = []
        lot_number, serial_number = split_number(load.lot, load.product, site.lot_serial_separator)
        row = {
            "demand_line_key": demand_key(shipment, (load.record["product"],)) if shipment.model == CUSTOMER else None,
            "item_code": load.product.code,
            "location_code": load.source.code,
            "lot_number": lot_number,
            "serial_number": serial_number,
            "quantity": _total([load], problems),
            "allocated_at": in_utc(load.record["write_date"] or load.record["create_date"]),
            "closed_at": None,
        }
        lines.append(Record(key("stock.move", load.record["id"]), _raw(shipment, [load]), row, tuple(problems)))
    return Document(shipment.key, shipment.changed_at, lines, open=bool(lines))


def delivery(shipment: Shipment, site: TrytonSite) -> Document:
    """Rows of stage.delivery_line: what leaves with a shipment or comes with it, a line for each product and lot.

    Of a transfer, what was received is what came out of transit; a shipment out of the house that is done was received.
    """
    if shipment.model in ARRIVAL_STATE:
        return _arrival(shipment, site)
    state = DELIVERY_STATE.get(shipment.state)
    if state is None:
        return Document(shipment.key, shipment.changed_at, [], open=False)
    header = _delivery_header(shipment, state)
    received = _received(shipment)
    lines = []
    for group, loads in _grouped(shipment.leaving, "product", "lot").items():
        problems: list[Problem] = []
        lot_number, serial_number = split_number(loads[0].lot, loads[0].product, site.lot_serial_separator)
        row = header | {
            "to_location": shipment.destination.code if shipment.model == INTERNAL else loads[0].destination.code,
            "item_code": loads[0].product.code,
            "lot_number": lot_number,
            "serial_number": serial_number,
            "quantity": _total(loads, problems),
            "received_quantity": _total(received.get(group, []), problems),
            "sscc": None,
            "demand_line_key": demand_key(shipment, group[:1]) if shipment.model == CUSTOMER else None,
        }
        source_key = f"{shipment.key};{group[0]};{group[1] or 0}"
        lines.append(Record(source_key, _raw(shipment, loads), row, tuple(problems)))
    return Document(shipment.key, shipment.changed_at, lines, open=state in {"planned", "shipped"})


def _arrival(shipment: Shipment, site: TrytonSite) -> Document:
    """Lines of what comes from outside, each also for the purchase line it fulfils.

    Tryton does not know when a supplier sent it: it is on its way since it was announced, that is, entered.
    """
    state = ARRIVAL_STATE[shipment.model][shipment.state]
    announced_at = in_utc(shipment.record["create_date"])
    header = _delivery_header(shipment, state) | {
        "from_site": None,
        "shipped_at": None if state == "planned" else announced_at,
    }
    if state == "delivered":
        came_on = [load.record["effective_date"] for load in shipment.arriving if load.record["effective_date"]]
        header["delivered_at"] = shipment.start_of(max(came_on, default=None)) or header["delivered_at"]
        header["shipped_at"] = min(header["delivered_at"], announced_at)  # it may be entered after it came
    lines = []
    for group, loads in _grouped(shipment.arriving, "product", "lot", "origin").items():
        problems: list[Problem] = []
        lot_number, serial_number = split_number(loads[0].lot, loads[0].product, site.lot_serial_separator)
        origin = group[2] or ""
        row = header | {
            "to_location": shipment.destination.code,
            "item_code": loads[0].product.code,
            "lot_number": lot_number,
            "serial_number": serial_number,
            "quantity": _total(loads, problems),
            "received_quantity": _total([load for load in loads if load.record["state"] == "done"], problems),
            "sscc": None,
            "demand_line_key": None,
            "order_line_key": origin if origin.startswith("purchase.line,") else None,
        }
        source_key = ";".join(map(str, (shipment.key, group[0], group[1] or 0, *([origin] if origin else []))))
        lines.append(Record(source_key, _raw(shipment, loads), row, tuple(problems)))
    return Document(shipment.key, shipment.changed_at, lines, open=state in {"planned", "shipped"})


def _delivery_header(shipment: Shipment, state: str) -> dict[str, Any]:
    """The columns that every line of a delivery shares. Tryton dates by day; only its stamps know the hour."""
    record = shipment.record
    left_on = record.get("effective_start_date") or record["effective_date"]
    left = state in {"shipped", "delivered"}
    return {
        "delivery_key": shipment.key,
        "delivery_number": record["number"] or None,
        "from_site": shipment.source.site,
        "carrier": None,
        "tracking_number": None,
        "state": state,
        "shipped_at": (shipment.start_of(left_on) or shipment.changed_at) if left else None,
        "expected_at": shipment.end_of(record["planned_date"]),
        "delivered_at": (shipment.start_of(record["effective_date"]) or shipment.changed_at)
        if state == "delivered"
        else None,
        "cancelled_at": shipment.changed_at if state == "cancelled" else None,
    }


def _received(shipment: Shipment) -> dict[tuple[Any, ...], list[Load]]:
    """What has arrived of a shipment, by product and lot."""
    arriving = shipment.leaving if shipment.model != INTERNAL else [
        load for load in shipment.loads if load.source.site is None
    ]  # fmt: skip
    return _grouped((load for load in arriving if load.record["state"] == "done"), "product", "lot")


def _grouped(loads: Iterable[Load], *names: str) -> dict[tuple[Any, ...], list[Load]]:
    """Loads by the ids that their moves have in some fields."""
    groups: defaultdict[tuple[Any, ...], list[Load]] = defaultdict(list)
    for load in loads:
        groups[tuple(load.record[name] for name in names)].append(load)
    return dict(groups)


def _total(loads: list[Load], problems: list[Problem]) -> int | None:
    """Whole base units of some loads of one product."""
    if not loads:
        return 0
    return whole(sum(load.quantity for load in loads), "quantity", problems, unit=loads[0].product.base_unit)


def _raw(shipment: Shipment, loads: Iterable[Load]) -> dict[str, Any]:
    moves = [jsonable(load.record) | {"lot_number": load.lot, "unit_name": load.unit.name} for load in loads]
    return {"shipment": jsonable(shipment.record) | {"model": shipment.model}, "moves": moves}


def demand_withdrawn(row: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """A line that was taken off its order."""
    return {**row, "state": "cancelled", "closed_at": moment}


def allocation_closed(row: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """An allocation that was taken or given up."""
    return {**row, "closed_at": moment}


def delivery_withdrawn(row: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """A line that was taken off its delivery, which goes on: what was taken off is a delivery that was cancelled."""
    delivery_key = f"{row['delivery_key']}{WITHDRAWN}"
    return {**row, "delivery_key": delivery_key, "state": "cancelled", "cancelled_at": moment}
