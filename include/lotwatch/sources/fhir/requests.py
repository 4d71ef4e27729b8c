"""What is wanted: SupplyRequest and DeviceRequest, and Procedures that are being prepared, as lines of demand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from lotwatch.sources.connector import Record
from lotwatch.sources.fhir.around import Around
from lotwatch.sources.fhir.events import unique
from lotwatch.sources.fhir.places import Place
from lotwatch.sources.fhir.privacy import raw
from lotwatch.sources.fhir.reading import Node, Resource
from lotwatch.sources.fhir.supply import ITEM
from lotwatch.sources.fhir.usage import used_in

#: the standard's statuses of requests; what is paused counts nowhere until it goes on
STATE = {
    "draft": "draft", "active": "open", "on-hold": "draft", "suspended": "draft", "completed": "done",
    "revoked": "cancelled", "cancelled": "cancelled", "entered-in-error": "cancelled",
}  # fmt: skip
#: intents that ask for something; the others are thought of, and count nowhere
ASKING = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
PRIORITY = {"routine": "routine", "urgent": "urgent", "asap": "urgent", "stat": "emergency"}
#: of a Procedure that is told beforehand
PLANNED = {
    "preparation": "open", "in-progress": "open", "on-hold": "draft", "completed": "done", "stopped": "done",
    "not-done": "cancelled", "entered-in-error": "cancelled",
}  # fmt: skip
CLOSED = frozenset({"done", "cancelled"})
CANCELLED_APPOINTMENTS = frozenset({"cancelled", "noshow", "entered-in-error"})
CODE = ("codeCodeableConcept", "codeReference", "code")


@dataclass(frozen=True, slots=True)
class _Occasion:
    """What something is wanted for. `status` None: nobody says."""

    key: str
    at: datetime | None
    place: Place | None
    ordered_at: datetime | None
    status: str | None


def supply(request: Resource, around: Around) -> Iterator[Record]:
    """A row of stage.demand_line of a SupplyRequest: for a department, a customer or, where it names one, a procedure."""
    root, zone = request.root, around.zone
    reasons = [*root.nodes("reasonReference"), *root.nodes("reason"), *root.nodes("basedOn")]
    occasion = next(filter(None, (_occasion(node, request, around) for node in reasons)), None)
    origin = around.places.place(root.reference("deliverFrom"))
    destination = around.places.place(root.reference("deliverTo")) or (occasion.place if occasion else None)
    quantity, unit = root.quantity("quantity", around.site)
    found = around.item(root, ITEM, request)
    wanted = root.when("occurrence", zone, end=True) or (occasion.at if occasion else None)
    kind = "procedure" if occasion else "department" if destination and destination.site_code else "customer"
    yield _line(
        request,
        around,
        STATE,
        {
            "order_key": occasion.key if occasion else request.key,
            "order_kind": kind,
            "site_code": _site(origin) or around.site.served_by or _site(destination),
            "customer_location": destination.code if destination else None,
            "ordered_at": (occasion and occasion.ordered_at) or root.moment("authoredOn", zone) or request.changed_at,
            "procedure_at": occasion.at if occasion else None,
            "procedure_reference": around.seal.close(occasion.key) if occasion else None,
            "quantity": quantity,
            "unit": unit,
            "need_by": wanted.astimezone(zone).date() if wanted else None,
            **({} if found is None else {"item_code": found.item_code, "udi_di": found.udi_di}),
        },
        occasion,
    )


def device(request: Resource, around: Around) -> Iterator[Record]:
    """A row of stage.demand_line of a DeviceRequest: what a planned procedure needs."""
    root, zone = request.root, around.zone
    if root.flag("doNotPerform"):
        root.wrong("doNotPerform", "It asks that something not be done: that is no demand.")
    occasion = next(filter(None, (_occasion(node, request, around) for node in root.nodes("basedOn"))), None)
    place = occasion.place if occasion else None
    at = (occasion.at if occasion else None) or root.when("occurrence", zone)
    found = around.item(root, CODE, request)
    quantity, unit = root.quantity("quantity", around.site) if "quantity" in root.value else (Decimal(1), None)
    line = {
        "order_key": occasion.key if occasion else request.key,
        "order_kind": "procedure",
        "site_code": _site(place) or around.site.served_by,
        "customer_location": place.code if place else None,
        "ordered_at": (occasion and occasion.ordered_at) or root.moment("authoredOn", zone) or request.changed_at,
        "procedure_at": at,
        "procedure_reference": around.seal.close(occasion.key if occasion else request.key),
        "quantity": quantity,
        "unit": unit,
        "need_by": at.astimezone(zone).date() if at else None,
        **({} if found is None else {"item_code": found.item_code, "udi_di": found.udi_di}),
    }
    yield _line(request, around, STATE, line, occasion)


def procedure(versions: Sequence[Resource], around: Around) -> Iterator[Record]:
    """A row of stage.demand_line for each device of a Procedure that was told before it was done.

    One whose status is none is a problem of what was used, where procedures tell that, and none of what is wanted. One that is based on a request tells nothing: the request does. What an earlier version wanted and the last does not
    is cancelled. Of one that is over, only what was wanted before is told; with its last version alone, all of it, unless
    that is its first.
    """
    *earlier, last = versions
    if last.status not in PLANNED and "procedure" in around.site.usage_from:
        return
    now = {line.source_key: line for line in _planned(last, around)}
    before = {line.source_key: line for version in earlier for line in _planned(version, around) if _is_ahead(version)}
    for key, line in before.items():
        if key not in now and not line.problems and not last.problems:
            gone = {**line.row, "state": "cancelled", "closed_at": last.changed_at}
            yield Record(key, line.raw, gone)
    for key, line in now.items():
        if _is_ahead(last) or key in before or (not earlier and last.version != "1"):
            yield line


def _is_ahead(planned: Resource) -> bool:
    return PLANNED.get(planned.status or "") not in CLOSED


def _planned(planned: Resource, around: Around) -> Iterator[Record]:
    root, zone = planned.root, around.zone
    requested = any((node.target() or "").startswith("ServiceRequest/") for node in root.nodes("basedOn"))
    if requested or planned.status == "unknown":
        return
    at = root.when("performed", zone) or root.when("occurrence", zone)
    place = around.places.place(root.reference("location"))
    for name, found, times in used_in(planned, around):
        line = {
            "order_key": planned.key,
            "order_kind": "procedure",
            "site_code": _site(place) or around.site.served_by,
            "customer_location": place.code if place else None,
            "ordered_at": planned.changed_at,
            "procedure_at": at,
            "procedure_reference": around.seal.close(planned.key),
            "quantity": Decimal(times),
            "need_by": at.astimezone(zone).date() if at else None,
            **({} if found is None else {"item_code": found.item_code, "udi_di": found.udi_di}),
        }
        yield _line(planned, around, PLANNED, line, None, f"{planned.key}/{name}")


def _line(
    resource: Resource,
    around: Around,
    states: dict[str, str],
    line: dict[str, Any],
    occasion: _Occasion | None,
    key: str | None = None,
) -> Record:
    root = resource.root
    status = resource.status
    state = states.get(status or "")
    if state is None:
        root.wrong("status", "It does not say whether it is still wanted.")
    elif states is STATE and root.text("intent") not in {None, *ASKING} and state == "open":
        state = "draft"
    if occasion is not None and state in {"open", "draft"} and STATE.get(occasion.status or "") == "cancelled":
        state = "cancelled"
    if line["site_code"] is None:
        root.wrong("", "It leads to no site that serves it: name one in served_by.")
    row = line | {
        "state": state,
        "priority": PRIORITY.get(root.text("priority") or ""),
        "closed_at": resource.changed_at if state in CLOSED else None,
    }
    return Record(key or resource.key, raw(resource.content, resource.kind), row, unique(resource.problems))


def _occasion(node: Node, request: Resource, around: Around) -> _Occasion | None:
    """The procedure that a reference leads to: a ServiceRequest with its appointments, an Appointment or a Procedure."""
    reference = node.target()
    path = node.path.partition(".")[2]
    found = (around.find(reference, kind, request, path) for kind in ("ServiceRequest", "Appointment", "Procedure"))
    resource = next(filter(None, found), None)
    if resource is None or reference is None:
        return None
    root, zone = resource.root, around.zone
    appointments = [resource] if resource.kind == "Appointment" else around.appointments.get(resource.key, [])
    booked = [each for each in appointments if each.status not in CANCELLED_APPOINTMENTS]
    starts = sorted(start for each in booked if (start := each.root.moment("start", zone)))
    named = [node.reference("actor") for each in booked for node in each.root.nodes("participant")]
    named += [node.target() for node in (*root.nodes("locationReference"), *root.nodes("location"))]
    places = (around.places.place(target) for target in named)
    return _Occasion(
        key=resource.key,
        at=starts[0] if starts else root.when("occurrence", zone) or root.when("performed", zone),
        place=next(filter(None, places), None),
        ordered_at=root.moment("authoredOn", zone),
        status=resource.status if resource.kind == "ServiceRequest" else None,
    )


def _site(place: Place | None) -> str | None:
    return place.site_code if place else None
