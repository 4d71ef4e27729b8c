"""What was used: DeviceUsage (R4: DeviceUseStatement), DeviceDispense and Procedure as movements to patients."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from lotwatch.sources.fhir.around import Around
from lotwatch.sources.fhir.devices import Thing, of_concepts
from lotwatch.sources.fhir.events import Event
from lotwatch.sources.fhir.places import Place
from lotwatch.sources.fhir.reading import Node, Resource

#: with these a device was, or is, in use; the others plan it, pause it, or say that it was not
USED = frozenset({"active", "completed", "stopped"})
#: with these what a procedure names has been opened
PERFORMED = frozenset({"completed", "stopped"})
#: what is done to a device that is not a use of it: the codes of R4, and SNOMED CT's for removal and repair
NO_USE = frozenset({"explanted", "manipulated", "129303008", "257903006"})


def usages(usage: Resource, around: Around) -> Iterator[Event]:
    """A device that is or was in use. R5 lets it be named by a code alone; then it is of no lot."""
    if usage.status not in USED:
        return
    root, zone = usage.root, around.zone
    found = _device(usage, around)
    place = _place_of_procedure(usage, around) or _place_of_device(usage, around)
    row = _row(usage, around, found, place, "patient" if "patient" in root.value else "subject")
    occurred = (
        root.when("timing", zone)
        or root.moment("dateAsserted", zone)
        or (root.moment("recordedOn", zone) if "recordedOn" in root.value else None)
    )
    yield Event(usage.key, row, occurred)


def dispenses(dispense: Resource, around: Around) -> Iterator[Event]:
    """A device handed out (R5): to a patient, or to the place it is meant for."""
    if dispense.status != "completed":
        return
    root, zone = dispense.root, around.zone
    place = around.places.place(root.reference("location"))
    row = _row(dispense, around, _device(dispense, around), place, "subject")
    quantity, unit = root.quantity("quantity", around.site)
    if quantity is not None:
        row |= {"quantity": quantity, "unit": unit}
    destination = around.places.place(root.reference("destination"))
    if destination is not None and around.places.knows(root.reference("destination")):
        row |= {"to_location": destination.code, "case_reference": None}
    yield Event(dispense.key, row, root.moment("whenHandedOver", zone) or root.moment("preparedDate", zone))


def procedures(procedure: Resource, around: Around) -> Iterator[Event]:
    """The devices that a procedure has used, each once for every time that it is named."""
    if procedure.status not in PERFORMED:
        return
    root, zone = procedure.root, around.zone
    devices = used_in(procedure, around)
    if not devices:
        return
    place = around.places.place(root.reference("location"))
    occurred = root.when("performed", zone, end=True) or root.when("occurrence", zone, end=True)
    for name, found, times in devices:
        row = _row(procedure, around, found, place, "subject") | {"quantity": Decimal(times)}
        yield Event(f"{procedure.key}/{name}", row, occurred)


def used_in(procedure: Resource, around: Around) -> list[tuple[str, Thing | None, int]]:
    """(what it is named by, what it is, how many) of the devices of a procedure, whatever its status.

    `focalDevice` and what is used may name the same device: it was used once. What is explanted was not taken from stock.
    """
    root = procedure.root
    named: Counter[str] = Counter()
    coded: dict[str, tuple[Thing, int]] = {}
    for node in (*root.nodes("usedReference"), *root.nodes("used")):
        target = node.target()
        if target is not None and target.startswith(("Device/", "#", "urn:")):
            named[target] += 1
        elif target is None:
            _count(coded, node, around)
    for node in root.nodes("usedCode"):
        _count(coded, node, around)
    for focal in root.nodes("focalDevice"):
        target = focal.reference("manipulated")
        action = focal.node("action")
        if target and not any(concept.code in NO_USE for concept in (action.concepts() if action else [])):
            named[target] = max(named[target], 1)
    found = [(name, around.device(name, procedure, "used"), times) for name, times in sorted(named.items())]
    return [
        *((name, each, 1 if each and each.serial_number else times) for name, each, times in found),
        *((name, each, times) for name, (each, times) in sorted(coded.items())),
    ]


def _count(coded: dict[str, tuple[Thing, int]], node: Node, around: Around) -> None:
    """Items named by a code; a code of nothing that we know as an item (a drug, a substance) is none of ours."""
    found = of_concepts(node.concepts(), around.site)
    if found is not None:
        name = f"code/{found.item_code or found.udi_di}"
        coded[name] = (found, coded.get(name, (found, 0))[1] + 1)


def _row(resource: Resource, around: Around, found: Thing | None, place: Place | None, subject: str) -> dict[str, Any]:
    if place is None:
        resource.root.wrong("location", "It does not tell in which Location it was used, and neither does its device.")
    return (found.row if found else {}) | {
        "from_location": place.code if place else None,
        "to_location": around.site.patients,
        "quantity": Decimal(1),
        "case_reference": around.case(resource, subject),
    }


def _device(resource: Resource, around: Around) -> Thing | None:
    device = resource.root.node("device")
    if device is None:
        return None
    target = device.target()
    if target is not None:
        return around.device(target, resource, "device")
    found = of_concepts(device.concepts(), around.site)
    if found is None:
        device.wrong("", "It names neither a Device nor a code of an item of ours.")
    return found


def _place_of_procedure(usage: Resource, around: Around) -> Place | None:
    """Where the procedure was that it belongs to."""
    root = usage.root
    for node in (*root.nodes("derivedFrom"), *root.nodes("reasonReference"), *root.nodes("reason")):
        procedure = around.find(node.target(), "Procedure", usage, node.path.partition(".")[2])
        place = around.places.place(procedure.root.reference("location")) if procedure else None
        if place is not None:
            return place
    return None


def _place_of_device(usage: Resource, around: Around) -> Place | None:
    """Where the device is said to be."""
    device = usage.root.node("device")
    known = around.known.get((device.target() if device else None) or "")
    return around.places.place(known.root.reference("location")) if known and known.kind == "Device" else None
