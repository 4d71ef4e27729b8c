"""Devices: which item, lot and serial unit each is, by its fields and by its label."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from lotwatch.errors import UdiError
from lotwatch.master.udi import Udi, parse
from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.fhir.privacy import raw
from lotwatch.sources.fhir.reading import Concept, Node, Resource
from lotwatch.sources.fhir.site import FhirSite

#: code systems whose codes are device identifiers of an issuing agency
DI_SYSTEMS = frozenset({
    "http://hl7.org/fhir/NamingSystem/gs1-di", "http://hl7.org/fhir/NamingSystem/hibcc-dI",
    "http://hl7.org/fhir/NamingSystem/hibcc-diI", "http://hl7.org/fhir/NamingSystem/iccbba-blood-di",
    "http://hl7.org/fhir/NamingSystem/iccbba-other-di", "https://www.gs1.org/gtin", "urn:oid:1.3.160",
    "http://hl7.org/fhir/NamingSystem/fda-udi", "urn:oid:2.51.1.1",
})  # fmt: skip
#: settles the century of a label's years of two digits, nothing else
_LABELS_OF = date(2025, 1, 1)


@dataclass(frozen=True, slots=True)
class Thing:
    """What a device is: an item by our code or by the identifier on its label, of a lot, of a serial number."""

    item_code: str | None = None
    udi_di: str | None = None
    lot_number: str | None = None
    serial_number: str | None = None
    manufactured_on: date | None = None
    usable_through: date | None = None
    udi: str | None = None

    @property
    def row(self) -> dict[str, Any]:
        """The columns by which an event names it."""
        names = ("item_code", "udi_di", "lot_number", "serial_number")
        return {name: getattr(self, name) for name in names}


def of_concepts(concepts: Iterable[Concept], site: FhirSite) -> Thing | None:
    """The item that a coding names; None when none of them does."""
    codes = {concept.system: concept.code for concept in concepts}
    for system in site.item_systems & codes.keys():
        return Thing(item_code=codes[system])
    for system in DI_SYSTEMS & codes.keys():
        return Thing(udi_di=codes[system])
    return None


def thing(device: Node, site: FhirSite) -> Thing:
    """What a Device is. What is wrong with what identifies it goes to the device's problems."""
    label, di = _label(device)
    named = _named(device, site)
    if di is None and named is None:
        device.wrong("udiCarrier", "It has no UDI, and no identifier of a system that names our items (item_systems).")
    return Thing(
        item_code=named if di is None else None,
        udi_di=di,
        lot_number=_agreed(device, "lotNumber", device.text("lotNumber"), label and label.lot_number),
        serial_number=_agreed(device, "serialNumber", device.text("serialNumber"), label and label.serial_number),
        manufactured_on=_agreed(
            device, "manufactureDate", device.first_day("manufactureDate"), label and label.manufactured_on
        ),
        usable_through=_agreed(
            device, "expirationDate", device.last_day("expirationDate"), label and label.usable_through
        ),
        udi=label.raw if label else None,
    )


def lot(device: Resource, site: FhirSite) -> Record | None:
    """A row of stage.lot; None for a device that was recorded in error, which is no lot."""
    if device.status == "entered-in-error":
        return None
    found = thing(device.root, site)
    if found.lot_number is None and found.serial_number is None:
        device.root.wrong("lotNumber", "It has neither a lot nor a serial number: what is used of it cannot be traced.")
    row = found.row | {
        "manufactured_on": found.manufactured_on,
        "usable_through": found.usable_through,
        "udi": found.udi,
    }
    return Record(device.key, raw(device.content, "Device"), row, tuple(device.problems))


def contained(device: Node, site: FhirSite) -> tuple[Thing | None, list[Problem]]:
    """What a device within another resource is, and what is wrong with it."""
    problems: list[Problem] = []
    found = thing(Node(device.value, "Device", problems), site)
    return (None if problems else found), problems


def _named(device: Node, site: FhirSite) -> str | None:
    if not site.item_systems:
        return None
    for identifier in device.nodes("identifier"):
        if identifier.text("system") in site.item_systems:
            return identifier.text("value")
    return None


def _label(device: Node) -> tuple[Udi | None, str | None]:
    """(what the label says, the device identifier), of the first carrier that has one."""
    for carrier in device.nodes("udiCarrier"):
        text = carrier.text("carrierHRF") or _decoded(carrier)
        label = _parsed(text) if text else None
        if isinstance(label, str):
            carrier.wrong("carrierHRF", label)
            return None, None
        stated = carrier.text("deviceIdentifier")
        checked = _parsed(stated) if stated and stated.isdigit() else None
        for read in (label, checked):
            for warning in read.warnings if isinstance(read, Udi) else ():
                if warning.code in {"check_digit", "check_character"}:
                    carrier.wrong("deviceIdentifier", warning.en)
        if isinstance(checked, str) and label is None:
            carrier.wrong("deviceIdentifier", checked)
        di = _agreed(carrier, "deviceIdentifier", stated, label and label.di, same=_same_di)
        if di:
            return label, di
    return None, None


def _decoded(carrier: Node) -> str | None:
    """What a scanner read of the carrier: base64 in FHIR."""
    encoded = carrier.text("carrierAIDC")
    if encoded is None:
        return None
    try:
        return b64decode(encoded, validate=True).decode()
    except (Base64Error, ValueError):
        carrier.wrong("carrierAIDC", "It is not text in base64.")
        return None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Udi | str:
    """A label as read, or why it cannot be."""
    try:
        return parse(text, _LABELS_OF)
    except UdiError as error:
        return f"It is no UDI that can be read: {error.what}"


def _same_di(one: Any, other: Any) -> bool:
    return str(one).lstrip("0+") == str(other).lstrip("0+")


def _agreed(node: Node, name: str, stated: Any, labelled: Any, same: Any = None) -> Any:
    """What is stated, or else what the label says; that they differ is a problem."""
    if stated is not None and labelled is not None and not (same(stated, labelled) if same else stated == labelled):
        node.wrong(name, f"It says {stated}, the label says {labelled}.")
    return labelled if stated is None else stated
