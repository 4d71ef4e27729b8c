"""Deliveries: SupplyDelivery as a delivery's lines and, once completed, as what came."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from lotwatch.sources.connector import Record
from lotwatch.sources.fhir.around import Around
from lotwatch.sources.fhir.events import Event, unique
from lotwatch.sources.fhir.places import Place
from lotwatch.sources.fhir.privacy import raw
from lotwatch.sources.fhir.reading import Node, Resource

ITEM = ("itemCodeableConcept", "itemReference", "item")
STATE = {
    "in-progress": "planned", "completed": "delivered", "abandoned": "cancelled", "entered-in-error": "cancelled",
}  # fmt: skip


def delivery_lines(delivery: Resource, around: Around) -> Iterator[Record]:
    """A row of stage.delivery_line for each item supplied."""
    root, zone = delivery.root, around.zone
    state = STATE.get(_status(delivery) or "")
    origin = _origin(delivery, around)
    start, end = root.when("occurrence", zone), root.when("occurrence", zone, end=True)
    shared = {
        "delivery_key": delivery.key,
        "delivery_number": _number(root),
        "from_site": origin.site_code if origin else None,
        "to_location": _destination(delivery, around),
        "state": state,
        "shipped_at": (start or delivery.changed_at) if state == "delivered" else None,
        "expected_at": end if state == "planned" else None,
        "delivered_at": (end or delivery.changed_at) if state == "delivered" else None,
        "cancelled_at": delivery.changed_at if state == "cancelled" else None,
        "demand_line_key": _based_on(root),
    }
    content = raw(delivery.content, delivery.kind)
    for key, row in _items(delivery, around):
        yield Record(key, content, shared | row, unique(delivery.problems))


def deliveries(delivery: Resource, around: Around) -> Iterator[Event]:
    """What came with a delivery, once it is completed: from a place of the hospital, or from outside."""
    if _status(delivery) != "completed":
        return
    root = delivery.root
    place = _origin(delivery, around)
    shared = {
        "from_location": place.code if place else around.site.suppliers,
        "to_location": _destination(delivery, around),
        "document": _number(root),
    }
    occurred = root.when("occurrence", around.zone, end=True)
    for key, row in _items(delivery, around):
        yield Event(key, shared | row, occurred)


def _items(delivery: Resource, around: Around) -> list[tuple[str, dict[str, Any]]]:
    """(key, item and quantity) of each item supplied: the first bears the delivery's own key, as it is the only one in R4."""
    items = delivery.root.nodes("suppliedItem")
    if not items:
        delivery.root.wrong("suppliedItem", "It does not say what is supplied.")
    return [
        (delivery.key if place == 0 else f"{delivery.key}/{place + 1}", _item(item, delivery, around))
        for place, item in enumerate(items)
    ] or [(delivery.key, {})]


def _item(item: Node, delivery: Resource, around: Around) -> dict[str, Any]:
    found = around.item(item, ITEM, delivery)
    quantity, unit = item.quantity("quantity", around.site)
    if quantity is None and "quantity" not in item.value:
        if found is not None and found.serial_number is not None:
            quantity = Decimal(1)
        else:
            item.wrong("quantity", "It does not say how many.")
    return (found.row if found else {}) | {"quantity": quantity, "unit": unit}


def _status(delivery: Resource) -> str | None:
    status = delivery.status
    if status is None:
        delivery.root.wrong("status", "It does not say whether it has come.")
    return status


def _destination(delivery: Resource, around: Around) -> str | None:
    place = around.places.place(delivery.root.reference("destination"))
    if place is None:
        delivery.root.wrong("destination", "It names no Location to which it goes.")
    return place.code if place else None


def _origin(delivery: Resource, around: Around) -> Place | None:
    """The place that it leaves, where the request that it answers says so; None: it comes from outside."""
    order = around.find(_based_on(delivery.root), "SupplyRequest", delivery, "basedOn")
    return around.places.place(order.root.reference("deliverFrom")) if order else None


def _based_on(root: Node) -> str | None:
    named = (each.target() for each in root.nodes("basedOn"))
    return next((each for each in named if each and each.startswith("SupplyRequest/")), None)


def _number(root: Node) -> str | None:
    return next((value for each in root.nodes("identifier") if (value := each.text("value"))), None)
