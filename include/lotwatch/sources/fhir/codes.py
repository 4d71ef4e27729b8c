"""The value sets with a required binding, of the elements that are read here: what the models of no library check.

HL7 FHIR R4 (4.0.1) and R5 (5.0.0), the StructureDefinition of each resource and the ValueSet it is bound to.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Codes = frozenset[str]
#: path below the resource -> codes
Bindings = Mapping[tuple[str, ...], Codes]


def _codes(text: str) -> Codes:
    return frozenset(text.split())


_EVENT = _codes("preparation in-progress not-done on-hold stopped completed entered-in-error unknown")
_REQUEST = _codes("draft active on-hold revoked completed entered-in-error unknown")
_INTENT = _codes("proposal plan directive order original-order reflex-order filler-order instance-order option")
_PRIORITY = _codes("routine urgent asap stat")
_DELIVERY = _codes("in-progress completed abandoned entered-in-error")
_ENTRY = _codes("barcode rfid manual card self-reported unknown")
_APPOINTMENT: dict[tuple[str, ...], Codes] = {
    ("status",): _codes(
        "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist"
    ),
    ("participant", "status"): _codes("accepted declined tentative needs-action"),
}
_LOCATION: dict[tuple[str, ...], Codes] = {
    ("status",): _codes("active suspended inactive"),
    ("mode",): _codes("instance kind"),
}
_SUPPLY_REQUEST: Bindings = {
    ("status",): _codes("draft active suspended cancelled completed entered-in-error unknown"),
    ("priority",): _PRIORITY,
}
_REQUESTED: Bindings = {("status",): _REQUEST, ("intent",): _INTENT, ("priority",): _PRIORITY}

_R4: Mapping[str, Bindings] = {
    "Location": _LOCATION | {("hoursOfOperation", "daysOfWeek"): _codes("mon tue wed thu fri sat sun")},
    "Organization": {},
    "Device": {
        ("status",): _codes("active inactive entered-in-error unknown"),
        ("udiCarrier", "entryType"): _ENTRY,
        ("deviceName", "type"): _codes(
            "udi-label-name user-friendly-name patient-reported-name manufacturer-name model-name other"
        ),
    },
    "DeviceUseStatement": {("status",): _codes("active completed entered-in-error intended stopped on-hold")},
    "SupplyDelivery": {("status",): _DELIVERY, ("type", "coding", "code"): _codes("medication device")},
    "SupplyRequest": _SUPPLY_REQUEST,
    "Procedure": {("status",): _EVENT},
    "ServiceRequest": _REQUESTED,
    "DeviceRequest": _REQUESTED,
    "Appointment": _APPOINTMENT | {("participant", "required"): _codes("required optional information-only")},
}
_R5: Mapping[str, Bindings] = {
    "Location": _LOCATION,
    "Organization": {},
    "Device": {
        ("status",): _codes("active inactive entered-in-error"),
        ("udiCarrier", "entryType"): _ENTRY | {"electronic-transmission"},
        ("name", "type"): _codes("registered-name user-friendly-name patient-reported-name"),
    },
    "DeviceUsage": {("status",): _codes("active completed not-done entered-in-error intended stopped on-hold")},
    "DeviceDispense": {
        ("status",): _codes(
            "preparation in-progress cancelled on-hold completed entered-in-error stopped declined unknown"
        )
    },
    "SupplyDelivery": {
        ("status",): _DELIVERY,
        ("type", "coding", "code"): _codes("medication device biologicallyderivedproduct"),
    },
    "SupplyRequest": _SUPPLY_REQUEST,
    "Procedure": {("status",): _EVENT},
    "ServiceRequest": _REQUESTED,
    "DeviceRequest": _REQUESTED,
    "Appointment": _APPOINTMENT,
}
#: elements that the standard requires and without which nothing can be told
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "DeviceUsage": ("status", "patient", "device"),
    "DeviceUseStatement": ("status", "subject", "device"),
    "DeviceDispense": ("status", "subject", "device"),
    "Procedure": ("status", "subject"),
    "ServiceRequest": ("status", "intent"),
    "DeviceRequest": ("intent",),
    "Appointment": ("status",),
    "SupplyRequest": ("quantity",),
}


def _either(kind: str) -> Bindings:
    """The codes of both versions, for resources of which nobody says which version they are."""
    old, new = _R4.get(kind, {}), _R5.get(kind, {})
    return {path: old.get(path, frozenset()) | new.get(path, frozenset()) for path in {*old, *new}}


#: (resource type, version or None) -> bindings
BINDINGS: Mapping[tuple[str, str | None], Bindings] = {
    **{(kind, "R4"): bindings for kind, bindings in _R4.items()},
    **{(kind, "R5"): bindings for kind, bindings in _R5.items()},
    **{(kind, None): _either(kind) for kind in {*_R4, *_R5}},
}


def missing(resource: Mapping[str, Any]) -> Iterator[str]:
    """Which elements that its type requires the resource has not."""
    return (name for name in _REQUIRED.get(resource["resourceType"], ()) if name not in resource)


def wrong_codes(resource: Mapping[str, Any], version: str | None) -> Iterator[tuple[str, Any, Codes]]:
    """(element path, value, the codes it may be) for every bound element whose value is none of its codes."""
    kind = resource["resourceType"]
    for path, codes in BINDINGS.get((kind, version), {}).items():
        for value in _values(resource, path):
            if not isinstance(value, str) or value not in codes:
                yield ".".join((kind, *path)), value, codes


def _values(node: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(node, list):
        for each in node:
            yield from _values(each, path)
    elif not path:
        yield node
    elif isinstance(node, dict) and path[0] in node:
        yield from _values(node[path[0]], path[1:])
