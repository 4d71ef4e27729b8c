"""Tryton's records as our rows: pure functions, one for each entity. What cannot be mapped is a problem, never an error."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.tryton.places import Place
from lotwatch.sources.tryton.site import TrytonSite

_PLAIN = frozenset({str, int, float, bool})

#: Tryton keeps quantities in double precision
NOISE = 1e-6

ORDER_STATE = {
    "draft": "draft",
    "quotation": "draft",
    "confirmed": "open",
    "processing": "open",
    "done": "done",
    "cancelled": "cancelled",
}


INVOICE_STATE = {
    "draft": "draft",
    "validated": "draft",
    "posted": "posted",
    "paid": "paid",
    "cancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure: `factor` of its category's reference unit are in one of it."""

    name: str
    factor: float


@dataclass(frozen=True, slots=True)
class Product:
    """What other records need to know of a product."""

    code: str | None
    label_lot: bool
    label_serial: bool
    base_unit: Unit
    purchase_unit: Unit
    order_multiple: int | None


def key(model: str, identity: int) -> str:
    """A record's identity in Tryton, in the form in which its references name it."""
    return f"{model},{identity}"


def split_key(text: str) -> tuple[str, int]:
    """The model and id of such an identity. Raises SourceError for a text that is none."""
    model, _, identity = text.partition(",")
    if not identity.isdigit():
        raise SourceError(f'"{text}" is no record of Tryton', do="name the order as its source does")
    return model, int(identity)


def jsonable(value: Any) -> Any:
    """A record as JSON can keep it: dates as ISO text, decimals as text."""
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {name: jsonable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(part) for part in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return str(value)
    return value


def in_utc(stamp: datetime | None) -> datetime | None:
    """Tryton's naive stamp with its zone, which is UTC."""
    return stamp.replace(tzinfo=UTC) if stamp else None


def whole(value: float, what: str, problems: list[Problem], *, unit: Unit) -> int | None:
    """A quantity in whole base units, or a problem."""
    nearest = round(value)
    if abs(value - nearest) > NOISE * max(1.0, abs(value)):
        problems.append(Problem(what, f"{value:g} is no whole number of base units ({unit.name})"))
        return None
    return nearest


def in_base(quantity: float, unit: Unit, base: Unit) -> float:
    """A quantity of one unit in another of its category."""
    return quantity * unit.factor / base.factor


def price_in_base(price: Decimal, unit: Unit, base: Unit) -> Decimal:
    """A price per unit as a price per base unit, to four places."""
    return (price * Decimal(str(base.factor)) / Decimal(str(unit.factor))).quantize(Decimal("0.0001"))


def split_number(number: str | None, product: Product | None, separator: str) -> tuple[str | None, str | None]:
    """(lot number, serial number) of a Tryton lot, by what its item's label carries.

    A lot of an item labelled with both but without the separator is a serial whose lot nobody wrote down.
    """
    if number is None or product is None or not product.label_serial:
        return number, None
    if not product.label_lot or separator not in number:
        return None, number
    lot, _, serial = number.partition(separator)
    return lot or None, serial or None


def location(record: Mapping[str, Any], place: Place) -> Record:
    """A row of stage.location."""
    row = {
        "code": place.code,
        "name": place.name,
        "kind": place.kind,
        "parent_code": place.parent,
        "region": place.region,
        "time_zone": place.time_zone,
        "country": place.country,
        "supplied_by": place.supplied_by,
        "status": place.status,
        "owner": place.owner,
        "active": place.active,
    }
    return Record(key("stock.location", record["id"]), jsonable(record), row)


def item(record: Mapping[str, Any], base_unit: Unit, categories: list[str], site: TrytonSite) -> Record:
    """A row of stage.item; cost per base unit in the company's currency, storage range in degrees Celsius."""
    attributes = record["attributes"] or {}
    names = (
        "legal_manufacturer", "device_class", "criticality", "udi_di", "label_lot", "label_serial", "label_expiry",
        "storage_min_c", "storage_max_c", "registration_number", "registration_through",
    )  # fmt: skip
    row = {
        "code": record["code"] or None,
        "name": record["name"],
        "category": categories[0] if categories else None,
        "base_unit": base_unit.name,
        "unit_cost": record["cost_price"],
        "active": record["active"],
        **{name: attributes.get(site.attribute(name)) for name in names},
    }
    raw = jsonable(record) | {"categories": categories, "default_uom": base_unit.name}
    return Record(key("product.product", record["id"]), raw, row)


def lot(record: Mapping[str, Any], product: Product | None, site: TrytonSite) -> Record:
    """A row of stage.lot."""
    lot_number, serial_number = split_number(record["number"], product, site.lot_serial_separator)
    label, shelf_life = record["expiration_date"], record["shelf_life_expiration_date"]
    if site.shelf_life_is_sterility:
        usable_through, sterile_until = label, shelf_life
    else:
        usable_through, sterile_until = min((day for day in (label, shelf_life) if day), default=None), None
    row = {
        "item_code": product.code if product else None,
        "lot_number": lot_number,
        "serial_number": serial_number,
        "manufactured_on": None,
        "usable_through": usable_through,
        "sterile_until": sterile_until,
    }
    return Record(key("stock.lot", record["id"]), jsonable(record), row)


@dataclass(frozen=True, slots=True)
class MoveContext:
    """What a move refers to."""

    source: Place
    destination: Place
    zone: ZoneInfo
    product: Product
    unit: Unit
    lot: str | None
    document: str | None


def movement(record: Mapping[str, Any], context: MoveContext, site: TrytonSite) -> Record:
    """A row of stage.movement, from a move that is done, or was until it was cancelled."""
    problems: list[Problem] = []
    product = context.product
    lot_number, serial_number = split_number(context.lot, product, site.lot_serial_separator)
    quantity = in_base(record["quantity"], context.unit, product.base_unit)
    origin = record["origin"] or ""
    row = {
        "item_code": product.code,
        "lot_number": lot_number,
        "serial_number": serial_number,
        "from_location": context.source.code,
        "to_location": context.destination.code,
        "quantity": whole(quantity, "quantity", problems, unit=product.base_unit),
        "document": context.document,
        "order_line_key": origin if origin.startswith("purchase.line,") else None,
        "occurred_at": datetime.combine(record["effective_date"], time(), context.zone).astimezone(UTC),
    }
    raw = jsonable(record) | {"lot_number": context.lot, "unit_name": context.unit.name}
    return Record(key("stock.move", record["id"]), raw, row, tuple(problems))


def reversal(happened: Record) -> Record:
    """A row of stage.movement that takes back one that was cancelled: the same, the other way round, at the same time."""
    row = happened.row
    back = {
        "from_location": row["to_location"],
        "to_location": row["from_location"],
        "kind": "reversal",
        "reason": "cancelled in Tryton",
        "reverses_key": happened.source_key,
    }
    return Record(f"{happened.source_key};cancelled", happened.raw, {**row, **back}, happened.problems)


def supplier(record: Mapping[str, Any]) -> Record:
    """A row of stage.supplier."""
    row = {
        "code": record["code"] or None,
        "name": record["name"],
        "email": record["email"] or None,
        "active": record["active"],
    }
    return Record(key("party.party", record["id"]), jsonable(record), row)


def agreement(
    record: Mapping[str, Any],
    prices: list[Mapping[str, Any]],
    product: Product,
    *,
    supplier_code: str | None,
    currency: str | None,
    variant: str = "",
) -> Record:
    """A row of stage.agreement; `prices` are its price list, of which the lowest quantity counts as minimum.

    The list, in base units, is told as a whole even when it has one step: one that got shorter must not keep the old ones.
    """
    first = min(prices, key=lambda price: price["quantity"], default=None)
    per_unit = in_base(1, product.purchase_unit, product.base_unit)
    lead_time: timedelta | None = record["lead_time_used"]
    row = {
        "supplier_code": supplier_code,
        "item_code": product.code,
        "price": price_in_base(first["unit_price"], product.purchase_unit, product.base_unit) if first else None,
        "currency": currency,
        "minimum_order_quantity": max(1, math.ceil(first["quantity"] * per_unit - NOISE)) if first else 1,
        "order_multiple": product.order_multiple or max(1, math.ceil(per_unit - NOISE)),
        "lead_time_days": None if lead_time is None else math.ceil(lead_time / timedelta(days=1)),
        "price_breaks": _price_breaks(prices, product, per_unit),
        "active": record["active"],
    }
    raw = jsonable(record) | {"prices": jsonable(prices)}
    return Record(key("purchase.product_supplier", record["id"]) + variant, raw, row)


def _price_breaks(
    prices: list[Mapping[str, Any]], product: Product, per_unit: float
) -> list[dict[str, int | float]] | None:
    """A price list from the smallest quantity up; of two steps that are one in base units, the dearer counts."""
    steps: dict[int, float] = {}
    for price in prices:
        quantity = max(1, math.ceil(price["quantity"] * per_unit - NOISE))
        amount = float(price_in_base(price["unit_price"], product.purchase_unit, product.base_unit))
        steps[quantity] = max(amount, steps.get(quantity, amount))
    return [{"quantity": quantity, "price": steps[quantity]} for quantity in sorted(steps)] or None


def identifier(record: Mapping[str, Any], product: Product | None) -> Record:
    """A row of stage.identifier. Tryton tells neither package levels nor validity: what it has is on one unit.

    Only an International Article Number says who issued it; else the code's own shape tells.
    """
    row = {
        "item_code": product.code if product else None,
        "agency": "GS1" if record["type"] == "ean" else None,
        "code": record["code"],
        "package_level": "unit",
        "units_contained": 1,
        "valid_from": None,
        "valid_through": None,
    }
    return Record(key("product.identifier", record["id"]), jsonable(record), row)


def item_unit(record: Mapping[str, Any], product: Product) -> Record:
    """A row of stage.item_unit: the unit in which an item is bought, where that is not its base unit."""
    problems: list[Problem] = []
    unit = product.purchase_unit
    factor = in_base(1, unit, product.base_unit)
    row = {
        "item_code": product.code,
        "unit": unit.name,
        "factor": whole(factor, "factor", problems, unit=product.base_unit),
    }
    raw = jsonable(record) | {"purchase_unit": unit.name, "base_unit": product.base_unit.name, "factor": factor}
    return Record(f"{key('product.product', record['id'])};purchase", raw, row, tuple(problems))


ORDER_POINT_KIND = {"purchase": "purchase", "internal": "transfer", "production": "production"}


def order_point(record: Mapping[str, Any], product: Product, place: Place) -> Record:
    """A row of stage.order_point; Tryton keeps its quantities in the product's own unit."""
    problems: list[Problem] = []
    quantities = {
        name: None if record[field] is None else whole(record[field], name, problems, unit=product.base_unit)
        for name, field in (("minimum", "min_quantity"), ("target", "target_quantity"), ("maximum", "max_quantity"))
    }
    row = {
        "item_code": product.code,
        "site_code": place.site,
        "location_code": place.code,
        "kind": ORDER_POINT_KIND.get(record["type"], record["type"]),
        **quantities,
        "active": True,
    }
    return Record(key("stock.order_point", record["id"]), jsonable(record), row, tuple(problems))


@dataclass(frozen=True, slots=True)
class LineContext:
    """What a purchase line refers to: its purchase's fields and codes, and its stock moves."""

    purchase: Mapping[str, Any]
    supplier_code: str | None
    site_code: str | None
    currency: str | None
    product: Product | None
    unit: Unit | None
    moves: list[Mapping[str, Any]]


def purchase_line(record: Mapping[str, Any], context: LineContext) -> Record:
    """A row of stage.purchase_line."""
    problems: list[Problem] = []
    purchase, product, unit = context.purchase, context.product, context.unit
    quantity, price = record["quantity"], record["unit_price"]
    if product and unit and quantity is not None:
        quantity = whole(in_base(quantity, unit, product.base_unit), "quantity", problems, unit=product.base_unit)
        price = price_in_base(price, unit, product.base_unit) if price is not None else None
    elif quantity is not None:
        quantity = whole(quantity, "quantity", problems, unit=unit or Unit("unit", 1.0))
    row = {
        "order_number": purchase["number"] or None,
        "order_reference": purchase["reference"] or None,
        "order_state": ORDER_STATE[purchase["state"]],
        "supplier_code": context.supplier_code,
        "site_code": context.site_code,
        "item_code": product.code if product else None,
        "quantity": quantity,
        "unit_price": price,
        "currency": context.currency,
        "ordered_on": purchase["purchase_date"],
        "requested_on": requested_on(record, context),
        "promised_on": promised_on(context.moves),
    }
    raw = jsonable(record) | {"purchase": jsonable(purchase), "moves": jsonable(context.moves)}
    return Record(key("purchase.line", record["id"]), raw, row, tuple(problems))


def requested_on(record: Mapping[str, Any], context: LineContext) -> date | None:
    """When a line was wanted: its own delivery date, its purchase's, or the day its moves were first planned for."""
    first_planned = [move["origin_planned_date"] for move in context.moves if move["origin_planned_date"]]
    chosen: date | None = (
        record["delivery_date_store"] or context.purchase["delivery_date"] or min(first_planned, default=None)
    )
    return chosen


def promised_on(moves: list[Mapping[str, Any]]) -> date | None:
    """When the last of what is still to come is planned for; for a line that has come, when it was planned for."""
    waiting = [move for move in moves if move["state"] in {"draft", "assigned", "staging"}]
    counted = waiting or [move for move in moves if move["state"] == "done"]
    return max((move["planned_date"] for move in counted if move["planned_date"]), default=None)


@dataclass(frozen=True, slots=True)
class InvoiceContext:
    """What an invoice line refers to: its invoice's fields and codes, and the purchase line that it is about.

    `cancels`: it credits a line of an invoice that its own credit note has cancelled.
    """

    invoice: Mapping[str, Any]
    supplier_code: str | None
    currency: str | None
    purchase_line: int | None
    product: Product | None
    unit: Unit | None
    cancels: bool


def invoice_line(record: Mapping[str, Any], context: InvoiceContext) -> Record:
    """A row of stage.invoice_line. Of an invoice and the credit note that cancelled it neither counts."""
    problems: list[Problem] = []
    invoice, product, unit = context.invoice, context.product, context.unit
    quantity, price = record["quantity"], record["unit_price"]
    if product and unit:
        quantity = quantity and in_base(quantity, unit, product.base_unit)
        price = price and price_in_base(price, unit, product.base_unit)
    if quantity is not None:
        base = product.base_unit if product else Unit("unit", 1.0)
        quantity = whole(quantity, "quantity", problems, unit=base)
    row = {
        "invoice_key": key("account.invoice", record["invoice"]),
        "invoice_number": invoice["number"] or None,
        "supplier_number": (invoice["reference"] or "").strip() or None,
        "invoice_state": "cancelled" if context.cancels else INVOICE_STATE[invoice["state"]],
        "supplier_code": context.supplier_code,
        "order_line_key": None if context.purchase_line is None else key("purchase.line", context.purchase_line),
        "item_code": product.code if product else None,
        "quantity": quantity,
        "unit_price": price,
        "currency": context.currency,
        "invoiced_on": invoice["invoice_date"],
    }
    raw = jsonable(record) | {"invoice": jsonable(invoice)}
    return Record(key("account.invoice.line", record["id"]), raw, row, tuple(problems))


def inspection(record: Mapping[str, Any], item_code: str | None, site_code: str | None = None) -> Record:
    """A row of stage.inspection: the control names the product, the reference the lot's number, the origin the site.

    Tryton keeps neither a day on which it is due nor how much was sampled.
    """
    row = {
        "number": record["number"],
        "item_code": item_code,
        "lot_number": (record["reference"] or "").strip() or None,
        "state": record["state"],
        "opened_at": in_utc(record["create_date"]),
        "closed_at": in_utc(record["processed_at"]),
        "due_on": None,
        "quantity": None,
        "location_code": site_code,
    }
    return Record(key("quality.inspection", record["id"]), jsonable(record), row)


#: states in which an alert is over
OVER = frozenset({"resolved"})


def quality_alert(record: Mapping[str, Any], inspected: Record | None) -> Record:
    """A row of stage.quality_alert: what it is about is what its inspection is about.

    Tryton does not keep when an alert was resolved: it is the last change of one that is.
    """
    about = inspected.row if inspected else {}
    row = {
        "number": record["number"],
        "item_code": about.get("item_code"),
        "lot_number": about.get("lot_number") if about.get("item_code") else None,
        "location_code": about.get("location_code"),
        "inspection_key": inspected.source_key if inspected else None,
        "title": record["title"] or None,
        "description": record["description"] or None,
        "state": record["state"],
        "opened_at": in_utc(record["create_date"]),
        "closed_at": in_utc(record["write_date"] or record["create_date"]) if record["state"] in OVER else None,
    }
    raw = jsonable(record) | {"inspection": dict(inspected.raw) if inspected else None}
    return Record(key("quality.alert", record["id"]), raw, row)


def stock_level(
    place: Place,
    product: Product,
    number: str | None,
    quantity: float,
    stated_at: datetime,
    source_key: str,
    separator: str,
) -> Record:
    """A row of stage.stock_level: what Tryton itself says is in a place, of a lot (`number`) or of none."""
    problems: list[Problem] = []
    lot_number, serial_number = split_number(number, product, separator)
    row = {
        "item_code": product.code,
        "location_code": place.code,
        "lot_number": lot_number,
        "serial_number": serial_number,
        "quantity": whole(quantity, "quantity", problems, unit=product.base_unit),
        "unit": None,
        "stated_at": stated_at,
    }
    raw = {"location": place.code, "product": product.code, "lot_number": number, "quantity": quantity}
    return Record(source_key, raw, row, tuple(problems))
